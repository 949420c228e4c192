"""Downloads the networks of a card into the user's cache: resumable, checked, whole or absent."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from vidstyle.cards import places
from vidstyle.cards.files import fault_of
from vidstyle.cards.read import load
from vidstyle.cards.schema import Card, GraphFile
from vidstyle.cards.shelf import builtin
from vidstyle.errors import ModelError, OutputError, UsageError, nearest
from vidstyle.locks import held

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes that there will be (None: the server does not say)."""

TIMEOUT = 30.0
"""Seconds without a byte after which a download counts as broken off."""

_CHUNK = 1 << 18
_HEADERS = {"User-Agent": "vidstyle", "Accept-Encoding": "identity"}


def pull(
    name: str,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    offline: bool = False,
) -> Path:
    """Brings the networks of the card `name` (or of a card's path) here; the path of the last of them.

    What is already here and right is not fetched again. A download that broke off goes on where it
    stopped. cache: instead of the user's (which $VIDSTYLE_CACHE names). offline, or VIDSTYLE_OFFLINE=1:
    fetches nothing. Safe to run twice at once: the second waits.
    Raises UsageError for an unknown name, ModelError for a failed or wrong download, OutputError where
    the cache cannot be written.
    """
    card = _card(name)
    offline = offline or os.environ.get("VIDSTYLE_OFFLINE", "") not in ("", "0")
    paths = [_bring(card, role, cache, progress or _silent, offline) for role in card.graphs]
    return paths[-1]


def _silent(done: int, total: int | None) -> None:
    """No progress shown."""


def _card(name: str) -> Card:
    if name.endswith(".toml"):
        return load(Path(name))
    files = places.card_files()
    if name not in files:
        known = [card.name for card in builtin() if any(graph.url for graph in card.graphs.values())]
        raise UsageError(f"no model {name!r}{nearest(name, known) or '; known are ' + ', '.join(known)}")
    return load(files[name])


def _bring(card: Card, role: str, cache: Path | None, progress: Progress, offline: bool) -> Path:
    graph = card.graphs[role]
    if graph.url is None or (card.origin and graph.path.parent == card.origin.parent):
        return _shipped(card, role, graph)
    graph = replace(graph, path=places.pulled(card.name, graph.file, cache))
    if fault_of(graph) is None:
        return graph.path
    if offline:
        raise ModelError(f"{card.name}: {graph.path} is not there, and offline nothing is downloaded")
    try:
        graph.path.parent.mkdir(parents=True, exist_ok=True)
        with held(graph.path.with_name(f"{graph.file}.lock")):
            if fault_of(graph) is not None:  # another process may have brought it meanwhile
                _Download(card.name, role, graph, progress).run()
    except OSError as error:
        raise _unwritable(graph.path, error) from error
    return graph.path


def _shipped(card: Card, role: str, graph: GraphFile) -> Path:
    """A network that lies beside its card needs no download, only a look."""
    fault = fault_of(graph)
    if fault is not None:
        hint = ", and the card has no url" if graph.url is None else ": delete that file to download it"
        raise ModelError(f"{card.origin}: {role}.{fault[0]}: {fault[1]}{hint}")
    return graph.path


def _unwritable(path: Path, error: OSError) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            f"{path}: the disk is full: make room and run it again, it goes on where it stopped"
        )
    where = "set VIDSTYLE_CACHE to a folder that can be written"
    return OutputError(f"{path}: cannot be written ({error.strerror or error}): {where}")


class _BrokenError(Exception):
    """The connection failed or ended early: what is there so far stays there."""


