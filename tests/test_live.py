"""Live sources, for which a clip stands in, served over a pipe or loopback: dropping, waiting, ending."""

from __future__ import annotations

import contextlib
import functools
import http.server
import itertools
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cli_folder
import pytest
import streams
from cli_folder import COMMAND
from clips import sound_digest, times, write_clip
from hypothesis import given
from hypothesis import strategies as st

from vidstyle import Job, media, pipeline, remote
from vidstyle.errors import InputError
from vidstyle.flow import apart, prefetch
from vidstyle.media import live
from vidstyle.pipeline.realtime import JITTER, LATE, Realtime
from vidstyle.types import Frame

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes cannot be waited for there")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cli_folder.fill(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=50)


def test_a_stream_is_no_address_of_an_object() -> None:
    assert not [name for name in live._PROTOCOLS if remote.is_address(f"{name}://place/1")]


@contextlib.contextmanager
def camera(monkeypatch: pytest.MonkeyPatch, data: bytes, pause: float, chunk: int) -> Iterator[None]:
    """Standard input on which `data` comes slowly."""
    with streams.pipe(data, pause=pause, chunk=chunk) as pipe:
        monkeypatch.setattr(live, "standard_input", lambda: pipe)
        yield


@contextlib.contextmanager
def served(*chunks: bytes, hold: bool = False) -> Iterator[str]:
    """The address of a server that gives each chunk to its first client; hold: and then nothing more."""
    server, done = socket.create_server(("127.0.0.1", 0)), threading.Event()
    server.settimeout(60)  # a client that died before it came must not hang the test

    def serve() -> None:
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            with client:
                for chunk in chunks:
                    client.sendall(chunk)
                done.wait(30 if hold else 0)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    finally:
        done.set()
        server.close()
        thread.join()


# Dropping


@given(st.integers(1, 4), st.integers(1, 30))
def test_the_newest_items_come_in_order_and_none_is_lost_in_silence(depth: int, count: int) -> None:
    dropped: list[int] = []

    def drop(oldest: list[int], newer: list[int]) -> list[int]:
        dropped.append(oldest[-1])
        return oldest + newer

    stage = prefetch(([n] for n in range(count)), depth, drop=drop)
    found = [next(stage)]
    time.sleep(0.001)
    found += list(stage)
    assert [n for item in found for n in item] == list(range(count))  # merged, not lost
    assert len(found) + len(dropped) == count and found[-1][-1] == count - 1


def test_an_upstream_is_never_held_up() -> None:
    over = threading.Event()

    def fast() -> Iterator[int]:
        yield from range(1000)
        over.set()

    stage = prefetch(fast(), 2, drop=lambda _, newer: newer)
    first = next(stage)
    assert over.wait(10)
    assert list(stage) == [998, 999][first == 998 :]


def test_apart_gives_results_and_errors() -> None:
    assert apart(lambda: 7, lambda: None) == 7
    with pytest.raises(InputError, match="so"):
        apart(lambda: (_ for _ in ()).throw(InputError("so")), lambda: None)


def paint(job: Job, seconds: float = 0.0) -> pipeline.JobResult:
    return pipeline.run(job, streams.slow(seconds))


