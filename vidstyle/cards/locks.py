"""One download of a file at a time, among all processes that share a cache."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    def _take(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def held(path: Path, poll: float = 0.1) -> Iterator[None]:
    """Holds the lock file `path` inside, waiting for it as long as another process holds it.

    The system lets go of it when its holder dies, however it dies. The empty file stays. Where a file
    system knows no locks, nothing is locked. poll: seconds between two tries.
    """
    with path.open("ab") as file:
        while not _taken(file):
            time.sleep(poll)
        yield


def _taken(file: BinaryIO) -> bool:
    try:
        _take(file)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
