"""One process at a time: locks on files that the system lets go of when their holder dies, however it dies.

Where a file system knows no locks, nothing is locked.
"""

from __future__ import annotations

import contextlib
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
    with path.open("ab") as file:
        while not taken(file):
            if poll is None:
                raise BlockingIOError(f"{path} is held by another process")
            time.sleep(poll)
        yield


def taken(file: BinaryIO) -> bool:
    """Takes the lock of an open file, until it is closed; False where another process holds it."""
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True