def test_a_slow_network_drops_frames_and_keeps_the_rest_where_it_was(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, target = streams.remuxed(clip, "matroska"), tmp_path / "out.mkv"
    with camera(monkeypatch, data, 0.02, len(data) // 100):  # 2 s of video in 2 s
        result = paint(Job(source="-", target=str(target), classes=("all",), realtime=True), 0.1)
    kept, source = times(target), times(clip)
    assert result.dropped > 0 and result.frames + result.dropped == 50 and len(kept) == result.frames
    (tmp_path / "sent.mkv").write_bytes(data)
    assert set(kept) <= set(times(tmp_path / "sent.mkv")) and len(source) == 50
    # Packets of sound that rode with dropped frames are all there.
    assert len(sound_digest(target)) == len(sound_digest(clip))
    # What may be late, and three frames between it and the muxer; the rest is a slow machine's.
    assert result.latency is not None and 0.1 <= result.latency < JITTER + LATE + 3 * 0.1 + 2
    assert any("dropped to keep up" in note and "latency at most" in note for note in result.notes)


def test_what_keeps_up_drops_nothing(clip: Path, tmp_path: Path) -> None:
    begin, target = time.monotonic(), tmp_path / "out.mp4"
    result = paint(
        Job(source=str(clip), target=str(target), classes=("all",), realtime=True, end=Fraction(1, 2))
    )
    assert time.monotonic() - begin >= 12 / 25  # a file comes at its own pace
    assert result.frames + result.dropped == 13 and result.latency is not None
    if not result.dropped:  # on a busy machine some may be
        assert times(target) == times(clip)[:13]


def timely(arrivals: list[tuple[float, float]], monkeypatch: pytest.MonkeyPatch, work: float) -> list[int]:
    """Which frames are taken, of those that arrive at (moment, time of its own), if each takes `work`."""
    now = 0.0
    measured = Realtime()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds + 1e-9

    def coming() -> Iterator[Frame]:
        nonlocal now
        for index, (arrival, own) in enumerate(arrivals):
            for later, its_own in arrivals[arrived[0] :]:
                if later <= max(now, arrival):
                    measured._arrived(later, its_own)
                    arrived[0] += 1
            now = max(now, arrival)
            yield Frame(index, round(own * 1000), (), companions=(index,))

    arrived = [0]
    monkeypatch.setattr("vidstyle.pipeline.realtime.time.perf_counter", lambda: now)
    monkeypatch.setattr("vidstyle.pipeline.realtime.time.sleep", sleep)
    found = []
    packets: list[int] = []
    for frame in measured._timely(coming(), Fraction(1, 1000)):
        found.append(frame.index)
        packets += frame.companions
        now += work
    assert packets == list(range(len(arrivals))) and measured.dropped == len(arrivals) - len(found)
    return found


def test_frames_that_come_in_bursts_are_all_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    bursts = [(float(second), second - 1 + index / 25) for second in range(1, 11) for index in range(25)]
    found = timely(bursts, monkeypatch, work=0.02)
    assert len(found) > 0.95 * len(bursts)


def test_what_waited_before_the_start_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    backlog = [(5.0, index / 25) for index in range(125)] + [(5 + i / 25, 5 + i / 25) for i in range(500)]
    found = timely(backlog, monkeypatch, work=0.02)
    assert 95 <= found[0] <= 101  # one second of it may be of use
    assert found[-100:] == list(range(525, 625))


def test_overload_drops_evenly_and_stays_on_time(monkeypatch: pytest.MonkeyPatch) -> None:
    even = [(index / 25, index / 25) for index in range(250)]
    found = timely(even, monkeypatch, work=0.2)
    steps = [b - a for a, b in itertools.pairwise(found)]
    assert len(found) == pytest.approx(50, abs=3) and max(steps) <= 6


def test_latency_is_from_decoder_to_muxer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 10.0
    monkeypatch.setattr("vidstyle.pipeline.realtime.time.perf_counter", lambda: now)
    measured = Realtime()
    frames = [Frame(0, 0, (), decoded=decoded) for decoded in (9.0, 9.5, 9.75)]
    measured.written(frames[0], 0)  # the encoder keeps it
    assert measured.latency == 0
    measured.written(frames[1], 1)
    assert measured.latency == 1.0
    now = 10.5
    measured.written(frames[2], 3)
    assert measured.latency == 1.0
    now = 20.0
    measured.left(3)
    assert measured.latency == 1.0


# Addresses


@pytest.mark.parametrize(
    ("source", "is_live"),
    [("rtsp://camera/1", True), ("RTMP://host/app", True), ("udp://239.0.0.1:1234", True),
     ("https://host/live/index.m3u8?token=1", True), ("https://host/clip.mp4", False), ("/dev/video0", True),
     ("s3://bucket/clip.mp4", False), ("clip.mp4", False), ("rtsp", False),
     (Path("rtsp:/camera"), False), (Path("/dev/null"), True)],
)  # fmt: skip
def test_what_counts_as_live(source: str | Path, is_live: bool) -> None:
    assert media.is_live(source) == is_live
    assert media.is_stream(source) == is_live and media.is_stream("-") and not media.is_live("-")


def test_a_network_stream_is_recorded(clip: Path, tmp_path: Path) -> None:
    data, target = streams.remuxed(clip, "mpegts"), tmp_path / "out.mkv"
    with served(data) as address:
        result = paint(Job(source=address, target=str(target), classes=("all",)))
    assert result.frames == len(times(target)) == 50 and len(sound_digest(target)) == len(sound_digest(clip))
    assert result.notes == () or "rounded" in result.notes[0]
    steps = {round(float(b - a), 3) for a, b in zip(times(target), times(target)[1:], strict=False)}
    assert steps == {0.04}


def test_a_part_of_a_live_stream(clip: Path, tmp_path: Path) -> None:
    data, target = streams.remuxed(clip, "mpegts"), tmp_path / "out.mkv"
    with served(data, hold=True) as address:
        job = Job(source=address, target=str(target), classes=("all",), start=Fraction(1, 2), end=Fraction(1))
        assert paint(job).frames in (12, 13)
    assert [float(each) for each in times(target)][:3] == pytest.approx([0, 0.04, 0.08], abs=0.001)
    assert len(times(target)) in (12, 13)


def test_a_playlist_over_http(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "one.ts").write_bytes(streams.remuxed(clip, "mpegts"))
    (tmp_path / "live.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\none.ts\n#EXT-X-ENDLIST\n"
    )

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        job = Job(
            source=f"http://127.0.0.1:{server.server_address[1]}/live.m3u8",
            target=str(tmp_path / "out.mkv"),
            classes=("all",),
        )
        assert paint(job).frames == 50
        server.shutdown()


def refused(source: str) -> str:
    with pytest.raises(InputError) as caught:
        paint(Job(source=source, target="never.mkv", classes=("all",)))
    assert "\n" not in str(caught.value) and not Path("never.mkv").exists()
    return str(caught.value)


def test_what_is_not_there_is_said_in_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = free.getsockname()[1]
        assert (
            refused(f"rtsp://me:secret@127.0.0.1:{port}/1")
            == f"rtsp://me:***@127.0.0.1:{port}/1: connection refused"
        )
    assert refused("/dev/no-such-camera") == "/dev/no-such-camera does not exist; is the camera plugged in?"


def test_a_protocol_that_is_not_spoken() -> None:
    assert "does not speak that protocol" in refused("srt://127.0.0.1:1")


def test_a_device_that_is_no_camera() -> None:
    assert refused("/dev/null").startswith("/dev/null: ")


def test_cameras_can_be_read_here() -> None:
    if sys.platform == "linux":
        assert av.ContainerFormat("v4l2", "r").is_input


# Waiting


def test_a_stream_that_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TIMEOUT", 1.0)
    with served(hold=True) as address:
        assert refused(address) == f"{address}: nothing came for 1 s"


def test_a_stream_that_stalls_ends_the_recording_and_keeps_it(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TIMEOUT", 1.0)
    data, target = streams.remuxed(clip, "mpegts"), tmp_path / "out.mkv"
    with served(data[: len(data) * 3 // 4], hold=True) as address:
        result = paint(Job(source=address, target=str(target), classes=("all",)))
    assert 0 < result.frames == len(times(target)) < 50
    assert any("the input ends early: nothing came for 1 s" in note for note in result.notes)


def test_a_reader_that_is_lost_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the child hang itself, the parent does not."""
    monkeypatch.setattr(live, "TIMEOUT", 0.0)
    monkeypatch.setattr(live, "_GRACE", 0.5)
    monkeypatch.setattr(live.sys, "executable", "/bin/cat")  # fails at once, with words of its own
    assert refused("tcp://127.0.0.1:1").startswith("tcp://127.0.0.1:1: ")


# Ending


@pytest.mark.parametrize(("number", "target"), [(signal.SIGINT, "out.mp4"), (signal.SIGTERM, "-")])
def test_a_signal_ends_a_recording_whole(
    number: signal.Signals, target: str, clip: Path, folder: Path, tmp_path: Path
) -> None:
    data = streams.remuxed(clip, "mpegts")
    with served(data, hold=True) as address:
        process = subprocess.Popen(
            [*COMMAND, address, "-o", target, "--progress", "json", *cli_folder.flags(folder)],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if b'"frames"' in line and b"progress" in line:
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and b"ended by a signal" in err, err
    if target == "-":
        (tmp_path / "out.mp4").write_bytes(out)
    assert 0 < len(times(tmp_path / "out.mp4")) <= 50
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
