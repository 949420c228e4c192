"""From what the decoder gives to the planar format of `VideoInfo`, and to the small upright RGB picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from vidstyle.media.formats import FULL, same_samples, swscale_matrix, swscale_range
from vidstyle.types import Orientation, PixelFormat, VideoInfo

_EXACT = int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)


def _samples(frame: VideoFrame, index: int) -> NDArray[Any]:
    """Plane `index` as (height, width) in its own byte order."""
    plane = frame.planes[index]
    wide = frame.format.components[0].bits > 8
    kind = (">u2" if frame.format.name.endswith("be") else "<u2") if wide else "u1"
    shape, strides = (plane.height, plane.width), (plane.line_size, 2 if wide else 1)
    offset = -plane.line_size * (plane.height - 1) if plane.line_size < 0 else 0
    return np.ndarray(shape, dtype=kind, buffer=memoryview(plane), offset=offset, strides=strides)


def _tag_like(target: VideoFrame, source: VideoFrame) -> VideoFrame:
    target.pts = source.pts
    if source.time_base is not None:
        target.time_base = source.time_base
    target.duration = source.duration
    target.colorspace, target.color_range = source.colorspace, source.color_range
    target.color_primaries, target.color_trc = source.color_primaries, source.color_trc
    return target


def _relabel(frame: VideoFrame, name: str) -> VideoFrame:
    """The same samples in a frame of format `name`; planes that the source lacks are neutral chroma."""
    target = _tag_like(VideoFrame(frame.width, frame.height, name), frame)
    neutral = 1 << (target.format.components[0].bits - 1)
    for index in range(len(target.planes)):
        into = _samples(target, index)
        into[...] = _samples(frame, index) if index < len(frame.planes) else neutral
    if "yuvj" in frame.format.name or (len(frame.planes) == 1 and not frame.color_range):
        target.color_range = FULL
    return target


class Normalizer:
    """Brings every decoded picture to one size and one planar format (bit-exact where that is possible)."""

    def __init__(self, width: int, height: int, format: PixelFormat) -> None:
        self.width, self.height, self.format = width, height, format
        self._reformatter = VideoReformatter()
        self.scaled = 0
        """Pictures of another size so far."""

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """`frame` itself when it already fits, else a converted copy with its time and tags."""
        fits = self.fits(frame)
        if fits and frame.format.name == self.format.name:
            return frame
        if fits and same_samples(frame.format.name, self.format.name):
            return _relabel(frame, self.format.name)
        return self._reformat(frame)

    def fits(self, frame: VideoFrame) -> bool:
        """Whether a picture has the right size; those that have not are counted."""
        fits = (frame.width, frame.height) == (self.width, self.height)
        self.scaled += not fits
        return fits

    def _reformat(self, frame: VideoFrame) -> VideoFrame:
        matrix, full = swscale_matrix(self.format.matrix), swscale_range(self.format.full_range)
        out = self._reformatter.reformat(
            frame, self.width, self.height, self.format.name,
            src_colorspace=matrix, dst_colorspace=matrix, interpolation=_EXACT,
            src_color_range=full, dst_color_range=full, threads=1,
        )  # fmt: skip
        return _tag_like(out, frame)


class Thumbnailer:
    """Small upright RGB pictures of frames, through one reused scaler."""

    def __init__(self, info: VideoInfo, size: tuple[int, int]) -> None:
        """size: (width, height) of the upright picture."""
        self._orientation = info.orientation
        self._size = size if info.orientation.turns % 2 == 0 else (size[1], size[0])
        self._matrix = swscale_matrix(info.format.matrix)
        self._range = swscale_range(info.format.full_range)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB, upright, contiguous."""
        out = self._reformatter.reformat(
            frame, *self._size, "rgb24",
            src_colorspace=self._matrix, dst_colorspace=self._matrix, src_color_range=self._range,
            dst_color_range=FULL, interpolation=Interpolation.AREA, threads=1,
        )  # fmt: skip
        return upright_rgb(out, self._orientation)


def upright_rgb(frame: VideoFrame, orientation: Orientation) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 of an rgb24 frame, turned upright; a contiguous copy."""
    plane = frame.planes[0]
    shape, strides = (frame.height, frame.width, 3), (plane.line_size, 3, 1)
    stored: NDArray[np.uint8] = np.ndarray(shape, dtype=np.uint8, buffer=memoryview(plane), strides=strides)
    return np.ascontiguousarray(orientation.upright(stored))
