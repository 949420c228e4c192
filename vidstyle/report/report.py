"""Stands between a batch and its watcher, keeps a piece of HTML for every outcome, and writes the page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Self

from vidstyle.errors import OutputError, UsageError, VidstyleError
from vidstyle.media.part_file import PartFile, refuse, writing
from vidstyle.report import posters
from vidstyle.report.markup import html
from vidstyle.report.page import GENERATOR, Totals, page
from vidstyle.report.row import row
from vidstyle.types import BatchWatcher, Job, Outcome, Plan

_FEW = 6
"""So many videos are shown opened."""


class Report:
    """A `BatchWatcher` that passes everything on to `beside`; a context manager that writes the page on its
    way out, also when that way is an exception.

    settings: a job of the batch, for what all of them share. The page is written whole or not at all; an
    older report in its place is replaced; where an error came before any outcome there is nothing to report.
    Raises what `check` raises, and OutputError where it cannot be written at the end (an exception that is
    on its way goes first).
    """

    def __init__(self, target: Path, settings: Job | None, beside: BatchWatcher) -> None:
        check(target)
        self._target, self._settings, self._beside = target, settings, beside
        self._totals, self._rows = Totals(), list[str]()
        self._plans: dict[str, Plan] = {}
        self._begun = time.monotonic()

    def planned(self, jobs: int, at_once: int) -> None:
        self._totals.jobs = jobs
        self._beside.planned(jobs, at_once)

    def began(self, source: str, plan: Plan) -> None:
        self._plans[source] = plan
        self._beside.began(source, plan)

    def advanced(self, source: str, frames: int) -> None:
        self._beside.advanced(source, frames)

    def ended(self, outcome: Outcome) -> None:
        self._beside.ended(outcome)
        place, plan = len(self._rows), self._plans.pop(outcome.source, None)
        self._totals.add(outcome)
        self._totals.jobs = max(self._totals.jobs, self._totals.over)
        opened = self._totals.jobs <= _FEW
        start = self._settings.start if self._settings else None
        pictures = posters.Pictures()
        try:
            pictures = posters.taken(outcome, posters.size(self._totals.jobs, place), start)
        finally:  # a signal amid the pictures loses no outcome
            self._rows.append(html(row(outcome, place, pictures, plan, opened)))

    def write(self, stopped: str = "") -> Path:
        """Writes the page. stopped: why the batch came to no end, in a word or a line."""
        self._totals.elapsed, self._totals.stopped = time.monotonic() - self._begun, stopped
        self._totals.begun = tuple(self._plans)
        part = PartFile(self._target, overwrite=True)
        try:
            with writing(self._target), part.path.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(page(self._totals, self._rows, self._settings))
            part.commit()
        finally:
            part.discard()
        return self._target

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None:
            self.write()
        elif self._rows or (self._totals.jobs and not isinstance(error, VidstyleError)):
            try:
                self.write(_in_a_word(error))
            except OutputError as late:
                error.add_note(f"the report is not written: {late}")


def _in_a_word(error: BaseException) -> str:
    if isinstance(error, VidstyleError):
        return str(error)
    return getattr(error, "word", "interrupted" if isinstance(error, KeyboardInterrupt) else "a bug")


def check(target: Path) -> None:
    """Raises UsageError for another ending than .html, OutputError where no report can be written: no such
    folder, no right to, or a file there that is no report of ours."""
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--report {target}: a report ends in .html")
    try:
        refuse(target, overwrite=True)
        ours = not target.exists() or _is_ours(target)
    except OutputError as error:
        raise OutputError(str(error).replace(" with -o", " with --report")) from error
    if not ours:
        raise OutputError(f"{target} exists and is no report of vidstyle; name another file with --report")


def _is_ours(target: Path) -> bool:
    with writing(target), target.open("rb") as file:
        return GENERATOR.encode() in file.read(1000)
