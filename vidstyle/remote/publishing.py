"""From a local file to an address: whole or absent."""

from __future__ import annotations

import contextlib
import mimetypes
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.errors import OutputError, VidstyleError
from vidstyle.remote.addresses import masked, opened
from vidstyle.remote.faults import Attempts, reason
from vidstyle.remote.objects import look, protocols
from vidstyle.remote.staging import Progress

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

PART = 16 << 20
"""Bytes of an upload's part; more where an object has too many of them."""

_MOST_PARTS = 9_000  # S3 allows 10 000


def publish(path: Path, address: str, told: Progress | None = None, *, overwrite: bool = True) -> None:
    """Puts a local file at an address. Nobody sees a part of it, and after a failure nothing is left of it.

    S3: an upload in parts, completed at its end, aborted on failure. Google Cloud Storage: an upload
    that appears at its end. Elsewhere: a hidden sibling, renamed. overwrite: replaces what lies there.
    Raises OutputError, one line without credentials.
    """
    attempts = Attempts()
    try:
        system, place = opened(address)
        if not overwrite and system.exists(place):
            raise OutputError(f"{masked(address)} exists; --overwrite replaces it")
        put = _way(system)
        while True:
            try:
                put(system, path, place, told or _silent)
                return _check(system, path, place)
            except Exception as error:
                attempts.wait(error)
    except VidstyleError:
        raise
    except Exception as error:
        raise OutputError(f"{masked(address)} cannot be written: {reason(error)}") from error


def _silent(done: int, whole: int | None) -> None:
    pass


def _way(system: AbstractFileSystem) -> Callable[[Any, Path, str, Progress], None]:
    names = protocols(system)
    if "http" in names:
        raise NotImplementedError
    if "s3" in names:
        return _in_parts
    return _at_its_end if "gs" in names else _renamed


def _in_parts(system: Any, path: Path, place: str, told: Progress) -> None:
    size = path.stat().st_size
    kind = {"ContentType": kind_of(path)}
    target = system.open(place, "wb", block_size=max(PART, -(-size // _MOST_PARTS)), autocommit=False, **kind)
    try:
        with path.open("rb") as file:
            while piece := file.read(PART):
                target.write(piece)
                told(file.tell(), size)
        target.close()
        target.commit()
    except BaseException:
        target.closed = True  # else the garbage collector's close() would upload the rest
        _abort(target)
        raise


def _abort(target: Any) -> None:
    """Forgets the parts, again and again while the connection is away. What a server that stays away still
    holds is invisible there; a lifecycle rule of the bucket clears it."""
    attempts = Attempts()
    with contextlib.suppress(Exception):
        while True:
            try:
                return target.discard()  # type: ignore[no-any-return]
            except Exception as error:
                attempts.wait(error)


def _at_its_end(system: Any, path: Path, place: str, told: Progress) -> None:
    size = path.stat().st_size
    told(0, size)
    system.put_file(str(path), place, chunksize=PART, content_type=kind_of(path))
    told(size, size)


def _renamed(system: Any, path: Path, place: str, told: Progress) -> None:
    folder, _, name = place.rpartition("/")
    hidden = f"{folder}/.{name}.part-{secrets.token_hex(6)}"
    size = path.stat().st_size
    told(0, size)
    try:
        system.makedirs(folder or "/", exist_ok=True)
        system.put_file(str(path), hidden)
        _check(system, path, hidden)
        system.mv(hidden, place)
    except BaseException:
        with contextlib.suppress(Exception):
            system.rm_file(hidden)
        raise
    told(size, size)


def kind_of(path: Path) -> str:
    """The media type that goes by a file's ending."""
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _check(system: AbstractFileSystem, path: Path, place: str) -> None:
    there, here = look(system, place).size, path.stat().st_size
    if there != here:
        raise OSError(f"{there} bytes arrived of {here}")
