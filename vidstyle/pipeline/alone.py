"""One segment alone: so that several processes, or machines, work on one long video.

`cuts` says where the segments begin; whoever holds the work folder (`hold`) lets each be painted into it, by
`paint_segment`, anywhere and in any order; then `run` finds them finished, joins them, and paints what is
missing. Segments that turn out not to fit together are painted again by `run`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from vidstyle import media
from vidstyle.flow import Clock
from vidstyle.media.index import marks
from vidstyle.pipeline.checks import check
from vidstyle.pipeline.networks import Networks
from vidstyle.pipeline.outputs import Outputs, plan_of
from vidstyle.pipeline.recipe import fingerprint_of
from vidstyle.pipeline.way import drive
from vidstyle.pipeline.work import Work, folder_of, opened
from vidstyle.types import Job, Watcher


def cuts(job: Job) -> list[media.Mark | None] | None:
    """Where each segment of the job's video begins, by number (None: at the start); None where there is only
    one, or it cannot be cut safely. Nothing is decoded. Raises InputError."""
    if job.segment is None or not isinstance(job.source, Path):
        return None
    found = marks(job.source, job.segment, job.start, job.end)
    return [None, *found] if found else None


@contextmanager
def hold(job: Job) -> Iterator[list[int] | None]:
    """Holds the job's work folder, for others to paint segments into: yields the numbers of those that are
    finished already. None where the video is not worked on in segments. The job's target must be named.

    Leave it before `run` joins them. Raises what opening the input and the output raises.
    """
    target = Path(str(job.target))
    with (
        media.Source(job.source, start=job.start, end=job.end, threads=1) as video,
        opened(job, video, target, fingerprint_of(job)) as work,
    ):
        if work is not None:
            work.claim()
        yield None if work is None else work.all_whole()


def paint_segment(
    job: Job, networks: Networks, number: int, mark: media.Mark | None, watcher: Watcher | None = None
) -> None:
    """Paints segment `number` of the job's video, which begins at `mark`, into the work folder that somebody
    holds. The job's target must be named.

    Raises InputError where the frames do not lie where `mark` says, and what `run` raises.
    """
    check(job)
    assert job.segment is not None
    with media.Source(job.source, start=job.start, end=job.end, threads=job.threads) as video:
        if mark is not None:
            video.go_on(mark)
        video.stop_at((number + 1) * job.segment)
        target = Path(str(job.target))
        work = Work(folder_of(job, target), job.mask_out is not None)
        with Outputs.of_segment(job, video, target, work, mark) as outputs:
            if watcher is not None:
                plan = plan_of(job, video, networks, outputs)
                watcher.begin(replace(plan, target=target, kept=0))
            drive(job, video, networks, outputs, Clock(), watcher)
            outputs.close_segment()
