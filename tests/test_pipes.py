"""vidstyle between other programs: streams in, streams out, and nothing but the video on standard output."""

from __future__ import annotations

import fcntl
import io
import itertools
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cli_folder
import media_fixtures
import numpy as np
import pytest
import streams
from cli_folder import COMMAND
from clips import planes, sound_digest, times, write_clip
from hypothesis import given
from hypothesis import strategies as st

from vidstyle import Job, cli, media, pipeline
from vidstyle.errors import InputError, OutputError, UsageError
from vidstyle.media import in_pipe, out_pipe
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes cannot be waited for there")

Through = Callable[..., tuple[Path, list[str]]]

# Stand-ins for `ffmpeg ... -f CONTAINER -` and `ffmpeg -i - ...`: copy a file's packets to a pipe and back.
SEND = """
import pathlib, streams, sys
sys.stdout.buffer.write(streams.remuxed(pathlib.Path(sys.argv[1]), sys.argv[2]))
"""
RECEIVE = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cli_folder.fill(tmp_path_factory.mktemp("pipes"))


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return folder / "clip.mp4"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Through:
    """Paints nothing from a file to a stream, and gives what came out of it and the notes."""

    def through(source: Path, container: str | None = None, **options: object) -> tuple[Path, list[str]]:
        target = tmp_path / f"out.{container or 'mkv'}"
        with target.open("wb") as file:
            monkeypatch.setattr(out_pipe, "_used", False)
            monkeypatch.setattr(out_pipe, "claim_standard_output", lambda: os.dup(file.fileno()))
            with Source(source) as video, Sink(media.OutPipe(**options), video, container=container) as sink:
                for frame in video.frames():
                    sink.write(frame)
                sink.finish(video.trailing())
        return target, sink.notes

    return through


def decoded(video: Source) -> list[tuple[int, tuple[np.ndarray, ...]]]:
    with video:
        return [(frame.pts, tuple(plane.copy() for plane in frame.planes)) for frame in video.frames()]


@pytest.mark.parametrize("container", ["matroska", "mpegts", "mp4", "nut", "flv", "h264", "yuv4mpegpipe"])
def test_any_stream_on_a_pipe_decodes_as_the_file_does(container: str, clip: Path) -> None:
    data = streams.raw(clip) if container == "yuv4mpegpipe" else streams.remuxed(clip, container)
    with streams.pipe(data, chunk=1000) as pipe:
        video = Source(pipe)
        base, found = video.info.time_base, decoded(video)
    whole = decoded(Source(clip))
    assert len(found) == len(whole) == 12
    steps = [(b - a) * base for (a, _), (b, _) in itertools.pairwise(found)]
    assert all(abs(step - Fraction(1, 25)) <= Fraction(1, 1000) for step in steps), container
    for (_, mine), (_, theirs) in zip(found, whole, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))


def test_a_part_of_a_stream(clip: Path) -> None:
    with streams.pipe(streams.remuxed(clip, "matroska")) as pipe:
        video = Source(pipe, start=Fraction(1, 10), end=Fraction(3, 10))
        assert len(decoded(video)) == 5


def test_a_file_on_standard_input_can_be_sought(clip: Path) -> None:
    with clip.open("rb") as file:
        found = decoded(Source(in_pipe.InPipe(file.fileno(), "standard input")))
    assert len(found) == 12


def opened(data: bytes) -> str:
    """The error of opening a stream."""
    with streams.pipe(data) as pipe, pytest.raises(InputError) as caught:
        decoded(Source(pipe))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_stream_is_said_in_one_line(clip: Path) -> None:
    plain = clip.read_bytes()
    assert plain.index(b"mdat") < plain.index(b"moov")
    line = opened(plain)
    assert "index lies at its end" in line and "faststart" in line
    assert opened(b"") == "standard input is empty"
    assert "is not a video that can be read" in opened(bytes(range(256)) * 20)


