"""What goes out: times, samples and tags as in the source."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_fixtures import (
    Clip,
    decoded,
    display_matrix,
    fps_pts,
    make,
    matrix_of,
    scan,
    shared,
    through,
)

from vidstyle.media import Sink, Source, default_target
from vidstyle.types import EncodeOptions

MS = Fraction(1, 1000)
FAST = EncodeOptions(preset="ultrafast")
FFV1 = EncodeOptions(codec="ffv1")
slow = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def irregular(draw: Any) -> tuple[int, ...]:
    steps = draw(st.lists(st.integers(1, 4000), min_size=1, max_size=12))
    times = [draw(st.integers(0, 5000))]
    for step in steps:
        times.append(times[-1] + step)
    return tuple(times)


@slow
@given(
    times=irregular(), base=st.sampled_from([Fraction(1, 12800), Fraction(1, 90000), Fraction(1001, 30000)])
)
def test_mp4_keeps_every_time_exactly(tmp_path: Path, times: tuple[int, ...], base: Fraction) -> None:
    clip, target = tmp_path / "a.mp4", tmp_path / "b.mp4"
    target.unlink(missing_ok=True)
    make(clip, Clip(pts=times, time_base=base))
    _, notes = through(clip, target, FAST)
    assert scan(target).times == scan(clip).times and not notes


@slow
@given(times=irregular())
def test_matroska_keeps_every_millisecond(tmp_path: Path, times: tuple[int, ...]) -> None:
    clip, target = tmp_path / "a.mkv", tmp_path / "b.mkv"
    target.unlink(missing_ok=True)
    make(clip, Clip(pts=times, time_base=MS))
    _, notes = through(clip, target, FAST)
    assert scan(target).times == scan(clip).times and not notes


@slow
@given(times=irregular())
def test_matroska_is_within_half_a_millisecond_and_says_so(tmp_path: Path, times: tuple[int, ...]) -> None:
    clip, target = tmp_path / "a.mp4", tmp_path / "b.mkv"
    target.unlink(missing_ok=True)
    make(clip, Clip(pts=times))
    _, notes = through(clip, target, FAST)
    exact = scan(clip).times
    pairs = list(zip(scan(target).times, exact, strict=True))
    assert all(abs(a - b) <= MS / 2 for a, b in pairs)
    assert bool(notes) == any(a != b for a, b in pairs)


FORMATS = ("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv420p10le", "yuv422p12le", "yuv444p16le",
           "yuva420p", "yuva444p10le", "gbrp10le", "yuv420p9le")  # fmt: skip


@slow
@given(name=st.sampled_from(FORMATS), width=st.integers(16, 70), height=st.integers(16, 50))
def test_ffv1_is_bit_identical_for_any_format_and_size(
    tmp_path: Path, name: str, width: int, height: int
) -> None:
    clip, target = tmp_path / "a.mkv", tmp_path / "b.mkv"
    target.unlink(missing_ok=True)
    make(clip, Clip(width, height, name, "ffv1", pts=(0, 40, 90), time_base=MS, options=()))
    through(clip, target, FFV1)
    before, after = decoded(clip), decoded(target)
    assert [pts for pts, _ in before] == [pts for pts, _ in after]
    for (_, a), (_, b) in zip(before, after, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_rgb_through_ffv1_is_bit_identical(tmp_path: Path) -> None:
    clip = make(
        tmp_path / "a.mkv", Clip(pixel_format="bgr0", codec="ffv1", pts=(0, 40), time_base=MS, options=())
    )
    through(clip, tmp_path / "b.mkv", FFV1)
    for (_, a), (_, b) in zip(decoded(clip), decoded(tmp_path / "b.mkv"), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("name", "suffix", "codec", "taken"),
    [
        ("yuv420p", "mp4", "libx264", "yuv420p"), ("yuv422p", "mp4", "libx264", "yuv422p"),
        ("yuv444p", "mov", "libx264", "yuv444p"), ("yuv420p10le", "mp4", "libx265", "yuv420p10le"),
        ("yuv422p12le", "mkv", "libx265", "yuv422p12le"), ("yuv444p16le", "mkv", "ffv1", "yuv444p16le"),
        ("yuv440p", "mkv", "libvpx-vp9", "yuv440p"), ("yuva444p10le", "mov", "prores_ks", "yuva444p10le"),
        ("yuva420p", "webm", "libvpx-vp9", "yuva420p"), ("yuva420p", "mkv", "libvpx-vp9", "yuva420p"),
        ("yuv420p10le", "webm", "libsvtav1", "yuv420p10le"), ("gbrp", "mp4", "libx264", "yuv444p"),
    ],
)  # fmt: skip
def test_the_default_codec_keeps_depth_chroma_and_alpha(
    tmp_path: Path, name: str, suffix: str, codec: str, taken: str
) -> None:
    made = {"gbrp": ("libx264rgb", "rgb24")}.get(name, ("ffv1", name))
    clip = make(
        tmp_path / "a.mkv", Clip(128, 96, made[1], made[0], pts=fps_pts(3, 40), time_base=MS, options=())
    )
    with Source(clip) as source, Sink(tmp_path / f"b.{suffix}", source) as sink:
        assert (sink.codec, sink.track.choice.pixel_format) == (codec, taken)
        for frame in source.frames():
            sink.write(frame)
        sink.finish(source.trailing())
    with Source(tmp_path / f"b.{suffix}") as again:
        assert again.info.format.alpha == source.info.format.alpha
        assert [f.pts * again.info.time_base for f in again.frames()] == [0, 40 * MS, 80 * MS]


def test_odd_sizes_and_what_was_asked_for_them(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mkv", Clip(65, 47, "yuv420p", "ffv1", pts=(0, 40), time_base=MS, options=()))
    through(clip, tmp_path / "b.mp4")
    _, notes = through(clip, tmp_path / "c.mp4", EncodeOptions(codec="h264", preset="ultrafast"))
    for name, format in (("b.mp4", "yuv420p"), ("c.mp4", "yuv444p")):
        with Source(tmp_path / name) as source:
            assert (source.info.width, source.info.height, source.info.format.name) == (65, 47, format)
    assert "yuv444p" in notes[0]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_colour_aspect_and_rotation_tags_survive(tmp_path: Path, suffix: str) -> None:
    turned = display_matrix(0, 1, -1, 0)
    clip = make(
        tmp_path / "a.mp4",
        Clip(colorspace=9, color_range=1, primaries=9, transfer=16, aspect=Fraction(4, 3), matrix=turned,
             pixel_format="yuv420p10le", codec="libx265", options=(("x265-params", "log-level=none"),)),
    )  # fmt: skip
    target = tmp_path / f"b.{suffix}"
    through(clip, target, EncodeOptions(preset="ultrafast"))
    with Source(clip) as a, Source(target) as b:
        assert (a.tags.colorspace, a.tags.color_range, a.tags.primaries, a.tags.transfer) == (9, 1, 9, 16)
        assert b.tags == a.tags and b.info.orientation == a.info.orientation
        assert b.info.sample_aspect_ratio == Fraction(4, 3)
    if suffix != "mkv":
        assert matrix_of(target) == turned


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_colour_tags_survive_beside_alpha(tmp_path: Path, codec: str) -> None:
    tagged = Clip(pixel_format="yuva420p", codec="ffv1", pts=(0, 40), time_base=MS, options=(),
                  colorspace=5, color_range=1, primaries=1, transfer=1)  # fmt: skip
    source, once, twice = make(tmp_path / "a.mkv", tagged), tmp_path / "b.webm", tmp_path / "c.webm"
    through(source, once, EncodeOptions(codec=codec))
    through(once, twice, EncodeOptions(codec=codec))
    for path in (source, once, twice):
        with Source(path) as video:
            tags = video.tags
            assert video.info.format.alpha
            assert (tags.colorspace, tags.color_range, tags.primaries, tags.transfer) == (5, 1, 1, 1)


def test_static_hdr_metadata_survives(tmp_path: Path) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    params = f"log-level=none:master-display={display}:max-cll=1000,400"
    options = (("x265-params", params), ("preset", "ultrafast"))
    clip = make(
        tmp_path / "a.mp4",
        Clip(128, 96, "yuv420p10le", "libx265", colorspace=9, primaries=9, transfer=16, options=options),
    )
    _, notes = through(clip, tmp_path / "b.mp4", FAST)
    with Source(clip) as a, Source(tmp_path / "b.mp4") as b:
        assert a.tags.mastering and a.tags.light and not notes
        assert (b.tags.mastering, b.tags.light) == (a.tags.mastering, a.tags.light)
    _, notes = through(clip, tmp_path / "c.mkv", EncodeOptions(codec="av1", preset="12"))
    assert any("mastering" in note for note in notes)


def test_interlaced_video_stays_interlaced(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(64, 64, options=(("flags", "+ildct"), ("preset", "ultrafast"))))
    with av.open(str(clip)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    through(clip, tmp_path / "b.mp4", FAST)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert next(container.decode(video=0)).interlaced_frame


def test_untagged_stays_untagged_and_full_range_is_said(tmp_path: Path) -> None:
    plain = make(tmp_path / "a.mp4")
    full = make(tmp_path / "f.mp4", Clip(pixel_format="yuvj420p", color_range=2))
    through(plain, tmp_path / "b.mp4", FAST)
    through(full, tmp_path / "c.mp4", FAST)
    with Source(tmp_path / "b.mp4") as source:
        tags = source.tags
        assert (tags.colorspace, tags.color_range, tags.primaries, tags.transfer) == (2, 0, 2, 2)
    with Source(tmp_path / "c.mp4") as source:
        assert source.info.format.full_range


def test_full_range_samples_are_not_squeezed(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pixel_format="yuvj420p", color_range=2, options=(("qp", "0"),)))
    through(clip, tmp_path / "b.mp4", EncodeOptions(options={"qp": "0"}))
    for (_, a), (_, b) in zip(decoded(clip), decoded(tmp_path / "b.mp4"), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_faststart(tmp_path: Path) -> None:
    through(make(tmp_path / "a.mkv", Clip(pts=(0, 40), time_base=MS)), tmp_path / "b.mp4", FAST)
    data = (tmp_path / "b.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_frames_reach_the_encoder_without_the_old_picture_types(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(20), options=(("g", "1"),)))
    through(clip, tmp_path / "b.mp4", FAST)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert sum(p.is_keyframe for p in container.demux(video=0) if p.size) == 1


ODD = (
    "alpha-transparent.webm", "corrupt-corrupted.mp4", "cover-h264-mjpeg.mp4", "hdr-testsrc2_hdr.mp4",
    "dim-testsrc2_odd_height_and_width_vp9.mp4", "pts-test_non_zero_start.mp4", "sar-SAR-2by3.mp4",
    "rot-nasa_13013_rotated.mp4", "subs-mov_text.mp4", "vfr-no_duration.webm",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_files_come_out_as_they_went_in(tmp_path: Path, name: str) -> None:
    path = shared(f"odd/{name}")
    preset = None if name.startswith(("alpha", "dim", "vfr")) else "ultrafast"
    with Source(path) as source:
        target = tmp_path / default_target(path, source).name
        with Sink(target, source, EncodeOptions(preset=preset)) as sink:
            for frame in source.frames():
                sink.write(frame)
            sink.finish(source.trailing())
    before, after = scan(path), scan(target)
    assert after.times == before.times and after.hashes == before.hashes and not sink.notes
    with Source(path) as a, Source(target) as b:
        assert (a.info.width, a.info.height, a.info.format) == (b.info.width, b.info.height, b.info.format)
        assert a.info.orientation == b.info.orientation and a.tags.matrix == b.tags.matrix
        assert (a.tags.primaries, a.tags.transfer) == (b.tags.primaries, b.tags.transfer)
        assert a.info.sample_aspect_ratio == b.info.sample_aspect_ratio
        assert dict(a.covers.items()).keys() == b.covers.keys()
