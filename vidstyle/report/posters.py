"""One frame of each video, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from vidstyle import media
from vidstyle.errors import InputError, VidstyleError
from vidstyle.types import Outcome

LARGE, SMALL = 640, 240
"""Pixels of the longer side."""

MANY, MOST = 200, 1000
"""More videos get small pictures, those behind the MOST-th none: 3000 videos make a page of 40 MB."""

_FAILURES = (VidstyleError, OSError, ValueError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Pictures:
    """before, after: None where the file cannot be looked at, `lack` then says why. at: seconds from the
    output's first frame. share: where that is in the whole, 0 to 1. length: seconds, 0 where unknown."""

    before: media.Poster | None = None
    after: media.Poster | None = None
    at: float = 0.0
    share: float = 0.0
    length: float = 0.0
    lack: str = ""


def size(jobs: int, place: int) -> int:
    """Pixels of the longer side for the picture of the job that ends as number `place`; 0 for none."""
    if place >= MOST:
        return 0
    return LARGE if jobs <= MANY else SMALL


def taken(outcome: Outcome, longest: int, start: Fraction | None) -> Pictures:
    """The frame where most is painted, out of the output and the input. Never raises: no picture is worth
    a batch. start: of the part that was painted, seconds."""
    if outcome.target is None or outcome.status == "failed" or longest <= 0:
        return Pictures()
    curve, frames = ((), None) if outcome.result is None else (outcome.result.curve, outcome.result.frames)
    try:
        target = _file(outcome.target)
        share = fullest(curve)
        when = media.moment(target, share, frames)
        after = media.poster(target, when.at, longest)
    except _FAILURES as error:
        return Pictures(lack=f"no pictures: {error}")
    length = float(when.length)
    whole = Pictures(None, after, share * length, share, length)
    try:
        return replace(whole, before=media.poster(_file(outcome.source), when.at, longest, start))
    except _FAILURES as error:
        return replace(whole, lack=f"no picture of the input: {error}")


def _file(name: str) -> Path:
    """A regular file: a pipe would wait, a device would give another moment."""
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{name} is not a file that lies here")
    return path


def fullest(curve: Sequence[float]) -> float:
    """Where in the video most is painted, 0 to 1; the middle where nothing tells."""
    if not curve or max(curve) <= 0:
        return 0.5
    return (max(range(len(curve)), key=curve.__getitem__) + 0.5) / len(curve)
