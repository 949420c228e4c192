"""Planes of a frame: views without a copy, regions cut out and painted back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

from vidstyle.types import Frame, PixelFormat, Planes, Region, Samples, VideoInfo


def view(frame: VideoFrame, format: PixelFormat, *, writable: bool = False) -> Planes:
    """The colour planes of `frame` as (height, width) arrays on its own memory, alpha left out.

    The arrays keep the frame alive. Only a frame that nothing else refers to may be seen writable.
    """
    return tuple(_plane(frame, index, format, writable) for index in range(3))


def _plane(frame: VideoFrame, index: int, format: PixelFormat, writable: bool) -> Samples:
    plane = frame.planes[index]
    line = plane.line_size
    offset = -line * (plane.height - 1) if line < 0 else 0
    array: Samples = np.ndarray(
        (plane.height, plane.width),
        dtype=format.dtype,
        buffer=memoryview(plane),
        offset=offset,
        strides=(line, np.dtype(format.dtype).itemsize),
    )
    array.flags.writeable = writable
    return array


def duplicate(frame: VideoFrame) -> VideoFrame:
    """A copy of `frame` with its side data, tags, alpha and time, on memory of its own.

    A filter graph of no filters gives a second reference to the same memory with all properties;
    `make_writable` then moves that reference to a fresh copy.
    """
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    graph.link_nodes(source, graph.add("null"), graph.add("buffersink"))
    graph.configure()
    graph.vpush(frame)
    copy = graph.vpull()
    copy.make_writable()
    return copy


def _pad(plane: Samples, rows: int, columns: int) -> Samples:
    """Grows a plane to the right and bottom by repeating its last column and row."""
    missing = (rows - plane.shape[0], columns - plane.shape[1])
    if missing == (0, 0):
        return np.ascontiguousarray(plane)
    return np.pad(plane, ((0, missing[0]), (0, missing[1])), mode="edge")


def _chroma(region: Region, format: PixelFormat) -> Region:
    """The region in samples of the second and third plane."""
    w, h = format.chroma_w, format.chroma_h
    width, height = -(-region.width >> w), -(-region.height >> h)
    return Region(region.x >> w, region.y >> h, width, height)


def _check(region: Region, info: VideoInfo) -> None:
    fits = 0 <= region.x < info.width and 0 <= region.y < info.height
    aligned = region.x % (1 << info.format.chroma_w) == 0 and region.y % (1 << info.format.chroma_h) == 0
    if not fits or not aligned or region.width <= 0 or region.height <= 0:
        size = f"{info.width}x{info.height} {info.format.name}"
        raise ValueError(f"{region} does not start on a chroma sample of a {size} picture")


def _parts(region: Region, info: VideoInfo) -> tuple[Region, Region, Region]:
    _check(region, info)
    chroma = _chroma(region, info.format)
    return region, chroma, chroma


def crop(frame: Frame, info: VideoInfo, region: Region) -> Planes:
    """The planes of a region as contiguous arrays of its own size.

    region: x and y on a chroma sample inside the picture, else ValueError; it may reach past the right
    and bottom edges, where the last column and row are repeated. Returns (height, width) for luma and
    the size rounded up for chroma, in `info.format.dtype`.
    """
    planes = zip(frame.planes, _parts(region, info), strict=True)
    return tuple(_pad(p[r.y : r.y + r.height, r.x : r.x + r.width], r.height, r.width) for p, r in planes)


def _write(target: Samples, region: Region, source: Samples) -> None:
    into = target[region.y : region.y + region.height, region.x : region.x + region.width]
    into[...] = source[: into.shape[0], : into.shape[1]]


def repaint(frame: Frame, info: VideoInfo, patches: Sequence[tuple[Region, Planes]]) -> Frame:
    """A copy of `frame` with the planes of each patch written at its region; no patch, no copy.

    The copy keeps pts, side data, tags, alpha, picture and companions. The frame that came in is not
    touched: the decoder still refers to its memory. What reaches past the picture is cut off.
    """
    if not patches:
        return frame
    native = duplicate(frame.native)
    planes = view(native, info.format, writable=True)
    for region, patch in patches:
        for target, part, source in zip(planes, _parts(region, info), patch, strict=True):
            _write(target, part, source)
    return replace(frame, planes=view(native, info.format), native=native)
