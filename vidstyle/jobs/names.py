"""Where outputs go: a folder and a stem for each input, no two the same whatever the file system makes of
letters and accents. Only the ending waits until the input is opened, and stems keep that from mattering."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePath, PurePosixPath

from vidstyle.errors import InputError, UsageError
from vidstyle.jobs.inputs import Input, address_path, is_url
from vidstyle.jobs.words import is_folder
from vidstyle.media import STANDARD, containers, fingerprint, kinds

ANY = ".*"
"""The ending of a target that is chosen by what the input holds, once it is opened."""

MASK = ".mask"
"""Stands behind the stem of a video of masks."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an output goes. folder: a local path, or an address that ends with a slash."""

    folder: Path | str
    stem: str

    def named(self, ending: str) -> Path | str:
        if isinstance(self.folder, str):
            return f"{self.folder}{self.stem}{ending}"
        return self.folder / f"{self.stem}{ending}"

    @property
    def key(self) -> tuple[str, str]:
        """The same for places that some file system holds for one."""
        folder = self.folder if isinstance(self.folder, str) else os.path.realpath(self.folder)
        return _folded(folder), _folded(self.stem)


def _folded(name: str) -> str:
    """Unicode's canonical caseless form (The Unicode Standard, D145)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def targets(inputs: Sequence[Input], output: Path | str | None) -> list[Path | str]:
    """The output of each input, in order: the one that was named, or `<folder>/<stem>.*` where the ending
    is chosen when the input is opened.

    Raises UsageError where one name is given for several, and where an output would be an input.
    """
    if output is not None and not _is_folder(inputs, output):
        _one_only(inputs, output, "-o")
        _not_itself(inputs, output, "-o")
        whole = output == STANDARD or is_url(output)
        return [str(output) if whole else Path(output)] * len(inputs)
    places = _distinct(inputs, [_place(each, output) for each in inputs])
    _no_inputs(inputs, places)
    return [place.named(ANY) for place in places]


def masks(
    inputs: Sequence[Input], output: Path | str | None, videos: Sequence[Path | str]
) -> list[Path | None]:
    """Where the masks of each input go: `output` itself for one file, else `<stem>.mask.mkv` below it."""
    if output is None:
        return [None] * len(inputs)
    if output == STANDARD or is_url(output):
        raise UsageError(f"--mask-out {output}: masks are written to a local file or folder")
    if not _is_folder(inputs, output):
        _one_only(inputs, output, "--mask-out")
        _not_itself(inputs, output, "--mask-out")
        return [Path(output)] * len(inputs)
    wanted = [_mask_place(each, output) for each in inputs]
    places = _distinct(inputs, wanted, {Place(*_split(video)).key for video in videos if video != STANDARD})
    _no_inputs(inputs, places)
    return [Path(place.named(".mkv")) for place in places]


def _split(target: Path | str) -> tuple[Path | str, str]:
    if isinstance(target, Path):
        return target.parent, target.stem
    folder, _, name = target.rpartition("/")
    return f"{folder}/", name.rpartition(".")[0] or name


def _is_folder(inputs: Sequence[Input], output: Path | str) -> bool:
    if output == STANDARD:
        return False
    if str(output).endswith(("/", os.sep)) or (not is_url(output) and is_folder(Path(output))):
        return True
    several = len(inputs) > 1 or any(each.root is not None for each in inputs)
    return several and not kinds.ends_like_video(Path(output)) and not Path(output).is_file()


def _one_only(inputs: Sequence[Input], output: Path | str, flag: str) -> None:
    if len(inputs) > 1 or (output != STANDARD and any(each.root is not None for each in inputs)):
        what = "standard output takes one input" if output == STANDARD else f"{output} is one file"
        raise UsageError(
            f"{flag}: {what}, and there are {_several(inputs)}; name a folder (with a / at its end)"
        )


def _not_itself(inputs: Sequence[Input], output: Path | str, flag: str) -> None:
    for each in inputs:
        if isinstance(each.path, Path) and os.path.realpath(each.path) == os.path.realpath(output):
            raise UsageError(f"{output} is the input itself; name another file with {flag}")


def _several(inputs: Sequence[Input]) -> str:
    return f"{len(inputs)} inputs" if len(inputs) > 1 else "the videos of a folder"


def _stem(each: Input) -> str:
    if isinstance(each.path, Path):
        return each.path.stem
    if each.path == STANDARD:
        return "stdin"
    return address_path(each.path).stem or "stream"


def _ending(each: Input) -> str:
    return each.path.suffix if isinstance(each.path, Path) else address_path(each.path).suffix


def _own_folder(each: Input) -> Path | None:
    return each.path.parent if isinstance(each.path, Path) else None


def _place(each: Input, output: Path | str | None) -> Place:
    own = _own_folder(each)
    if output is None:
        if each.path == STANDARD:
            raise UsageError(
                "standard input has no name to go by; name the output with -o (- is standard output)"
            )
        return Place(own or Path(), f"{_stem(each)}.vidstyle")
    folder = _mirrored(each, output)
    if own is not None and isinstance(folder, Path) and os.path.realpath(folder) == os.path.realpath(own):
        return Place(folder, f"{_stem(each)}.vidstyle")
    return Place(folder, _stem(each))


def _mirrored(each: Input, output: Path | str) -> Path | str:
    inside = _inside(each)
    if is_url(output):
        return "/".join([str(output).rstrip("/"), *inside.parts, ""])
    return Path(output) / inside


def _inside(each: Input) -> PurePath:
    """The folders between an input and the root of the walk that found it."""
    if isinstance(each.path, Path) and isinstance(each.root, Path):
        return each.path.parent.relative_to(each.root)
    if isinstance(each.path, str) and isinstance(each.root, str):
        parts = PurePosixPath(each.path.removeprefix(each.root)).parent.parts
        return PurePosixPath(*(part for part in parts if part not in ("..", "/")))
    return PurePosixPath()


def _mask_place(each: Input, output: Path | str) -> Place:
    return Place(_mirrored(each, output), f"{_stem(each)}{MASK}")


def _distinct(
    inputs: Sequence[Input], wanted: Sequence[Place], taken: set[tuple[str, str]] | None = None
) -> list[Place]:
    """The wanted places, each given once: to the input whose output is there already, else to the first that
    wants it, and to none with a failure before one without. The others get their original ending into the
    stem, then a number."""
    taken = taken or set()
    given: dict[int, Place] = {}
    wishes = Counter(place.key for place in wanted)

    def rank(index: int) -> tuple[bool, int]:
        place, each = wanted[index], inputs[index]
        return each.failure is not None, _foreign(place, each) if wishes[place.key] > 1 else 0

    order = sorted(range(len(inputs)), key=rank)
    for index in order:
        if wanted[index].key not in taken:
            given[index] = wanted[index]
            taken.add(wanted[index].key)
    for index in (index for index in order if index not in given):
        choices = _others(wanted[index], inputs[index])
        given[index] = next(place for place in choices if place.key not in taken)
        taken.add(given[index].key)
    return [given[index] for index in range(len(inputs))]


def _foreign(place: Place, each: Input) -> int:
    """How far what lies in a place is from an input: 0 made of it, 1 of another of the same bytes, else 2."""
    if not isinstance(place.folder, Path) or not isinstance(each.path, Path):
        return 2
    there = [fingerprint.of(place.folder / f"{place.stem}{ending}") for ending in containers.MUXERS]
    found = [mark.split("-")[1:] for mark in there if mark is not None]
    if not found:
        return 2
    with suppress(InputError):
        source, here = fingerprint.identity(each.path).split("-")
        return min(0 if mark[1] == here else 1 if mark[0] == source else 2 for mark in found)
    return 2


def _others(place: Place, each: Input) -> Iterator[Place]:
    stem, ending = _stem(each), _ending(each)
    extra = place.stem.removeprefix(stem)
    if ending:
        yield Place(place.folder, f"{stem}{ending}{extra}")
    for number in count(2):
        yield Place(place.folder, f"{stem}{ending}.{number}{extra}")


def _no_inputs(inputs: Sequence[Input], places: Sequence[Place]) -> None:
    """Raises UsageError where an output could get the name of an input, by whatever ending."""
    paths = [each.path for each in inputs if isinstance(each.path, Path)]
    held = {Place(path.parent, path.stem).key: path for path in paths if kinds.ends_like_video(path)}
    for each, place in zip(inputs, places, strict=True):
        found = held.get(place.key)
        if found is not None:
            raise UsageError(
                f"the output of {each.name} would be {found}, an input itself; name another folder with -o"
            )
