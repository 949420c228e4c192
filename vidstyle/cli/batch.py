"""Many files: the plan said, or the batch run, shown and summed up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import get_args

from vidstyle import progress
from vidstyle.cli.stopping import Stopped
from vidstyle.cluster import Ask, run_cluster
from vidstyle.errors import VidstyleError
from vidstyle.jobs import foretold, plan, shares
from vidstyle.jobs.batch import run_batch
from vidstyle.jobs.summary import Summary
from vidstyle.types import BatchWatcher, Outcome, Status

VERSION = 1
"""Of the documents that `--json` prints."""


def foretell(agenda: plan.Agenda, document: bool, here: bool = True) -> int:
    """What --dry-run prints of a batch: data that was asked for, so on stdout. Returns the code that the run
    would end with, as far as that shows. here: see `foretold.of_batch`, whose errors are raised as the run's
    would be, with the document of a batch of which nothing was begun."""
    try:
        what = foretold.of_batch(agenda, here)
    except VidstyleError:
        if document:
            progress.tell(_document(agenda, Summary([], len(agenda))))
        raise
    summary = Summary([each for each in what if isinstance(each, Outcome)], len(agenda))
    if document:
        jobs = [_foretold(*each) for each in zip(agenda, what, strict=True)]
        progress.tell(json.dumps({**_counts(agenda, summary), "jobs": jobs}, default=str))
    else:
        for line in foretold.lines(agenda, what):
            progress.tell(line)
    return summary.exit_code


def foretell_one(planned: plan.Planned, document: bool) -> int:
    """What --dry-run prints of a video that was named itself, as `foretell`."""
    what = foretold.alone(planned)
    if document:
        progress.tell(json.dumps({"version": VERSION, **_foretold(planned, what)}, default=str))
    else:
        progress.tell(foretold.line(planned, what))
    return what.exit_code if isinstance(what, Outcome) else 0


def _foretold(planned: plan.Planned, what: foretold.Foretold) -> dict[str, object]:
    """A job that would be painted is left, as it would be in a batch that was stopped at once."""
    if isinstance(what, Outcome):
        return _job(what)
    return {"source": planned.source, "target": what.target, "masks": what.mask_out, "status": "left"}


def paint(
    agenda: plan.Agenda,
    shown: progress.Quiet,
    told: BatchWatcher,
    *,
    at_once: int | None = None,
    fail_fast: bool = False,
    document: bool = False,
    quiet: bool = False,
    ask: Ask | None = None,
) -> int:
    """Does all that is planned; returns the exit code. told: of everything, `shown` among others. at_once:
    None to decide. document: one on stdout. ask: of a cluster, None for this machine alone."""
    for line in () if quiet else agenda.notes:
        progress.say(line)
    heard = _Heard(told)
    summary = Summary(heard.outcomes, len(agenda))
    try:
        _run(agenda, heard, at_once, fail_fast, ask)
    except Stopped as stopped:
        stopped.so_far = f"{summary.counts}; the same command goes on from there"
        raise
    finally:
        for line in shown.untold(heard.outcomes):
            progress.say(line)
        if document:
            progress.tell(_document(agenda, summary))
    for line in () if quiet else _end(summary):
        progress.say(line)
    return summary.exit_code


def _end(summary: Summary) -> Iterator[str]:
    """The last lines. A batch of one has had no line that says what became of it."""
    for each in summary.outcomes if summary.planned == 1 else ():
        yield from progress.facts(each.result) if each.result is not None else ()
    yield summary.counts


def _run(
    agenda: plan.Agenda, heard: BatchWatcher, at_once: int | None, fail_fast: bool, ask: Ask | None
) -> None:
    if ask is not None:
        run_cluster(agenda, heard, ask, fail_fast)
        return
    good = [each.job for each in agenda if each.failure is None]
    shared = shares.share(at_once, len(good), good[0].device if good else "cpu")
    run_batch(agenda, heard, shared, fail_fast)


def _document(agenda: plan.Agenda, summary: Summary) -> str:
    """One JSON object: the counts, and every job that came to an end."""
    jobs = [_job(each) for each in summary.outcomes]
    return json.dumps({**_counts(agenda, summary), "jobs": jobs}, default=str)


def _counts(agenda: plan.Agenda, summary: Summary) -> dict[str, object]:
    counts = {status: summary.count(status) for status in get_args(Status)}
    return {"version": VERSION, **counts, "left": summary.left, "left_out": dict(agenda.left_out)}


def job_document(outcome: Outcome) -> str:
    """One job that came to an end, as one JSON object."""
    return json.dumps({"version": VERSION, **_job(outcome)}, default=str)


def _job(outcome: Outcome) -> dict[str, object]:
    facts = asdict(outcome)
    if outcome.result is not None:
        facts["result"]["fps"] = outcome.result.fps
    return facts


class _Heard:
    """Passes on what a batch's watcher is told, and remembers the outcomes: a signal may end the batch."""

    def __init__(self, told: BatchWatcher) -> None:
        self._told = told
        self.outcomes: list[Outcome] = []
        self.planned, self.began, self.advanced = told.planned, told.began, told.advanced

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self._told.ended(outcome)
