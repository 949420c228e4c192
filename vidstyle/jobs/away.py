"""Jobs whose input or output lies elsewhere: staged in, run on local files, published, cleared away."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle import locks, pipeline, remote
from vidstyle.errors import OutputError, UsageError, VidstyleError, why
from vidstyle.jobs.again import refuse_masks
from vidstyle.jobs.plan import settled
from vidstyle.media import fingerprint
from vidstyle.media.containers import muxer_for
from vidstyle.media.marks import marked
from vidstyle.media.part_file import refuse
from vidstyle.pipeline.checks import check, check_places
from vidstyle.pipeline.recipe import recipe
from vidstyle.types import Job, JobResult, Plan, Watcher


def run(
    job: Job,
    networks: pipeline.Networks | Callable[[Job], pipeline.Networks] | None = None,
    watcher: Watcher | None = None,
) -> JobResult:
    """Does one job as `pipeline.run` does, with addresses as source and target too.

    A copy of what lies elsewhere, and an output that is to go there, lie in a hidden folder beside the
    output, in `Job.work_dir`, or among the system's temporary files. It is removed with the success of the
    job and kept where the same command can go on from it: after an interrupt, and where the wire failed.
    """
    if not (remote.is_address(job.source) or remote.is_address(job.target)):
        return pipeline.run(job, networks, watcher)
    check(job)
    job = renewing(job)
    refuse_places(job)
    with _held(folder := folder_of(job)):
        near = _staged(job, folder)
        with _cleared_where_hopeless(folder), _said_by_address(job, near):
            result = pipeline.run(near, networks, watcher and _Renamed(job, watcher))
        if near.target != job.target:
            remote.publish(Path(str(near.target)), str(job.target), overwrite=job.overwrite)
        shutil.rmtree(folder, ignore_errors=True)
    return replace(result, plan=named(result.plan, job))


def finished(job: Job) -> str | None:
    """The output that this very job wrote before, from this very input, where one of them is an address; None
    where there is none. Some bytes of both are fetched. Raises InputError."""
    if job.overwrite or not (remote.is_address(job.source) or remote.is_address(job.target)):
        return None
    target = settled(job).target
    found = _mark(target)
    return str(target) if found is not None and fingerprint.same(found, _fingerprint(job)) else None


def _mark(target: Path | str | None) -> str | None:
    """The fingerprint of an output that is there."""
    if isinstance(target, Path):
        return fingerprint.of(target)
    if target is None or not remote.exists(target):
        return None
    with remote.reading(target) as file:
        return marked(file)


def _fingerprint(job: Job) -> str:
    """What `pipeline.fingerprint_of` will say of the local copies."""
    if isinstance(job.source, Path):
        return pipeline.fingerprint_of(job)
    with remote.reading(job.source) as file:
        contents = fingerprint.contents(file)
    place = fingerprint.place(folder_of(job) / "in" / remote.name_of(job.source))
    return f"{recipe(job)}-{contents}-{place}"


def renewing(job: Job) -> Job:
    """The job with leave to replace its output, where that is one of ours and of the same input."""
    found = None if job.overwrite else _mark(job.target)
    if found is None or not fingerprint.related(found, wanted := _fingerprint(job)):
        return job
    refuse_masks(job, wanted)
    return replace(job, overwrite=True)


def folder_of(job: Job) -> Path:
    """Where the local copies of a job lie: for this source and target only."""
    target = str(job.target)
    base = Path(tempfile.gettempdir())
    if job.work_dir is not None:
        base = job.work_dir
    elif not remote.is_address(target):
        base = Path(target).absolute().parent
    place = hashlib.sha256(f"{job.source}\n{target}".encode(errors="surrogateescape")).hexdigest()[:12]
    return base / f".{remote.name_of(target)[:60]}.{place}.away"


def refuse_places(job: Job, made: Collection[Path] = ()) -> None:
    """Raises UsageError and OutputError, before anything is fetched, where the result could not be put.

    made: folders that will be made for it."""
    target = job.target
    assert target is not None
    check_places(target, job.mask_out)
    if isinstance(target, str) and remote.is_address(target):
        _refuse_address(job, target)
    for path, container in ((target, job.container), (job.mask_out, None)):
        if isinstance(path, Path):
            muxer_for(path, container)
            if path.parent.exists() or path.parent not in made:
                refuse(path, Path(job.source), overwrite=job.overwrite)


def _refuse_address(job: Job, target: str) -> None:
    if job.mask_out is not None:
        raise UsageError(
            "--mask-out writes to local files only; leave it out, or name a local output with -o"
        )
    muxer_for(Path(remote.name_of(target)), job.container)
    if job.source == target:
        raise OutputError(f"{remote.masked(target)} is the input itself; name another with -o")
    if not job.overwrite and remote.exists(target):
        raise OutputError(f"{remote.masked(target)} exists; --overwrite replaces it")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Makes the folder and holds it: two processes would write into the same copy. Raises OutputError."""
    with ExitStack() as stack:
        try:
            (folder / "out").mkdir(parents=True, exist_ok=True)
            stack.enter_context(locks.held(folder / "lock", poll=None))
        except BlockingIOError as error:
            raise OutputError(f"{folder} is in use by another process; wait for it") from error
        except OSError as error:
            raise OutputError(f"the folder {folder} cannot be made: {why(error)}; try --work-dir") from error
        yield


def _staged(job: Job, folder: Path) -> Job:
    """The same job on local files. Raises InputError."""
    near = job
    if isinstance(job.source, str) and remote.is_address(job.source):
        try:
            near = replace(near, source=remote.stage(job.source, folder / "in"))
        except VidstyleError:
            _remove_empty(folder)
            raise
    if isinstance(job.target, str) and remote.is_address(job.target):
        near = replace(near, target=folder / "out" / remote.name_of(job.target), overwrite=True)
    return near


def _remove_empty(folder: Path) -> None:
    """Removes the folder where nothing was fetched yet; a part of a file stays, to go on from."""
    with suppress(OSError):
        for path in (folder / "out", folder / "in"):
            if path.exists():
                path.rmdir()
        shutil.rmtree(folder)


@contextmanager
def _cleared_where_hopeless(folder: Path) -> Iterator[None]:
    """Removes the copies where the job itself failed and has nothing to go on from."""
    try:
        yield
    except Exception:
        if not any((folder / "out").glob(".*.work")):
            shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _said_by_address(job: Job, near: Job) -> Iterator[None]:
    """Errors name the addresses that the user gave, not the copies."""
    try:
        yield
    except VidstyleError as error:
        line = str(error)
        for here, there in ((near.source, job.source), (near.target, job.target)):
            if here != there:
                line = line.replace(str(here), remote.masked(str(there)))
        raise type(error)(line) from error


def named(plan: Plan, job: Job) -> Plan:
    """A plan as the user would write it: addresses where they are, without credentials."""
    source = remote.masked(job.source) if isinstance(job.source, str) else job.source
    target = remote.masked(job.target) if isinstance(job.target, str) else plan.target
    return replace(plan, source=source, target=target)


@dataclass(frozen=True, slots=True)
class _Renamed:
    """Tells a watcher the addresses instead of the copies."""

    job: Job
    watcher: Watcher

    def begin(self, plan: Plan) -> None:
        self.watcher.begin(named(plan, self.job))

    def advance(self, frames: int) -> None:
        self.watcher.advance(frames)
