"""One frame, before and after."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from vidstyle import media
from vidstyle.errors import InputError, UsageError
from vidstyle.flow import Clock, owning
from vidstyle.media import still
from vidstyle.pipeline.checks import check
from vidstyle.pipeline.networks import Networks, load
from vidstyle.pipeline.streams import opened
from vidstyle.pipeline.tally import nothing_found
from vidstyle.pipeline.way import way
from vidstyle.types import Frame, Job


def preview(job: Job, networks: Networks | None = None, note: Callable[[str], None] = lambda _: None) -> Path:
    """Paints the frame at `job.start` and writes it to the right of the original, to `job.target`, by default
    `<stem>.vidstyle.png` beside the input. note: is told what a user should know, as `JobResult.notes` are.

    Raises what `run` raises; UsageError where the target is no .png or .jpg.
    """
    if media.is_stream(job.source):
        raise UsageError(
            f"preview reads its input twice, which {media.shown(job.source)} is not; name a file"
        )
    check(job)
    source = Path(job.source)
    with _told(job), opened(job) as video:
        target = Path(job.target or source.with_name(f"{source.stem}.vidstyle.png"))
        still.check_target(target, overwrite=job.overwrite, source=source)
        before = _first(video)
        original = still.still(before, video.info)
    networks = networks or load(job)
    with opened(job) as video:
        with owning(way(job, video, networks, Clock())) as batches:
            painted = next(batches)[0]
        after = still.still(painted.frame, video.info)
    both = np.concatenate([original, after], axis=1)
    written = still.save_picture(target, both, overwrite=job.overwrite)
    if not painted.found:
        note(nothing_found(job, "this frame"))
    return written


@contextlib.contextmanager
def _told(job: Job) -> Iterator[None]:
    try:
        yield
    except media.NoFrameError as error:
        at = f"{float(job.start or 0):g}"
        raise InputError(f"{job.source} has no frame at {at} s; name an earlier time with --at") from error


def _first(video: media.Source) -> Frame:
    with owning(video.frames(None)) as frames:
        return next(frames)
