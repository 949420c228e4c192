"""Addresses: staged whole, published whole or not at all, through every cut of the wire."""

from __future__ import annotations

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
from cut_wire import CutWire, wire
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle import remote
from vidstyle.errors import InputError, OutputError, UsageError
from vidstyle.remote import faults, publishing, staging

fsspec = pytest.importorskip("fsspec", reason="the extra 'remote' is not installed")

BODY = bytes(range(256)) * 256 * 9
"""A bit more than half a MiB."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "PAUSES", (0.01,) * 3)
    monkeypatch.setattr(staging, "PIECE", 1 << 16)


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.mark.parametrize(
    ("word", "yes"),
    [
        ("s3://bucket/a.mp4", True),
        ("gs://bucket/a.mp4", True),
        ("https://host/a.mp4?key=1", True),
        ("memory://a.mp4", True),
        ("simplecache::s3://bucket/a.mp4", True),
        ("rtsp://camera/1", False),
        ("udp://@239.0.0.1:1234", False),
        ("https://host/live/index.m3u8", False),
        ("-", False),
        ("a.mp4", False),
        ("C:\\clips\\a.mp4", False),
        ("a:b.mp4", False),
        (Path("s3/a.mp4"), False),
    ],
)
def test_which_words_are_addresses(word: object, yes: bool) -> None:
    assert remote.is_address(word) is yes


def test_credentials_are_masked() -> None:
    line = "GET https://me:secret@host/a.mp4?X-Amz-Signature=abc failed, s3://bucket/what?.mp4 too"
    assert remote.masked(line) == "GET https://***@host/a.mp4?*** failed, s3://bucket/what?.mp4 too"


def test_without_the_extra_one_line_says_so(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['fsspec'] = None; sys.modules['fsspec.core'] = None\n"
        "from pathlib import Path; from vidstyle import remote\n"
        "try: remote.stage('s3://bucket/a.mp4', Path('x'))\n"
        "except remote.staging.VidstyleError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == "s3://bucket/a.mp4 needs more packages: pip install 'vidstyle[remote]'"


def test_importing_the_command_line_loads_no_fsspec() -> None:
    code = "import sys, vidstyle.cli, vidstyle.remote; print('fsspec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_an_unknown_scheme_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nonsense://a cannot be opened"):
        remote.stage("nonsense://a", tmp_path)


@settings(max_examples=25)
@given(body=st.binary(max_size=3000), piece=st.integers(1, 1000), here=st.integers(0, 3000))
def test_there_and_back_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, piece: int, here: int
) -> None:
    folder = tmp_path_factory.mktemp("staged")
    source = folder / "source.bin"
    source.write_bytes(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "PIECE", piece)
        remote.publish(source, "memory://a/b/clip.mp4")
        whole = remote.stage("memory://a/b/clip.mp4", folder)
        assert whole.read_bytes() == body and whole.name == "clip.mp4"
        (sign,) = folder.glob(".*.whole")
        part = whole.rename(sign.with_suffix(".part"))  # as an interrupted run left it
        sign.unlink()
        os.truncate(part, min(here, len(body)))
        assert remote.stage("memory://a/b/clip.mp4", folder).read_bytes() == body
    assert remote.walk("memory://a/") == ["memory://a/b/clip.mp4"]
    assert not list(folder.rglob("*.part"))
    fsspec.filesystem("memory").store.clear()


def test_walk_lists_files_below_and_leaves_hidden_ones_out(memory: Any) -> None:
    for name in ("b.mp4", "a/c.mp4", "a/.part/d.mp4", ".e.mp4"):
        memory.pipe(f"/clips/{name}", b"x")
    assert remote.walk("memory://clips") == ["memory://clips/a/c.mp4", "memory://clips/b.mp4"]
    assert remote.walk("memory://clips/*.mp4") == ["memory://clips/b.mp4"]
    assert remote.walk("memory://clips/**/c.*") == ["memory://clips/a/c.mp4"]
    assert remote.is_folder("memory://clips") and not remote.is_folder("memory://clips/b.mp4")
    assert remote.exists("memory://clips/b.mp4") and not remote.exists("memory://clips/x.mp4")
    assert not remote.exists("memory://clips")


def test_a_missing_object_and_a_folder_are_one_line(tmp_path: Path, memory: Any) -> None:
    memory.pipe("/clips/a.mp4", b"x")
    with pytest.raises(InputError, match=r"^memory://gone.mp4 cannot be read: it does not exist$"):
        remote.stage("memory://gone.mp4", tmp_path)
    with pytest.raises(InputError, match="is a folder"):
        remote.stage("memory://clips", tmp_path)


def test_a_copy_that_does_not_fit_is_refused_before_it_begins(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/a.mp4", BODY)
    monkeypatch.setattr(staging.shutil, "disk_usage", lambda _: type("Use", (), {"free": 1000}))
    with pytest.raises(InputError, match="no space left"):
        remote.stage("memory://a.mp4", tmp_path)


def test_a_publication_that_fails_leaves_the_old_object_and_nothing_else(
    tmp_path: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/out/a.mp4", b"old")
    source = tmp_path / "a.mp4"
    source.write_bytes(BODY)
    calls = []

    def half(self: Any, _here: str, there: str, **_: Any) -> None:
        calls.append(there)
        self.pipe(there, BODY[: len(BODY) // 2])
        raise ConnectionResetError("cut")

    monkeypatch.setattr(type(memory), "put_file", half)
    with pytest.raises(OutputError, match=r"memory://out/a.mp4 cannot be written: cut"):
        remote.publish(source, "memory://out/a.mp4")
    assert len(calls) == 1 + len(faults.PAUSES)
    assert memory.find("/") == ["/out/a.mp4"] and memory.cat("/out/a.mp4") == b"old"


def test_an_object_that_exists_is_replaced_only_where_asked(tmp_path: Path, memory: Any) -> None:
    memory.pipe("/a.mp4", b"old")
    source = tmp_path / "a.mp4"
    source.write_bytes(b"new")
    with pytest.raises(OutputError, match="exists; --overwrite replaces it"):
        remote.publish(source, "memory://a.mp4", overwrite=False)
    remote.publish(source, "memory://a.mp4", overwrite=True)
    assert memory.cat("/a.mp4") == b"new"


# Over HTTP


@dataclass
class Shop:
    """A web server and its manners. `asked` keeps the Range of every GET."""

    body: bytes = BODY
    etag: str | None = '"one"'
    ranges: bool = True
    says_ranges: bool = True
    length: bool = True
    cut: int | None = None
    cuts: int = 0
    statuses: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    after: Any = None
    url: str = ""


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop: Shop

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._head(200, self.shop.body)

    def _head(self, status: int, body: bytes, where: str = "") -> None:
        self.send_response(status)
        self.send_header("Connection", "close")
        if self.shop.length:
            self.send_header("Content-Length", str(len(body)))
        if self.shop.etag:
            self.send_header("ETag", self.shop.etag)
        if not self.shop.ranges and self.shop.says_ranges:
            self.send_header("Accept-Ranges", "none")
        if where:
            self.send_header("Content-Range", where)
        self.end_headers()

    def do_GET(self) -> None:
        shop, wanted = self.shop, self.headers.get("Range")
        shop.asked.append(wanted)
        self.close_connection = True
        if shop.statuses:
            self.send_error(shop.statuses.pop(0))
            return
        if wanted and shop.ranges:
            first, last = wanted.removeprefix("bytes=").split("-")
            part = shop.body[int(first) : int(last) + 1]
            self._head(206, part, f"bytes {first}-{int(first) + len(part) - 1}/{len(shop.body)}")
        else:
            part = shop.body
            self._head(200, part)
        if shop.cuts and shop.cut is not None:
            shop.cuts -= 1
            part = part[: shop.cut]
        self.wfile.write(part)
        if shop.after:
            shop.after(shop)


@pytest.fixture
def shop() -> Iterator[Shop]:
    open_ = Shop()
    kind = type("Handler", (Server,), {"shop": open_})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    open_.url = f"http://127.0.0.1:{server.server_address[1]}/a/clip.mp4"
    yield open_
    server.shutdown()
    server.server_close()


def test_http_in_pieces(tmp_path: Path, shop: Shop) -> None:
    told: list[tuple[int, int | None]] = []
    whole = remote.stage(shop.url, tmp_path, lambda done, all_: told.append((done, all_)))
    assert whole.read_bytes() == BODY and whole.name == "clip.mp4"
    assert shop.asked[0] == "bytes=0-65535" and len(shop.asked) == len(BODY) // 65536
    assert told[0] == (0, len(BODY)) and told[-1] == (len(BODY), len(BODY))
    asked = len(shop.asked)
    assert remote.stage(shop.url, tmp_path) == whole and len(shop.asked) == asked


def test_http_cut_again_and_again(tmp_path: Path, shop: Shop) -> None:
    shop.cut, shop.cuts = 5000, 3
    assert remote.stage(shop.url, tmp_path).read_bytes() == BODY
    assert shop.cuts == 0 and len(shop.asked) == len(BODY) // 65536 + 3


def test_http_that_stays_cut_is_given_up_and_gone_on_with_next_time(tmp_path: Path, shop: Shop) -> None:
    def break_later(shop: Shop) -> None:
        if len(shop.asked) == 4:
            shop.cut, shop.cuts = 0, 1000

    shop.after = break_later
    with pytest.raises(InputError, match="cannot be read"):
        remote.stage(shop.url, tmp_path)
    (part,) = tmp_path.rglob("*.part")
    assert part.stat().st_size == 4 * 65536
    shop.cuts, shop.after, shop.asked = 0, None, []
    assert remote.stage(shop.url, tmp_path).read_bytes() == BODY
    assert shop.asked[0] == f"bytes={4 * 65536}-{5 * 65536 - 1}"


@pytest.mark.parametrize("says", [True, False])
def test_http_without_ranges_starts_again(tmp_path: Path, shop: Shop, says: bool) -> None:
    shop.ranges, shop.says_ranges, shop.cut, shop.cuts = False, says, 100_000, 1
    assert remote.stage(shop.url, tmp_path).read_bytes() == BODY


def test_http_without_a_length(tmp_path: Path, shop: Shop) -> None:
    shop.length = False
    assert remote.stage(shop.url, tmp_path).read_bytes() == BODY


def test_http_a_busy_server_is_asked_again_a_refusal_is_final(tmp_path: Path, shop: Shop) -> None:
    shop.statuses = [503, 429]
    assert remote.stage(shop.url, tmp_path).read_bytes() == BODY
    shop.etag, shop.statuses = '"two"', [403] * 9
    secret = shop.url.replace("http://", "http://me:secret@")
    with pytest.raises(InputError, match="access is denied") as caught:
        remote.stage(secret, tmp_path)
    assert len(shop.statuses) == 8 and "secret" not in str(caught.value)


@pytest.mark.parametrize("etag", ['"one"', None])
def test_http_an_object_that_changes_is_never_a_mixture(tmp_path: Path, shop: Shop, etag: str | None) -> None:
    def change(shop: Shop) -> None:
        if len(shop.asked) >= 3:
            shop.body, shop.etag = bytes(reversed(BODY)) + b"!", etag and '"two"'

    shop.etag, shop.after = etag, change
    with pytest.raises(InputError, match="changed while it was read"):
        remote.stage(shop.url, tmp_path)
    shop.after = None
    assert remote.stage(shop.url, tmp_path).read_bytes() == shop.body


def test_http_is_for_reading_and_nobody_listening_is_said(tmp_path: Path, shop: Shop) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"x")
    with pytest.raises(OutputError, match="such addresses can only be read"):
        remote.publish(source, shop.url)
    with pytest.raises(InputError, match=r"127.0.0.1:9/a.mp4 cannot be read: Cannot connect"):
        remote.stage("http://127.0.0.1:9/a.mp4", tmp_path)


# Object storage: moto's S3 server behind a wire that is cut


@pytest.fixture(scope="session")
def store() -> Iterator[int]:
    """The port of an S3 server."""
    server = pytest.importorskip("moto.server", reason="the extra 'dev-remote' is not installed")
    pytest.importorskip("s3fs")
    running = server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    yield running.get_host_and_port()[1]
    running.stop()


@dataclass
class Bucket:
    wire: CutWire
    direct: Any

    def unfinished(self) -> list[Any]:
        return self.direct.list_multipart_uploads(Bucket="films").get("Uploads", [])

    def names(self) -> list[str]:
        return [each["Key"] for each in self.direct.list_objects_v2(Bucket="films").get("Contents", [])]


@pytest.fixture
def bucket(store: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    import boto3
    import s3fs

    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(publishing, "PART", 5 << 20)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    direct = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{store}")
    direct.create_bucket(Bucket="films")
    with wire(store) as cut:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{cut.port}")
        s3fs.S3FileSystem.clear_instance_cache()
        yield Bucket(cut, direct)
    s3fs.S3FileSystem.clear_instance_cache()
    for each in direct.list_objects_v2(Bucket="films").get("Contents", []):
        direct.delete_object(Bucket="films", Key=each["Key"])


BIG = os.urandom(1 << 16) * 16 * 12
"""12 MiB: three parts of an upload."""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(BIG)
    return path


def test_s3_there_and_back_through_cuts(
    tmp_path: Path, bucket: Bucket, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.wire.after, bucket.wire.cuts = 3 << 20, 3
    remote.publish(film, "s3://films/out/film.mp4")
    assert bucket.wire.cut == 3 and bucket.unfinished() == []
    head = bucket.direct.head_object(Bucket="films", Key="out/film.mp4")
    assert head["ContentType"] == "video/mp4" and head["ContentLength"] == len(BIG)
    monkeypatch.setattr(staging, "PIECE", 4 << 20)
    bucket.wire.after, bucket.wire.cuts = 1 << 20, 3
    assert remote.stage("s3://films/out/film.mp4", tmp_path / "in").read_bytes() == BIG
    assert bucket.wire.cut == 6
    assert remote.walk("s3://films/out/") == ["s3://films/out/film.mp4"]
    assert remote.exists("s3://films/out/film.mp4") and not remote.exists("s3://films/out/x.mp4")
    assert remote.identity("s3://films/out/film.mp4").size == len(BIG)


def test_s3_a_publication_given_up_leaves_nothing(bucket: Bucket, film: Path) -> None:
    bucket.direct.put_object(Bucket="films", Key="film.mp4", Body=b"old")
    bucket.wire.after, bucket.wire.cuts = 3 << 20, 10_000
    with pytest.raises(OutputError, match=r"^s3://films/film\.mp4 cannot be written"):
        remote.publish(film, "s3://films/film.mp4")
    assert bucket.unfinished() == [] and bucket.names() == ["film.mp4"]
    assert bucket.direct.get_object(Bucket="films", Key="film.mp4")["Body"].read() == b"old"


def test_s3_an_interrupt_aborts_the_upload(bucket: Bucket, film: Path) -> None:
    def stop(done: int, _whole: int | None) -> None:
        if done >= 10 << 20:
            assert len(bucket.unfinished()) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remote.publish(film, "s3://films/film.mp4", stop)
    assert bucket.unfinished() == [] and bucket.names() == []


def test_s3_an_object_that_changes_is_noticed(
    tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "PIECE", 1 << 20)
    bucket.direct.put_object(Bucket="films", Key="film.mp4", Body=BIG)

    def change(done: int, _whole: int | None) -> None:
        if done == 6 << 20:
            bucket.direct.put_object(Bucket="films", Key="film.mp4", Body=bytes(len(BIG)))

    with pytest.raises(InputError, match="changed while it was read"):
        remote.stage("s3://films/film.mp4", tmp_path, change)
    assert remote.stage("s3://films/film.mp4", tmp_path).read_bytes() == bytes(len(BIG))


@pytest.mark.usefixtures("bucket")
def test_s3_refusals_are_one_line(tmp_path: Path, film: Path) -> None:
    with pytest.raises(InputError, match=r"^s3://films/no.mp4 cannot be read: it does not exist$"):
        remote.stage("s3://films/no.mp4", tmp_path)
    with pytest.raises(OutputError, match=r"^s3://nowhere/a.mp4 cannot be written: "):
        remote.publish(film, "s3://nowhere/a.mp4")
