"""Masks as a video of the same timing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vidstyle.media.codecs import Choice
from vidstyle.media.containers import muxer_for
from vidstyle.media.formats import FULL, UNSPECIFIED
from vidstyle.media.nowhere import Target
from vidstyle.media.segments import Segments
from vidstyle.media.source import Source
from vidstyle.media.writer import Writer
from vidstyle.types import Frame, PixelFormat

_GRAY = PixelFormat("gray", 8, 0, 0, "bt601", True)


class MaskWriter(Writer):
    """Writes one gray picture per frame: lossless FFV1 in .mkv and .avi, lossless VP9 in .webm, lossless
    H.264 elsewhere. Stored orientation, size, aspect and display matrix are the source's."""

    def __init__(
        self,
        target: Target,
        source: Source,
        *,
        overwrite: bool = False,
        kept: Segments | None = None,
        fingerprint: str | None = None,
    ) -> None:
        muxer = muxer_for(target, None)
        super().__init__(target, source, muxer, overwrite=overwrite, kept=kept, fingerprint=fingerprint)
        choice, options = _lossless(self.muxer)
        tags = replace(
            source.tags, colorspace=UNSPECIFIED, color_range=FULL, primaries=UNSPECIFIED,
            transfer=UNSPECIFIED, mastering=None, light=None,
        )  # fmt: skip
        try:
            self._add_track(replace(source.info, format=_GRAY), tags, choice, options)
            self._write_header()
        except BaseException:
            self._abandon()
            raise

    def write(self, frame: Frame, mask: NDArray[np.uint8]) -> None:
        """mask: (height, width) uint8 in stored orientation, 255 where the frame is painted."""
        if not self._started:
            self._start()
        self._encode(self._picture(frame, mask), frame.pts)

    def _picture(self, frame: Frame, mask: NDArray[np.uint8]) -> VideoFrame:
        info = self.track.info
        if mask.shape != (info.height, info.width) or mask.dtype != np.uint8:
            raise ValueError(f"a mask of {info.width}x{info.height} uint8 is needed, not {mask.shape}")
        name = self.track.choice.pixel_format
        picture = VideoFrame(info.width, info.height, name)
        for index, plane in enumerate(picture.planes):
            into: NDArray[np.uint8] = np.ndarray(
                (plane.height, plane.width), np.uint8, buffer=memoryview(plane), strides=(plane.line_size, 1)
            )
            into[...] = mask if index == 0 else 128
        picture.duration = frame.native.duration
        return picture


def _lossless(muxer: str) -> tuple[Choice, dict[str, str]]:
    if muxer in ("matroska", "avi", "nut"):
        return Choice("ffv1", "gray"), {"level": "3", "g": "1", "slicecrc": "1"}
    if muxer == "yuv4mpegpipe":
        return Choice("rawvideo", "gray"), {}
    if muxer == "webm":
        return Choice("libvpx-vp9", "yuv420p"), {"lossless": "1", "cpu-used": "5", "row-mt": "1"}
    return Choice("libx264", "gray"), {"qp": "0", "preset": "veryfast"}
