"""What would become of each job, as far as it shows without decoding, loading or writing anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vidstyle import remote
from vidstyle.errors import VidstyleError, visible
from vidstyle.jobs import again, away, one
from vidstyle.jobs.batch import check_settings
from vidstyle.jobs.plan import Agenda, Planned, settled
from vidstyle.media import kinds
from vidstyle.pipeline.checks import check
from vidstyle.pipeline.networks import check_loadable
from vidstyle.types import Job, Outcome

Foretold = Job | Outcome
"""A job that would be painted, its target's name whole; or the outcome of one that would not."""


def of_batch(planned: Sequence[Planned], here: bool = True) -> list[Foretold]:
    """What would become of each job. here: on this machine, not on others of which nothing is known.

    Raises what would end the whole batch: settings, style pictures or networks with which no job can be done.
    """
    if here:
        check_settings([each for each in planned if each.failure is None])
    what = [foretold(each) for each in planned]
    to_paint = [each for each in what if isinstance(each, Job)]
    for job in to_paint[:1] if here else ():
        check_loadable(job)
    return what


def alone(planned: Planned) -> Foretold:
    """What would become of a video that was named itself; wrong settings are its own failure."""
    what = foretold(planned)
    try:
        if isinstance(what, Job):
            check_loadable(what)
    except VidstyleError as error:
        return one.failed(planned, error)
    return what


def foretold(planned: Planned) -> Foretold:
    """What is wrong with the networks, and a video that breaks off, do not show here."""
    try:
        if planned.failure is not None:
            raise planned.failure
        check(planned.job)
        done = again.output(planned.job) or away.finished(planned.job)
        if done is not None:
            return one.skipped(planned, done)
        job = settled(planned.job)
        if isinstance(job.source, Path) and (job is planned.job or job.container is not None):
            kinds.ending_for(job.source)  # else it was opened for that already
        elsewhere = remote.is_address(job.source) or remote.is_address(job.target)
        away.refuse_places((away if elsewhere else again).renewing(job), planned.folders)
    except VidstyleError as error:
        return one.failed(planned, error)
    return job


def lines(agenda: Agenda, what: list[Foretold]) -> Iterator[str]:
    """`source -> target` for each job, in the agenda's order, and what was left out."""
    yield from (line(*each) for each in zip(agenda, what, strict=True))
    yield from agenda.notes


def line(planned: Planned, what: Foretold) -> str:
    """`source -> target`, or why not; on one line whatever the names hold."""
    return visible(_line(planned, what))


def _line(planned: Planned, what: Foretold) -> str:
    if isinstance(what, Job):
        extra = f" and {what.mask_out}" if what.mask_out is not None else ""
        return f"{planned.source} -> {what.target}{extra}"
    if what.status == "skipped":
        return f"{planned.source} -> {what.target}: {what.reason}"
    return f"cannot: {what.reason}"
