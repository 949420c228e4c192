"""Run again: what is done is skipped, what changed is made anew, what is not ours is left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clips import times, write_clip
from fakes import Bleach, RedThings

from vidstyle import Job, Networks, device, pipeline
from vidstyle.errors import OutputError
from vidstyle.jobs import one
from vidstyle.jobs.plan import Planned


class Loaded(one.Kept):
    """Networks that are there already."""

    def networks(self, job: Job) -> Networks:  # noqa: ARG002
        return Networks(RedThings(), Bleach(), device.choose("cpu"))


class Deaf:
    def begin(self, plan: Any) -> None: ...
    def advance(self, frames: int) -> None: ...


def do(job: Job) -> Any:
    outcome = one.do(Planned(str(job.source), job), Loaded(), Deaf())
    return outcome.status, outcome.reason


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", frames=6)


@pytest.fixture(params=["o.mp4", "o.*", "o.avi", "o.* ts"])
def job(request: pytest.FixtureRequest, clip: Path, tmp_path: Path) -> Job:
    (tmp_path / "out").mkdir()
    name, *container = request.param.split()
    chosen = container[0] if container else None
    return Job(source=clip, target=tmp_path / "out" / name, classes=("red",), container=chosen)


def test_what_is_done_is_skipped_and_not_touched(job: Job, tmp_path: Path) -> None:
    assert do(job) == ("done", "")
    there = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert do(job)[0] == "skipped"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == there
    assert do(replace(job, overwrite=True)) == ("done", "")


def test_a_changed_input_and_other_settings_are_done_anew(job: Job, clip: Path) -> None:
    assert do(job)[0] == "done"
    assert do(replace(job, feather=7.0))[0] == "done"
    assert do(replace(job, feather=7.0))[0] == "skipped"
    write_clip(clip, frames=9)
    assert do(replace(job, feather=7.0))[0] == "done"
    assert do(replace(job, feather=7.0))[0] == "skipped"


def test_what_was_painted_in_real_time_lacks_frames_and_is_done_anew(clip: Path, tmp_path: Path) -> None:
    job = Job(source=clip, target=tmp_path / "o.mp4", classes=("red",))
    for segment in (250, None):
        live = replace(job, segment=segment, realtime=True)
        assert do(live)[0] == "done"
        assert do(live)[0] == "skipped"
        assert do(replace(live, realtime=False))[0] == "done"


def test_a_copied_or_touched_input_is_the_same_input(job: Job, clip: Path, tmp_path: Path) -> None:
    assert do(job)[0] == "done"
    clip.touch()
    assert do(job)[0] == "skipped"
    moved = clip.rename(tmp_path / "moved.mp4")
    assert do(replace(job, source=moved))[0] == "skipped"


def test_the_output_of_another_input_is_left_alone(clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "o.mp4"
    assert do(Job(source=clip, target=target, classes=("red",)))[0] == "done"
    before = target.read_bytes()
    other = write_clip(tmp_path / "other.mp4", frames=9)
    status, reason = do(Job(source=other, target=target, classes=("red",)))
    assert status == "failed" and "exists" in reason
    assert target.read_bytes() == before


def test_a_file_that_is_none_of_ours_is_left_alone(clip: Path, tmp_path: Path) -> None:
    target = write_clip(tmp_path / "o.mp4", frames=3)
    status, reason = do(Job(source=clip, target=target, classes=("red",)))
    assert status == "failed" and "exists" in reason
    assert len(times(target)) == 3
    with pytest.raises(OutputError, match="exists"):
        pipeline.run(Job(source=clip, target=target, classes=("red",)), Loaded().networks(Job(clip)))


def test_masks_that_are_gone_are_made_anew(clip: Path, tmp_path: Path) -> None:
    job = Job(source=clip, target=tmp_path / "o.mp4", mask_out=tmp_path / "m.mkv", classes=("red",))
    assert do(job)[0] == "done"
    assert do(job)[0] == "skipped"
    (tmp_path / "m.mkv").unlink()
    assert do(job)[0] == "done"
    assert (tmp_path / "m.mkv").exists()


@pytest.mark.parametrize("name", ["m.mkv", "m.mp4", "m.avi"])
def test_masks_take_no_file_s_place_but_their_own(clip: Path, tmp_path: Path, name: str) -> None:
    job = Job(source=clip, target=tmp_path / "o.mp4", mask_out=tmp_path / name, classes=("red",))
    assert do(replace(job, mask_out=None))[0] == "done"
    precious = write_clip(tmp_path / name, frames=3).read_bytes()
    status, reason = do(job)
    assert status == "failed" and f"{name} exists; --overwrite" in reason
    assert (tmp_path / name).read_bytes() == precious
    (tmp_path / name).unlink()
    assert do(job)[0] == "done"
    assert do(job)[0] == "skipped"
    assert do(replace(job, feather=7.0))[0] == "done"
    status, reason = do(replace(job, feather=7.0, mask_out=clip))
    assert status == "failed" and "is the input itself" in reason


def test_a_name_that_is_too_long_is_one_line(clip: Path, tmp_path: Path) -> None:
    status, reason = do(Job(source=clip, target=tmp_path / f"{'x' * 300}.mp4", classes=("red",)))
    assert status == "failed" and "too long" in reason and "bug" not in reason
    status, reason = do(
        Job(source=tmp_path / f"{'x' * 300}.mp4", target=tmp_path / "o.mp4", classes=("red",))
    )
    assert status == "failed" and "too long" in reason and "bug" not in reason


def test_what_a_kill_at_the_very_end_left_is_cleared_away(clip: Path, tmp_path: Path) -> None:
    job = Job(
        source=clip, target=tmp_path / "o.mp4", mask_out=tmp_path / "m.mkv", classes=("red",), segment=2
    )
    assert do(job)[0] == "done"
    left = tmp_path / ".o.mp4.work"
    left.mkdir()
    (left / "video-000000.packets").touch()
    assert do(job)[0] == "skipped"
    assert not left.exists()
    (tmp_path / "m.mkv").unlink()  # killed between the two names
    assert do(job)[0] == "done"
    assert (tmp_path / "m.mkv").exists() and not left.exists()
