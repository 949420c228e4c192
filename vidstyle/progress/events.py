"""Events for programs: one JSON object a line (events.schema.json says what is in them)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from vidstyle.progress.quiet import Quiet
from vidstyle.progress.tally import Now, Tally
from vidstyle.progress.voice import emit
from vidstyle.types import JobResult, Outcome, Plan

_PAUSE = 0.5
"""Seconds between two progress events of one file."""


class Events(Quiet):
    """Tells everything, as events."""

    def __init__(self, now: Now = time.monotonic) -> None:
        self._tally = Tally(now)

    def planned(self, jobs: int, at_once: int) -> None:
        self._tally.planned(jobs, at_once)
        emit("plan", jobs=jobs, at_once=at_once)

    def began(self, source: str, plan: Plan) -> None:
        self._tally.began(source, plan).due(self._tally.now(), _PAUSE)
        emit("begin", source=source, **_begin(plan))
        if self._tally.first(plan.device_note):
            emit("note", text=plan.device_note)

    def advanced(self, source: str, frames: int) -> None:
        running, now = self._tally.advanced(source, frames), self._tally.now()
        if running is None or not running.due(now, _PAUSE):
            return
        emit(
            "progress", source=source, frames=running.at, total=running.total,
            fps=round(running.rate(now), 3), left=_rounded(running.left(now)),
        )  # fmt: skip

    def ended(self, outcome: Outcome) -> None:
        self._tally.ended(outcome)
        facts: dict[str, object] = {"source": outcome.source, "target": outcome.target}
        if outcome.status == "done":
            facts |= _done(outcome.result) if outcome.result else {}
        else:
            facts["reason"] = outcome.reason
        if outcome.status == "failed":
            facts |= {"exit_code": outcome.exit_code, "trace": outcome.trace or None}
        emit(outcome.status, **facts)

    def untold(self, outcomes: Sequence[Outcome]) -> list[str]:  # noqa: ARG002
        """Nothing: there was an event for each."""
        return []


def _begin(plan: Plan) -> dict[str, object]:
    return {
        "target": str(plan.target), "frames": plan.frames, "kept": plan.kept, "segmenter": plan.segmenter,
        "stylizer": plan.stylizer, "device": plan.device, "decoder": plan.decoder, "codec": plan.codec,
    }  # fmt: skip


def _done(result: JobResult) -> dict[str, object]:
    return {
        "frames": result.frames, "frames_with_class": result.frames_with_class, "coverage": result.coverage,
        "elapsed": round(result.elapsed, 3), "fps": round(result.fps, 3), "notes": result.notes,
        "seconds": {stage: round(seconds, 3) for stage, seconds in result.seconds.items()},
    }  # fmt: skip


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
