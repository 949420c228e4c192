"""What would become of each job, as far as it shows without decoding, loading or writing anything."""

from __future__ import annotations

from collections.abc import Iterator

from vidstyle import remote
from vidstyle.errors import VidstyleError, visible
from vidstyle.jobs import again, away, one
from vidstyle.jobs.plan import Agenda, Planned, settled
from vidstyle.pipeline.checks import check
from vidstyle.types import Job, Outcome

Foretold = Job | Outcome
"""A job that would be painted, its target's name whole; or the outcome of one that would not."""


def foretold(planned: Planned) -> Foretold:
    """A network that cannot be loaded and a video that breaks off show only in the run itself."""
    try:
        if planned.failure is not None:
            raise planned.failure
        check(planned.job)
        done = again.output(planned.job) or away.finished(planned.job)
        if done is not None:
            return one.skipped(planned, done)
        job = settled(planned.job)
        elsewhere = remote.is_address(job.source) or remote.is_address(job.target)
        away.refuse_places((away if elsewhere else again).renewing(job), planned.folders)
    except VidstyleError as error:
        return one.failed(planned, error)
    return job


def lines(agenda: Agenda, what: list[Foretold]) -> Iterator[str]:
    """`source -> target` for each job, in the agenda's order, and what was left out."""
    yield from (visible(_line(*each)) for each in zip(agenda, what, strict=True))
    yield from agenda.notes


def _line(planned: Planned, what: Foretold) -> str:
    if isinstance(what, Job):
        extra = f" and {what.mask_out}" if what.mask_out is not None else ""
        return f"{planned.source} -> {what.target}{extra}"
    if what.status == "skipped":
        return f"{planned.source} -> {what.target}: {what.reason}"
    return f"cannot: {what.reason}"
