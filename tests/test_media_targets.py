"""Where it goes: targets that are refused, files that are whole or absent; masks."""

from __future__ import annotations

import errno
import gc
import os
import resource
import signal
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media_fixtures import (
    Clip,
    display_matrix,
    fps_pts,
    frames,
    make,
    scan,
    through,
)

from vidstyle import locks
from vidstyle.errors import OutputError, UsageError
from vidstyle.media import MaskWriter, Sink, Source, load_picture, still
from vidstyle.media.part_file import PartFile
from vidstyle.types import EncodeOptions

MS = Fraction(1, 1000)
FAST = EncodeOptions(preset="ultrafast")


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part-" in path.name]


def test_a_container_nobody_knows(tmp_path: Path) -> None:
    with Source(make(tmp_path / "a.mp4")) as source:
        with pytest.raises(UsageError, match="does not end like a video file"):
            Sink(tmp_path / "b.txtx", source)
        for container in ("mp5", "hls", "image2"):
            with pytest.raises(UsageError, match="no container is called"):
                Sink(tmp_path / "b.mp4", source, container=container)
    assert not parts(tmp_path)


@pytest.mark.parametrize("suffix", ["m3u8", "mpd", "png", "jpg", "gif", "yuv", "mxf", "mpg", "ogv", "h264"])
def test_an_ending_that_is_not_one_whole_video_is_refused_at_once(tmp_path: Path, suffix: str) -> None:
    with Source(make(tmp_path / "a.mp4")) as source:
        for open_it in (Sink, MaskWriter):
            with pytest.raises(UsageError, match=r"use \.mp4, .*\.mkv") as caught:
                open_it(tmp_path / f"b.{suffix}", source)
            assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(
    "suffix", ["m4v", "avi", "ts", "m2ts", "flv", "f4v", "nut", "wmv", "asf", "3gp", "3g2"]
)
def test_endings_that_are_written_hold_every_frame_and_the_sound(tmp_path: Path, suffix: str) -> None:
    clip, target = make(tmp_path / "a.mp4", Clip(128, 96, pts=fps_pts(10), sound=0.4)), f"b.{suffix}"
    through(clip, tmp_path / target, FAST)
    assert len(scan(tmp_path / target).times) == 10 and len(scan(tmp_path / target).hashes) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", target]


def test_times_that_a_container_cannot_hold_are_one_line(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=(0, 512, 700, 1800, 1801, 90000)))
    with pytest.raises(OutputError, match=r"name an \.mkv or \.mp4"):
        through(clip, tmp_path / "b.avi", FAST)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_targets_that_are_refused(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4")
    (tmp_path / "there.mp4").write_bytes(b"keep me")
    (tmp_path / "link.mp4").symlink_to(clip)
    cases = {
        "a.mp4": "is the input",
        "link.mp4": "is the input",
        "there.mp4": "--overwrite",
        "no/b.mp4": "does not exist",
    }
    with Source(clip) as source:
        for name, words in cases.items():
            with pytest.raises(OutputError, match=words):
                Sink(tmp_path / name, source, overwrite=name != "there.mp4")
    assert (tmp_path / "there.mp4").read_bytes() == b"keep me" and not parts(tmp_path)


def test_an_error_midway_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(20)))
    target = tmp_path / "b.mp4"
    target.write_bytes(b"the old one")
    for stop in (0, 1, 10, 20):
        with (
            pytest.raises(RuntimeError),
            Source(clip) as source,
            Sink(target, source, overwrite=True) as sink,
        ):
            for index, frame in enumerate(source.frames()):
                if index == stop:
                    break
                sink.write(frame)
            raise RuntimeError("stop")
    assert target.read_bytes() == b"the old one" and not parts(tmp_path)


def test_a_signal_ahead_of_any_block_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(part: PartFile, *_: Any) -> None:
        assert part.path.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(PartFile, "open", interrupted)
    with Source(make(tmp_path / "a.mp4")) as source:
        with pytest.raises(KeyboardInterrupt):
            Sink(tmp_path / "b.mp4", source)
        monkeypatch.undo()
        gc.collect()  # the error's traceback refers to itself
        assert not parts(tmp_path)
        with Sink(tmp_path / "b.mp4", source):  # nor does a lock stay
            assert parts(tmp_path)


