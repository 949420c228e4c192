"""Words that stand for other words: lists and patterns; and what both and the walk of folders go by."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from vidstyle.errors import InputError, UsageError, why
from vidstyle.media import STANDARD, kinds

_MAGIC = re.compile(r"[*?[]")
_DIGITS = re.compile(r"(\d+)", re.ASCII)

Identity = tuple[int, ...] | str
"""What tells a file from all others, whatever it is called."""


def listed(name: str) -> list[str]:
    """The words of a list: one per line, or NUL-separated (`find -print0`); `-` is standard input.

    Blank lines and lines that begin with # are skipped. Raises InputError where it cannot be read, UsageError
    where it is named like a video, which would be read whole.
    """
    if kinds.ends_like_video(Path(name)):
        raise UsageError(f"--from-file {name}: that is a video and no list; leave out --from-file")
    try:
        data = sys.stdin.buffer.read() if name == STANDARD else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"the list {name} cannot be read: {why(error)}") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what PowerShell's > writes
        return _lines(data.decode("utf-16", "replace"))
    if b"\0" in data:
        return [os.fsdecode(word) for word in data.split(b"\0") if word]
    return _lines(os.fsdecode(data.removeprefix(b"\xef\xbb\xbf")))


def _lines(text: str) -> list[str]:
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def natural(name: str) -> tuple[object, ...]:
    """A key that sorts clip2 before clip10."""
    parts = _DIGITS.split(name.casefold())
    return tuple((int(part), len(part)) if index % 2 else part for index, part in enumerate(parts)), name


def order(path: Path) -> tuple[tuple[object, ...], ...]:
    """A key that sorts paths folder by folder, naturally."""
    return tuple(natural(part) for part in path.parts)


def identity(path: Path, facts: os.stat_result) -> Identity:
    """By device and number; by its real path where the file system gives no numbers. A file's size and time
    count too: some network file systems give a number twice, and no video may get lost to that."""
    if not facts.st_ino:
        return os.path.realpath(path)
    if stat.S_ISDIR(facts.st_mode):
        return facts.st_dev, facts.st_ino
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def hidden(path: Path) -> bool:
    """Whether a name begins with a dot, as work folders and unfinished files do."""
    return path.name.startswith(".")


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; False where it cannot be looked at."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def entries(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def names(folder: Path) -> list[str]:
    """The names in a folder that a user may have meant."""
    return [path.name for path in entries(folder) if not hidden(path)]


def is_pattern(word: str) -> bool:
    """Whether a word holds what patterns are made of."""
    return _MAGIC.search(word) is not None


def fixed(pattern: str) -> tuple[Path, tuple[str, ...]]:
    """The folder that a pattern begins in, and the parts that are to be matched below it."""
    parts = Path(pattern).parts
    for count, part in enumerate(parts):
        if is_pattern(part) and not os.path.lexists(Path(*parts[: count + 1])):
            return Path(*parts[:count]), parts[count:]
    return Path(pattern), ()


def matching(folder: Path, parts: Sequence[str]) -> list[Path]:
    """Paths below `folder` that match the parts of a pattern, in natural order; `**` is any number of
    folders. A name that really holds what patterns are made of stands for itself; hidden names match only a
    part that begins with a dot."""
    return sorted(set(_matching(folder, parts, set())), key=order)


def _matching(folder: Path, parts: Sequence[str], seen: set[tuple[Identity, int]]) -> Iterator[Path]:
    """A folder is looked through once for the same rest of the pattern, so loops of links end."""
    here = _step(folder, parts)
    if here is None or here in seen:
        return
    seen.add(here)
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _below(folder, rest, parts, seen)
        return
    for path in _fitting(folder, first):
        if not rest:
            yield path
        elif is_folder(path):
            yield from _matching(path, rest, seen)


def _below(
    folder: Path, rest: Sequence[str], parts: Sequence[str], seen: set[tuple[Identity, int]]
) -> Iterator[Path]:
    if rest:
        yield from _matching(folder, rest, seen)
    for path in entries(folder):
        if hidden(path):
            continue
        if is_folder(path):
            yield from _matching(path, parts, seen)
        elif not rest:
            yield path


def _step(folder: Path, parts: Sequence[str]) -> tuple[Identity, int] | None:
    try:
        return identity(folder, folder.stat()), len(parts)
    except OSError:
        return None


def _fitting(folder: Path, part: str) -> list[Path]:
    if os.path.lexists(folder / part):
        return [folder / part]
    return [path for path in entries(folder) if _fits(path.name, part)]


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatch(name, pattern) and (pattern.startswith(".") or not name.startswith("."))
