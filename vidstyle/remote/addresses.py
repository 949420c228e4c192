"""Addresses: words that name something which lies elsewhere, how they are shown, and how they are opened."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from vidstyle.errors import UsageError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(?:::|://)")
_LIVE = frozenset([
    "rtsp", "rtsps", "rtmp", "rtmps", "rtmpe", "rtmpt", "rtp", "srtp", "udp", "udplite", "tcp",
    "tls", "srt", "rist", "unix", "sctp", "mms", "mmsh", "mmst", "pipe", "fd", "concat",
])  # fmt: skip
"""Schemes of streams that FFmpeg opens itself: there is no object to copy."""

_PLAYLISTS = (".m3u8", ".mpd")

_SECRETS = re.compile(r"(?<=://)[^/@\s'\"]*@|\?[^\s'\"<>=]*=[^\s'\"<>]*")


def is_address(word: object) -> bool:
    """Whether a word names an object elsewhere (`s3://...`, `https://...`). False for a path, a live stream
    (`rtsp://...`) and a playlist, which FFmpeg opens itself."""
    found = _SCHEME.match(word) if isinstance(word, str) else None
    return (
        found is not None and found[1].lower() not in _LIVE and not _path_of(str(word)).endswith(_PLAYLISTS)
    )


def local(word: object) -> Path | None:
    """The local file or folder that a `file://` address means; None for anything else."""
    if not isinstance(word, str) or not word.lower().startswith("file://"):
        return None
    return Path(url2pathname(urlsplit(word).path))


def _path_of(address: str) -> str:
    return unquote(urlsplit(address).path)


def name_of(address: str) -> str:
    """The last part of an address, as a file name: `clip.mp4` of `https://host/a/clip.mp4?key=1`."""
    return PurePosixPath(_path_of(address)).name or "object"


def masked(text: str) -> str:
    """An address, or a line that holds some, without the passwords and signed queries that may be in it."""
    return _SECRETS.sub(lambda found: "***@" if found[0].endswith("@") else "?***", text)


def opened(address: str) -> tuple[AbstractFileSystem, str]:
    """The file system of an address, and its path there.

    Raises UsageError where the extra is not installed, or where nothing opens such addresses.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise UsageError(f"{masked(address)} needs more packages: pip install 'vidstyle[remote]'") from error
    try:
        system, path = url_to_fs(address, **_options(address))
    except ImportError as error:
        hint = f"pip install 'vidstyle[remote]' ({error})"
        raise UsageError(f"{masked(address)} needs more packages: {hint}") from error
    except ValueError as error:
        raise UsageError(f"{masked(address)} cannot be opened: {masked(str(error))}") from error
    return system, str(path)


def _options(address: str) -> dict[str, Any]:
    scheme = address.partition("://")[0].lower()
    if scheme in ("http", "https"):
        return _web_options(address)
    # s3fs tries again itself, and so does this room: botocore's own attempts below both would multiply
    return {"config_kwargs": {"retries": {"total_max_attempts": 1}}} if scheme in ("s3", "s3a") else {}


def _web_options(address: str) -> dict[str, Any]:
    from aiohttp import ClientTimeout

    # aiohttp's own limit is five minutes for the whole body; a proxy of the environment is for us, too;
    # what is already quoted (a signed query) stays as it was signed
    client = {"timeout": ClientTimeout(total=None, sock_connect=30, sock_read=60), "trust_env": True}
    return {"client_kwargs": client, "encoded": "%" in address}