def test_a_signal_as_the_hidden_file_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> bool:
        assert parts(tmp_path)
        raise KeyboardInterrupt

    monkeypatch.setattr(locks, "_taken", interrupted)
    with Source(make(tmp_path / "a.mp4")) as source, pytest.raises(KeyboardInterrupt):
        Sink(tmp_path / "b.mp4", source)
    assert not parts(tmp_path)


def test_a_sink_never_entered_leaves_nothing(tmp_path: Path) -> None:
    with Source(make(tmp_path / "a.mp4")) as source:
        sink = Sink(tmp_path / "b.mp4", source)
        assert parts(tmp_path)
        del sink
        gc.collect()
        assert not parts(tmp_path)


def test_finish_without_frames_is_an_output_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no frame"),
        Source(make(tmp_path / "a.mp4")) as source,
        Sink(tmp_path / "b.mp4", source) as sink,
    ):
        sink.finish()
    assert not (tmp_path / "b.mp4").exists() and not parts(tmp_path)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Files may not grow past 20 kB: what a full disk looks like to a writer (EFBIG instead of ENOSPC)."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("small_disk")
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_file_that_cannot_grow_is_one_line_and_nothing_stays(tmp_path: Path, suffix: str) -> None:
    clip = make(tmp_path / "a.mkv", Clip(320, 240, pts=fps_pts(20, 40), time_base=MS))
    with (
        pytest.raises(OutputError) as caught,
        Source(clip) as source,
        Sink(tmp_path / f"b.{suffix}", source, EncodeOptions(crf=1.0, preset="ultrafast")) as sink,
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        for frame in source.frames():
            sink.write(frame)
        sink.finish(source.trailing())
    assert "\n" not in str(caught.value) and not parts(tmp_path) and not (tmp_path / f"b.{suffix}").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EDQUOT, "no space left"),
        (errno.EROFS, "cannot be written"),
        (errno.EINVAL, r"name an \.mkv file instead"),
    ],
)
def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str) -> None:
    with (
        pytest.raises(OutputError, match=words),
        Source(make(tmp_path / "a.mp4")) as source,
        Sink(tmp_path / "b.mp4", source, FAST) as sink,
    ):
        monkeypatch.setattr(
            sink.track, "flush", lambda: (_ for _ in ()).throw(OSError(code, "the system's words"))
        )
        for frame in source.frames():
            sink.write(frame)
        sink.finish()
    assert not parts(tmp_path)


def test_an_output_that_lost_frames_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(OutputError, match="5 frames instead of 6"),
        Source(make(tmp_path / "a.mp4")) as source,
        Sink(tmp_path / "b.mp4", source, FAST) as sink,
    ):
        encode = sink.track.encode
        monkeypatch.setattr(sink.track, "encode", lambda native, pts: encode(native, pts) if pts else [])
        for frame in source.frames():
            sink.write(frame)
        sink.finish()
    assert not (tmp_path / "b.mp4").exists() and not parts(tmp_path)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "webm"])
def test_masks_are_lossless_and_in_time(tmp_path: Path, suffix: str) -> None:
    times = (0, 512, 700, 1800)
    clip = make(tmp_path / "a.mp4", Clip(63, 47, "yuv444p", pts=times, matrix=display_matrix(0, 1, -1, 0)))
    target = tmp_path / f"m.{suffix}"
    masks = [np.random.default_rng(i).integers(0, 256, (47, 63), np.uint8) for i in range(4)]
    with Source(clip) as source, MaskWriter(target, source) as writer:
        for frame, mask in zip(source.frames(), masks, strict=True):
            writer.write(frame, mask)
        writer.finish()
    tick = 0 if suffix == "mp4" else MS / 2
    pairs = zip(scan(target).times, scan(clip).times, strict=True)
    assert all(abs(a - b) <= tick for a, b in pairs) and not parts(tmp_path)
    with Source(target) as source:
        assert source.info.format.full_range and source.info.orientation.turns == 3
        for frame, mask in zip(source.frames(), masks, strict=True):
            assert np.array_equal(frame.planes[0], mask)


