"""Downloads from a server on loopback that can do everything a bad server does."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from vidstyle import cards
from vidstyle.cards import download
from vidstyle.errors import ModelError, OutputError, UsageError

BODY = bytes(range(256)) * 4096
"""One MiB: four of the chunks that a download reads."""


@dataclass
class Shop:
    """What the server has and how it misbehaves. `asked` keeps the Range of every request."""

    body: bytes = BODY
    etag: str | None = '"one"'
    modified: str | None = None
    ranges: bool = True
    cut: int | None = None
    status: int | None = None
    length: bool = True
    lie: int = 0
    asked: list[str | None] = field(default_factory=list)
    gate: threading.Event | None = None
    url: str = ""


def answer(shop: Shop, request: BaseHTTPRequestHandler) -> None:
    wanted = request.headers.get("Range")
    shop.asked.append(wanted)
    if shop.status is not None:
        request.send_error(shop.status)
        return
    start = start_of(shop, request, wanted)
    if start is not None and start >= len(shop.body):
        request.send_error(416)
        return
    rest = shop.body[start or 0 :]
    request.send_response(200 if start is None else 206)
    if start is not None:
        where = f"bytes {start + shop.lie}-{len(shop.body) - 1}/{len(shop.body)}"
        request.send_header("Content-Range", where)
    if shop.length:
        request.send_header("Content-Length", str(len(rest)))
    for name, held in (("ETag", shop.etag), ("Last-Modified", shop.modified)):
        if held:
            request.send_header(name, held)
    request.end_headers()
    if shop.gate:
        request.wfile.write(rest[:1000])
        shop.gate.wait(10)
        rest = rest[1000:]
    request.wfile.write(rest if shop.cut is None else rest[: shop.cut])


def start_of(shop: Shop, request: BaseHTTPRequestHandler, wanted: str | None) -> int | None:
    """Where a 206 begins; None for a 200 with the whole."""
    if wanted is None or not shop.ranges:
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition not in (shop.etag, shop.modified):
        return None
    return int(wanted.removeprefix("bytes=").removesuffix("-"))


@pytest.fixture
def shop() -> Iterator[Shop]:
    stock = Shop()

    class Desk(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(stock, self)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    stock.url = f"http://127.0.0.1:{server.server_address[1]}/net.onnx"
    yield stock
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf for cards, a cache of its own, no proxy, little patience."""
    monkeypatch.setenv("VIDSTYLE_MODELS", str(tmp_path))
    monkeypatch.setenv("VIDSTYLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("VIDSTYLE_OFFLINE", raising=False)
    monkeypatch.setattr(download, "TIMEOUT", 5.0)
    return tmp_path


def card(home: Path, shop: Shop, **facts: Any) -> Path:
    """Writes the card `net`; where its network will lie."""
    known = {"bytes": len(BODY), "sha256": hashlib.sha256(BODY).hexdigest(), **facts}
    lines = [f"{key} = {entry!r}" for key, entry in known.items() if entry is not None]
    (home / "net.toml").write_text(
        "\n".join(
            [
                'name = "net"\ntask = "style-fixed"\nlicence = "MIT"\nsource = "made up"\n[model]',
                f'file = "net.onnx"\nurl = "{shop.url}"',
                *lines,
            ]
        ),
        encoding="utf-8",
    )
    return home / "cache" / "models" / "net" / "net.onnx"


def left(target: Path) -> set[str]:
    """Files in the network's folder, without the lock."""
    return {path.name for path in target.parent.iterdir()} - {"net.onnx.lock"}


def test_a_network_is_pulled_whole_and_once(home: Path, shop: Shop) -> None:
    target = card(home, shop)
    seen: list[tuple[int, int | None]] = []
    assert cards.pull("net", progress=lambda done, total: seen.append((done, total))) == target
    assert target.read_bytes() == BODY
    assert left(target) == {"net.onnx"}
    assert seen[0] == (0, len(BODY))
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)
    assert cards.pull("net") == target
    assert shop.asked == [None]
    found = cards.find("net", "stylizer")
    assert isinstance(found, cards.Card)
    assert found.graphs["model"].path == target
    cards.verify(found)


