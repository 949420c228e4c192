"""Going on: whatever stops a long job, the same job again gives what an uninterrupted one gives."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clips import picture, write_clip
from fakes import Bleach, Lasting
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from vidstyle import EncodeOptions, Job, Networks, device, media, pipeline
from vidstyle.errors import InputError, OutputError, VidstyleError
from vidstyle.media import fingerprint
from vidstyle.pipeline import outputs
from vidstyle.pipeline.segments import led
from vidstyle.types import Frame

Packets = list[tuple[int, Any, Any, bool, bytes]]


@pytest.fixture
def networks() -> Networks:
    return Networks(Lasting(), Bleach(), device.choose("cpu"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", frames=50)


def packets(path: Path) -> Packets:
    """Every packet of a file, stream by stream."""
    with av.open(str(path)) as container:
        found = [(p.stream_index, p.pts, p.dts, p.is_keyframe, bytes(p)) for p in container.demux() if p.size]
    return sorted(found, key=lambda packet: packet[0])


class Stop:
    """A watcher that stops the job after so many frames."""

    def __init__(self, after: int, error: BaseException | None = None) -> None:
        self.left, self.error, self.kept = after, error or KeyboardInterrupt(), 0

    def begin(self, plan: Any) -> None:
        self.kept = plan.kept

    def advance(self, frames: int) -> None:
        self.left -= frames
        if self.left < 0:
            raise self.error


def job_for(source: Path, target: Path, **more: Any) -> Job:
    return Job(source=source, target=target, classes=("red",), **{"segment": 10, **more})


def run_cut(job: Job, networks: Networks, stops: Sequence[int]) -> Any:
    for after in stops:
        stop = Stop(after)
        try:
            return pipeline.run(job, networks, stop)
        except KeyboardInterrupt:
            pass
    return pipeline.run(job, networks)


@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))  # shrinking takes minutes
@given(
    stops=st.lists(st.integers(0, 45), max_size=4),
    segment=st.sampled_from([3, 8, 10, 17, 49]),
    ending=st.sampled_from([".mp4", ".mkv", ".mov"]),
    codec=st.sampled_from([None, "libx265", "ffv1", "mpeg4"]),
    part=st.sampled_from([(None, None), (Fraction(1, 2), None), (Fraction(1, 5), Fraction(9, 5))]),
    gaps=st.lists(st.integers(15, 90), min_size=49, max_size=49),
    masks=st.booleans(),
)
def test_stopped_anywhere_it_ends_as_if_it_had_not_been(
    tmp_path_factory: pytest.TempPathFactory,
    stops: list[int],
    segment: int,
    ending: str,
    codec: str | None,
    part: tuple[Fraction | None, Fraction | None],
    gaps: list[int],
    masks: bool,
) -> None:
    folder = tmp_path_factory.mktemp("run")
    if codec == "ffv1" and ending != ".mkv":
        codec = None
    pts = [int(p) for p in np.cumsum([0, *gaps])]
    source = write_clip(folder / "in.mp4", frames=50, pts=pts, time_base=Fraction(1, 1000))
    networks = Networks(Lasting(), Bleach(), device.choose("cpu"))
    out = folder / "out"
    out.mkdir()
    job = job_for(
        source, out / f"cut{ending}", segment=segment, start=part[0], end=part[1],
        encode=EncodeOptions(codec=codec), mask_out=out / "masks.mkv" if masks else None,
    )  # fmt: skip
    whole = replace(job, target=folder / f"whole{ending}", mask_out=folder / "m.mkv" if masks else None)
    first = pipeline.run(whole, networks)
    second = run_cut(job, networks, stops)
    assert packets(Path(str(job.target))) == packets(Path(str(whole.target)))
    assert (second.frames, second.coverage, second.curve) == (first.frames, first.coverage, first.curve)
    assert second.notes == first.notes
    if masks:
        assert packets(out / "masks.mkv") == packets(folder / "m.mkv")
    left = {path.name for path in out.iterdir()} - {f".cut{ending}.vidstyle.json"}
    assert left == {f"cut{ending}"} | ({"masks.mkv"} if masks else set())


def interrupt(job: Job, networks: Networks) -> None:
    """Runs the job and stops it after 35 frames: three segments of ten are finished."""
    with pytest.raises(KeyboardInterrupt):
        pipeline.run(job, networks, Stop(35))


def test_a_last_segment_of_two_frames_keeps_its_times(tmp_path: Path, networks: Networks) -> None:
    pts = [int(p) for p in np.cumsum([0, 20, 50, 77, 70, 53, 70, 23, 57, 20])]
    source = write_clip(tmp_path / "in.mp4", frames=10, pts=pts, time_base=Fraction(1, 1000))
    job = job_for(source, tmp_path / "o.mp4", segment=8, encode=EncodeOptions(codec="libx265"))
    pipeline.run(job, networks)
    video = [(pts, dts) for index, pts, dts, *_ in packets(tmp_path / "o.mp4") if index == 0]
    assert sorted(p for p, _ in video) == [p * 16 for p in pts]
    assert all(dts <= p for p, dts in video) and [d for _, d in video] == sorted({d for _, d in video})


def test_finished_segments_are_not_painted_again(clip: Path, tmp_path: Path, networks: Networks) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    interrupt(job, networks)
    stop = Stop(1000)
    pipeline.run(job, networks, stop)
    assert stop.kept == 30
    assert 1000 - stop.left == 20


@pytest.mark.parametrize("slip", ["codec", "masks"])
def test_a_command_with_a_slip_takes_nothing_away(
    clip: Path, tmp_path: Path, networks: Networks, slip: str
) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    interrupt(job, networks)
    wrong = replace(job, mask_out=tmp_path / "m.mkv")
    if slip == "codec":
        wrong = replace(wrong, encode=EncodeOptions(codec="nonsense"))
    else:
        (tmp_path / "m.mkv").touch()
    with pytest.raises(VidstyleError):
        pipeline.run(wrong, networks)
    assert pipeline.kept(job) == 30
    with pytest.raises(VidstyleError):
        pipeline.run(replace(wrong, target=tmp_path / "other.mp4"), networks)
    assert not (tmp_path / ".other.mp4.work").exists(), "nothing is left of what never began"


def test_kept_segments_and_frames_written_as_they_come_are_the_same(
    clip: Path, tmp_path: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = job_for(clip, tmp_path / "kept.mkv")
    pipeline.run(kept, networks)
    monkeypatch.setattr(outputs, "opened", lambda *_: contextlib.nullcontext())
    direct = job_for(clip, tmp_path / "direct.mkv")
    pipeline.run(direct, networks)
    assert packets(tmp_path / "kept.mkv") == packets(tmp_path / "direct.mkv")


@pytest.mark.parametrize("position", [0, 9, 10, 19, 25, 49])
@pytest.mark.parametrize("place", ["write", "end", "join", "commit"])
def test_a_fault_keeps_what_was_finished_and_nothing_else(
    place: str, position: int, clip: Path, tmp_path: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(1000))
    original = getattr(media.Sink, place)

    def faulty(self: media.Sink, *args: Any) -> Any:
        if next(calls) == (position if place == "write" else position // 10 if place == "end" else 0):
            raise OutputError("boom")
        return original(self, *args)

    job = job_for(clip, tmp_path / "o.mp4")
    with monkeypatch.context() as patch:
        patch.setattr(media.Sink, place, faulty)
        with pytest.raises(OutputError, match="boom"):
            pipeline.run(job, networks)
    finished = 5 if place in ("join", "commit") else position // 10
    there = sorted(path.name for path in tmp_path.iterdir())
    assert there == ([".o.mp4.work"] if finished else [])
    stop = Stop(1000)
    pipeline.run(job, networks, stop)
    assert stop.kept == finished * 10
    assert [path.name for path in tmp_path.iterdir()] == ["o.mp4"]


def test_another_recipe_does_not_go_on_from_this_one(clip: Path, tmp_path: Path, networks: Networks) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    interrupt(job, networks)
    stop = Stop(1000)
    pipeline.run(replace(job, feather=5.0), networks, stop)
    assert stop.kept == 0


@pytest.mark.parametrize("harm", ["shorter", "other bytes", "no index", "index of nonsense"])
def test_a_damaged_segment_is_made_again_or_named(
    harm: str, clip: Path, tmp_path: Path, networks: Networks
) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    interrupt(job, networks)
    data, index = (tmp_path / ".o.mp4.work" / f"video-000001.{ending}" for ending in ("packets", "json"))
    if harm == "shorter":
        data.write_bytes(data.read_bytes()[:-1])
    elif harm == "other bytes":
        data.write_bytes(bytes(len(data.read_bytes())))
    elif harm == "no index":
        index.unlink()
    else:
        index.write_text(json.dumps({"frames": "many"}))
    if harm == "other bytes":
        with pytest.raises(OutputError, match="damaged"):
            pipeline.run(job, networks)
        assert not (tmp_path / "o.mp4").exists()
        data.unlink()
    stop = Stop(1000)
    pipeline.run(job, networks, stop)
    assert stop.kept == 10
    pipeline.run(job_for(clip, tmp_path / "w.mp4"), networks)
    assert packets(tmp_path / "o.mp4") == packets(tmp_path / "w.mp4")


def test_where_seeking_misleads_everything_before_is_decoded_again(
    clip: Path, tmp_path: Path, networks: Networks
) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    interrupt(job, networks)
    index = tmp_path / ".o.mp4.work" / "video-000002.json"
    told = json.loads(index.read_text())
    told["facts"]["digest"] += 1  # the frame at this time is another one
    index.write_text(json.dumps(told))
    pipeline.run(job, networks)
    pipeline.run(job_for(clip, tmp_path / "w.mp4"), networks)
    assert packets(tmp_path / "o.mp4") == packets(tmp_path / "w.mp4")


def test_two_processes_do_not_work_on_one_output(clip: Path, tmp_path: Path, networks: Networks) -> None:
    job = job_for(clip, tmp_path / "o.mp4")

    class Second(Stop):
        def advance(self, _: int) -> None:
            with pytest.raises(OutputError, match="another process"):
                pipeline.run(job, networks)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.run(job, networks, Second(0))
    assert list(tmp_path.iterdir()) == []


def test_the_work_folder_stays_smaller_than_the_output(
    clip: Path, tmp_path: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    original = outputs.Outputs._join

    def measured(self: outputs.Outputs) -> None:
        sizes.append(sum(p.stat().st_size for p in self.work.folder.glob("*.packets")))  # type: ignore[union-attr]
        original(self)

    monkeypatch.setattr(outputs.Outputs, "_join", measured)
    target = tmp_path / "o.mp4"
    pipeline.run(job_for(clip, target), networks)
    assert 0 < sizes[0] < target.stat().st_size


@given(length=st.integers(1, 60), segment=st.integers(1, 70), size=st.integers(1, 9), begin=st.integers(0, 5))
def test_a_segment_is_shown_the_same_frames_wherever_a_run_begins(
    length: int, segment: int, size: int, begin: int
) -> None:
    def frames(first: int) -> list[Frame]:
        lead = max(0, first - media.LEAD)
        return [Frame(i, i, (), np.zeros((1, 1, 3), np.uint8), lead=i < first) for i in range(lead, length)]

    def shown(first: int) -> list[list[tuple[int, bool, bool]]]:
        batches = led(frames(first), segment, size)
        return [[(f.index, f.fresh, f.lead) for f in batch] for batch in batches]

    first = begin * segment
    whole = shown(0)
    behind = [b for b in whole if any(i >= first and not lead for i, _, lead in b)]
    if first < length and behind:
        there = whole.index(behind[0])
        while first and there and whole[there - 1][0][2]:
            there -= 1
        assert shown(first) == whole[there:]
    painted = [i for batch in whole for i, _, lead in batch if not lead]
    assert painted == list(range(length))
    assert all(len(batch) <= size and len({lead for *_, lead in batch}) == 1 for batch in whole)


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".mov", ".avi", ".ts", ".nut"])
def test_an_output_says_what_it_was_made_from(ending: str, tmp_path: Path, networks: Networks) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=3, sound=False)
    target = tmp_path / f"o{ending}"
    job = job_for(source, target)
    pipeline.run(job, networks)
    assert fingerprint.of(target) == pipeline.fingerprint_of(job)
    assert fingerprint.of(source) is None
    assert fingerprint.of(tmp_path / "absent.mp4") is None
    other = write_clip(tmp_path / "other.mp4", frames=4, sound=False)
    target.write_bytes(other.read_bytes())
    assert fingerprint.of(target) is None, "another file in its place is none of ours"


def test_the_fingerprint_changes_with_what_shapes_the_output_and_with_nothing_else(
    clip: Path, tmp_path: Path
) -> None:
    job = Job(source=clip, classes=("laptop",))
    same = [
        replace(job, device="cpu"), replace(job, threads=1), replace(job, overwrite=True),
        replace(job, target=tmp_path / "x.mp4"), replace(job, styles=(("starry", 1.0),)),
        replace(job, segmenter="spotter"), replace(job, work_dir=tmp_path),
    ]  # fmt: skip
    others = [
        replace(job, strength=0.5), replace(job, classes=("all",)), replace(job, styles=(("ink", 1.0),)),
        replace(job, encode=EncodeOptions(crf=20)), replace(job, segment=100), replace(job, threshold=0.4),
        replace(job, start=Fraction(1)), replace(job, invert=True), replace(job, mask_out=tmp_path / "m.mkv"),
        replace(job, source=write_clip(tmp_path / "other.mp4", frames=3)),
    ]  # fmt: skip
    ours = pipeline.fingerprint_of(job)
    assert {pipeline.fingerprint_of(each) for each in same} == {ours}
    assert len({pipeline.fingerprint_of(each) for each in [job, *others]}) == len(others) + 1


@settings(max_examples=6, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    order=st.permutations(range(5)),
    left_out=st.sets(st.integers(0, 4), max_size=2),
    part=st.sampled_from([(None, None), (Fraction(1, 5), None), (Fraction(1, 5), Fraction(9, 5))]),
    masks=st.booleans(),
)
def test_segments_painted_alone_in_any_order_join_to_the_same_video(
    tmp_path_factory: pytest.TempPathFactory,
    clip: Path,
    order: list[int],
    left_out: set[int],
    part: tuple[Fraction | None, Fraction | None],
    masks: bool,
) -> None:
    folder = tmp_path_factory.mktemp("alone")
    more = {"start": part[0], "end": part[1], "mask_out": folder / "m.mkv" if masks else None}
    job = job_for(clip, folder / "o.mp4", **more)
    marks = pipeline.cuts(job)
    assert marks is not None
    with pipeline.hold(job) as done:
        assert done == []
        for number in order:
            if number < len(marks) and number not in left_out:
                networks = Networks(Lasting(), Bleach(), device.choose("cpu"))
                pipeline.paint_segment(job, networks, number, marks[number])
    networks = Networks(Lasting(), Bleach(), device.choose("cpu"))
    stop = Stop(1000)
    joined = pipeline.run(job, networks, stop)
    assert stop.kept == min(10 * min({*left_out, len(marks)}), joined.frames)
    masks_too = folder / "w.mkv" if masks else None
    whole = pipeline.run(replace(job, target=folder / "w.mp4", mask_out=masks_too), networks)
    assert packets(folder / "o.mp4") == packets(folder / "w.mp4")
    assert (joined.frames, joined.coverage, joined.curve) == (whole.frames, whole.coverage, whole.curve)
    if masks:
        assert packets(folder / "m.mkv") == packets(folder / "w.mkv")


def test_a_part_from_the_very_start_is_cut_as_the_whole(tmp_path: Path) -> None:
    late = write_clip(tmp_path / "late.mkv", frames=30, pts=range(100, 130), time_base=Fraction(1, 25))
    job = job_for(late, tmp_path / "o.mp4")
    assert pipeline.cuts(replace(job, start=Fraction(0))) == pipeline.cuts(job)


def test_a_segment_that_begins_elsewhere_is_refused_or_painted_again(
    clip: Path, tmp_path: Path, networks: Networks
) -> None:
    job = job_for(clip, tmp_path / "o.mp4")
    marks = pipeline.cuts(job)
    assert marks is not None and marks[2] is not None
    with pipeline.hold(job):
        pipeline.paint_segment(job, networks, 0, marks[0])
        pipeline.paint_segment(job, networks, 1, marks[1])
        shifted = replace(marks[2], times=tuple(time + 1 for time in marks[2].times))
        with pytest.raises(InputError, match="cannot be cut"):
            pipeline.paint_segment(job, networks, 2, shifted)
        late = replace(marks[2], times=(*marks[2].times[1:], marks[2].times[-1] + 512))
        pipeline.paint_segment(job, networks, 2, late)
    stop = Stop(1000)
    pipeline.run(job, networks, stop)
    assert stop.kept == 20
    pipeline.run(replace(job, target=tmp_path / "w.mp4"), networks)
    assert packets(tmp_path / "o.mp4") == packets(tmp_path / "w.mp4")


def test_videos_that_cannot_be_cut_say_so(tmp_path: Path, clip: Path) -> None:
    assert pipeline.cuts(job_for(clip, tmp_path / "o.mp4", segment=50)) is None
    assert pipeline.cuts(job_for(clip, tmp_path / "o.mp4", segment=None)) is None
    raw = tmp_path / "raw.h264"
    with av.open(str(clip)) as source, av.open(str(raw), "w", format="h264") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert pipeline.cuts(job_for(raw, tmp_path / "o.mp4")) is None


def test_a_kill_loses_only_the_segment_it_hits(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=90, size=(320, 240))
    command = [
        sys.executable, "-m", "vidstyle", str(source), "--class", "all", "-q", "--device", "cpu",
        "--segment", "15", "-o", str(tmp_path / "o.mp4"),
    ]  # fmt: skip
    work = tmp_path / ".o.mp4.work"
    process = subprocess.Popen(command, cwd=Path(__file__).parent.parent)
    while process.poll() is None and not (work / "video-000001.json").exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "o.mp4").exists()
    subprocess.run(command, cwd=Path(__file__).parent.parent, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "o.mp4"]
    command[-1] = str(tmp_path / "whole.mp4")
    subprocess.run(command, cwd=Path(__file__).parent.parent, check=True)
    assert packets(tmp_path / "o.mp4") == packets(tmp_path / "whole.mp4")


def test_pictures_differ() -> None:
    assert not np.array_equal(picture(0), picture(1)), "a test clip whose frames are all alike proves nothing"
