"""From words to inputs: files, folders, patterns, lists, addresses; each video once, in a stable order."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from vidstyle import media, remote
from vidstyle.errors import InputError, UsageError, nearest, why
from vidstyle.jobs.words import (
    Identity,
    entries,
    fixed,
    hidden,
    identity,
    is_folder,
    is_pattern,
    listed,
    matching,
    names,
    order,
)
from vidstyle.media import STANDARD, fingerprint, kinds

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SYSTEM = ("/proc", "/sys", "/dev")


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to paint. name: as a user would write it; no two inputs share one. path: a local file; a
    str is opened as it is (standard input, a device, an address). root: the folder in which it was found
    by walking (a str: an address), whose tree outputs mirror; None for a word of its own. size: bytes, 0
    where unknown.
    failure: why there is nothing to paint."""

    name: str
    path: Path | str
    root: Path | str | None = None
    size: int = 0
    failure: InputError | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the words name. left_out: how many files of the folders are no input, by kind ("picture",
    "sound", "other", "own" for vidstyle's outputs, "output" for other videos where outputs go)."""

    inputs: tuple[Input, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def gather(words: Sequence[str], lists: Sequence[str] = (), without: Sequence[Path] = ()) -> Gathered:
    """All inputs that the words and the lists of words name, each once; the first word wins.

    without: folders that are not walked (where the outputs go). A name that is missing or cannot be looked
    at is an input with a failure. Raises UsageError for a pattern that matches nothing, InputError
    for a list that cannot be read.
    """
    if STANDARD in words and STANDARD in lists:
        raise UsageError("- is both an input and a list; only one of them can read standard input")
    search = _Search(without)
    for word in (*words, *(word for name in lists for word in listed(name))):
        search.take(word)
    return search.result()


def is_url(word: Path | str | None) -> bool:
    """Whether a word is `scheme://...`: an object elsewhere or a stream, which no local file is."""
    return isinstance(word, str) and _ADDRESS.match(word) is not None


def address_path(word: str) -> PurePosixPath:
    """The path of an address without its host and query, or of a device."""
    return PurePosixPath(unquote(urlsplit(word).path) if is_url(word) else word)


def _ends_like_video(address: str) -> bool:
    return kinds.ends_like_video(Path(address_path(address)))


def _is_named_like_output(path: Path) -> bool:
    """Whether a name is `<stem>.vidstyle<ext>`, beside a `<stem>.*`."""
    stem, dot, word = path.stem.rpartition(".")
    if not (dot and stem and word == "vidstyle"):
        return False
    return any(each.stem == stem for each in entries(path.parent))


def _sources(stem: str) -> set[str]:
    """The stems that an output of this stem may have been made from: itself and what its dots cut off."""
    parts = stem.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}


def _failure(path: Path, error: OSError) -> InputError:
    if not isinstance(error, FileNotFoundError):
        return InputError(f"{path} cannot be read: {why(error)}")
    leads = _leads(path)
    if leads is not None:
        return InputError(f"{path} is a link to {leads}, which does not exist")
    like = [name for name in names(path.parent) if nearest(path.stem, [Path(name).stem.lower()])]
    return InputError(f"{path} does not exist{nearest(path.name, like)}")


def _foreign(folder: Path) -> int:
    """How many videos lie in a folder of outputs, and are none of vidstyle's own."""
    found = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    return sum(
        kinds.ends_like_video(path) and not hidden(path) and not fingerprint.of(path) for path in found
    )


def _leads(path: Path) -> Path | None:
    """What a link says; None where it is none."""
    try:
        return path.readlink()
    except OSError:
        return None


def _system_devices() -> frozenset[int]:
    """File systems whose files are the kernel's: opening some of them waits for ever."""
    return frozenset(Path(place).stat().st_dev for place in _SYSTEM if os.path.ismount(place))


class _Search:
    """Inputs found so far, and what was seen on the way."""

    def __init__(self, without: Sequence[Path]) -> None:
        self._found: dict[str, Input] = {}
        self._marked: dict[str, str] = {}
        self._left_out: Counter[str] = Counter()
        self._seen: set[Identity] = set()
        self._walked: set[Identity] = set()
        self._system = _system_devices()
        self._without = {identity(path, path.stat()) for path in without if is_folder(path)}

    def result(self) -> Gathered:
        """What was found, but for outputs of an earlier run whose sources were found too."""
        plain = [each.path for each in self._found.values() if each.name not in self._marked]
        stems = {Path(path).stem for path in plain}
        places = {fingerprint.place(Path(path)) for path in plain if self._marked}
        own = {
            name
            for name, mark in self._marked.items()
            if _sources(Path(name).stem) & stems or mark.rpartition("-")[2] in places
        }
        own |= set(self._outputs_of_others())
        self._left_out["own"] += len(own)
        inputs = tuple(each for each in self._found.values() if each.name not in own)
        return Gathered(inputs, {kind: count for kind, count in self._left_out.items() if count})

    def _outputs_of_others(self) -> Iterator[str]:
        """Words that name what an earlier run made of other words (`vidstyle *.mp4`, run twice)."""
        paths = [each.path for each in self._found.values() if isinstance(each.path, Path)]
        places = {(path.parent, path.stem) for path in paths}
        for each in self._found.values():
            if isinstance(each.path, Path) and each.root is None:
                stem, _, word = each.path.stem.rpartition(".")
                if word == "vidstyle" and (each.path.parent, stem) in places:
                    yield each.name

    def take(self, word: str) -> None:
        """One word of the command line or of a list."""
        if not word:
            raise UsageError("an input is empty; name a file, a folder or a pattern")
        if "\0" in word:
            raise UsageError(f"{word!r} is no name of a file; is the list text, or separated by zeros?")
        near = remote.local(word)
        if near is not None:
            self._path(near)
        elif remote.is_address(word):
            self._address(word)
        elif word == STANDARD or is_url(word) or media.is_pipe(word):
            self._add(Input(word if word == STANDARD else media.shown(word), word))
        elif is_pattern(word) and not os.path.lexists(word):
            self._pattern(word)
        else:
            self._path(Path(word))

    def _add(self, found: Input) -> None:
        self._found.setdefault(found.name, found)

    def _address(self, word: str) -> None:
        """An object; or a folder or pattern of them, of which those are taken that end like videos."""
        pattern = is_pattern(word.partition("?")[0])
        if not pattern and (_ends_like_video(word) or not remote.is_folder(word)):
            self._add(Input(remote.masked(word), word))
            return
        try:
            found = remote.walk(word)
        except InputError as error:
            self._add(Input(remote.masked(word), word, failure=error))
            return
        if pattern and not found:
            raise UsageError(f"no file matches {word!r}")
        root = remote.root_of(word) if "**" in word or not pattern else None
        videos = [each for each in found if _ends_like_video(each)]
        self._left_out["other"] += len(found) - len(videos)
        for each in videos:
            self._add(Input(remote.masked(each), each, root))

    def _path(self, path: Path) -> None:
        try:
            facts = path.stat()
        except OSError as error:
            self._add(Input(str(path), path, failure=_failure(path, error)))
            return
        if stat.S_ISDIR(facts.st_mode):
            self._folder(path, path)
        elif not stat.S_ISREG(facts.st_mode):
            self._add(Input(str(path), str(path)))
        elif self._is_new(path, facts):
            self._add(Input(str(path), path, size=facts.st_size))

    def _is_new(self, path: Path, facts: os.stat_result) -> bool:
        this = identity(path, facts)
        new = this not in self._seen
        self._seen.add(this)
        return new

    def _pattern(self, pattern: str) -> None:
        folder, parts = fixed(pattern)
        matches = matching(folder, parts)
        if not matches:
            there = [name for name in names(folder) if kinds.ends_like_video(Path(name))]
            known = [*dict.fromkeys(f"*{Path(name).suffix}" for name in there), *there]
            raise UsageError(f"no file matches {pattern!r}{nearest(parts[-1], known)}")
        root = folder if "**" in parts else None
        for path in matches:
            if is_folder(path):
                self._folder(path, root or path)
            else:
                self._entry(path, root, deque())

    def _folder(self, folder: Path, root: Path) -> None:
        """Walks a folder: what is real first, then what links lead to, so that a link never takes a
        file's place in the mirrored tree. Each folder is walked once, so loops end."""
        before = len(self._found)
        folders, links = deque([folder]), deque[Path]()
        while folders or links:
            if folders:
                self._list(folders.popleft(), root, folders, links)
            else:
                self._entry(links.popleft(), root, folders)
        self._sort(before)

    def _sort(self, before: int) -> None:
        found = list(self._found)
        late = sorted(found[before:], key=lambda name: order(Path(name)))
        self._found = {name: self._found[name] for name in (*found[:before], *late)}

    def _list(self, folder: Path, root: Path, folders: deque[Path], links: deque[Path]) -> None:
        try:
            if not self._may_walk(folder, root):
                return
            with os.scandir(folder) as listing:
                found = [(Path(entry.path), entry.is_symlink()) for entry in listing]
        except OSError as error:
            self._add(Input(str(folder), folder, root, failure=_failure(folder, error)))
            return
        for path, is_link in sorted(found, key=lambda pair: order(pair[0])):
            if is_link and not hidden(path):
                links.append(path)
            elif not hidden(path):
                self._entry(path, root, folders)

    def _may_walk(self, folder: Path, root: Path) -> bool:
        facts = folder.stat()
        here = identity(folder, facts)
        new = here not in self._walked
        self._walked.add(here)
        if new and here in self._without and folder != root:
            self._left_out["output"] += _foreign(folder)
            return False
        return new and facts.st_dev not in self._system

    def _entry(self, path: Path, root: Path | None, folders: deque[Path]) -> None:
        """What nobody named: a folder is walked later, a file is taken where it is a video or is meant to
        be one, and nothing else is ever opened."""
        try:
            facts = path.stat()
        except OSError as error:
            self._missing(path, root, error)
            return
        if stat.S_ISDIR(facts.st_mode):
            folders.append(path)
        elif not stat.S_ISREG(facts.st_mode) or facts.st_dev in self._system:
            self._left_out["other"] += 1
        elif self._is_new(path, facts):
            self._probe(path, root, facts.st_size)

    def _missing(self, path: Path, root: Path | None, error: OSError) -> None:
        """A link that leads nowhere, or a file that cannot be looked at."""
        if kinds.ends_like_video(path) or kinds.ends_like_video(_leads(path) or path):
            self._add(Input(str(path), path, root, failure=_failure(path, error)))
        else:
            self._left_out["other"] += 1

    def _probe(self, path: Path, root: Path | None, size: int) -> None:
        kind = "own" if _is_named_like_output(path) else kinds.kind(path)
        if kind != "video":
            self._left_out[kind] += 1
            return
        self._add(Input(str(path), path, root, size))
        mark = "masks" if path.name.endswith(".mask.mkv") else fingerprint.of(path)
        if mark is not None:
            self._marked[str(path)] = mark
