"""From an address into a local folder: whole, in pieces, going on after every cut."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vidstyle.errors import InputError, VidstyleError
from vidstyle.remote.addresses import masked, name_of, opened
from vidstyle.remote.faults import Attempts, reason
from vidstyle.remote.objects import Identity, look

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes that there will be (None: not told)."""

PIECE = 8 << 20
"""Bytes asked for at once: what a cut costs, and what is held in memory."""


def stage(address: str, folder: Path, told: Progress | None = None) -> Path:
    """Copies the object at an address whole into `folder`, under its own name; the path of the copy.

    What an earlier, interrupted run copied of the same version is kept and gone on with; a whole copy is not
    fetched again. Raises InputError, one line without credentials, where the object is missing, cannot be
    read, changes meanwhile, or does not fit the disk.
    """
    try:
        system, path = opened(address)
        return _Copy(system, path, name_of(address), folder, told or _silent).bring()
    except VidstyleError:
        raise
    except IsADirectoryError as error:
        raise InputError(f"{masked(address)} is a folder, not a video") from error
    except _ChangedError as error:
        raise InputError(f"{masked(address)} changed while it was read; run it again") from error
    except Exception as error:
        raise InputError(f"{masked(address)} cannot be read: {reason(error)}") from error


def _silent(done: int, whole: int | None) -> None:
    pass


class _ChangedError(Exception):
    """The object is another one than it was."""


def _is_change(error: Exception) -> bool:
    """Whether another version was met; s3fs reads pieces of one ETag only."""
    return isinstance(error, _ChangedError) or type(error).__name__ == "FileExpired"


class _Copy:
    """One object on its way. The unfinished copy's name tells its version, so pieces of two never mix; a sign
    beside the whole one does."""

    def __init__(
        self, system: AbstractFileSystem, path: str, name: str, folder: Path, told: Progress
    ) -> None:
        self._system, self._path, self._told = system, path, told
        self._name, self._folder = name, folder
        self._block = PIECE
        self._attempts = Attempts()

    def bring(self) -> Path:
        found = self._look()
        digest = hashlib.sha256(f"{self._path}\n{found}".encode(errors="surrogateescape")).hexdigest()[:12]
        whole, sign = self._folder / self._name, self._folder / f".{digest}.whole"
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (whole.exists() and sign.exists()):
            part = self._folder / f".{digest}.part"
            self._room(found, part)
            self._fill(part, found)
            for other in self._folder.glob(".*.whole"):
                other.unlink()
            part.replace(whole)
            sign.touch()
        return whole

    def _look(self) -> Identity:
        while True:
            try:
                return look(self._system, self._path)
            except Exception as error:
                self._attempts.wait(error)

    def _room(self, found: Identity, part: Path) -> None:
        missing = (found.size or 0) - (part.stat().st_size if part.exists() else 0)
        if missing > shutil.disk_usage(part.parent).free:
            raise InputError(f"no space left for a copy of {self._name} in {self._folder}; try --work-dir")

    def _fill(self, part: Path, found: Identity) -> None:
        with part.open("ab") as into:
            if not found.mark:  # nothing says that the earlier pieces are of this version
                into.truncate(0)
            while True:
                try:
                    self._go_on(into, found)
                except Exception as error:
                    if _is_change(error):
                        part.unlink()
                        raise _ChangedError from error
                    if not self._ranges_refused(error):
                        self._attempts.wait(error, into.tell())
                else:
                    return

    def _ranges_refused(self, error: Exception) -> bool:
        """Whether a web server turned out to know no ranges: then it is read as one stream."""
        refused = isinstance(error, ValueError) and "range requests" in str(error) and self._block > 0
        if refused:
            self._block = 0
        return refused

    def _go_on(self, into: BinaryIO, found: Identity) -> None:
        """From where the copy ends to the object's end, which must be that of the version that was found."""
        with self._system.open(self._path, "rb", block_size=self._block, cache_type="none") as file:
            self._seek(file, into)
            self._told(into.tell(), found.size)
            while piece := file.read(PIECE):
                into.write(piece)
                self._told(into.tell(), found.size)
        if look(self._system, self._path) != found:
            raise _ChangedError
        if found.size is not None and into.tell() != found.size:
            into.truncate(0)
            raise OSError(f"{into.tell()} of {found.size} bytes came")

    @staticmethod
    def _seek(file: BinaryIO, into: BinaryIO) -> None:
        try:
            file.seek(into.tell())
        except (OSError, ValueError):  # a stream: from the beginning again
            into.truncate(0)
            into.seek(0)
