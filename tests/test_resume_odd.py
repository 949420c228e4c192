"""Going on where the video, the name or the work folder is an unusual one."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clips import picture, write_clip
from fakes import Bleach, Lasting
from test_resume import Stop, job_for, packets, run_cut

from vidstyle import EncodeOptions, Job, Networks, device, locks, pipeline
from vidstyle.errors import OutputError, UsageError
from vidstyle.media import fingerprint
from vidstyle.media.clock import Clock
from vidstyle.pipeline import outputs
from vidstyle.pipeline.work import Work


@pytest.fixture
def networks() -> Networks:
    return Networks(Lasting(), Bleach(), device.choose("cpu"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", frames=30, sound=False)


def stop(job: Job, networks: Networks, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        pipeline.run(job, networks, Stop(after))


def subtitled(path: Path) -> Path:
    """A video with B-frames and a subtitle on every frame, no sound."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, width=128, height=96, pix_fmt="yuv420p")
        video.options = {"preset": "ultrafast", "bf": "3", "x264-params": "b-adapt=0"}
        text: Any = output.add_mux_stream("subrip")
        text.time_base = Fraction(1, 1000)
        output.start_encoding()
        encoded = []
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            encoded += video.encode(frame)
        for packet in encoded + video.encode(None):
            output.mux(packet)
        for index in range(30):
            line = av.Packet(f"line {index}".encode())
            line.pts = line.dts = index * 40
            line.duration, line.time_base, line.stream = 30, Fraction(1, 1000), text
            output.mux(line)
    return path


@pytest.mark.parametrize("end", [18, 21, 22, 23, 24])
def test_subtitles_up_to_the_end_of_a_part_are_kept(
    end: int, tmp_path: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = subtitled(tmp_path / "in.mkv")
    kept = job_for(source, tmp_path / "kept.mkv", end=Fraction(end, 25))
    pipeline.run(kept, networks)
    lines = [packet for packet in packets(tmp_path / "kept.mkv") if packet[0] == 1]
    assert len(lines) == end
    monkeypatch.setattr(outputs, "opened", lambda *_: contextlib.nullcontext())
    pipeline.run(replace(kept, target=tmp_path / "direct.mkv"), networks)
    assert packets(tmp_path / "kept.mkv") == packets(tmp_path / "direct.mkv")


def two_sizes(path: Path) -> Path:
    """25 frames of one size, then 25 of another, in one stream."""
    with av.open(str(path), "w") as output:
        stream = None
        for part, size in enumerate([(128, 96), (160, 128)]):
            context = av.CodecContext.create("libx264", "w")
            context.width, context.height, context.pix_fmt = *size, "yuv420p"
            context.time_base, context.options = Fraction(1, 25), {"preset": "ultrafast", "g": "10"}
            stream = stream or output.add_stream("libx264", rate=25, width=128, height=96)
            frames = [av.VideoFrame.from_ndarray(picture(i, *size), format="rgb24") for i in range(25)]
            for index, frame in enumerate(frames):
                frame.pts = part * 25 + index
            for frame in [*frames, None]:
                for packet in context.encode(frame):
                    packet.stream = stream
                    output.mux(packet)
    return path


def test_frames_of_another_size_are_counted_however_often_the_job_was_stopped(
    tmp_path: Path, networks: Networks
) -> None:
    source = two_sizes(tmp_path / "in.ts")
    job = job_for(source, tmp_path / "o.mkv", segment=10)
    whole = pipeline.run(job, networks).notes
    assert any("25 frames of another size" in note for note in whole)
    assert run_cut(replace(job, target=tmp_path / "cut.mkv"), networks, [35]).notes == whole
    alone = replace(job, target=tmp_path / "alone.mkv")
    marks = pipeline.cuts(alone)
    assert marks is not None
    with pipeline.hold(alone):
        for number, mark in enumerate(marks):
            pipeline.paint_segment(alone, networks, number, mark)
    assert pipeline.run(alone, networks).notes == whole
    assert packets(tmp_path / "o.mkv") == packets(tmp_path / "cut.mkv") == packets(tmp_path / "alone.mkv")


def test_pts_that_ran_backwards_are_no_place_to_seek_to() -> None:
    clock = Clock(Fraction(1, 25), Fraction(25))
    assert [clock(pts, dts) for pts, dts in [(0, 0), (2, 1), (3, 2), (1, 4)]] == [0, 2, 3, 4]
    assert not clock.moved and clock.backwards == 1, "a clock that starts later would trust other times"


def test_y4m_is_written_as_it_comes(clip: Path, tmp_path: Path, networks: Networks) -> None:
    job = job_for(clip, tmp_path / "o.y4m")
    stop(job, networks, 25)
    assert list(tmp_path.iterdir()) == []
    assert pipeline.run(job, networks).frames == 30


def test_a_command_with_a_slip_in_it_deletes_nothing(clip: Path, tmp_path: Path, networks: Networks) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    stop(job, networks, 25)
    slip = replace(job, encode=EncodeOptions(codec="nonsense"))
    with pytest.raises(UsageError):
        pipeline.run(slip, networks)
    assert (pipeline.kept(job), pipeline.kept(slip)) == (20, 0)
    watcher = Stop(1000)
    pipeline.run(job, networks, watcher)
    assert watcher.kept == 20


GARBAGE = ["{", "5", '"x"', "[]", "{}", "null", '{"packets": 7}', "\x00", '{"facts": [], "packets": [[1]]}']


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", ["made-for.json", "video-000000.json", "video-000001.json", "video-x.json"])
def test_a_work_folder_of_another_version_is_no_obstacle(
    name: str, garbage: str, clip: Path, tmp_path: Path, networks: Networks
) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    stop(job, networks, 25)
    work = tmp_path / ".o.mp4.work"
    (work / name).write_text(garbage)
    (work / "old").mkdir()
    (work / "old" / "piece").write_text("of another version")
    assert pipeline.kept(job) == {"video-000001.json": 10, "video-x.json": 20}.get(name, 0)
    assert pipeline.run(job, networks).frames == 30
    assert [path.name for path in tmp_path.iterdir()] == ["o.mp4"]


@pytest.mark.parametrize("lacking", ["shares", "times", "before", "time_base", "facts"])
def test_a_segment_that_lacks_a_word_is_painted_again(
    lacking: str, clip: Path, tmp_path: Path, networks: Networks
) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    stop(job, networks, 25)
    index = tmp_path / ".o.mp4.work" / "video-000001.json"
    told = json.loads(index.read_text())
    told.pop(lacking, None)
    told["facts"] = {k: v for k, v in told.get("facts", {}).items() if k != lacking}
    index.write_text(json.dumps(told))
    watcher = Stop(1000)
    assert pipeline.run(job, networks, watcher).frames == 30
    assert watcher.kept == 10


def test_a_work_folder_that_cannot_be_used_is_one_line(
    clip: Path, tmp_path: Path, networks: Networks
) -> None:
    (tmp_path / ".o.mp4.work" / "lock").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"\.o\.mp4\.work"):
        pipeline.run(job_for(clip, tmp_path / "o.mp4"), networks)


