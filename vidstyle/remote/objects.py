"""What lies at an address: whether it is there, which version it is, what lies below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from vidstyle.errors import InputError, VidstyleError
from vidstyle.remote.addresses import masked, opened
from vidstyle.remote.faults import Attempts, reason

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_MARKS = ("ETag", "etag", "md5Hash", "generation", "sha256", "Last-Modified", "LastModified", "last_modified",
          "mtime", "modified", "updated", "created")  # fmt: skip
_FEW = 1 << 16
_MAGIC = frozenset("*[")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which version of an object: its size in bytes (None: not told), and its ETag, checksum or time of
    change, "" where the place tells none of them."""

    size: int | None
    mark: str

    def __str__(self) -> str:
        return f"{self.size}:{self.mark}"


def look(system: AbstractFileSystem, path: str) -> Identity:
    """The version that lies there now, never one remembered. Raises what fsspec raises."""
    system.invalidate_cache()
    info: dict[str, Any] = system.info(path)
    if info.get("type") == "directory":
        raise IsADirectoryError(path)
    marks = (str(info[name]) for name in _MARKS if info.get(name) is not None)
    return Identity(info.get("size"), next(marks, ""))


def identity(address: str) -> Identity:
    """Which version of an object lies at an address. Raises InputError where none can be read."""
    system, path = opened(address)
    attempts = Attempts()
    while True:
        try:
            return look(system, path)
        except Exception as error:
            _again(attempts, error, address)


@contextmanager
def reading(address: str) -> Iterator[BinaryIO]:
    """An object opened for reading a few bytes of it, here and there. Raises InputError, inside too."""
    system, path = opened(address)
    try:
        system.invalidate_cache()
        with system.open(path, "rb", block_size=_FEW, cache_type="readahead") as file:
            yield file
    except VidstyleError:
        raise
    except Exception as error:
        raise InputError(f"{masked(address)} cannot be read: {reason(error)}") from error


def exists(address: str) -> bool:
    """Whether an object lies at an address. Raises InputError where that cannot be told."""
    system, path = opened(address)
    attempts = Attempts()
    while True:
        try:
            look(system, path)
        except IsADirectoryError:
            return False
        except Exception as error:
            if isinstance(error, FileNotFoundError) and reason(error) == "it does not exist":
                return False
            _again(attempts, error, address)
        else:
            return True


def _again(attempts: Attempts, error: Exception, address: str) -> None:
    if isinstance(error, VidstyleError):
        raise error
    try:
        attempts.wait(error)
    except Exception as last:
        folder = isinstance(last, IsADirectoryError)
        why = "it is a folder, not a video" if folder else reason(last)
        raise InputError(f"{masked(address)} cannot be read: {why}") from last


def is_folder(address: str) -> bool:
    """Whether an address names a folder or a pattern (`s3://bucket/*.mp4`), whose files `walk` lists. Over
    HTTP only one that ends with a slash does: there a folder is a page."""
    system, path = opened(address)
    if _over_http(system):
        return address.endswith("/")
    if _pattern(path) or address.endswith("/"):
        return True
    system.invalidate_cache()
    try:
        return bool(system.isdir(path))
    except Exception as error:
        raise InputError(f"{masked(address)} cannot be read: {reason(error)}") from error


def root_of(address: str) -> str:
    """The folder that an address is or, of a pattern, that it begins with; it ends with a slash."""
    plain = re.split(r"[*\[]", address, maxsplit=1)[0]
    return plain.rpartition("/")[0] + "/" if plain != address else address.rstrip("/") + "/"


def walk(address: str) -> list[str]:
    """The addresses of the files below a folder, or of those that match a pattern, sorted; hidden ones left
    out. Each begins with `root_of(address)`. Raises InputError where it cannot be listed."""
    system, path = opened(address)
    system.invalidate_cache()
    try:
        if _pattern(path) and not _over_http(system):
            found = [each for each, info in system.glob(path, detail=True).items() if _is_file(info)]
        else:
            found = system.find(path)
    except Exception as error:
        raise InputError(f"{masked(address)} cannot be listed: {reason(error)}") from error
    start = len(root_of(path))
    below = sorted(str(each)[start:] for each in found)
    return [root_of(address) + each for each in below if each and not _hidden(each)]


def _is_file(info: dict[str, Any]) -> bool:
    return info.get("type") == "file"


def _hidden(below: str) -> bool:
    return any(part.startswith(".") for part in below.split("/"))


def _pattern(path: str) -> bool:
    return bool(_MAGIC & set(path))


def _over_http(system: AbstractFileSystem) -> bool:
    return "http" in protocols(system)


def protocols(system: AbstractFileSystem) -> tuple[str, ...]:
    """The schemes that a file system goes by."""
    names = system.protocol
    return (names,) if isinstance(names, str) else tuple(names)
