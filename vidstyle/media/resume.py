"""A place in a video to go on from, found again by seeking and recognised by the frames before it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from vidstyle.types import Planes

LEAD = 8
"""Frames before a place that are decoded again: what a memory of masks should have seen."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The place behind the first `frames` frames of a video, or of the part of it that is painted.

    first: the source's own time of the first of all frames, in ticks. times: pts of the last few frames
    before the place, as `Frame.pts`. digest: of the last one's samples, None where nobody knows it.
    seekable: False where only decoding from the start finds the place again (damaged video, made-up times).
    """

    frames: int
    first: int
    times: tuple[int, ...]
    digest: int | None = None
    seekable: bool = True


def digest(planes: Planes) -> int:
    """CRC-32 of decoded samples."""
    crc = 0
    for plane in planes:
        crc = zlib.crc32(np.ascontiguousarray(plane).data, crc)
    return crc
