"""How far a batch is: files and frames counted, speeds, and the time that is left. Seconds throughout."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vidstyle.types import Outcome, Plan, Status

Now = Callable[[], float]

_SOON = 0.5


@dataclass(slots=True)
class Running:
    """One job between its first and its last frame. `total` and `kept` as in its plan; `frames`: painted."""

    source: str
    total: int | None
    kept: int
    since: float
    frames: int = 0
    shown: float = -1e9

    @property
    def at(self) -> int:
        """Frames that exist, those of an earlier run included."""
        return self.kept + self.frames

    @property
    def share(self) -> float:
        """0 to 1: how much of this run's work is behind it; 0 where the length is unknown."""
        work = (self.total or 0) - self.kept
        return min(1.0, self.frames / work) if work > 0 else 0.0

    def rate(self, now: float) -> float:
        """Frames per second; 0 in the first half second, which says nothing."""
        return self.frames / (now - self.since) if now - self.since >= _SOON else 0.0

    def left(self, now: float) -> float | None:
        """Seconds, None where nothing can be known."""
        rate = self.rate(now)
        return max(0, self.total - self.at) / rate if self.total is not None and rate > 0 else None

    def due(self, now: float, pause: float) -> bool:
        """Whether `pause` seconds have gone since this was last true."""
        if now - self.shown < pause:
            return False
        self.shown = now
        return True


@dataclass(slots=True)
class Tally:
    """Counts what a batch's watcher is told."""

    now: Now = time.monotonic
    jobs: int = 0
    at_once: int = 1
    counts: dict[Status, int] = field(default_factory=lambda: {"done": 0, "skipped": 0, "failed": 0})
    running: dict[str, Running] = field(default_factory=dict)
    since: float = 0.0
    _worked: int = 0
    _heard: set[str] = field(default_factory=set)

    def first(self, line: str) -> bool:
        """Whether a line says something, and is here for the first time."""
        new = bool(line) and line not in self._heard
        self._heard.add(line)
        return new

    def planned(self, jobs: int, at_once: int) -> None:
        self.jobs, self.at_once, self.since = jobs, at_once, self.now()

    def began(self, source: str, plan: Plan) -> Running:
        self.running[source] = Running(source, plan.frames, plan.kept, self.now())
        return self.running[source]

    def advanced(self, source: str, frames: int) -> Running | None:
        running = self.running.get(source)
        if running is not None:
            running.frames += frames
        return running

    def ended(self, outcome: Outcome) -> None:
        self.counts[outcome.status] += 1
        self._worked += self.running.pop(outcome.source, None) is not None
        self.jobs = max(self.jobs, self.over)

    @property
    def over(self) -> int:
        """Jobs that have ended, in whatever way."""
        return sum(self.counts.values())

    @property
    def share(self) -> float:
        """0 to 1: how much of the batch is over, running jobs by their own share."""
        return (self.over + self._half_done) / self.jobs if self.jobs else 0.0

    @property
    def _half_done(self) -> float:
        return sum(each.share for each in self.running.values())

    def rate(self) -> float:
        """Files a second that were worked on: those skipped, or refused before their first frame, say
        nothing about the ones to come."""
        worked, elapsed = self._worked + self._half_done, self.now() - self.since
        return worked / elapsed if elapsed > 0 else 0.0

    def left(self) -> float | None:
        """Seconds, None where nothing can be known yet."""
        rate = self.rate()
        return max(0.0, self.jobs - self.over - self._half_done) / rate if rate > 0 else None
