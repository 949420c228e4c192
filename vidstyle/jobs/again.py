"""Run again: what is done is skipped, what was made of an older input or with other settings is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vidstyle import pipeline
from vidstyle.jobs.names import ANY
from vidstyle.media import containers, fingerprint
from vidstyle.types import Job


def finished(job: Job) -> Path | None:
    """The output that this very job wrote before, from this very input; None where there is none.

    Nothing is decoded. Raises what `pipeline.fingerprint_of` raises, where there is an output to ask about.
    """
    if job.overwrite or not isinstance(job.source, Path):
        return None
    there = [path for path in _places(job) if path.is_file()]
    if not there or (job.mask_out is not None and not job.mask_out.exists()):
        return None
    wanted = pipeline.fingerprint_of(job)
    done = next((path for path in there if fingerprint.same(fingerprint.of(path), wanted)), None)
    if done is not None:
        pipeline.forget(replace(job, target=done))
    return done


def renewing(job: Job) -> Job:
    """The job with leave to replace its output, where that is one of ours and of the same input."""
    if not isinstance(job.source, Path) or not isinstance(job.target, Path) or not job.target.is_file():
        return job
    found = fingerprint.of(job.target)
    if found is None or not fingerprint.related(found, pipeline.fingerprint_of(job)):
        return job
    return replace(job, overwrite=True)


def _places(job: Job) -> Iterator[Path]:
    """Where the output may lie; its ending may not be chosen yet."""
    if isinstance(job.target, Path) and job.target.name.endswith(ANY):
        yield from _endings(job.target.with_name(job.target.name.removesuffix(ANY)))
    elif isinstance(job.target, Path):
        yield job.target


def _endings(stem: Path) -> Iterator[Path]:
    for ending in containers.MUXERS:
        yield stem.with_name(stem.name + ending)
