"""The fingerprint in a file that vidstyle wrote, told from a few bytes: FFmpeg would decode pictures of every
file of a folder for that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Final

FORM: Final = "vidstyle ([0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{8})"
"""How a fingerprint is written into a file's metadata."""

_FORM: Final = re.compile(FORM.encode())
_NEAR: Final = 1 << 16
"""Bytes that are searched at a time; what lies around the mark is far shorter."""

_BOXES: Final = 64
"""Boxes of an MP4 file before the one that holds the metadata; there are a handful."""


def mark(path: Path) -> str | None:
    """The fingerprint that a file's metadata carry. None where there is none, or the file cannot be read."""
    try:
        if not path.is_file():  # to open a pipe would wait for a writer
            return None
        with path.open("rb") as file:
            return marked(file)
    except OSError:
        return None


def marked(file: BinaryIO) -> str | None:
    """The same of an open file. Raises OSError where it cannot be read."""
    try:
        head = file.read(_NEAR)
        parts = (head, _movie(file, head))
    except (OverflowError, ValueError):  # a broken header may point anywhere
        return None
    found = (_FORM.search(part) for part in parts)
    return next((match[1].decode() for match in found if match), None)


def _movie(file: BinaryIO, head: bytes) -> bytes:
    """The end of an MP4's or MOV's `moov` box, where its metadata lie behind the tables of its tracks."""
    start = 0
    for _ in range(_BOXES if head[4:8] == b"ftyp" else 0):
        file.seek(start)
        header = file.read(16)
        size = int.from_bytes(header[8:16] if header[:4] == b"\0\0\0\1" else header[:4], "big")
        if header[4:8] == b"moov":
            return _at(file, max(start, start + size - _NEAR))
        if size < 8:
            break
        start += size
    return b""


def _at(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    return file.read(_NEAR)