def test_a_stream_that_is_cut_keeps_what_came(clip: Path) -> None:
    data = streams.remuxed(clip, "matroska")
    with streams.pipe(data[: len(data) * 2 // 3]) as pipe:
        assert 0 < len(decoded(Source(pipe))) < 12


BOXES = st.lists(st.sampled_from([b"ftyp", b"free", b"wide", b"moov", b"moof", b"mdat", b"uuid"]), max_size=6)


@given(BOXES, st.integers(0, 40), st.integers(0, 200))
def test_the_index_comes_last_where_media_come_first(kinds: list[bytes], padding: int, cut: int) -> None:
    head = b"".join((8 + padding).to_bytes(4, "big") + kind + bytes(padding) for kind in [b"ftyp", *kinds])
    ends = [kind for kind in kinds if kind in (b"moov", b"moof", b"mdat")]
    assert in_pipe.index_comes_last(head) == (ends[:1] == [b"mdat"])
    assert in_pipe.index_comes_last(head[:cut]) in (False, in_pipe.index_comes_last(head))


@given(st.binary(max_size=100))
def test_any_bytes_can_be_looked_at(head: bytes) -> None:
    assert in_pipe.index_comes_last(head) in (True, False)


def test_a_wait_for_more_ends_with_an_interrupt() -> None:
    with streams.pipe(b"some", hold=True) as pipe:
        assert pipe.read(100) == b"some"
        pipe.interrupt()
        begin = time.monotonic()
        assert pipe.read(100) == b"" == pipe.read(100)
        assert time.monotonic() - begin < 0.5
        pipe.close()
        pipe.close()
        pipe.interrupt()


def test_a_wait_for_more_ends_with_its_time() -> None:
    with streams.fed(b"", hold=True) as read:
        pipe = in_pipe.InPipe(read, "camera", timeout=0.1)
        with pytest.raises(TimeoutError):
            pipe.read(100)
        pipe.close()


@pytest.mark.parametrize("container", [None, "mkv", "mp4", "mov"])
def test_a_stream_keeps_times_and_sound(container: str | None, clip: Path, out: Through) -> None:
    target, notes = out(clip, container)
    assert times(target) == times(clip) and sound_digest(target)[1:] != [] and notes == []
    assert [each.split(":")[2] for each in sound_digest(target)] == [
        each.split(":")[2] for each in sound_digest(clip)
    ]
    assert (
        target.read_bytes()[4:8] == b"ftyp"
        if container in ("mp4", "mov")
        else b"matroska" in target.read_bytes()
    )


@pytest.mark.parametrize("container", ["nut", "ts", "flv", "webm"])
def test_other_streams_keep_their_frames(container: str, clip: Path, out: Through) -> None:
    target, _ = out(clip, container)
    found = times(target)
    steps = [b - a for a, b in itertools.pairwise(found)]
    assert len(found) == 12 and all(abs(step - Fraction(1, 25)) <= Fraction(1, 1000) for step in steps)
    assert len(sound_digest(target)) >= len(sound_digest(clip))


def test_fragments_can_be_read_as_a_stream_again(clip: Path, out: Through) -> None:
    target, _ = out(clip, "mp4")
    with streams.pipe(target.read_bytes()) as pipe:
        assert len(decoded(Source(pipe))) == 12


def test_sound_of_a_transport_stream_goes_into_matroska(tmp_path: Path, clip: Path, out: Through) -> None:
    source = tmp_path / "clip.ts"
    source.write_bytes(streams.remuxed(clip, "mpegts"))
    target, _ = out(source)
    with av.open(str(target)) as container:
        sound = container.streams.audio[0]
        assert sound.codec_context.sample_rate == 44100 and sound.codec_context.extradata
        assert sum(frame.samples for frame in container.decode(audio=0)) > 15 * 1024


def test_sound_of_a_transport_stream_into_a_file(tmp_path: Path, clip: Path) -> None:
    """A file takes the description from the first packet, and must have left room for it."""
    source, target = tmp_path / "clip.ts", tmp_path / "out.mkv"
    source.write_bytes(streams.remuxed(clip, "mpegts"))
    media_fixtures.through(source, target)
    data = target.read_bytes()
    begin = data.index(b"\x9f\x81\x01\xb5\x88\x40\xe5")  # Channels, SamplingFrequency: first in Audio
    place, end = begin, begin + (data[begin - 1] & 0x7F)
    while place < end:
        place += 2 if data[place] < 0x80 else 1  # the element's name has one byte or two
        place += 1 + (data[place] & 0x7F)
    assert place == end


def test_y4m_is_the_frames_and_nothing_else(clip: Path, out: Through) -> None:
    target, notes = out(clip, "y4m")
    assert target.read_bytes().startswith(b"YUV4MPEG2 W128 H96 F25:1 ")
    assert all(
        np.array_equal(a, b)
        for mine, theirs in zip(planes(target), planes(clip), strict=True)
        for a, b in zip(mine, theirs, strict=True)
    )
    assert notes == ["stream 1 (audio aac) is left out: y4m holds video only"]


def test_y4m_says_where_it_loses_the_times(tmp_path: Path, out: Through) -> None:
    source = write_clip(tmp_path / "vfr.mkv", pts=[0, 1, 2, 9, 10, 30], sound=False)
    target, notes = out(source, "y4m")
    assert len(times(target)) == 6 and any("y4m holds no times" in note for note in notes)


@pytest.mark.parametrize(
    ("pixels", "codec", "stored"),
    [
        ("yuv420p10le", "ffv1", b"C420p10"),
        ("yuv444p", "ffv1", b"C444"),
        ("rgb24", "libx264rgb", b"C444"),
        ("gray", "ffv1", b"C420"),
    ],
)
def test_y4m_takes_what_it_can(pixels: str, codec: str, stored: bytes, tmp_path: Path, out: Through) -> None:
    source = media_fixtures.make(
        tmp_path / "s.mkv", media_fixtures.Clip(pixel_format=pixels, codec=codec, options=())
    )
    target, _ = out(source, "y4m")
    assert stored in target.read_bytes()[:80] and len(times(target)) == 6


def test_in_real_time_nothing_waits_for_the_end(clip: Path, out: Through) -> None:
    assert times(out(clip, "mkv", realtime=True)[0]) == times(clip)
    assert times(out(clip, "mp4", realtime=True)[0]) == times(clip)


def test_containers_that_must_be_sought_in_are_refused(clip: Path, out: Through) -> None:
    with pytest.raises(UsageError, match="avi cannot be written to standard output"):
        out(clip, "avi")
    with pytest.raises(UsageError, match="no container is called 'mkx'; did you mean 'mkv'"):
        out(clip, "mkx")


class Gone:
    """Stands for a descriptor that fails after so many bytes."""

    def __init__(self, room: int, error: OSError) -> None:
        self.room, self.error = room, error

    def write(self, _: int, data: memoryview) -> int:
        if self.room <= 0:
            raise self.error
        self.room -= 700
        return min(700, len(data))  # a part of it, as pipes do


@pytest.mark.parametrize("room", [0, 1500, 5000])
def test_a_sink_that_fails_is_no_success(
    room: int, clip: Path, out: Through, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out_pipe.os, "write", Gone(room, OSError(28, "No space left on device")).write)
    with pytest.raises(OutputError, match="no space left for standard output"):
        out(clip)
    monkeypatch.setattr(out_pipe.os, "write", Gone(room, BrokenPipeError(32, "Broken pipe")).write)
    with pytest.raises(BrokenPipeError):
        out(clip)


def test_a_lost_packet_is_noticed(clip: Path, out: Through, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(_: media.OutPipe) -> None:
        sink.muxed -= 1 if sink.muxed == 5 else 0

    class Watched(Sink):
        def __init__(self, *args: object, **named: object) -> None:
            nonlocal sink
            sink = self
            super().__init__(*args, **named)  # type: ignore[arg-type]

    sink: Sink
    monkeypatch.setattr(sys.modules[__name__], "Sink", Watched)
    monkeypatch.setattr(media.OutPipe, "send", send)
    with pytest.raises(OutputError, match="did not pass its check"):
        out(clip)


def test_one_video_takes_standard_output(clip: Path, out: Through) -> None:
    out(clip)
    with pytest.raises(UsageError, match="takes one video"):
        media.OutPipe()


def test_words_that_cannot_mean_anything(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, said in (
        (["-", "-o", "-", "--json"], "both want standard output"),
        (["preview", "-"], "can be read only once"),
        (["bench", "rtsp://me:secret@camera/1"], "rtsp://me:***@camera/1 can be read only once"),
        ([str(folder / "clip.mp4"), "--format", "mkx"], "no container is called"),
    ):
        assert cli.code([*arguments, *words[:0]]) == 2
        out, err = capsys.readouterr()
        assert out == "" and said in err and err.count("\n") == 1


def test_a_stream_names_no_output() -> None:
    with pytest.raises(UsageError, match="name the output with -o"):
        pipeline.run(Job(source="-"))
    with pytest.raises(UsageError, match="reads its input twice"):
        pipeline.preview(Job(source="-"))


# As a process


@pytest.fixture
def environment() -> dict[str, str]:
    here = str(Path(__file__).parent)
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))}


def test_between_two_other_programs(
    clip: Path, words: list[str], tmp_path: Path, environment: dict[str, str]
) -> None:
    target, direct = tmp_path / "out.mkv", tmp_path / "direct.mkv"
    send = subprocess.Popen(
        [sys.executable, "-c", SEND, clip, "nut"], stdout=subprocess.PIPE, env=environment
    )
    paint = subprocess.Popen(
        [*COMMAND, "-", "-o", "-", *words], stdin=send.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    receive = subprocess.Popen([sys.executable, "-c", RECEIVE, target], stdin=paint.stdout)
    assert [each.wait(60) for each in (send, paint, receive)] == [0, 0, 0]
    assert paint.stderr is not None and b"wrote standard output" in paint.stderr.read()
    source = tmp_path / "sent.nut"
    source.write_bytes(streams.remuxed(clip, "nut"))
    assert cli.code([str(source), "-o", str(direct), "-q", *words]) == 0
    assert times(target) == times(direct) and sound_digest(target) == sound_digest(direct)
    assert all(
        np.array_equal(a, b)
        for mine, theirs in zip(planes(target), planes(direct), strict=True)
        for a, b in zip(mine, theirs, strict=True)
    )


def test_standard_input_into_a_file(clip: Path, words: list[str], tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    arguments = [*COMMAND, "-", "-o", str(target), "--json", *words]
    done = subprocess.run(arguments, input=streams.remuxed(clip, "matroska"), capture_output=True, timeout=60)
    assert done.returncode == 0 and len(times(target)) == 12 and b'"source": "-"' in done.stdout, done.stderr


NOISE = """
import ctypes, os, sys
from vidstyle import cli, pipeline
load = pipeline.load
def noisy(job):
    print("from Python", flush=True)
    os.write(1, b"from the system\\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"from a C library")
    libc.fflush(None)
    return load(job)
pipeline.load = noisy
cli.main(sys.argv[1:])
"""


def test_nothing_else_gets_onto_standard_output(clip: Path, words: list[str]) -> None:
    arguments = [sys.executable, "-c", NOISE, str(clip), "-o", "-", "-q", *words]
    done = subprocess.run(arguments, capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith(b"\x1a\x45\xdf\xa3") and b"from" not in done.stdout
    assert all(word in done.stderr for word in (b"from Python", b"from the system", b"from a C library"))
    assert len(list(av.open(io.BytesIO(done.stdout)).decode(video=0))) == 12


def test_a_closed_pipe_ends_quietly(tmp_path: Path, words: list[str]) -> None:
    long = write_clip(tmp_path / "long.mp4", frames=300)
    done = subprocess.Popen(
        [*COMMAND, str(long), "-o", "-", "-q", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert done.stdout is not None and done.stderr is not None
    assert done.stdout.read(1000)
    done.stdout.close()
    assert done.wait(30) == 141 and done.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_the_stream(clip: Path, words: list[str]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [*COMMAND, str(clip), "-o", "-", "-q", *words], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 6 and "no space left for standard output" in done.stderr


def test_a_terminal_gets_no_video(clip: Path, words: list[str]) -> None:
    master, slave = os.openpty()
    done = subprocess.run(
        [*COMMAND, str(clip), "-o", "-", *words], stdout=slave, stderr=subprocess.PIPE, text=True
    )
    none = subprocess.run(
        [*COMMAND, "-", "-o", "x.mkv", *words], stdin=slave, stderr=subprocess.PIPE, text=True
    )
    os.close(slave)
    os.close(master)
    assert (
        done.returncode == 2 and "not written to a terminal" in done.stderr and done.stderr.count("\n") == 1
    )
    assert none.returncode == 3 and "is a terminal" in none.stderr and none.stderr.count("\n") == 1


def wait_until_read(descriptor: int) -> None:
    """Until all that a pipe holds was taken, and a moment more."""
    deadline = time.monotonic() + 60
    while True:
        time.sleep(0.1)
        unread = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4)
        if not any(unread) or time.monotonic() > deadline:
            break
    time.sleep(0.3)


@pytest.mark.parametrize(
    ("number", "code", "share"), [(signal.SIGINT, 130, 0.001), (signal.SIGTERM, 143, 0.5)]
)
def test_a_stalled_input_does_not_hold_up_a_signal(
    number: signal.Signals, code: int, share: float, clip: Path, words: list[str], tmp_path: Path
) -> None:
    """Nothing comes any more, from near its start (it is being opened) or from its middle."""
    data = streams.remuxed(clip, "matroska")
    with streams.fed(data[: int(len(data) * share)], hold=True) as read:
        process = subprocess.Popen(
            [*COMMAND, "-", "-o", str(tmp_path / "o.mkv"), *words], stdin=read, stderr=subprocess.PIPE
        )
        wait_until_read(read)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code and b"nothing was written" in err and b"Traceback" not in err, err
    assert list(tmp_path.iterdir()) == []


def test_a_stalled_output_does_not_hold_up_a_signal(tmp_path: Path, words: list[str]) -> None:
    long = write_clip(tmp_path / "long.mp4", frames=100, sound=False)
    process = subprocess.Popen(
        [*COMMAND, str(long), "-o", "-", "--format", "y4m", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stdout.read(1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stderr is not None and b"Traceback" not in process.stderr.read()


ENDLESS = """
import sys, av, clips
from fractions import Fraction
with av.open("pipe:1", "w", format="matroska") as out:
    video = out.add_stream("libx264", rate=25, width=128, height=96, options={"preset": "ultrafast"})
    pictures = [av.VideoFrame.from_ndarray(clips.picture(i), format="rgb24") for i in range(25)]
    for index in range(int(sys.argv[1])):
        frame = pictures[index % 25]
        frame.pts, frame.time_base = index, Fraction(1, 25)
        out.mux(video.encode(frame))
    out.mux(video.encode(None))
"""
PEAK = """
import resource, sys
from vidstyle import cli
code = cli.code(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def test_ten_times_the_stream_takes_no_more_memory(words: list[str], environment: dict[str, str]) -> None:
    peaks = []
    for frames in ("120", "1200"):
        send = subprocess.Popen(
            [sys.executable, "-c", ENDLESS, frames], stdout=subprocess.PIPE, env=environment
        )
        done = subprocess.run(
            [sys.executable, "-c", PEAK, "-", "-o", "-", "-q", *words],
            stdin=send.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120,
        )  # fmt: skip
        assert send.wait() == 0
        code, peak = done.stderr.split()[-2:]
        assert code == "0"
        peaks.append(int(peak))
    assert peaks[1] < 1.05 * peaks[0]


@pytest.mark.parametrize("named", ["fifo", "descriptor"])
def test_a_pipe_by_its_path_is_a_stream(named: str, clip: Path, words: list[str], tmp_path: Path) -> None:
    data, target = streams.remuxed(clip, "matroska"), tmp_path / "o.mkv"
    if named == "fifo":
        path = tmp_path / "pipe"
        os.mkfifo(path)
        ends = []
    else:
        ends = list(os.pipe())
        path = Path(f"/dev/fd/{ends[0]}")

    def write() -> None:
        with open(path if named == "fifo" else ends[1], "wb") as pipe:  # noqa: PTH123 - a number, too
            pipe.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    assert cli.code([str(path), "-o", str(target), "-q", *words]) == 0
    writer.join()
    assert len(times(target)) == len(times(clip))
    if ends:
        os.close(ends[0])
