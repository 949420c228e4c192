"""Small JPEG pictures out of videos, for pages."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vidstyle.errors import InputError
from vidstyle.media.convert import Thumbnailer
from vidstyle.media.opening import OPEN_FAILURES
from vidstyle.media.source import Source
from vidstyle.media.still import encoded
from vidstyle.types import Frame

_QUALITY = 4
"""Of a JPEG, 2 (best) to 31: paint is told from noise, and 640x360 takes about 40 KB."""


@dataclass(frozen=True, slots=True)
class Poster:
    """A JPEG file's bytes and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Moment:
    """`at`: seconds from a video's first frame; `length`: of the whole video, 0 where nobody knows."""

    at: Fraction
    length: Fraction


def moment(path: Path, share: float, frames: int | None = None) -> Moment:
    """A time 0 <= share < 1 of the way through a video; frames: how many it has, None for its own claim.

    It lies midway between two frames, so that it means the same frame in a copy whose clock is coarser.
    Raises InputError where the video cannot be read.
    """
    with Source(path, threads=1) as video:
        info = video.info
    count = frames or info.frames or 0
    length = info.duration * info.time_base if info.duration else Fraction(0)
    if not length and info.rate:
        length = count / info.rate
    index = int(share * count)
    at = (index - Fraction(1, 2)) * length / count if index else Fraction(0)
    return Moment(at, length)


def poster(path: Path, at: Fraction, longest: int, start: Fraction | None = None) -> Poster:
    """The frame of a video at a time, upright, no side longer than `longest` pixels.

    at: seconds from the first frame, or, of a part that begins at `start`, from the part's first frame.
    Raises InputError where the video cannot be read there.
    """
    try:
        begin = _begin(path, start) if start else Fraction(0)
        with Source(path, start=begin + at or None, threads=1) as video:
            frame, info = _first(video), video.info
            size = _within(info.upright_size, longest)
            picture = Thumbnailer(info, size)(frame.native)
    except OPEN_FAILURES as error:
        raise InputError(f"no picture can be taken out of {path} ({error})") from error
    return Poster(encoded(picture, "mjpeg", "yuvj420p", _QUALITY), *size)


def _begin(path: Path, start: Fraction) -> Fraction:
    """Where the part really begins: with the first frame that does not lie before it."""
    with Source(path, start=start, threads=1) as video:
        _first(video)
        return start + video.part.late


def _first(video: Source) -> Frame:
    for frame in video.frames():
        return frame
    raise InputError(f"{video.path} has no frame at that time")


def _within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
