"""Streams of bytes as inputs: standard input, and the output of a child process.

FFmpeg reads them through a Python object, so that a read that waits can be ended from another thread.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Callable
from typing import Final

from vidstyle.errors import InputError, why

STANDARD: Final = "-"
"""What names standard input and standard output."""
_HEAD: Final = 4096
"""First bytes of an input that are kept, to say what it was if it cannot be read."""
_MANY: Final = 1 << 20
"""Bytes that a pipe may hold, where the system lets us choose: a burst of a camera fits."""


class InPipe:
    """The reading end of a pipe, as PyAV wants a file. `str` gives its name for messages.

    timeout: seconds without a byte after which a read fails. at_end: called once where the bytes end; it
    raises OSError where they should not have. A file (`< clip.mp4`) can be sought.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        *,
        timeout: float | None = None,
        at_end: Callable[[], None] | None = None,
        at_close: Callable[[], None] | None = None,
    ) -> None:
        self._descriptor, self._name, self._timeout = descriptor, name, timeout
        self._at_end, self._at_close = at_end, at_close
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._woken, self._wake = os.pipe()
        self._closed = self.interrupted = False
        self._failure: OSError | None = None
        self.head = b""

    def read(self, size: int) -> bytes:
        """Some bytes; none at the end and after `interrupt`. Raises OSError."""
        try:
            return self._read(size)
        except OSError as error:
            self._failure = error
            raise

    def _read(self, size: int) -> bytes:
        if self.interrupted or not self._wait():
            return b""
        data = os.read(self._descriptor, size)
        self._keep_head(data)
        if not data and self._at_end is not None:
            at_end, self._at_end = self._at_end, None
            at_end()
        return data

    def _wait(self) -> bool:
        """Until there is something to read: False after an interrupt."""
        ready, _, _ = select.select([self._descriptor, self._woken], [], [], self._timeout)
        if not ready:
            raise TimeoutError(errno.ETIMEDOUT, f"nothing came for {self._timeout:g} s")
        return self._woken not in ready

    def _keep_head(self, data: bytes) -> None:
        if len(self.head) < _HEAD and not self._is_file:
            self.head += data[: _HEAD - len(self.head)]
            if index_comes_last(self.head):
                raise OSError(errno.ESPIPE, "its index lies behind its pictures")

    def seekable(self) -> bool:
        return self._is_file

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def interrupt(self) -> None:
        """From any thread, or from a signal: the bytes end here, for a read that waits, too."""
        if not self.interrupted and not self._closed:
            self.interrupted = True
            os.write(self._wake, b"!")

    def close(self) -> None:
        """Lets go of it; may be called twice."""
        if self._closed:
            return
        self._closed = True
        os.close(self._wake)
        os.close(self._woken)
        if self._at_close is not None:
            self._at_close()

    def explain(self, error: Exception) -> None:
        """Raises InputError where more is known of a stream that was not opened than FFmpeg's reason."""
        if index_comes_last(self.head):
            raise InputError(
                f"{self} is an MP4 whose index lies at its end, which cannot be read as a stream: "
                "name the file itself, or write it with ffmpeg -movflags +faststart"
            ) from error
        if self._failure is not None:
            raise InputError(f"{self}: {self._failure.strerror}") from error
        if not self.head and not self._is_file:
            raise InputError(f"{self} is empty") from error

    def __str__(self) -> str:
        return self._name


def index_comes_last(head: bytes) -> bool:
    """Whether a file of boxes (MP4, MOV) begins with its media: then its index lies behind it.

    head: first bytes of the file (ISO/IEC 14496-12, 4.2: a size of 32 bits, a type of four letters).
    """
    place = 0
    while place + 8 <= len(head):
        size, kind = int.from_bytes(head[place : place + 4], "big"), head[place + 4 : place + 8]
        if kind == b"mdat" or (place == 0 and kind not in (b"ftyp", b"wide", b"free", b"skip", b"mdat")):
            return kind == b"mdat"
        if size < 8 or kind in (b"moov", b"moof"):
            return False
        place += size
    return False


def standard_input() -> InPipe:
    """Standard input. Raises InputError where it is a terminal."""
    if os.isatty(0):
        raise InputError("standard input is a terminal; pipe a video into vidstyle, or name a file")
    return InPipe(0, "standard input")


def named_pipe(path: str) -> InPipe:
    """A pipe by its path; waits until somebody writes to it. Raises InputError."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {why(error)}") from error
    return InPipe(descriptor, path, at_close=lambda: os.close(descriptor))


def widen(descriptor: int) -> None:
    """Gives a pipe a large buffer where that can be (Linux)."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _MANY)
    except (ImportError, AttributeError, OSError):
        return
