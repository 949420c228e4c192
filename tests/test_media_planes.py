"""Regions cut out of frames and painted back, and frames copied without touching the decoder's memory."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from media_fixtures import Clip, fill, make

from vidstyle.media import Source, crop, repaint
from vidstyle.media.formats import describe
from vidstyle.media.planes import view
from vidstyle.types import Frame, Orientation, Planes, Region, VideoInfo

NAMES = ("yuv420p", "yuv422p10le", "yuv444p", "yuv440p", "yuv411p", "yuva420p", "gbrp12le", "yuv420p16le")


def info_of(name: str, width: int, height: int) -> VideoInfo:
    format = describe(name, colorspace=1, color_range=1, width=width, height=height)
    return VideoInfo(
        width, height, format, name, Fraction(1, 1000), None, None, None,
        Fraction(1), Orientation(), "", "", "",
    )  # fmt: skip


def frame_of(info: VideoInfo) -> Frame:
    native = fill(VideoFrame(info.width, info.height, info.format.name), 3)
    native.pts, native.time_base = 7, info.time_base
    native.colorspace = 1
    return Frame(0, 7, view(native, info.format), None, native, ("packet",))


@st.composite
def regions(draw: Any) -> tuple[VideoInfo, Region]:
    name = draw(st.sampled_from(NAMES))
    info = info_of(name, draw(st.integers(1, 41)), draw(st.integers(1, 37)))
    step_x, step_y = 1 << info.format.chroma_w, 1 << info.format.chroma_h
    x = draw(st.integers(0, (info.width - 1) // step_x)) * step_x
    y = draw(st.integers(0, (info.height - 1) // step_y)) * step_y
    return info, Region(x, y, draw(st.integers(1, 48)), draw(st.integers(1, 48)))


def padded(plane: Any, rows: int, columns: int) -> Any:
    return np.pad(plane, ((0, rows), (0, columns)), mode="edge")


@settings(deadline=None, max_examples=80)
@given(regions())
def test_crop_is_the_edge_padded_slice(drawn: tuple[VideoInfo, Region]) -> None:
    info, region = drawn
    frame = frame_of(info)
    cut = crop(frame, info, region)
    for index, (plane, part) in enumerate(zip(frame.planes, cut, strict=True)):
        w = info.format.chroma_w if index else 0
        h = info.format.chroma_h if index else 0
        rows, columns = -(-region.height >> h), -(-region.width >> w)
        y, x = region.y >> h, region.x >> w
        assert np.array_equal(part, padded(plane, 64, 64)[y : y + rows, x : x + columns])
        assert part.flags.c_contiguous and part.dtype == info.format.dtype


@settings(deadline=None, max_examples=80)
@given(regions())
def test_painting_back_what_was_cut_changes_nothing(drawn: tuple[VideoInfo, Region]) -> None:
    info, region = drawn
    frame = frame_of(info)
    again = repaint(frame, info, [(region, crop(frame, info, region))])
    assert all(np.array_equal(a, b) for a, b in zip(frame.planes, again.planes, strict=True))


def inverted(planes: Planes, top: int) -> Planes:
    return tuple((top - plane).astype(plane.dtype) for plane in planes)


@settings(deadline=None, max_examples=80)
@given(regions())
def test_only_the_region_of_the_copy_changes(drawn: tuple[VideoInfo, Region]) -> None:
    info, region = drawn
    frame = frame_of(info)
    before = [plane.copy() for plane in frame.planes]
    top = (1 << info.format.depth) - 1
    again = repaint(frame, info, [(region, inverted(crop(frame, info, region), top))])
    for index, (old, kept, new) in enumerate(zip(before, frame.planes, again.planes, strict=True)):
        w = info.format.chroma_w if index else 0
        h = info.format.chroma_h if index else 0
        inside = np.zeros(old.shape, bool)
        rows, columns = -(-region.height >> h), -(-region.width >> w)
        inside[region.y >> h : (region.y >> h) + rows, region.x >> w : (region.x >> w) + columns] = True
        assert np.array_equal(old, kept)
        assert np.array_equal(new, np.where(inside, top - old, old))
    assert (again.pts, again.companions, again.native.colorspace) == (7, ("packet",), 1)
    assert not any(plane.flags.writeable for plane in again.planes)


def test_no_patch_is_no_copy() -> None:
    info = info_of("yuv420p", 16, 16)
    frame = frame_of(info)
    assert repaint(frame, info, []) is frame


def alpha_of(frame: Frame) -> Any:
    plane = frame.native.planes[3]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


def test_alpha_goes_along() -> None:
    info = info_of("yuva420p", 32, 16)
    frame = frame_of(info)
    region = Region(0, 0, 8, 8)
    again = repaint(frame, info, [(region, inverted(crop(frame, info, region), 255))])
    assert np.array_equal(alpha_of(again), alpha_of(frame))


@pytest.mark.parametrize(
    "region", [Region(1, 0, 8, 8), Region(0, 0, 0, 8), Region(32, 0, 8, 8), Region(-2, 0, 8, 8)]
)
def test_a_region_off_the_chroma_grid_is_refused(region: Region) -> None:
    info = info_of("yuv420p", 32, 16)
    with pytest.raises(ValueError, match="chroma sample"):
        crop(frame_of(info), info, region)


def test_painting_does_not_reach_the_decoders_reference_frames(tmp_path: Path) -> None:
    """P frames are predicted from the memory behind the planes of earlier frames."""
    clip = make(
        tmp_path / "a.mp4", Clip(pts=tuple(range(0, 20 * 512, 512)), options=(("bf", "0"), ("g", "50")))
    )
    with Source(clip) as source:
        wanted = [frame.planes[0].copy() for frame in source.frames()]
    region = Region(0, 0, 64, 48)
    with Source(clip, threads=1) as source:
        for frame, plane in zip(source.frames(), wanted, strict=True):
            assert np.array_equal(frame.planes[0], plane)
            repaint(frame, source.info, [(region, inverted(crop(frame, source.info, region), 255))])


def test_side_data_goes_along(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=(0,)))
    with Source(clip) as source:
        frame = next(iter(source.frames()))
        region = Region(0, 0, 16, 16)
        again = repaint(frame, source.info, [(region, crop(frame, source.info, region))])
    kinds = [item.type for item in frame.native.side_data]
    assert kinds and [item.type for item in again.native.side_data] == kinds
