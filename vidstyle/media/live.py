"""Live sources: cameras and network streams, read by a child process that copies packets to a pipe.

A library that waits for a network cannot be interrupted from Python, and a device may never answer. So the
waiting is done where it can be ended: by ending the process.
"""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import av

from vidstyle.errors import InputError
from vidstyle.media.in_pipe import STANDARD, InPipe, named_pipe, standard_input, widen

TIMEOUT: Final = 10.0
"""Seconds to wait for a stream to open, and then for each next packet."""
_GRACE: Final = 5.0
"""Seconds more after which a child process that says nothing counts as lost."""
_PROTOCOLS: Final = (
    "rtsp", "rtsps", "rtmp", "rtmps", "rtmpt", "udp", "rtp", "srt", "rist", "tcp", "tls",
    "unix", "mmsh", "mmst",
)  # fmt: skip
_ADDRESS: Final = re.compile(rf"({'|'.join(_PROTOCOLS)})://.", re.IGNORECASE)
_PLAYLIST: Final = re.compile(r"https?://[^?#]+\.(m3u8|mpd)([?#].*)?", re.IGNORECASE)
_SECRET: Final = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


def is_live(source: Path | str) -> bool:
    """Whether a source is a camera (/dev/...) or the address of a stream, which no file stands for."""
    if isinstance(source, Path):
        return _is(Path.is_char_device, source)
    device = source.startswith("/dev/") and not (is_pipe(source) or _is(Path.is_file, Path(source)))
    return bool(_ADDRESS.match(source) or _PLAYLIST.fullmatch(source)) or device


def is_pipe(source: Path | str) -> bool:
    """Whether a path names a pipe: a FIFO, /dev/stdin behind one, or what a shell makes of `<(command)`."""
    return _is(Path.is_fifo, Path(source))


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """False where that cannot be told, as of a name that is too long."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False


def is_stream(source: Path | str) -> bool:
    """Whether a source is live, standard input or a pipe: it is read once, from front to back."""
    return source == STANDARD or is_live(source) or is_pipe(source)


def shown(source: Path | str) -> str:
    """A source as messages name it: standard input in words, an address without its password."""
    return "standard input" if source == STANDARD else _SECRET.sub(r"\1:***@", str(source))


def pipe_of(source: str) -> InPipe:
    """Standard input, a pipe or a live source, which FFmpeg reads in `Source`. Raises InputError."""
    if source == STANDARD:
        return standard_input()
    return named_pipe(source) if is_pipe(source) else _relayed(source)


def _relayed(address: str) -> InPipe:
    """What `relay` copies of a live source, as a pipe."""
    _look(address)
    command = [sys.executable, "-m", "vidstyle.media.relay", address, str(TIMEOUT)]
    # A session of its own: Ctrl-C in a terminal would reach it, too, and end the recording unfinished.
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    widen(child.stdout.fileno())
    return InPipe(
        child.stdout.fileno(),
        shown(address),
        timeout=TIMEOUT + _GRACE,
        at_end=lambda: _ended(child),
        at_close=lambda: _end(child),
    )


def _look(address: str) -> None:
    """Raises InputError for what can be told before anything is opened."""
    name = shown(address)
    if address.startswith("/dev/"):
        if not Path(address).exists():
            raise InputError(f"{name} does not exist; is the camera plugged in?")
        if "v4l2" not in av.formats_available and "video4linux2,v4l2" not in av.formats_available:
            raise InputError(f"{name} cannot be read: this build of PyAV has no Video4Linux (v4l2)")


def _ended(child: subprocess.Popen[bytes]) -> None:
    """Raises OSError with the reason where the child did not end well."""
    assert child.stderr is not None
    words = child.stderr.read().decode(errors="replace").strip().splitlines()
    if child.wait() != 0:
        raise OSError(errno.EIO, words[-1] if words else f"its reader ended with code {child.returncode}")


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for stream in (child.stdout, child.stderr):
        if stream is not None:
            stream.close()