@pytest.mark.parametrize("ending", [".mp4", ".mov"])
@pytest.mark.parametrize("segment", [10, None])
def test_names_as_long_as_the_file_system_allows(
    ending: str, segment: int | None, clip: Path, tmp_path: Path, networks: Networks
) -> None:
    target = tmp_path / ("x" * (255 - len(ending)) + ending)
    job = job_for(clip, target, segment=segment)
    stop(job, networks, 25)
    watcher = Stop(1000)
    pipeline.run(job, networks, watcher)
    assert watcher.kept == (20 if segment else 0)
    assert fingerprint.of(target) == pipeline.fingerprint_of(job)


def test_the_sizes_differ(tmp_path: Path) -> None:
    with av.open(str(two_sizes(tmp_path / "in.ts"))) as container:
        sizes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert sizes == [(128, 96)] * 25 + [(160, 128)] * 25
    assert not np.array_equal(picture(0, 160, 128), picture(1, 160, 128))


@pytest.mark.parametrize("step", ["made", "held", "lock"])
def test_a_stop_while_the_work_folder_is_made_leaves_none(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, mkdir = tmp_path / ".o.mp4.work", Path.mkdir

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def made(path: Path, **how: Any) -> None:
        mkdir(path, **how)
        (path / "lock").touch()
        stopped()

    def held(*_: object) -> None:
        patch.undo()
        stopped()

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        if step == "made":
            patch.setattr(Path, "mkdir", made)
        elif step == "held":
            patch.setattr(locks, "_is_at", held)
        else:
            patch.setattr(Work, "__init__", stopped)
        with Work.opened(folder, False, "none"):
            pass
    assert not folder.exists()
