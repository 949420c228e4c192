"""Whole lines for logs and pipes: nothing is drawn over."""

from __future__ import annotations

import time
from collections.abc import Sequence

from vidstyle.progress.quiet import Quiet
from vidstyle.progress.tally import Now, Running, Tally
from vidstyle.progress.voice import say
from vidstyle.progress.words import described, failure, frames, news, place, progress, speed
from vidstyle.types import Outcome, Plan

_HEARTBEAT = 10.0
"""Seconds of silence before a line says how far the batch is."""

_SCREEN = 20
"""Lines that can still be seen."""


class Lines(Quiet):
    """One line for every file that begins or ends, and one now and then while nothing does."""

    def __init__(self, now: Now = time.monotonic) -> None:
        self._tally = Tally(now)
        self._failed_at: int | None = None
        self._lines = 0
        self._spoke = now()

    def _say(self, line: str) -> None:
        say(line)
        self._lines += 1
        self._spoke = self._tally.now()

    @property
    def _single(self) -> bool:
        return self._tally.jobs <= 1

    def planned(self, jobs: int, at_once: int) -> None:
        self._tally.planned(jobs, at_once)
        if not self._single:
            self._say(f"{jobs} files, {at_once} at once" if at_once > 1 else f"{jobs} files")

    def began(self, source: str, plan: Plan) -> None:
        self._tally.began(source, plan)
        self._say(described(plan) if self._single else f"begin {source}: {_facts(plan)}")
        if self._tally.first(plan.device_note):
            self._say(f"note: {plan.device_note}")

    def advanced(self, source: str, frames: int) -> None:
        self._tally.advanced(source, frames)
        if self._tally.now() - self._spoke >= _HEARTBEAT:
            self._say("; ".join(self._standing()))

    def _standing(self) -> list[str]:
        now = self._tally.now()
        files = [_standing(each, now) for each in self._tally.running.values()]
        return files if self._single else [", ".join(progress(self._tally)), *files]

    def ended(self, outcome: Outcome) -> None:
        self._tally.ended(outcome)
        if self._single:
            return  # the summary follows
        if outcome.status == "failed" and self._failed_at is None:
            self._failed_at = self._lines
        first, *others = _end(outcome)
        for line in (f"[{self._tally.over}/{self._tally.jobs}] {first}", *others):
            self._say(line)

    def untold(self, outcomes: Sequence[Outcome]) -> list[str]:
        """The failures once more, where the first of them is far above."""
        if self._single:
            return super().untold(outcomes)
        far = self._failed_at is not None and self._lines - self._failed_at > _SCREEN
        return [failure(each) for each in outcomes if far and each.status == "failed"]


def _facts(plan: Plan) -> str:
    length = [] if plan.frames is None else [frames(plan.frames)]
    kept = [f"{plan.kept} of them kept from an earlier run"] if plan.kept else []
    return ", ".join([*length, *kept, described(plan)])


def _standing(running: Running, now: float) -> str:
    total = "" if running.total is None else f" of {running.total}"
    words = [f"{running.at}{total} frames", *speed(running, now)]
    return f"{place(running.source, 'standard input')}: {', '.join(words)}"


def _end(outcome: Outcome) -> list[str]:
    if outcome.status == "failed":
        return news(outcome)
    if outcome.result is None:
        return [": ".join(filter(None, (f"{outcome.status} {outcome.source}", outcome.reason)))]
    result = outcome.result
    facts = f"{frames(result.frames)}, {result.coverage:.1%} painted, {result.elapsed:.1f} s"
    return [f"done {outcome.source}: {facts}, {result.fps:.1f} frames/s", *news(outcome)]
