"""A batch: every job done, its outcome told and kept. One bad file costs one file."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing

from vidstyle.jobs import one, pool
from vidstyle.jobs.plan import Planned
from vidstyle.jobs.shares import Share
from vidstyle.pipeline.checks import check
from vidstyle.pipeline.recipe import recipe
from vidstyle.types import BatchWatcher, InBatch, Outcome


def run_batch(
    planned: Sequence[Planned], watcher: BatchWatcher, shared: Share | None = None, fail_fast: bool = False
) -> list[Outcome]:
    """Does what is planned; the outcomes in the order in which they came about.

    fail_fast: the first failure stops the jobs that run, and no other begins; those have no outcome.
    Raises UsageError, InputError, ModelError or DeviceError where no job could ever be done: settings that
    exclude each other, networks or style pictures that cannot be loaded. Whatever is raised, what runs is
    stopped first, and its unfinished files are removed.
    """
    shared = shared or Share()
    watcher.planned(len(planned), shared.at_once)
    ended: list[Outcome] = []
    with closing(_outcomes(planned, watcher, shared)) as coming:
        for outcome in coming:
            ended.append(outcome)
            watcher.ended(outcome)
            if fail_fast and outcome.status == "failed":
                break
    return ended


def check_settings(good: Sequence[Planned]) -> None:
    """Raises what is wrong with the settings of a batch, which all its jobs share, before any is begun."""
    for each in good[:1]:
        check(each.job)
        recipe(each.job)


def _outcomes(
    planned: Sequence[Planned], watcher: BatchWatcher, shared: Share
) -> Generator[Outcome, None, None]:
    """What cannot even begin comes first; a job alone needs no process of its own."""
    good = [each for each in planned if each.failure is None]
    check_settings(good)
    yield from (one.failed(each, each.failure) for each in planned if each.failure is not None)
    if len(good) == 1:
        yield _alone(good[0], watcher)
    else:
        yield from pool.outcomes(good, shared, watcher)


def _alone(planned: Planned, watcher: BatchWatcher) -> Outcome:
    try:
        return one.do(planned, one.Kept(), InBatch(watcher, planned.source))
    except one.UnloadableError as error:
        raise error.reason from error
