"""What an output was made from, written into it: `<recipe>-<source>-<place>`, three hashes: of the settings
and networks, of the input's bytes, and of where it lay. The first two tell whether an output is done.

MP4, Matroska and WebM name the program that wrote them: it lies there, where no other program leaves it
standing. Beside other containers lies a hidden file, which counts only for an output of the size it names.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from pathlib import Path
from typing import BinaryIO, Final

from vidstyle.errors import InputError
from vidstyle.media.marks import FORM, mark
from vidstyle.media.part_file import short, writing

_TOLD: Final = frozenset({"mp4", "matroska", "webm"})
_FORM: Final = re.compile(FORM)
_BLOCK, _BLOCKS = 1 << 16, 16
_KEY: Final = 33
"""Characters of recipe and source."""


def of(path: Path) -> str | None:
    """The fingerprint of a file that vidstyle wrote; None of any other, and of one that is not there."""
    return _beside(path) or mark(path)


def _beside(path: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        told = json.loads(sidecar(path).read_text())
        if told["bytes"] == path.stat().st_size and _FORM.fullmatch(f"vidstyle {told['fingerprint']}"):
            return str(told["fingerprint"])
    return None


def of_masks(fingerprint: str) -> str:
    """What the masks carry that are written with an output of that fingerprint."""
    recipe, rest = fingerprint.split("-", 1)
    return f"{hashlib.sha256(f'masks {recipe}'.encode()).hexdigest()[:16]}-{rest}"


def same(one: str | None, other: str | None) -> bool:
    """Whether two fingerprints are of the same recipe and the same input, wherever that lay."""
    return one is not None and other is not None and one[:_KEY] == other[:_KEY]


def related(one: str, other: str) -> bool:
    """Whether two fingerprints are of one input: the same bytes, or other bytes in the same place."""
    return one.split("-")[1] == other.split("-")[1] or one.split("-")[2] == other.split("-")[2]


def metadata(fingerprint: str, muxer: str) -> dict[str, str]:
    """The container metadata that carries it; empty where only a file beside the output can."""
    return {"encoding_tool": f"vidstyle {fingerprint}"} if muxer in _TOLD else {}


def sidecar(target: Path) -> Path:
    """The hidden file that carries it beside a container that cannot."""
    return target.with_name(f".{short(target.name)}.vidstyle.json")


def write_sidecar(target: Path, fingerprint: str, size: int) -> None:
    """Says what the file of `size` bytes that is about to become `target` was made from. OutputError."""
    path = sidecar(target)
    with writing(path):
        part = path.with_suffix(".tmp")
        part.write_text(json.dumps({"fingerprint": fingerprint, "bytes": size}))
        part.replace(path)


def identity(path: Path) -> str:
    """`<source>-<place>`: hashes of an input's bytes (its size and 16 blocks of 64 KiB, first and last among
    them) and of its path.

    Times of change do not count: copies are the same input. Raises InputError.
    """
    try:
        with path.open("rb") as file:
            return f"{contents(file)}-{place(path)}"
    except OSError as error:
        raise InputError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error


def contents(file: BinaryIO) -> str:
    """The first of these two, of an open file. Raises OSError."""
    size = file.seek(0, os.SEEK_END)
    found = hashlib.sha256(size.to_bytes(8, "big"))
    for number in range(_BLOCKS):
        file.seek(max(0, size - _BLOCK) * number // (_BLOCKS - 1))
        found.update(file.read(_BLOCK))
    return found.hexdigest()[:16]


def place(path: Path) -> str:
    """A hash of a file's whole path, the end of a fingerprint of what was made from it."""
    return hashlib.sha256(bytes(path.absolute())).hexdigest()[:8]