def test_two_outputs_are_prepared_before_either_is_there(tmp_path: Path) -> None:
    clip, target, masks = make(tmp_path / "a.mp4"), tmp_path / "b.mp4", tmp_path / "m.mkv"
    mask = np.zeros((48, 64), np.uint8)
    for broken in (True, False):
        with Source(clip) as source, Sink(target, source, FAST) as sink, MaskWriter(masks, source) as writer:
            for frame in source.frames():
                sink.write(frame)
                writer.write(frame, mask)
            sink.prepare(source.trailing())
            writer.prepare()
            assert not target.exists() and not masks.exists() and len(parts(tmp_path)) == 2
            if not broken:
                writer.commit()
                sink.commit()
        assert (target.exists(), masks.exists()) == (not broken, not broken) and not parts(tmp_path)
    assert scan(target).times == scan(masks).times == scan(clip).times


def test_nothing_is_named_that_was_not_prepared(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError),
        Source(make(tmp_path / "a.mp4")) as source,
        Sink(tmp_path / "b.mp4", source, FAST) as sink,
    ):
        sink.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_hidden_files_are_never_shared(tmp_path: Path) -> None:
    long = "x" * 220
    with Source(make(tmp_path / "a.mp4")) as source:
        with Sink(tmp_path / f"{long}1.mp4", source), Sink(tmp_path / f"{long}2.mp4", source):
            assert len(parts(tmp_path)) == 2
        with Sink(tmp_path / "b.mp4", source):
            with pytest.raises(OutputError, match="another process"):
                Sink(tmp_path / "b.mp4", source)
            assert len(parts(tmp_path)) == 1
    assert not parts(tmp_path)


def test_what_a_killed_run_left_is_written_over(tmp_path: Path) -> None:
    with Source(make(tmp_path / "a.mp4")) as source:
        with Sink(tmp_path / "b.mp4", source, FAST):
            left = parts(tmp_path)[0]
        (tmp_path / left).write_bytes(bytes(1 << 20))
        with Sink(tmp_path / "b.mp4", source, FAST) as sink:
            for frame in source.frames():
                sink.write(frame)
            sink.finish(source.trailing())
    assert not parts(tmp_path) and (tmp_path / "b.mp4").stat().st_size < 1 << 20


@pytest.mark.parametrize("target", ["closed/b.mp4", "a.mp4/b.mp4", f"{'x' * 300}.mp4", f"{'x' * 300}/b.mp4"])
def test_places_that_cannot_be_looked_at_are_one_line(tmp_path: Path, target: str, deny: Any) -> None:
    deny(tmp_path / "closed")
    with Source(make(tmp_path / "a.mp4")) as source, pytest.raises(OutputError) as caught:
        Sink(tmp_path / target, source)
    assert "\n" not in str(caught.value) and "-o" in str(caught.value)


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a folder that cannot be searched, for root as well."""

    def make_it(folder: Path) -> None:
        folder.mkdir()
        stat = Path.stat

        def refusing(path: Path, **options: Any) -> Any:
            if folder in path.parents:
                raise PermissionError(errno.EACCES, "Permission denied")
            return stat(path, **options)

        monkeypatch.setattr(Path, "stat", refusing)

    return make_it


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # as root may write everywhere
    with (
        Source(make(tmp_path / "a.mp4")) as source,
        pytest.raises(OutputError, match=r"the folder .* cannot be written; name another with -o"),
    ):
        Sink(tmp_path / "b.mp4", source)


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4")
    strange = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    clip.rename(strange)
    target = tmp_path / os.fsdecode(b"out\xff\xe9.mp4")
    through(strange, target, FAST)
    assert len(frames(target)) == 6 and not parts(tmp_path)


def test_pictures_are_whole_or_absent(tmp_path: Path) -> None:
    picture = np.zeros((24, 40, 3), np.uint8)
    clip, there = make(tmp_path / "a.mp4"), tmp_path / "there.png"
    there.write_bytes(b"keep me")
    cases = {"a.mp4/x.png": "is a file", "there.png": "--overwrite", "no/x.png": "does not exist"}
    for name, words in cases.items():
        for refused in (still.check_target, lambda target: still.save_picture(target, picture)):
            with pytest.raises(OutputError, match=words):
                refused(tmp_path / name)
    with pytest.raises(UsageError, match="ends in"):
        still.check_target(tmp_path / "x.pgn")
    with pytest.raises(OutputError, match="is the input"):
        still.check_target(there, True, there)
    still.check_target(there, True)
    still.save_picture(there, picture, overwrite=True)
    assert load_picture(there).shape == picture.shape
    assert sorted(tmp_path.iterdir()) == [clip, there]
