"""Is a network's file there, and is it the very file that the card means?"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from vidstyle.cards import places
from vidstyle.cards.schema import Card, GraphFile
from vidstyle.errors import ModelError

LARGE = 16 << 20
"""Bytes from which on a file that was hashed once is known again by its size and time of change."""


def verify(card: Card) -> None:
    """Raises ModelError, naming file and field, where a file is missing or has another size or hash.

    A file over 16 MiB is hashed once and then remembered in the user's cache until it changes.
    """
    for name, graph in card.graphs.items():
        fault = fault_of(graph)
        if fault is None:
            continue
        field, what = fault
        again = f": vidstyle models pull {card.name}" if graph.url else ""
        raise ModelError(f"{card.origin or graph.path}: {name}.{field}: {what}{again}")


def fault_of(graph: GraphFile) -> tuple[str, str] | None:
    """The field of a card that a file contradicts, and how; None where all is well."""
    try:
        size = graph.path.stat().st_size
    except OSError:
        return "file", f"{graph.path} is not there"
    if graph.bytes is not None and size != graph.bytes:
        return "bytes", f"is {graph.bytes}, but {graph.path} has {size}"
    for algorithm, wanted in (("sha256", graph.sha256), ("md5", graph.md5)):
        if wanted is not None and (found := _digest_once(graph.path, algorithm)) != wanted:
            return algorithm, f"is {wanted[:12]}.., but {graph.path} has {found[:12]}.."
    return None


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal hash of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _digest_once(path: Path, algorithm: str) -> str:
    try:
        stamp = path.stat()
        if stamp.st_size <= LARGE:
            return digest(path, algorithm)
        key = f"{algorithm} {path.resolve()} {stamp.st_size} {stamp.st_mtime_ns}"
        known = _remembered()
        if key not in known:
            known[key] = digest(path, algorithm)
            _remember(known)
        return known[key]
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error


def _memory() -> Path:
    return places.cache() / "verified.json"


def _remembered() -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(_memory().read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return {key: value for key, value in known.items() if isinstance(value, str)}
    return {}


def _remember(known: dict[str, str]) -> None:
    """Keeps the newest hundred; a cache that cannot be written only costs time."""
    with contextlib.suppress(OSError):
        _memory().parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=_memory().parent, prefix=".verified.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(dict(list(known.items())[-100:]), file)
        Path(draft).replace(_memory())
