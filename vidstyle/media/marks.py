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
"""Boxes of an MP4 file, and of one box in it, that are looked at; there are a handful."""


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
    """The metadata in an MP4's or MOV's `moov` box, behind the tables of its tracks: their beginning, as a
    cover picture may follow."""
    inside = _box(file, 0, b"moov") if head[4:8] == b"ftyp" else None
    place = None if inside is None else _box(file, inside, b"udta")
    if place is None:
        return b""
    file.seek(place)
    return file.read(_NEAR)


def _box(file: BinaryIO, start: int, kind: bytes) -> int | None:
    """Where the content of the first box of a kind begins, of the boxes from `start` on."""
    for _ in range(_BOXES):
        file.seek(start)
        header = file.read(16)
        long = header[:4] == b"\0\0\0\1"
        size = int.from_bytes(header[8:16] if long else header[:4], "big")
        if header[4:8] == kind:
            return start + (16 if long else 8)
        if size < 8:
            return None
        start += size
    return None
