"""The plan of a batch: one job for each video, its ending, shares of it, and what a dry run says."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from clips import write_clip
from hypothesis import given, settings
from hypothesis import strategies as st
from media_fixtures import shared

from vidstyle import media
from vidstyle.errors import InputError, UsageError
from vidstyle.jobs.foretold import foretold, lines
from vidstyle.jobs.plan import Agenda, Planned, parse_shard, plan, settled, sharded
from vidstyle.media.kinds import ending_for
from vidstyle.types import Job

TEMPLATE = Job(source=Path(), classes=("cup",), strength=0.5)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"\0")


def test_jobs_are_the_template_with_places_of_their_own() -> None:
    touch("f/a.mp4", "f/b/c.mov")
    planned = plan(["f"], [], TEMPLATE, "out/", Path("masks"))
    assert [each.source for each in planned] == [str(Path("f/a.mp4")), str(Path("f/b/c.mov"))]
    job = planned[1].job
    assert (job.source, job.target, job.mask_out) == (
        Path("f/b/c.mov"),
        Path("out/b/c.*"),
        Path("masks/b/c.mask.mkv"),
    )
    assert (job.classes, job.strength) == (("cup",), 0.5)
    assert not Path("out").exists() and not Path("masks").exists()


def test_the_folders_of_outputs_are_left_out() -> None:
    touch("f/a.mp4", "f/out/b.mp4", "f/masks/c.mkv", "f/work/d.mkv")
    template = replace(TEMPLATE, work_dir=Path("f/work"))
    assert len(plan(["f"], [], template, Path("f/out"), Path("f/masks"))) == 1


@pytest.mark.parametrize("output", ["o.mkv", "o.MKV", "s3://bucket/o.mkv?x=1"])
def test_a_container_and_an_ending_that_differ_are_refused(output: str) -> None:
    touch("a.mp4", "b.mp4")
    with pytest.raises(UsageError, match=r"(?i)o\.mkv.* does not end like --format mp4"):
        plan(["a.mp4"], [], replace(TEMPLATE, container="mp4"), output)
    for same in ("mkv", "matroska"):
        assert len(plan(["a.mp4"], [], replace(TEMPLATE, container=same), output)) == 1
    for place in ("o.bin", "-", "o.mkv/"):
        assert len(plan(["a.mp4"], [], replace(TEMPLATE, container="mp4"), place)) == 1
    assert len(plan(["a.mp4", "b.mp4"], [], replace(TEMPLATE, container="mp4"))) == 2


def test_a_plan_of_nothing_says_why() -> None:
    touch("f/.hidden.mp4")
    Path("f/notes.txt").write_text("text")
    with pytest.raises(InputError, match=r"there is no video in f \(1 of another kind\)"):
        plan(["f"], [], TEMPLATE)
    Path("list").write_text("# nothing\n")
    with pytest.raises(InputError, match="the list names nothing"):
        plan([], ["list"], TEMPLATE)


def test_an_ending_is_chosen_by_what_the_input_holds() -> None:
    write_clip(Path("a.mp4"), frames=2)
    write_clip(Path("b.avi"), frames=2, sound=False)
    write_clip(Path("c.webm"), frames=2, codec="libvpx", sound=False)
    write_clip(Path("d.mkv"), frames=2, codec="ffv1", pix_fmt="yuv444p16le")
    for each in plan(["."], [], TEMPLATE, "out/"):
        job = settled(each.job)
        assert isinstance(job.target, Path)
        assert job.target.stem == Path(each.source).stem
        with media.Source(Path(each.source)) as opened:
            assert job.target.suffix == media.choose_container(opened)
        assert settled(job) == job


def test_an_input_that_cannot_be_opened_has_no_ending() -> None:
    touch("e.mov")
    for name in ("e.mov", "gone.webm"):
        with pytest.raises(InputError, match=name):
            ending_for(Path(name))


def test_video_with_alpha_goes_where_alpha_can_be_held() -> None:
    Path("x.dat").write_bytes(shared("odd/alpha-transparent.webm").read_bytes())
    with media.Source(Path("x.dat")) as opened:
        assert ending_for(Path("x.dat")) == media.choose_container(opened) == ".mkv"


def test_an_ending_follows_a_container_that_was_named() -> None:
    def ending(source: Path | str, container: str | None) -> str:
        return Path(str(settled(Job(source, Path("x.*"), container=container)).target)).suffix

    assert ending(Path("gone.mp4"), "matroska") == ".mkv"
    assert ending(Path("gone.mp4"), "y4m") == ".y4m" and ending(Path("gone.mp4"), "MOV") == ".mov"
    with pytest.raises(UsageError, match="no container is called 'mp5'"):
        ending(Path("gone.mp4"), "mp5")
    assert ending("rtsp://camera/1.2", None) == ".mkv"
    assert ending("https://host/a.webm?x=1", None) == ".webm"
    assert ending("/dev/video0", "mp4") == ".mp4"
    assert settled(Job("-", "-")).target == "-"
    assert settled(Job("s3://b/a.mp4", "s3://c/a.*")).target == "s3://c/a.mp4"


def said(agenda: Agenda) -> list[str]:
    return list(lines(agenda, [foretold(each) for each in agenda]))


def test_a_dry_run_says_one_line_for_each() -> None:
    write_clip(Path("a.mp4"), frames=2)
    touch("f/b.mkv")
    write_clip(Path("f/c.mkv"), frames=2)
    Path("f/n.txt").write_text("text")
    planned = plan(["a.mp4", "gone.mp4", "f"], [], TEMPLATE, "out/")
    assert said(planned) == [
        f"a.mp4 -> {Path('out/a.mp4')}",
        "cannot: gone.mp4 does not exist",
        f"cannot: {Path('f/b.mkv')} is not a video that can be read "
        "(Invalid data found when processing input)",
        f"{Path('f/c.mkv')} -> {Path('out/c.mkv')}",
        "left out: 1 of another kind",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="file systems that take any bytes")
def test_a_line_is_a_line_whatever_the_name() -> None:
    write_clip(Path("a.mp4"), frames=2).rename(os.fsdecode(b"caf\xe9\nb.mp4"))
    assert said(plan(["."], [], TEMPLATE)) == [r"caf\udce9\nb.mp4 -> caf\udce9\nb.vidstyle.mp4"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1/0", "1", "a/b", "1/3/5", "-1/3", "", "٣/٤"])
def test_shares_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="is no share; write i/n"):
        parse_shard(text)


def sized(sizes: list[int]) -> list[Planned]:
    return [Planned(f"{index}.mp4", Job(Path(f"{index}.mp4")), size=size) for index, size in enumerate(sizes)]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(1, 9))
def test_shares_are_everything_once(sizes: list[int], parts: int) -> None:
    jobs = sized(sizes)
    shares = [sharded(jobs, part, parts) for part in range(1, parts + 1)]
    assert sorted(each.source for one in shares for each in one) == sorted(each.source for each in jobs)
    assert all(
        [jobs.index(each) for each in one] == sorted(jobs.index(each) for each in one) for one in shares
    )


@settings(max_examples=60)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40), st.integers(1, 9))
def test_shares_are_even(sizes: list[int], parts: int) -> None:
    """Greedy, longest first: no share is longer than another by more than one job of its own."""
    loads = [[each.size for each in sharded(sized(sizes), part, parts)] for part in range(1, parts + 1)]
    least = min(map(sum, loads))
    assert all(sum(load) - min(load) <= least for load in loads if load)


def test_names_do_not_hang_on_the_share() -> None:
    touch(*(f"f/{folder}/a{ending}" for folder in "xyz" for ending in (".mp4", ".mov", ".avi")))
    whole = {each.source: each.job for each in plan(["f"], [], TEMPLATE, "out/")}
    parts = [plan(["f"], [], TEMPLATE, "out/", shard=parse_shard(f"{i}/4")) for i in (1, 2, 3, 4)]
    assert {each.source: each.job for part in parts for each in part} == whole
    assert sum(map(len, parts)) == len(whole) == 9
