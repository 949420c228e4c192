"""A batch: every job has one outcome, one bad file costs one file, and what all share is told once."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import batch_folder
import onnx
import pytest
from batch_folder import Diary
from hypothesis import given
from hypothesis import strategies as st

from vidstyle.errors import ModelError, UsageError
from vidstyle.jobs import one, pool
from vidstyle.jobs.batch import run_batch
from vidstyle.jobs.plan import Planned, plan
from vidstyle.jobs.shares import Share
from vidstyle.jobs.summary import Summary
from vidstyle.types import Outcome


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch_folder.fill(tmp_path_factory.mktemp("batch"))


def with_settings(tasks: Sequence[Planned], **settings: object) -> list[Planned]:
    return [replace(task, job=replace(task.job, **settings)) for task in tasks]  # type: ignore[arg-type]


def test_a_folder_is_mirrored_and_bad_files_cost_themselves(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    batch_folder.put(folder, source, ["a=clip"])
    batch_folder.put(folder, source / "deep" / "er", ["b=clip"])
    batch_folder.put(folder, source / "bad", ["c=broken"])
    words = [str(source), str(source / "missing.mp4")]
    agenda = plan(words, [], batch_folder.template(folder), f"{tmp_path}/out/")
    diary = Diary()
    outcomes = run_batch(agenda, diary, Share(1))
    assert outcomes == diary.outcomes and diary.said[0] == ("planned", "4", "1")
    by_name = {Path(each.source).name: each for each in outcomes}
    assert {name: each.status for name, each in by_name.items()} == {
        "a.mp4": "done", "b.mp4": "done", "c.mp4": "failed", "missing.mp4": "failed",
    }  # fmt: skip
    assert by_name["c.mp4"].exit_code == by_name["missing.mp4"].exit_code == 3
    made = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.*"))
    assert made == [Path("a.mp4"), Path("deep/er/b.mp4")]
    assert set(diary.frames.values()) == {12}


def test_a_job_alone_needs_no_process(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "outcomes", None)
    tasks = batch_folder.planned(folder, tmp_path, ["a=clip"])
    diary = Diary(lambda _: diary.said.append(("processes", str(len(multiprocessing.active_children())))))
    (outcome,) = run_batch(tasks, diary)
    assert outcome.status == "done" and ("processes", "0") in diary.said


def test_the_first_failure_may_stop_the_rest(folder: Path, tmp_path: Path) -> None:
    tasks = batch_folder.planned(folder, tmp_path, ["a=long", "b=broken", "c=long", "d=clip"])
    outcomes = run_batch(tasks, Diary(), Share(2, 1), fail_fast=True)
    assert [(Path(each.source).stem, each.status) for each in outcomes] == [("b", "failed")]
    assert Summary(outcomes, len(tasks)).counts == "0 done, 1 failed, 3 left"
    assert batch_folder.seen(tmp_path / "out") == [] and multiprocessing.active_children() == []


def test_a_failure_that_was_planned_stops_before_anything_runs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "outcomes", None)
    words = [str(folder / "clip.mp4"), str(folder / "missing.mp4"), str(folder / "long.mp4")]
    agenda = plan(words, [], batch_folder.template(folder), f"{tmp_path}/out/")
    (outcome,) = run_batch(agenda, Diary(), fail_fast=True)
    assert outcome.source.endswith("missing.mp4") and not (tmp_path / "out").exists()


def test_settings_that_suit_no_file_are_told_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "outcomes", None)
    tasks = batch_folder.planned(folder, tmp_path, ["a=clip", "b=clip"])
    with pytest.raises(UsageError, match="strength"):
        run_batch(with_settings(tasks, strength=2.0), Diary())
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"empty\.onnx"):
        run_batch(with_settings(tasks[:1], stylizer=str(tmp_path / "empty.onnx")), Diary())


def test_networks_are_kept_until_one_of_their_files_is_another(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "invert.onnx", stylizer := tmp_path / "invert.onnx")
    job, kept = replace(batch_folder.template(folder), stylizer=str(stylizer)), one.Kept()
    first = kept.networks(job)
    assert kept.networks(replace(job, source=folder / "clip.mp4", overwrite=True)) is first
    stylizer.touch()
    assert kept.networks(job) is first
    model = onnx.load(stylizer)
    model.doc_string = "trained for longer"
    onnx.save(model, stylizer)
    assert kept.networks(job) is not first


STATUSES = st.lists(st.sampled_from(["done", "skipped", "failed"]), max_size=30)


@given(statuses=STATUSES, left=st.integers(0, 20))
def test_a_summary_counts_every_job_once(statuses: list[str], left: int) -> None:
    outcomes = [Outcome(f"{i}.mp4", None, status, "it is odd") for i, status in enumerate(statuses)]  # type: ignore[arg-type]
    summary = Summary(outcomes, len(statuses) + left)
    numbers = [int(part.split()[0]) for part in summary.counts.split(", ")]
    assert sum(numbers) == summary.planned and summary.left == left
    assert summary.exit_code == (1 if "failed" in statuses else 0)
