"""What a job cannot mean, told before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from vidstyle import device, media
from vidstyle.errors import UsageError
from vidstyle.types import Job


def check(job: Job) -> None:
    """Raises UsageError for numbers out of their range, for wishes that exclude each other, and for words
    that name no device or encoder."""
    _in_range("strength", job.strength, 0, 1)
    _in_range("feather", job.feather, 0, 256)
    if job.threshold is not None:
        _in_range("threshold", job.threshold, 0, 1)
    if job.classes == ("all",) and job.invert:
        raise UsageError("--invert of --class all paints nothing; leave one of them out")
    if job.end is not None and job.end <= (job.start or 0):
        raise UsageError(
            f"--end {float(job.end):g} s does not lie behind --start {float(job.start or 0):g} s"
        )
    device.check_word(job.device)
    if job.encode.codec is not None:
        media.encoder_named(job.encode.codec)
    _check_streams(job)


def _check_streams(job: Job) -> None:
    if job.target is None and media.is_stream(job.source):
        raise UsageError(f"{media.shown(job.source)} has no name to make another of; name the output with -o")


def check_places(target: Path | str, mask_out: Path | None) -> None:
    """Raises UsageError where the masks would be written over the video."""
    if mask_out is not None and mask_out.absolute() == Path(target).absolute():
        raise UsageError(f"--mask-out and the output are both {target}; name another file for the masks")


def _in_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise UsageError(f"{name} is {value:g}; it must lie between {least:g} and {most:g}")