class _Download:
    """One file on its way: `<file>.part` holds the bytes, `<file>.part.json` what the server called them."""

    def __init__(self, name: str, role: str, graph: GraphFile, progress: Progress) -> None:
        self.name, self.role, self.graph, self.progress = name, role, graph, progress
        self.url = graph.url or ""
        self.part = graph.path.with_name(f"{graph.file}.part")
        self.tag = graph.path.with_name(f"{graph.file}.part.json")

    def run(self) -> None:
        """Fetches what is missing, checks the whole, puts it in its place."""
        try:
            if not self._complete():
                self._fetch()
        except urllib.error.HTTPError as error:
            raise self._error(f"{self.url} answers {error.code} {error.reason}") from error
        except _BrokenError as error:
            there = self._there()
            of = f" of {self.graph.bytes}" if self.graph.bytes else ""
            what = f"{self.url} broke off after {there}{of} bytes ({error})"
            raise self._error(f"{what}: run it again, it goes on where it stopped") from error
        self._check()
        self.part.replace(self.graph.path)
        self._forget()

    def _error(self, what: str) -> ModelError:
        return ModelError(f"{self.name}: {what}")

    def _there(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _complete(self) -> bool:
        return self.graph.bytes is not None and self._there() == self.graph.bytes

    def _fetch(self) -> None:
        """One request for the rest; where the server refuses the rest, one more for the whole."""
        try:
            response = self._open(self._there())
        except urllib.error.HTTPError as error:
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            self._forget()
            response = self._open(0)
        with response:
            start = self._start(response)
            if start is None:
                self._forget()
                with self._open(0) as whole:
                    self._receive(whole, 0)
            else:
                self._receive(response, start)

    def _open(self, there: int) -> http.client.HTTPResponse:
        headers = dict(_HEADERS)
        if there:
            headers["Range"] = f"bytes={there}-"
            headers.update(self._if_range())
        request = urllib.request.Request(self.url, headers=headers)
        try:
            response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT)
        except urllib.error.HTTPError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise _BrokenError(getattr(error, "reason", None) or error) from error
        return response

    def _if_range(self) -> dict[str, str]:
        """A changed file is then sent whole, not from the middle."""
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(self.tag.read_text(encoding="utf-8"))
            if isinstance(known, dict) and known.get("url") == self.url and known.get("validator"):
                return {"If-Range": str(known["validator"])}
        return {}

    def _start(self, response: http.client.HTTPResponse) -> int | None:
        """The offset of the body: 0 for the whole; None where it does not go on from what is there."""
        if response.status != http.client.PARTIAL_CONTENT:
            return 0
        match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        return self._there() if match and int(match[1]) == self._there() else None

    def _receive(self, response: http.client.HTTPResponse, start: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        self._same_size(total)
        self._note(response)
        with self.part.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            done = self._copy(response, file, start, total or self.graph.bytes)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and done < total:
            raise _BrokenError("the connection closed early")

    def _same_size(self, total: int | None) -> None:
        """A file of another size is refused before it is fetched."""
        if total is not None and self.graph.bytes is not None and total != self.graph.bytes:
            self._forget()
            raise self._error(
                f"{self.url} has {total} bytes, the card says {self.graph.bytes}: it is another file"
            )

    def _note(self, response: http.client.HTTPResponse) -> None:
        etag = response.headers.get("ETag", "")
        validator = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
        self.tag.write_text(json.dumps({"url": self.url, "validator": validator}), encoding="utf-8")

    def _copy(self, response: http.client.HTTPResponse, file: BinaryIO, done: int, total: int | None) -> int:
        """Body to file; the offset it ends at. Stops once there is more than there should be."""
        self.progress(done, total)
        while chunk := _read(response):
            file.write(chunk)
            done += len(chunk)
            self.progress(done, total)
            if self.graph.bytes is not None and done > self.graph.bytes:
                break
        return done

    def _check(self) -> None:
        fault = fault_of(replace(self.graph, path=self.part))
        if fault is not None:
            there = self._there()
            self._forget()
            what = f"{self.role}.{fault[0]} does not fit the {there} bytes from {self.url}"
            raise self._error(f"{what}: deleted; run it again, or the file there is not the card's any more")

    def _forget(self) -> None:
        """Deletes what was kept for going on."""
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(error) from error