def test_the_cache_can_be_named(home: Path, shop: Shop) -> None:
    card(home, shop)
    assert cards.pull("net", cache=home / "other") == home / "other/models/net/net.onnx"


@pytest.mark.parametrize("validator", ["etag", "modified", "none"])
def test_a_broken_download_goes_on_where_it_stopped(home: Path, shop: Shop, validator: str) -> None:
    target = card(home, shop)
    shop.etag = {"etag": '"one"', "modified": 'W/"weak"', "none": None}[validator]
    shop.modified = "Sun, 01 Nov 2026 00:00:00 GMT" if validator == "modified" else None
    shop.cut = 300_000
    with pytest.raises(
        ModelError, match=r"^net: .*broke off after 300000 of 1048576 bytes.*run it again"
    ) as caught:
        cards.pull("net")
    assert "\n" not in str(caught.value)
    assert not target.exists()
    shop.cut = None
    assert cards.pull("net").read_bytes() == BODY
    assert shop.asked == [None, "bytes=300000-"]
    assert left(target) == {"net.onnx"}


def test_a_server_without_ranges_starts_again(home: Path, shop: Shop) -> None:
    card(home, shop)
    shop.ranges, shop.cut = False, 300_000
    with pytest.raises(ModelError, match="broke off"):
        cards.pull("net")
    shop.cut = None
    assert cards.pull("net").read_bytes() == BODY
    assert shop.asked == [None, "bytes=300000-"]


def test_a_file_that_changed_meanwhile_is_sent_whole(home: Path, shop: Shop) -> None:
    card(home, shop)
    shop.body, shop.cut = bytes(reversed(BODY)), 300_000
    with pytest.raises(ModelError, match="broke off"):
        cards.pull("net")
    shop.body, shop.etag, shop.cut = BODY, '"two"', None
    assert cards.pull("net").read_bytes() == BODY


def test_a_rest_from_the_wrong_place_is_not_taken(home: Path, shop: Shop) -> None:
    card(home, shop)
    shop.cut = 300_000
    with pytest.raises(ModelError, match="broke off"):
        cards.pull("net")
    shop.cut, shop.lie = None, 7
    assert cards.pull("net").read_bytes() == BODY
    assert shop.asked == [None, "bytes=300000-", None]


def test_a_part_that_is_too_long_is_dropped(home: Path, shop: Shop) -> None:
    target = card(home, shop)
    target.parent.mkdir(parents=True)
    target.with_name("net.onnx.part").write_bytes(BODY + b"more")
    assert cards.pull("net").read_bytes() == BODY
    assert shop.asked == [f"bytes={len(BODY) + 4}-", None]


def test_a_whole_part_is_only_checked(home: Path, shop: Shop) -> None:
    target = card(home, shop)
    target.parent.mkdir(parents=True)
    target.with_name("net.onnx.part").write_bytes(BODY)
    assert cards.pull("net").read_bytes() == BODY
    assert shop.asked == []


def test_wrong_bytes_are_deleted(home: Path, shop: Shop) -> None:
    target = card(home, shop)
    shop.body = bytes(len(BODY))
    with pytest.raises(ModelError, match=r"^net: model\.sha256 does not fit .*deleted"):
        cards.pull("net")
    assert left(target) == set()


def test_a_published_md5_will_do(home: Path, shop: Shop) -> None:
    target = card(home, shop, sha256=None, md5=hashlib.md5(BODY).hexdigest())
    assert cards.pull("net") == target
    target.unlink()
    shop.body = bytes(len(BODY))
    with pytest.raises(ModelError, match=r"model\.md5 does not fit"):
        cards.pull("net")


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("body", [b"version https://git-lfs.github.com/spec/v1", BODY + b"more"])
def test_another_size_is_refused(home: Path, shop: Shop, body: bytes, length: bool) -> None:
    target = card(home, shop)
    shop.body, shop.length = body, length
    with pytest.raises(ModelError, match=r"it is another file|does not fit"):
        cards.pull("net")
    assert left(target) == set()


