"""A file that is whole or absent: written as a hidden sibling, renamed at the end."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import weakref
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
from av.container import OutputContainer

from vidstyle import locks
from vidstyle.errors import OutputError
from vidstyle.media.check import check
from vidstyle.media.nowhere import Nowhere, Target
from vidstyle.media.out_pipe import OutPipe
from vidstyle.media.track import Times

_LONGEST = 200
"""Bytes of the target's name that a hidden name beside it keeps; file systems allow 255."""


def refuse(target: Path, source: Path | None = None, *, overwrite: bool) -> None:
    """Raises OutputError when `target` is the source, exists (without `overwrite`), or cannot be written."""
    with writing(target):
        _refuse(target, source, overwrite)


def _refuse(target: Path, source: Path | None, overwrite: bool) -> None:
    if target.is_dir():
        raise OutputError(f"{target} is a folder; name a file with -o")
    if target.exists():
        if not target.is_file():
            raise OutputError(
                f"{target} is no regular file; name another with -o (-o - writes to standard output)"
            )
        if source is not None and source.exists() and target.samefile(source):
            raise OutputError(f"{target} is the input itself; name another file with -o")
        if not overwrite:
            raise OutputError(f"{target} exists; --overwrite replaces it")
    folder = place_of(target).parent
    if not folder.is_dir():
        there = (
            f"{folder} is a file, not a folder" if folder.exists() else f"the folder {folder} does not exist"
        )
        raise OutputError(f"{there}; name another with -o")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"the folder {folder} cannot be written; name another with -o")


def place_of(target: Path) -> Path:
    """Where a target's file lies: a link stays one, and what it points to is written. Raises OutputError."""
    if not target.is_symlink():
        return target.absolute()
    place = Path(os.path.realpath(target))
    if place.is_symlink():
        raise OutputError(f"{target} is a link that leads back to itself; name another with -o")
    return place


def short(name: str) -> str:
    """A file's name for hidden names that are longer: itself, or its beginning and what tells it apart."""
    whole = os.fsencode(name)
    if len(whole) <= _LONGEST:
        return name
    return f"{whole[:_LONGEST].decode(errors='ignore')}-{hashlib.sha256(whole).hexdigest()[:8]}"


def sibling(place: Path) -> Path:
    """The hidden file beside `place` that is written first; it keeps the extension. Always the same one, so
    that what a killed process left there is written over."""
    stem = os.fsencode(place.stem)[:_LONGEST].decode(errors="ignore")
    token = hashlib.sha256(os.fsencode(place.name)).hexdigest()[:8]
    return place.parent / f".{stem}.part-{token}{place.suffix}"


@contextlib.contextmanager
def writing(target: Target) -> Iterator[None]:
    """Turns what FFmpeg and the system raise while writing into one OutputError line."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read the stream has enough
    except (OSError, av.error.FFmpegError) as error:
        raise OutputError(_reason(target, error)) from error


def _reason(target: Target, error: OSError | av.error.FFmpegError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left for {target}; free some or name another folder with -o"
    if error.errno == errno.EFBIG:
        return f"{target} grew past the size that the system allows for one file"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{target} cannot be written: {(error.strerror or 'not permitted').lower()}"
    if error.errno == errno.ENAMETOOLONG:
        return f"{str(target)[:60]}...: the name is too long for this file system; name another with -o"
    if error.errno == errno.EINVAL:
        others = [ending for ending in (".mkv", ".mp4") if ending != Path(str(target)).suffix.lower()]
        return f"{target} cannot hold these times and streams; name an {' or '.join(others)} file instead"
    return f"{target} cannot be written: {error.strerror or error}"


class PartFile:
    """The hidden sibling of a target, written by one process at a time: `commit` renames it, `discard`
    removes it, and so does whatever drops this object before either, a signal ahead of any block included."""

    def __init__(self, target: Path, source: Path | None = None, *, overwrite: bool) -> None:
        refuse(target, source, overwrite=overwrite)
        self.target, self._overwrite = target, overwrite
        with writing(target):
            self._place = place_of(target)
            self.path = sibling(self._place)
            with _unless_stopped(self.path):
                self._lock = _locked(self.path, target)
                self._undo = weakref.finalize(self, _remove, self.path, self._lock)

    def open(self, muxer: str, options: dict[str, str]) -> OutputContainer:
        """The container, to be written from its start. Raises what PyAV raises."""
        return av.open(str(self.path), "w", format=muxer, container_options=options)

    def send(self) -> None:
        """A file is written by FFmpeg itself."""

    def check(self, times: Times, base: Fraction, counts: list[tuple[str, int]], muxed: int) -> list[str]:  # noqa: ARG002 - for `OutPipe`
        """Notes of what `check` finds in the finished file. Raises OutputError."""
        return check(self.path, self.target, times, base, counts)

    def commit(self) -> None:
        """Puts the finished file in the target's place in one step."""
        with writing(self.target):
            if self._place.exists() and not (self._overwrite and self._place.is_file()):
                raise OutputError(f"{self.target} appeared while it was being made; --overwrite replaces it")
            if os.name == "nt":
                self._lock.close()  # an open file cannot be renamed there
            self.path.replace(self._place)
            self._undo.detach()
            self._lock.close()

    def discard(self) -> None:
        """Removes the unfinished file, if it was not committed."""
        self._undo()


@contextlib.contextmanager
def _unless_stopped(path: Path) -> Iterator[None]:
    """A file that is made inside is removed where a signal comes before its removal is arranged for."""
    new = not path.exists()
    try:
        yield
    except (OutputError, OSError):
        raise  # another process has it, or it could not be made
    except BaseException:
        with contextlib.suppress(OSError):
            if new and not path.stat().st_size:
                path.unlink()
        raise


def _remove(path: Path, lock: BinaryIO) -> None:
    if os.name == "nt":
        lock.close()  # an open file cannot be removed there
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    lock.close()


def _locked(path: Path, target: Path) -> BinaryIO:
    """`path`, empty, open and locked until it is closed."""
    file = locks.locked(path)
    if file is None:
        raise OutputError(f"{target} is being written by another process; wait for it, or name another")
    file.truncate(0)
    return file


def place(target: Target, source: Path | None, *, overwrite: bool) -> PartFile | OutPipe | Nowhere:
    """Where an output is written."""
    if isinstance(target, OutPipe | Nowhere):
        return target
    return PartFile(target, source, overwrite=overwrite)
