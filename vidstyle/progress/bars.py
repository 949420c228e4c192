"""Bars for a terminal: one for the batch, one for each running file below it, lines above them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from vidstyle.progress.quiet import Quiet
from vidstyle.progress.tally import Now, Running, Tally
from vidstyle.progress.voice import say
from vidstyle.progress.words import described, fitted, news, progress, speed
from vidstyle.progress.words import frames as frames_in_words
from vidstyle.types import Outcome, Plan

_PAUSE = 0.1
"""Seconds between two drawings of a bar: faster is not seen."""

_KNOWN, _UNKNOWN = "{percentage:3.0f}%% |{bar:%d}| {desc}", "   ? |{bar:%d}| {desc}"


class Bars(Quiet):
    """The batch's bar stands on top (a single file needs none), then the files in the order they began."""

    def __init__(self, now: Now = time.monotonic) -> None:
        self._tally = Tally(now)
        self._whole: tqdm[Any] | None = None
        self._bars: dict[str, tqdm[Any]] = {}
        self._drawn = 0.0

    @property
    def _single(self) -> bool:
        return self._tally.jobs <= 1

    def planned(self, jobs: int, at_once: int) -> None:
        self._tally.planned(jobs, at_once)
        if jobs > 1 and self._whole is None:
            self._whole = _bar(1.0, 0)
            self._draw_whole()

    def began(self, source: str, plan: Plan) -> None:
        if self._tally.first(networks := described(plan) if self._single else plan.networks):
            say(networks)
        if self._tally.first(plan.device_note):
            say(f"note: {plan.device_note}")
        self._drop(source)
        running = self._tally.began(source, plan)
        self._bars[source] = _bar(plan.frames, len(self._bars) + (self._whole is not None), plan.kept)
        self._draw(running)

    def advanced(self, source: str, frames: int) -> None:
        running = self._tally.advanced(source, frames)
        if running is not None and running.due(self._tally.now(), _PAUSE):
            self._draw(running)
            self._draw_whole()

    def _draw(self, running: Running) -> None:
        bar, now = self._bars[running.source], self._tally.now()
        counted = [] if running.total else [frames_in_words(running.at)]
        _show(bar, float(running.at), running.source, [*counted, *speed(running, now)])

    def _draw_whole(self) -> None:
        if self._whole is not None:
            self._drawn = self._tally.now()
            _show(self._whole, self._tally.share, "", progress(self._tally))

    def ended(self, outcome: Outcome) -> None:
        self._drop(outcome.source)
        self._tally.ended(outcome)
        if self._whole is not None:
            for line in news(outcome):
                say(line)
        if (
            outcome.status != "skipped" or self._tally.now() - self._drawn >= _PAUSE
        ):  # many are skipped at once
            self._draw_whole()

    def _drop(self, source: str) -> None:
        bar = self._bars.pop(source, None)
        if bar is None:
            return
        bar.close()
        for place, other in enumerate(self._bars.values(), start=int(self._whole is not None)):
            if other.pos != -place:
                other.clear()
                other.pos = -place  # close the gap: tqdm itself leaves it
                other.refresh()

    def untold(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Nothing: what was told above the bars stands right above the end."""
        return super().untold(outcomes) if self._single else []

    def close(self) -> None:
        for source in list(self._bars):
            self._drop(source)
        if self._whole is not None:
            self._whole.close()
            self._whole = None


def _bar(total: float | None, place: int, kept: int = 0) -> tqdm[Any]:
    return tqdm(
        total=total or None, initial=kept, position=place, leave=False, file=sys.stderr, dynamic_ncols=True,
        miniters=1, mininterval=0, maxinterval=float("inf"), bar_format=" ",
    )  # fmt: skip


def _show(bar: tqdm[Any], at: float, name: str, words: list[str]) -> None:
    columns = bar.format_dict["ncols"] or 80
    width = 20 if columns >= 80 else max(4, columns // 6)
    bar.bar_format = (_KNOWN if bar.total else _UNKNOWN) % width
    bar.total = max(bar.total, at) if bar.total else None  # a container may claim too few frames
    bar.n = at
    room = columns - width - 8
    bar.set_description_str(fitted(name, words, room), refresh=False)
    bar.refresh()
