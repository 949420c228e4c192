"""Worker processes: what they tell, what becomes of a file whose worker dies, who outlives whom."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import batch_folder
import pytest
from batch_folder import Diary
from clips import times

from vidstyle import pipeline
from vidstyle.errors import ModelError
from vidstyle.jobs import one, pool, shares, worker
from vidstyle.jobs.batch import run_batch
from vidstyle.jobs.shares import Share


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch_folder.fill(tmp_path_factory.mktemp("pool"))


def served(tasks: list[object]) -> list[worker.Message]:
    """What a worker says to these tasks, run in this process."""
    ours, theirs = multiprocessing.Pipe()
    for task in tasks:
        ours.send(task)
    ours.send(None)
    with pytest.raises(AttributeError):  # None is no task: the tests' way to end it
        worker.serve(theirs)
    theirs.close()
    messages = []
    with pytest.raises(EOFError):
        while True:
            messages.append(ours.recv())
    return messages


def test_a_worker_tells_how_each_job_goes_on(folder: Path, tmp_path: Path) -> None:
    told = served(batch_folder.planned(folder, tmp_path, ["a=clip", "b=broken"]))
    assert [type(each).__name__ for each in told] == ["Began", *["Advanced"] * 12, "Ended", "Ended"]
    good, bad = (each.outcome for each in told if isinstance(each, worker.Ended))
    assert good.status == "done" and good.result is not None and good.result.frames == 12
    assert times(Path(str(good.target))) == times(tmp_path / "a.mp4")
    assert (bad.status, bad.exit_code) == ("failed", 3) and "b.mp4" in bad.reason and "\n" not in bad.reason


def test_networks_are_loaded_once_for_the_same_settings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load = pipeline.load
    monkeypatch.setattr(pipeline, "load", lambda job: loaded.append(job.classes) or load(job))
    tasks = batch_folder.planned(folder, tmp_path, ["a=clip", "b=clip", "c=broken", "d=clip", "e=clip"])
    cup = [replace(task, job=replace(task.job, classes=("cup",))) for task in tasks[4:]]
    told = served([*tasks[:4], *cup])
    assert loaded == [("laptop",), ("cup",)]
    assert sum(isinstance(each, worker.Ended) for each in told) == 5


def test_a_bug_is_an_outcome_with_its_trace(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task,) = batch_folder.planned(folder, tmp_path, ["a=clip"])
    monkeypatch.setattr(pipeline, "run", lambda *_: 1 / 0)
    outcome = one.do(task, one.Kept(), Diary())  # type: ignore[arg-type]
    assert (outcome.status, outcome.exit_code) == ("failed", 70)
    assert "ZeroDivisionError" in outcome.reason and "Traceback" in outcome.trace


def test_a_killed_worker_costs_its_file_only(folder: Path, tmp_path: Path) -> None:
    def kill(name: str) -> None:
        if name == "b":
            (process,) = multiprocessing.active_children()
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)

    tasks = batch_folder.planned(folder, tmp_path, ["a=clip", "b=long", "c=clip"])
    diary = Diary(kill)
    outcomes = list(pool.outcomes(tasks, Share(1), diary))
    assert [each.status for each in outcomes] == ["done", "failed", "done"]
    assert outcomes[1].exit_code == 137 and "killed by signal 9" in outcomes[1].reason
    assert batch_folder.seen(tmp_path / "out") == ["a.mp4", "c.mp4"]
    assert multiprocessing.active_children() == []


def test_two_run_side_by_side_and_closing_stops_them(folder: Path, tmp_path: Path) -> None:
    tasks = batch_folder.planned(folder, tmp_path, ["a=clip", "b=long", "c=long", "d=clip"])
    diary = Diary()
    with closing(pool.outcomes(tasks, Share(2, 1), diary)) as coming:
        assert Path(next(coming).source).stem == "a"
        batch_folder.wait_for(lambda: len(multiprocessing.active_children()) == 2)
        began = time.monotonic()
    assert time.monotonic() - began < pool.PATIENCE
    assert multiprocessing.active_children() == []
    assert batch_folder.seen(tmp_path / "out") == ["a.mp4"]
    assert not list((tmp_path / "out").glob(".*.part-*")), "stopped workers remove what is unfinished"


def test_networks_that_cannot_be_loaded_end_it(folder: Path, tmp_path: Path) -> None:
    tasks = batch_folder.planned(folder, tmp_path, ["a=clip", "b=clip"])
    empty = tmp_path / "empty.onnx"
    empty.write_bytes(b"")
    wrong = [replace(task, job=replace(task.job, segmenter=str(empty))) for task in tasks]
    with pytest.raises(ModelError, match=r"empty\.onnx"):
        list(pool.outcomes(wrong, Share(1), Diary()))
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_worker_outlives_its_parent(folder: Path, tmp_path: Path) -> None:
    batch_folder.put(folder, tmp_path / "in", ["a=long", "b=long"])
    arguments = [str(tmp_path / "in"), "-o", f"{tmp_path}/out/", "--jobs", "2", "-e", "preset=veryslow"]
    process = batch_folder.start([*arguments, *batch_folder.cli_folder.flags(folder)])
    try:
        batch_folder.wait_for(lambda: len(list((tmp_path / "out").glob(".*"))) >= 2)
        assert len(batch_folder.members(process.pid)) >= 3
        process.kill()
        batch_folder.wait_for(lambda: not batch_folder.members(process.pid), 10)
        assert batch_folder.seen(tmp_path / "out") == []
    finally:
        batch_folder.end(process)


@pytest.mark.parametrize(
    ("code", "word", "exit_code"), [(-11, "signal 11 (SIGSEGV)", 139), (3, "code 3", 70)]
)
def test_how_a_process_died_is_said(code: int, word: str, exit_code: int) -> None:
    reason, given = pool.died(code)
    assert word in reason and given == exit_code


@pytest.mark.parametrize(
    ("wanted", "jobs", "cores", "expected"),
    [
        (None, 9, 2, Share(1)),
        (None, 9, 4, Share(1)),
        (None, 9, 16, Share(4, 4)),
        (None, 2, 16, Share(2, 8)),
        (None, 0, 16, Share(1)),
        (3, 9, 2, Share(3, 1)),
        (8, 9, 16, Share(8, 2)),
        (8, 1, 16, Share(1)),
    ],
)
def test_the_cores_are_shared(
    wanted: int | None, jobs: int, cores: int, expected: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.device.cores", lambda: cores)
    assert shares.share(wanted, jobs, "cpu") == expected


@pytest.mark.parametrize(
    ("wanted", "place", "expected"),
    [
        (None, "auto", Share(2, 8, ("auto:0", "auto:1"))),
        (None, "cuda", Share(2, 8, ("cuda:0", "cuda:1"))),
        (None, "cuda:1", Share(1)),
        (4, "cuda", Share(4, 4, ("cuda:0", "cuda:1"))),
        (2, "cuda:1", Share(2, 8)),
    ],
)
def test_a_gpu_works_on_one_job(
    wanted: int | None, place: str, expected: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.device.cores", lambda: 16)
    monkeypatch.setattr("vidstyle.device.gpus", lambda: 2)
    assert shares.share(wanted, 9, place) == expected


@pytest.mark.timeout(60)
def test_a_batch_that_is_done_ends_at_once(folder: Path, tmp_path: Path) -> None:
    jobs = batch_folder.planned(folder, tmp_path, ["a=clip", "b=clip"])
    assert [each.status for each in run_batch(jobs, Diary())] == ["done", "done"]
    assert [each.status for each in run_batch(jobs, Diary())] == ["skipped", "skipped"]
