"""What crosses Ray: tasks to workers, and their answers. Small, pickled values; never a frame."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from vidstyle import pipeline, remote
from vidstyle.errors import VidstyleError
from vidstyle.jobs import one
from vidstyle.jobs.plan import Planned
from vidstyle.media import Mark
from vidstyle.types import Job, Outcome, Plan, Watcher

WHOLE = -1
"""Stands for the number of a segment where a task is about the whole file."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A file, from its first frame (or its first unfinished segment) to the output's name."""

    planned: Planned

    @property
    def key(self) -> tuple[str, int]:
        """Tells a task from all others of its batch: the file, and which of its segments."""
        return self.planned.source, WHOLE

    def do(self, kept: one.Kept, watcher: Watcher) -> Outcome:
        """Its outcome. Raises what `one.do` raises."""
        return one.do(self.planned, kept, watcher)


@dataclass(frozen=True, slots=True)
class Survey:
    """A long file: its output's name, and which segments it has."""

    planned: Planned

    @property
    def key(self) -> tuple[str, int]:
        """As a whole file's: it stands for it until it is cut."""
        return self.planned.source, WHOLE

    def do(self, kept: one.Kept, watcher: Watcher) -> Cut | Outcome:  # noqa: ARG002
        """The outcome where there is nothing to do. Raises VidstyleError."""
        if (finished := one.done(self.planned)) is not None:
            return finished
        settled = replace(self.planned, job=one.ready(self.planned))
        return Cut(settled, tuple(pipeline.cuts(settled.job) or ()))


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a long file; its output's name is chosen."""

    planned: Planned
    number: int
    begin: Mark | None

    @property
    def key(self) -> tuple[str, int]:
        """The file and its segment."""
        return self.planned.source, self.number

    def do(self, kept: one.Kept, watcher: Watcher) -> Painted:
        """Raises VidstyleError and what `Kept.networks` raises."""
        job = self.planned.job
        pipeline.paint_segment(job, kept.networks(job), self.number, self.begin, watcher)
        return Painted()


@dataclass(frozen=True, slots=True)
class Cut:
    """What a survey found: the file, its output's name chosen, and where each of its segments begins; nothing
    where it is done as a whole."""

    planned: Planned
    marks: tuple[Mark | None, ...]

    def segments(self, finished: Collection[int]) -> list[Segment]:
        """Those that are still to be painted."""
        pairs = enumerate(self.marks)
        return [Segment(self.planned, number, mark) for number, mark in pairs if number not in finished]


@dataclass(frozen=True, slots=True)
class Painted:
    """A segment is finished."""


Task = Whole | Survey | Segment


@dataclass(frozen=True, slots=True)
class Refused:
    """The networks cannot be loaded, which no other task with these settings will change."""

    kind: type[VidstyleError]
    line: str

    @property
    def error(self) -> VidstyleError:
        return self.kind(self.line)


@dataclass(frozen=True, slots=True)
class Died:
    """The worker did, before it had an answer."""


Answer = Outcome | Cut | Painted | Refused | Died | None


@dataclass(frozen=True, slots=True)
class Witness:
    """A file that every node must see. size: in bytes."""

    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Greeting:
    """A new worker's first words."""

    node: str
    version: str
    unseen: Path | None


MOST_WITNESSES = 64
"""Folders that are asked about; the ones behind them are hardly on another file system."""


@contextlib.contextmanager
def witnesses(planned: Sequence[Planned]) -> Iterator[list[Witness]]:
    """Files that tell whether a node shares the file system: an input of each folder, the pictures and
    networks, and a small hidden file in each output folder, which lies there for the time of the block."""
    jobs = [each.job for each in planned]
    tokens = [folder / f".vidstyle-{secrets.token_hex(6)}.token" for folder in _outputs(jobs)]
    try:
        for token in tokens:
            token.write_bytes(b"vidstyle")
        yield [Witness(path, path.stat().st_size) for path in (*tokens, *_inputs(jobs)) if path.is_file()]
    finally:
        for token in tokens:
            token.unlink(missing_ok=True)


def _outputs(jobs: Sequence[Job]) -> list[Path]:
    places = [place for job in jobs for place in (job.target, job.mask_out) if isinstance(place, Path)]
    folders = dict.fromkeys(_nearest(place.parent) for place in places)
    work = dict.fromkeys(_nearest(job.work_dir) for job in jobs if job.work_dir is not None)
    return [folder for folder in (*folders, *work) if os.access(folder, os.W_OK)][:MOST_WITNESSES]


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def _inputs(jobs: Sequence[Job]) -> list[Path]:
    sources = {job.source.parent: job.source for job in jobs if isinstance(job.source, Path)}
    named = {Path(name) for job in jobs for name in (job.segmenter, job.stylizer, *dict(job.styles)) if name}
    return [*list(sources.values())[:MOST_WITNESSES], *named]


def unseen(witnesses: Sequence[Witness]) -> Path | None:
    """The first witness that is not to be seen from here as it is; None where all are."""
    return next((each.path for each in witnesses if _size(each.path) != each.size), None)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def abroad(planned: Planned, threads: int, device: str) -> Planned:
    """The same, for a worker that has another working folder and its own share of a machine."""
    job = planned.job
    away = replace(
        job,
        source=_absolute(job.source),
        target=_absolute(job.target),
        mask_out=_absolute(job.mask_out),
        work_dir=_absolute(job.work_dir),
        segmenter=_named(job.segmenter),
        stylizer=_named(job.stylizer),
        styles=tuple((_named(name) or name, weight) for name, weight in job.styles),
        threads=threads,
        device=device,
    )
    return replace(planned, job=away, folders=tuple(folder.absolute() for folder in planned.folders))


_Place = TypeVar("_Place", Path | None, Path | str, Path | str | None)


def _absolute(path: _Place) -> _Place:
    return path.absolute() if isinstance(path, Path) else path


def _named(name: str | None) -> str | None:
    """A name that is a path here, as one that means the same elsewhere."""
    return str(Path(name).absolute()) if name is not None and Path(name).exists() else name


def home(outcome: Outcome, planned: Planned) -> Outcome:
    """A worker's outcome in the words of the user's command."""
    target = None if outcome.target is None else str(_here(outcome.target, planned.job))
    result = outcome.result
    if result is not None:
        result = replace(result, plan=home_plan(result.plan, planned))
    return replace(outcome, target=target, result=result)


def home_plan(plan: Plan, planned: Planned) -> Plan:
    """A worker's plan in the words of the user's command: relative where those were."""
    source = planned.job.source
    if isinstance(source, str):
        source = remote.masked(source)
    target = _here(plan.target, planned.job)
    return replace(plan, source=source, target=target, masks=planned.job.mask_out)


def _here(target: Path | str, job: Job) -> Path | str:
    if not isinstance(job.target, Path) or job.target.is_absolute():
        return target
    return Path(os.path.relpath(target))


def clear(job: Job) -> None:
    """Removes what workers that died left half written. Only for one who knows that nobody is at it."""
    for place in (job.target, job.mask_out):
        if isinstance(place, Path):
            for path in place.parent.glob(f".{glob.escape(place.stem)}.part-*"):
                path.unlink(missing_ok=True)
