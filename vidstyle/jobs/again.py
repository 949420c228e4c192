"""Run again: what is done is skipped, what was made of an older input or with other settings is replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vidstyle import pipeline
from vidstyle.jobs.names import ANY
from vidstyle.media import containers, fingerprint
from vidstyle.media.part_file import refuse
from vidstyle.types import Job


def finished(job: Job) -> Path | None:
    """As `output`; what a killed run may have left beside it is cleared away."""
    done = output(job)
    if done is not None:
        pipeline.forget(replace(job, target=done))
    return done


def output(job: Job) -> Path | None:
    """The output that this very job wrote before, from this very input; None where there is none.

    Nothing is decoded. Raises what `pipeline.fingerprint_of` raises, where there is an output to ask about.
    """
    if job.overwrite or not isinstance(job.source, Path):
        return None
    ours = {path: found for path in _places(job) if (found := fingerprint.of(path))}
    if not ours:
        return None
    wanted = pipeline.fingerprint_of(job)
    if job.mask_out and not fingerprint.same(fingerprint.of(job.mask_out), fingerprint.of_masks(wanted)):
        return None
    return next((path for path, found in ours.items() if fingerprint.same(found, wanted)), None)


def renewing(job: Job) -> Job:
    """The job with leave to replace its output, where that is one of ours and of the same input, as are the
    masks. Raises OutputError where the output is and the masks are not."""
    if not isinstance(job.source, Path) or not isinstance(job.target, Path) or job.overwrite:
        return job
    found = fingerprint.of(job.target)
    if found is None or not fingerprint.related(found, wanted := pipeline.fingerprint_of(job)):
        return job
    refuse_masks(job, wanted)
    return replace(job, overwrite=True)


def refuse_masks(job: Job, wanted: str) -> None:
    """Raises OutputError where the place of a job's masks is taken by a file that is none of its own."""
    if job.mask_out is None or not os.path.lexists(job.mask_out):
        return  # its folder may still have to be made
    masks = fingerprint.of(job.mask_out)
    if not (masks and fingerprint.related(masks, wanted)):
        refuse(job.mask_out, Path(job.source), overwrite=False)


def _places(job: Job) -> Iterator[Path]:
    """Where the output may lie; its ending may not be chosen yet."""
    if isinstance(job.target, Path) and job.target.name.endswith(ANY):
        stem = job.target.name.removesuffix(ANY)
        endings = [containers.ending_of(job.container)] if job.container else containers.MUXERS
        yield from (job.target.with_name(stem + ending) for ending in endings)
    elif isinstance(job.target, Path):
        yield job.target
