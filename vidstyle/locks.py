"""One process at a time: locks on files that the system lets go of when their holder dies, however it dies.

Where a file system knows no locks, nothing is locked.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(1 << 40)  # locked bytes cannot be written by others: one far behind any file's end
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def held(path: Path, poll: float | None = 0.1) -> Iterator[None]:
    """Holds the lock file `path` inside. The empty file stays.

    poll: seconds between two tries while another process holds it; None does not wait and raises
    BlockingIOError.
    """
    while (file := locked(path)) is None:
        if poll is None:
            raise BlockingIOError(f"{path} is held by another process")
        time.sleep(poll)
    with file:
        yield


def locked(path: Path) -> BinaryIO | None:
    """The file `path`, made where it is not there, locked until it is closed; None where another process
    holds it."""
    while True:
        file = path.open("ab")
        try:
            if not _taken(file):
                file.close()
                return None
            if _is_at(path, file):
                return file
        except BaseException:
            file.close()  # else the traceback of a signal would hold the lock
            raise
        file.close()  # its last holder renamed or removed it in the meantime


def _taken(file: BinaryIO) -> bool:
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
