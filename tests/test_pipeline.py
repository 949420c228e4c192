"""The way of a frame, end to end, with real codecs: what is painted, what is not, and what a fault leaves."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import planes, sound_digest, times, write_clip
from fakes import Bleach, RedThings

from vidstyle import EncodeOptions, Job, Networks, VidstyleError, device, media, pipeline
from vidstyle.errors import InputError, ModelError, OutputError, UsageError
from vidstyle.flow import Clock
from vidstyle.pipeline import stages, tally, track
from vidstyle.types import Frame


@pytest.fixture
def networks() -> Networks:
    return Networks(RedThings(), Bleach(), device.choose("cpu"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4")


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    gc.collect()
    assert set(threading.enumerate()) <= before


def lossless(source: Path, target: Path, **settings: Any) -> Job:
    encode = EncodeOptions(codec="ffv1")
    return Job(source=source, target=target, classes=("red",), encode=encode, **settings)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le"])
def test_outside_the_mask_every_sample_is_the_sources(
    tmp_path: Path, networks: Networks, pix_fmt: str
) -> None:
    source = write_clip(tmp_path / "in.mkv", codec="ffv1", pix_fmt=pix_fmt, frames=6)
    target, masks = tmp_path / "out.mkv", tmp_path / "masks.mkv"
    result = pipeline.run(lossless(source, target, mask_out=masks), networks)
    assert result.frames == result.frames_with_class == 6
    for before, after, (mask,) in zip(planes(source), planes(target), planes(masks), strict=True):
        assert mask.shape == before[0].shape and 0 < (mask > 0).mean() < 0.5
        for old, new in zip(before, after, strict=True):
            steps = [-(-full // part) for full, part in zip(mask.shape, old.shape, strict=True)]
            pooled = mask.reshape(old.shape[0], steps[0], old.shape[1], steps[1]).max(axis=(1, 3))
            assert np.array_equal(old[pooled == 0], new[pooled == 0])
        assert (after[0][mask == 255] == after[0].max()).all()


def test_every_time_and_all_sound_is_the_sources(tmp_path: Path, networks: Networks) -> None:
    uneven = [0, 3, 4, 9, 15, 16, 30, 31, 32, 50]
    source = write_clip(tmp_path / "in.mp4", pts=uneven, time_base=Fraction(1, 100), frames=10)
    target = tmp_path / "out.mp4"
    pipeline.run(Job(source=source, target=target, classes=("red",)), networks)
    assert times(target) == times(source)
    assert sound_digest(target) == sound_digest(source) != []


def test_a_video_without_the_class_passes_and_says_so(tmp_path: Path, networks: Networks) -> None:
    source = write_clip(tmp_path / "in.mkv", codec="ffv1", square=False)
    result = pipeline.run(lossless(source, tmp_path / "out.mkv"), networks)
    assert result.frames_with_class == 0 and result.coverage == 0
    assert any("no red was found" in note for note in result.notes)
    for before, after in zip(planes(source), planes(tmp_path / "out.mkv"), strict=True):
        assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))


def test_invert_paints_the_rest(tmp_path: Path, networks: Networks) -> None:
    source = write_clip(tmp_path / "in.mkv", codec="ffv1", frames=3)
    results = []
    for invert in (False, True):
        job = lossless(
            source, tmp_path / f"{invert}.mkv", invert=invert, mask_out=tmp_path / f"m{invert}.mkv"
        )
        results.append(pipeline.run(job, networks))
    assert abs(sum(result.coverage for result in results) - 1) < 0.01
    assert [result.frames_with_class for result in results] == [3, 3]
    for (some,), (rest,) in zip(planes(tmp_path / "mFalse.mkv"), planes(tmp_path / "mTrue.mkv"), strict=True):
        assert np.abs(some.astype(int) + rest - 255).max() <= 1


def test_invert_of_nothing_paints_all_and_says_so(tmp_path: Path, networks: Networks) -> None:
    source = write_clip(tmp_path / "in.mkv", codec="ffv1", square=False, frames=3)
    result = pipeline.run(lossless(source, tmp_path / "out.mkv", invert=True), networks)
    assert (result.frames_with_class, result.coverage) == (0, 1)
    assert any("all of it is painted" in note for note in result.notes)


def test_all_paints_whole_frames_and_asks_no_segmenter(tmp_path: Path, clip: Path) -> None:
    job = Job(source=clip, target=tmp_path / "out.mp4", classes=("all",))
    result = pipeline.run(job, Networks(None, Bleach(), device.choose("cpu")))
    assert result.coverage == 1 and result.plan.segmenter is None and "segment" not in result.seconds


def test_part_of_a_video(tmp_path: Path, networks: Networks) -> None:
    source = write_clip(tmp_path / "in.mkv", codec="ffv1", frames=20, sound=False)
    job = lossless(source, tmp_path / "out.mkv", start=Fraction(4, 25), end=Fraction(12, 25))
    assert pipeline.run(job, networks).frames == 8
    outside = np.s_[80:, :]
    for before, after in zip(planes(source)[4:12], planes(tmp_path / "out.mkv"), strict=True):
        assert np.array_equal(before[0][outside], after[0][outside])


@pytest.mark.parametrize(("start", "end"), [("0.1", None), ("0.1", "0.3"), (None, "0.25")])
def test_the_frames_of_a_part_are_foretold(
    start: str | None, end: str | None, clip: Path, networks: Networks
) -> None:
    part = {name: Fraction(text) for name, text in (("start", start), ("end", end)) if text}
    result = pipeline.run(
        Job(source=clip, target=clip.with_name("o.mp4"), classes=("red",), **part), networks
    )
    assert result.plan.frames == result.frames


WRONG = [{"strength": 2.0}, {"feather": -1.0}, {"threshold": 1.5}, {"strength": float("nan")}]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_numbers_out_of_range_are_refused(wrong: dict[str, float], clip: Path, networks: Networks) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        pipeline.run(Job(source=clip, target=clip.with_name("o.mp4"), classes=("red",), **wrong), networks)


def test_few_shapes_reach_the_stylizer(tmp_path: Path, networks: Networks) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=40)
    pipeline.run(Job(source=source, target=tmp_path / "out.mp4", classes=("red",)), networks)
    assert isinstance(networks.stylizer, Bleach)
    assert len(networks.stylizer.shapes) <= 3


def test_the_segmenter_forgets_at_the_start_and_at_a_cut(networks: Networks) -> None:
    assert isinstance(networks.segmenter, RedThings)
    pictures = [np.full((48, 64, 3), value, np.uint8) for value in (10, 10, 240, 240)]
    frames = [Frame(index, index, (), picture) for index, picture in enumerate(pictures)]
    (batch,) = stages.segment([frames], networks.segmenter, Clock())
    assert [masked.cut for masked in batch] == [True, False, True, False]
    assert networks.segmenter.resets == 2


Fault = Callable[[pytest.MonkeyPatch, int, BaseException], None]


def failing_at(position: int, error: BaseException, original: Callable[..., Any]) -> Callable[..., Any]:
    calls = iter(range(10**9))

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if next(calls) == position:
            raise error
        return original(*arguments, **named)

    return wrapped


def in_decode(patch: pytest.MonkeyPatch, position: int, error: BaseException) -> None:
    original = media.Source.frames

    def frames(self: media.Source, size: Any) -> Iterator[Frame]:
        for frame in original(self, size):
            if frame.index == position:
                raise error
            yield frame

    patch.setattr(media.Source, "frames", frames)


def at(owner: Any, name: str) -> Fault:
    def fault(patch: pytest.MonkeyPatch, position: int, error: BaseException) -> None:
        patch.setattr(owner, name, failing_at(position, error, getattr(owner, name)))

    return fault


STAGES: dict[str, Fault] = {
    "decode": in_decode,
    "segment": at(RedThings, "masks"),
    "track": at(track.Steady, "next"),
    "region": at(stages, "region_mask"),
    "crop": at(media, "crop"),
    "stylize": at(Bleach, "paint"),
    "repaint": at(media, "repaint"),
    "encode": at(media.Sink, "write"),
    "mask": at(media.MaskWriter, "write"),
    "watch": at(tally.Tally, "add"),
}
KINDS = [
    RuntimeError("boom"),
    ModelError("boom"),
    InputError("boom"),
    MemoryError("boom"),
    KeyboardInterrupt("boom"),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("position", [0, 1, 7, 11])
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_anywhere_ends_with_itself_and_leaves_nothing(
    stage: str,
    position: int,
    kind: BaseException,
    clip: Path,
    networks: Networks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    STAGES[stage](monkeypatch, position, kind)
    out = clip.parent / "out"
    out.mkdir()
    job = Job(source=clip, target=out / "out.mp4", mask_out=out / "masks.mkv", classes=("red",))
    with pytest.raises(type(kind), match="boom") as caught:
        pipeline.run(job, networks)
    assert caught.value is kind
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("owner", [media.Sink, media.MaskWriter])
def test_a_fault_at_the_end_leaves_neither_output(
    owner: type, clip: Path, networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(owner, "prepare")(monkeypatch, 0, OutputError("boom"))
    out = clip.parent / "out"
    out.mkdir()
    job = Job(source=clip, target=out / "out.mp4", mask_out=out / "masks.mkv", classes=("red",))
    with pytest.raises(OutputError, match="boom"):
        pipeline.run(job, networks)
    assert list(out.iterdir()) == []


def test_an_existing_output_is_kept_unless_asked(clip: Path, networks: Networks) -> None:
    target = clip.with_name("kept.mp4")
    target.write_bytes(b"mine")
    with pytest.raises(VidstyleError, match="overwrite"):
        pipeline.run(Job(source=clip, target=target, classes=("red",)), networks)
    assert target.read_bytes() == b"mine"
    pipeline.run(Job(source=clip, target=target, classes=("red",), overwrite=True), networks)
    assert times(target) == times(clip)


def test_the_input_is_never_the_output(clip: Path, networks: Networks) -> None:
    before = clip.read_bytes()
    with pytest.raises(VidstyleError):
        pipeline.run(Job(source=clip, target=clip, classes=("red",), overwrite=True), networks)
    assert clip.read_bytes() == before


def test_the_watcher_hears_of_every_frame(clip: Path, networks: Networks) -> None:
    heard: list[int] = []

    class Watcher:
        def begin(self, plan: Any) -> None:
            assert (plan.segmenter, plan.stylizer, plan.device) == ("red things", "bleach", "cpu")

        def advance(self, frames: int) -> None:
            heard.append(frames)

    pipeline.run(Job(source=clip, target=clip.with_name("o.mp4"), classes=("red",)), networks, Watcher())
    assert sum(heard) == 12
