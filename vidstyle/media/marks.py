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

_SEGMENT, _TAGS = b"\x18\x53\x80\x67", b"\x53\xab\x84\x12\x54\xc3\x67\x53\xac"
"""Matroska: the element that holds all others; the entry of its index that says where the tags begin."""

_BOXES: Final = 64
"""Boxes of an MP4 file before the one that holds the metadata; there are a handful."""


def mark(path: Path) -> str | None:
    """The fingerprint that a file's metadata carry. None where there is none, or the file cannot be read."""
    try:
        with path.open("rb") as file:
            return marked(file)
    except OSError:
        return None


def marked(file: BinaryIO) -> str | None:
    """The same of an open file. Raises OSError where it cannot be read."""
    try:
        head = file.read(_NEAR)
        parts = (head, _movie(file, head), _tags(file, head))
    except (OverflowError, ValueError, IndexError):  # a broken header may point anywhere
        return None
    # Without zeros, for the two bytes a letter of ASF.
    found = (_FORM.search(part.replace(b"\0", b"")) for part in parts)
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


def _tags(file: BinaryIO, head: bytes) -> bytes:
    """The tags of a Matroska file, wherever its index says they lie (fonts may lie before them)."""
    segment, entry = head.find(_SEGMENT), head.find(_TAGS)
    if min(segment, entry) < 0:
        return b""
    length = head[entry + len(_TAGS)] & 0x7F
    place = int.from_bytes(head[entry + len(_TAGS) + 1 :][:length], "big")
    width = 9 - head[segment + 4].bit_length()
    return _at(file, segment + 4 + width + place)


def _at(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    return file.read(_NEAR)
