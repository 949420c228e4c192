"""What a person sees while a job runs: lines and a bar on stderr, nothing on stdout."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vidstyle.errors import OutputError
from vidstyle.types import JobResult, Plan


def say(line: str) -> None:
    """One line on stderr, above a bar that may be drawn there."""
    tqdm.write(line, file=sys.stderr)


def tell(line: str) -> None:
    """One line of data on stdout. Raises OutputError where it cannot be written."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise  # whoever read it has enough
    except OSError as error:
        raise OutputError(f"stdout cannot be written: {(error.strerror or str(error)).lower()}") from error


class Bar:
    """A progress bar with frames per second and time left, and what runs above it. Quiet shows none."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: tqdm[Any] | None = None

    def begin(self, plan: Plan) -> None:
        if self._quiet:
            return
        say(described(plan))
        if plan.device_note:
            say(f"note: {plan.device_note}")
        self._bar = tqdm(
            total=plan.frames, unit="frame", desc=Path(plan.source).name, file=sys.stderr, dynamic_ncols=True
        )

    def advance(self, frames: int) -> None:
        if self._bar is not None:
            self._bar.update(frames)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def described(plan: Plan) -> str:
    """The line that says which networks, device, decoder and codec are in use."""
    networks = f"{plan.segmenter} + {plan.stylizer}" if plan.segmenter else plan.stylizer
    return f"{networks} on {plan.device}, {plan.decoder} -> {plan.codec}"


def notes(result: JobResult) -> list[str]:
    """What a user must know even where they want to hear nothing else: what could not be kept."""
    return [f"note: {note}" for note in result.notes]


def summary(result: JobResult) -> list[str]:
    """The lines at the end: what a user should know of this run, then what it did and where it lies."""
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.seconds.items())
    share = f"{result.coverage:.1%} of the picture"
    return [
        *notes(result),
        f"{result.frames} frames, {result.frames_with_class} with the class, {share} painted; "
        f"{result.elapsed:.1f} s, {result.fps:.1f} frames/s ({stages})",
        f"wrote {result.plan.target}",
    ]


def document(result: JobResult) -> str:
    """The result as one JSON object for `--json`."""
    facts = {**asdict(result), "fps": result.fps}
    return json.dumps(facts, default=_plain)


def _plain(value: object) -> str | float:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Fraction):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in the document")


class Download:
    """A bar in bytes for one download."""

    def __init__(self, name: str) -> None:
        self._bar: tqdm[Any] = tqdm(desc=name, unit="B", unit_scale=True, file=sys.stderr, leave=False)

    def at(self, done: int, total: int | None) -> None:
        """So many bytes are here, of so many (None: the server does not say)."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
