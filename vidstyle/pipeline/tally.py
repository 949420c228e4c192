"""What is counted of a job while it runs, and kept with each finished segment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vidstyle.types import Job


@dataclass(slots=True)
class Curve:
    """A list of numbers of any length as at most `most` means of equally many of them each."""

    most: int = 1024
    stride: int = 1
    means: list[float] = field(default_factory=list)
    _sum: float = 0.0
    _count: int = 0

    def add(self, value: float) -> None:
        """One more number."""
        self._sum += value
        self._count += 1
        if self._count == self.stride:
            self._close()
        if len(self.means) == self.most:
            halves = zip(self.means[::2], self.means[1::2], strict=True)
            self.means, self.stride = [(one + other) / 2 for one, other in halves], self.stride * 2

    def _close(self) -> None:
        self.means.append(self._sum / self._count)
        self._sum, self._count = 0.0, 0

    def all(self) -> tuple[float, ...]:
        """The means so far; the last one may be of fewer numbers."""
        rest = (self._sum / self._count,) if self._count else ()
        return (*self.means, *rest)


@dataclass(slots=True)
class Tally:
    """Frames, how many showed the class, and the painted share of each."""

    frames: int = 0
    found: int = 0
    covered: float = 0.0
    curve: Curve = field(default_factory=Curve)
    _since: list[list[float]] = field(default_factory=list)

    def add(self, found: bool, share: float) -> None:
        """One more frame; share: of its picture, painted, 0 to 1."""
        share = round(share, 5)
        self._since.append([int(found), share])
        self._count(found, share)

    def _count(self, found: float, share: float) -> None:
        self.frames += 1
        self.found += bool(found)
        self.covered += share
        self.curve.add(share)

    def segment(self) -> list[list[float]]:
        """[found, share] of each frame since the last call, for `take` in a later run."""
        since, self._since = self._since, []
        return since

    def take(self, facts: dict[str, Any]) -> None:
        """Counts the frames of a segment that an earlier run finished."""
        for found, share in facts["shares"]:
            self._count(found, share)

    @property
    def coverage(self) -> float:
        """The painted share of the picture, mean over all frames."""
        return self.covered / self.frames if self.frames else 0.0

    def notes(self, job: Job) -> tuple[str, ...]:
        """What a user should hear where nothing was found."""
        if self.found or not self.frames:
            return ()
        return (nothing_found(job, "any frame"),)


def nothing_found(job: Job, where: str) -> str:
    """The note that says so, and what to try."""
    so = "all of it" if job.invert else "nothing"
    return f"no {' or '.join(job.classes)} was found in {where}, so {so} is painted; try a lower --threshold"
