"""The plan of a batch: from the words of the command line to one job for each video, and a share of them."""

from __future__ import annotations

import heapq
import re
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import overload

from vidstyle import remote
from vidstyle.errors import InputError, UsageError
from vidstyle.jobs.inputs import Gathered, Input, address_path, gather, is_url
from vidstyle.jobs.names import ANY, masks, targets
from vidstyle.media import STANDARD, containers, kinds
from vidstyle.types import Job

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # also of what a Path made of an address
_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)
_KINDS = (
    ("picture", "picture", "pictures"),
    ("sound", "of sound only", "of sound only"),
    ("other", "of another kind", "of other kinds"),
    ("own", "made by vidstyle", "made by vidstyle"),
    ("output", "in the folder of the outputs", "in the folder of the outputs"),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One job of a plan. source: its name, which no two share. failure: why it cannot be done; then nothing
    is to be opened. size: bytes of its input, 0 where unknown. folders: those of outputs whose names were
    chosen for them; they are made when the job runs. The job's target may still end in `.*`: `settled` puts
    its ending there."""

    source: str
    job: Job
    failure: InputError | None = None
    size: int = 0
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Agenda(Sequence[Planned]):
    """All that is planned, in order. left_out: files of the folders that are no input, by kind."""

    planned: tuple[Planned, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Lines that a user should read."""
        return (f"left out: {_left_out(self.left_out)}",) if self.left_out else ()

    def __len__(self) -> int:
        return len(self.planned)

    @overload
    def __getitem__(self, index: int) -> Planned: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Planned, ...]: ...
    def __getitem__(self, index: int | slice) -> Planned | tuple[Planned, ...]:
        return self.planned[index]


def plan(
    words: Sequence[str],
    lists: Sequence[str],
    template: Job,
    output: Path | str | None = None,
    mask_out: Path | str | None = None,
    shard: tuple[int, int] | None = None,
) -> Agenda:
    """One job for each input: `template` with its own source, target and masks; `shard` (i, n) of them.

    lists: names of lists of words. output: as with -o (a file, a folder, "-", an address); mask_out
    likewise. Raises UsageError and InputError where nothing can be planned at all; what is wrong with one
    input only is its `failure`.
    """
    for flag, place in (("--mask-out", mask_out), ("--work-dir", template.work_dir)):
        if place is not None and _SCHEME.match(str(place)):
            raise UsageError(f"{flag} takes a local file or folder, not an address")
    output = _here(output)
    gathered = gather(words, lists, _outputs(output, mask_out, template.work_dir))
    if not gathered.inputs:
        raise InputError(_nothing(words, gathered))
    inputs = gathered.inputs
    videos = targets(inputs, output)
    _check_format(template.container, videos[0])
    pairs = zip(inputs, videos, masks(inputs, mask_out, videos), strict=True)
    named = {str(output), str(mask_out)}
    planned = [_planned(each, template, video, mask, named) for each, video, mask in pairs]
    return Agenda(tuple(sharded(planned, *shard) if shard else planned), gathered.left_out)


def _check_format(container: str | None, target: Path | str) -> None:
    """Raises UsageError where a target that was named ends like another container."""
    if container is None:
        return
    wanted = ending = containers.muxer_named(container)
    with suppress(UsageError):  # an ending that says nothing
        ending = containers.muxer_for(Path(address_path(str(target))), None)
    if ending != wanted:
        raise UsageError(f"{target} does not end like --format {container}; leave out one of them")


def _here(output: Path | str | None) -> Path | str | None:
    """A `file://` address as the path that it means."""
    near = remote.local(output)
    return output if near is None else f"{near}{'/' if str(output).endswith('/') else ''}"


def _outputs(*places: Path | str | None) -> list[Path]:
    return [Path(place) for place in places if place is not None and place != STANDARD and not is_url(place)]


def _nothing(words: Sequence[str], gathered: Gathered) -> str:
    where = " and ".join(words[:3]) + (", ..." if len(words) > 3 else "")
    if not where:
        return "the list names nothing; there is nothing to do"
    found = f" ({_left_out(gathered.left_out)})" if gathered.left_out else ""
    return f"there is no video in {where}{found}"


def _planned(
    each: Input, template: Job, target: Path | str, mask: Path | None, named: Container[str]
) -> Planned:
    """named: what the user said, whose folders are the user's to make."""
    job = replace(template, source=each.path, target=target, mask_out=mask)
    chosen = [path for path in (target, mask) if isinstance(path, Path) and str(path) not in named]
    return Planned(each.name, job, each.failure, each.size, tuple(path.parent for path in chosen))


def settled(job: Job) -> Job:
    """The job with its target's ending chosen: by its container, else by what the input holds, which is
    opened for that (milliseconds). A job whose target is whole already is returned as it is.

    Raises InputError where the input has to be opened and cannot be, or holds no video."""
    target = job.target
    if target is None or not str(target).endswith(ANY):
        return job
    whole = str(target).removesuffix(ANY) + _ending(job)
    return replace(job, target=Path(whole) if isinstance(target, Path) else whole)


def _ending(job: Job) -> str:
    if job.container is not None:
        return containers.ending_of(job.container)
    if isinstance(job.source, Path):
        return kinds.ending_for(job.source)
    ending = address_path(job.source).suffix.lower()
    return ending if ending in containers.MUXERS else ".mkv"


def parse_shard(text: str) -> tuple[int, int]:
    """`i/n`, 1/n to n/n. Raises UsageError for anything else."""
    found = _SHARD.fullmatch(text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard {text!r} is no share; write i/n with i from 1 to n, like 3/8")
    return int(found[1]), int(found[2])


def sharded(planned: Sequence[Planned], index: int, parts: int) -> list[Planned]:
    """Shard `index` (from 1) of `parts`, in the plan's order: the longest first, each to the part that has
    least so far. Every part computes the same split; together they are everything, once."""
    loads = [(0, part) for part in range(1, parts + 1)]
    mine = []
    for place in sorted(range(len(planned)), key=lambda place: (-planned[place].size, place)):
        load, part = heapq.heappop(loads)
        heapq.heappush(loads, (load + max(planned[place].size, 1), part))
        if part == index:
            mine.append(place)
    return [planned[place] for place in sorted(mine)]


def _left_out(counts: Mapping[str, int]) -> str:
    words = ((counts.get(kind, 0), one, several) for kind, one, several in _KINDS)
    return ", ".join(f"{count} {one if count == 1 else several}" for count, one, several in words if count)