def test_a_card_may_not_know_the_size(home: Path, shop: Shop) -> None:
    card(home, shop, bytes=None)
    shop.length = False
    totals: set[int | None] = set()
    assert cards.pull("net", progress=lambda _, total: totals.add(total)).read_bytes() == BODY
    assert totals == {None}


def test_a_damaged_network_is_pulled_anew(home: Path, shop: Shop) -> None:
    target = card(home, shop)
    target.parent.mkdir(parents=True)
    target.write_bytes(bytes(len(BODY)))
    assert cards.pull("net").read_bytes() == BODY


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_refusal_is_passed_on(home: Path, shop: Shop, status: int) -> None:
    card(home, shop)
    shop.status = status
    with pytest.raises(ModelError, match=rf"^net: http.* answers {status} "):
        cards.pull("net")


def test_no_server_is_a_line(home: Path, shop: Shop) -> None:
    card(home, shop)
    text = (home / "net.toml").read_text(encoding="utf-8")
    (home / "net.toml").write_text(text.replace(shop.url, "http://127.0.0.1:9/net.onnx"), encoding="utf-8")
    with pytest.raises(ModelError, match=r"broke off after 0 of .*run it again"):
        cards.pull("net")


def test_a_server_that_falls_silent_is_given_up(
    home: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = card(home, shop)
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    shop.gate = threading.Event()
    with pytest.raises(ModelError, match=r"broke off after \d+ of 1048576 bytes \(.*timed out"):
        cards.pull("net")
    assert not target.exists()
    shop.gate.set()
    assert cards.pull("net").read_bytes() == BODY


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_offline_nothing_is_asked(home: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    target = card(home, shop)
    if how == "environment":
        monkeypatch.setenv("VIDSTYLE_OFFLINE", "1")
    with pytest.raises(ModelError, match="offline nothing is downloaded"):
        cards.pull("net", offline=how == "argument")
    assert shop.asked == []
    target.parent.mkdir(parents=True)
    target.write_bytes(BODY)
    assert cards.pull("net", offline=how == "argument") == target


def test_an_unknown_name_answers_with_the_nearest(home: Path, shop: Shop) -> None:
    card(home, shop)
    with pytest.raises(UsageError, match="no model 'nett'; did you mean 'net'"):
        cards.pull("nett")


def test_a_network_beside_its_card_is_not_pulled(home: Path, shop: Shop) -> None:
    card(home, shop)
    (home / "net.onnx").write_bytes(BODY)
    assert cards.pull("net") == home / "net.onnx"
    (home / "net.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"model\.bytes: .*delete that file to download it"):
        cards.pull("net")
    assert shop.asked == []


def test_a_full_disk_is_told_and_keeps_what_there_is(
    home: Path, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = card(home, shop)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="the disk is full: make room and run it again"):
            cards.pull("net")
    assert not target.exists()
    assert cards.pull("net").read_bytes() == BODY
    assert shop.asked == [None]


def test_a_cache_that_is_a_file_is_told(home: Path, shop: Shop) -> None:
    card(home, shop)
    (home / "cache").write_bytes(b"")
    with pytest.raises(OutputError, match=r"cannot be written .*set VIDSTYLE_CACHE"):
        cards.pull("net")


def test_two_processes_fetch_once(home: Path, shop: Shop) -> None:
    target = card(home, shop)
    shop.gate = threading.Event()
    command = [sys.executable, "-c", "from vidstyle import cards; print(cards.pull('net'))"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    threading.Timer(1.5, shop.gate.set).start()
    for process in started:
        out, err = process.communicate(timeout=60)
        assert err == b""
        assert out.decode().strip() == str(target)
    assert target.read_bytes() == BODY
    assert shop.asked == [None]


def test_a_killed_download_leaves_no_lock(home: Path, shop: Shop) -> None:
    target = card(home, shop)
    shop.gate = threading.Event()
    command = [sys.executable, "-c", "from vidstyle import cards; cards.pull('net')"]
    process = subprocess.Popen(command)
    waited = threading.Event()
    for _ in range(200):
        if shop.asked or waited.wait(0.1):
            break
    process.kill()
    process.wait()
    shop.gate.set()
    assert cards.pull("net").read_bytes() == BODY
    assert left(target) == {"net.onnx"}
