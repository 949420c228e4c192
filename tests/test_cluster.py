"""A batch on a Ray cluster of three nodes, real processes here: as on one machine, whatever dies."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from batch_folder import Diary, fill, planned, wait_for
from clips import write_clip

from vidstyle.cluster import Ask, run_cluster, tasks
from vidstyle.cluster.ask import Fit, fit
from vidstyle.errors import DeviceError, UsageError, VidstyleError
from vidstyle.jobs.batch import run_batch
from vidstyle.jobs.plan import Planned
from vidstyle.types import Job, Outcome

ONE = Ask("auto", cpus=1)


@pytest.mark.parametrize(
    ("ask", "nodes", "device", "found", "slots"),
    [
        (Ask(), [{"CPU": 2}], "auto", Fit(2, 0, "cpu"), 1),
        (Ask(), [{"CPU": 16}, {"CPU": 9}], "auto", Fit(4, 0, "cpu"), 6),
        (Ask(), [{"CPU": 16}, {"CPU": 3}, {"memory": 9}], "auto", Fit(3, 0, "cpu"), 6),
        (Ask(), [{"CPU": 16}, {"CPU": 16, "GPU": 8}], "auto", Fit(2, 1, "cuda"), 8),
        (Ask(), [{"CPU": 64, "GPU": 2}], "cuda:0", Fit(4, 1, "cuda"), 2),
        (Ask(), [{"CPU": 64, "GPU": 2}], "cpu", Fit(4, 0, "cpu"), 16),
        (Ask(gpus=0.5), [{"CPU": 64, "GPU": 2}], "auto", Fit(4, 0.5, "cuda"), 4),
        (Ask(cpus=0.5), [{"CPU": 2}], "auto", Fit(0.5, 0, "cpu"), 4),
        (Ask(cpus=8, workers=3), [{"CPU": 2}], "auto", Fit(8, 0, "cpu"), 0),
    ],
)
def test_what_a_worker_gets(
    ask: Ask, nodes: list[dict[str, float]], device: str, found: Fit, slots: int
) -> None:
    got = fit(ask, nodes, device)
    assert got == found and got.slots(nodes) == slots and got.threads >= 1


def test_what_no_node_has_is_said() -> None:
    with pytest.raises(UsageError, match=r"has 8 CPUs for a worker; ask for less"):
        fit(Ask(cpus=8), [{"CPU": 4}], "auto")
    with pytest.raises(UsageError, match=r"has 4 CPUs and 2 GPUs"):
        fit(Ask(gpus=2), [{"CPU": 4, "GPU": 1}], "auto")
    with pytest.raises(DeviceError, match="no node of the cluster has a GPU"):
        fit(Ask(), [{"CPU": 4}], "cuda")
    with pytest.raises(UsageError, match="--device cuda with --cluster-gpus 0"):
        fit(Ask(gpus=0), [{"CPU": 4, "GPU": 1}], "cuda")


# What follows needs Ray.


@pytest.mark.parametrize(("code", "gone"), [(5, True), (3, False)])
def test_a_worker_whose_gpu_failed_is_let_go(folder: Path, tmp_path: Path, code: int, gone: bool) -> None:
    pytest.importorskip("ray", reason="the extra 'dev-cluster' is not installed")
    from vidstyle.cluster import drive

    (job,) = planned(folder, tmp_path, ["a=clip"])
    crew, hand = Mock(), Mock(task=tasks.Whole(job))
    crew.slots.return_value = 1
    crew.hear.return_value = Outcome(job.source, None, "failed", "it failed", code)
    batch = drive._Batch({job.source: job}, [job], Diary(), crew)
    (ended,) = batch._heard(hand)
    assert ended.exit_code == code
    assert crew.dismiss.called == gone


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Three nodes of one CPU each; the first has none, and is where this process belongs to."""
    ray = pytest.importorskip("ray", reason="the extra 'dev-cluster' is not installed")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    small = {"object_store_memory": 80 << 20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **small})
    for _ in range(2):
        made.add_node(num_cpus=1, object_store_memory=80 << 20)
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = fill(tmp_path_factory.mktemp("cluster"))
    write_clip(made / "film.mp4", frames=300, sound=False)
    return made


def local(jobs: list[Planned]) -> dict[str, Path]:
    """The same jobs on this machine: the target of each, by its source."""
    here = [replace(each, job=_beside(each.job)) for each in jobs if each.failure is None]
    return {each.source: Path(str(each.target)) for each in run_batch(here, Diary())}


def _beside(job: Job) -> Job:
    folder = Path(str(job.target)).parent.parent / "local"
    folder.mkdir(exist_ok=True)
    return replace(job, target=folder / Path(str(job.target)).name, threads=1)


def same(outcome: Outcome, targets: dict[str, Path]) -> bool:
    return Path(str(outcome.target)).read_bytes() == targets[outcome.source].read_bytes()


def hidden(folder: Path) -> list[Path]:
    return list(folder.rglob(".*"))


def unfinished(folder: Path) -> list[Path]:
    """Hidden files that are no kept segments."""
    return [path for path in hidden(folder) if path.suffix != ".work"]


def in_segments(jobs: list[Planned]) -> list[Planned]:
    return [replace(each, job=replace(each.job, segment=50)) for each in jobs]


def painters() -> list[int]:
    """Processes of this cluster's workers."""
    proc = Path("/proc").glob("[0-9]*")
    paths = [path for path in proc if _read(path / "cmdline").startswith(b"ray::Painter")]
    return [int(path.name) for path in paths if os.getpid() in _ancestors(int(path.name))]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _ancestors(number: int) -> Iterator[int]:
    while number > 1:
        yield number
        number = int((_read(Path(f"/proc/{number}/stat")).rpartition(b")")[2].split()[1:2] or [b"0"])[0])


@pytest.mark.usefixtures("cluster")
def test_a_folder_as_on_one_machine(folder: Path, tmp_path: Path) -> None:
    jobs = planned(folder, tmp_path, ["a=clip", "b=clip", "c=broken", "d=clip"])
    diary = Diary()
    ended = {Path(each.source).stem: each for each in run_cluster(jobs, diary, ONE)}
    assert {name: each.status for name, each in ended.items()} == {
        "a": "done", "b": "done", "c": "failed", "d": "done",
    }  # fmt: skip
    assert ended["c"].exit_code == 3 and "c.mp4 is not a video" in ended["c"].reason
    assert diary.said[0] == ("planned", "4", "3") and set(diary.frames.values()) == {12}
    targets = local(jobs)
    assert all(same(each, targets) for each in ended.values() if each.status == "done")
    assert not hidden(tmp_path)


def kill(names: set[str], numbers: Callable[[], list[int]], times: int = 1) -> Callable[[str], None]:
    """A reaction to a job's first frame: kills what works, so many times."""
    left = [times]

    def react(name: str) -> None:
        if name in names and left[0]:
            left[0] -= 1
            for number in numbers():
                os.kill(number, signal.SIGKILL)

    return react


@pytest.mark.usefixtures("cluster")
def test_dead_workers_are_replaced_and_their_tasks_done(folder: Path, tmp_path: Path) -> None:
    jobs = in_segments(planned(folder, tmp_path, ["film=film", "a=clip"]))
    diary = Diary(kill({"film"}, painters))
    ended = run_cluster(jobs, diary, ONE)
    assert {each.status for each in ended} == {"done"}, ended
    assert diary.said.count(("began", "film")) == 1 and sum(diary.frames.values()) == 312
    targets = local(jobs)
    assert all(same(each, targets) for each in ended)
    assert not hidden(tmp_path)


@pytest.mark.usefixtures("cluster")
def test_a_file_that_kills_every_worker_is_given_up(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.cluster.drive.TRIES", 2)
    jobs = planned(folder, tmp_path, ["film=film", "a=clip"])

    class Fatal(Diary):
        def advanced(self, source: str, frames: int) -> None:
            super().advanced(source, frames)
            if "film" in source:
                kill({"film"}, painters)("film")

    ended = {Path(each.source).stem: each for each in run_cluster(jobs, Fatal(), ONE)}
    assert ended["a"].status == "done" and not unfinished(tmp_path)
    assert ended["film"].status == "failed" and ended["film"].exit_code == 137
    assert "2 workers of the cluster died on it" in ended["film"].reason
    assert not (tmp_path / "out" / "film.mp4").exists()


def test_a_lost_node_costs_nothing_but_time(folder: Path, tmp_path: Path, cluster: Any) -> None:
    jobs = planned(folder, tmp_path, ["x=film", "y=film", "z=film"])
    lost: list[str] = []

    def lose(name: str) -> None:
        if not lost:
            wait_for(lambda: len(painters()) == 3)
            lost.append(name)
            cluster.remove_node(list(cluster.worker_nodes)[-1], allow_graceful=False)

    class Losing(Diary):
        def advanced(self, source: str, frames: int) -> None:
            super().advanced(source, frames)
            lose(source)

    try:
        ended = run_cluster(jobs, Losing(), ONE)
    finally:
        cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    assert lost and {each.status for each in ended} == {"done"}, ended
    targets = local(jobs)
    assert all(same(each, targets) for each in ended)
    assert not hidden(tmp_path)


@pytest.mark.usefixtures("cluster")
def test_stopped_by_the_first_failure_or_a_signal_nothing_is_left(folder: Path, tmp_path: Path) -> None:
    jobs = planned(folder, tmp_path, ["film=film", "a=broken"])
    ended = run_cluster(jobs, Diary(), ONE, fail_fast=True)
    assert [each.status for each in ended] == ["failed"]
    wait_for(lambda: not painters())
    assert not unfinished(tmp_path)

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cluster(jobs[:1], Diary(interrupt), ONE)
    wait_for(lambda: not painters())
    assert not unfinished(tmp_path)
    assert not list((tmp_path / "out").glob("[!.]*"))


@pytest.mark.usefixtures("cluster")
def test_nodes_that_see_other_files_are_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = planned(folder, tmp_path, ["a=clip"])
    elsewhere = [tasks.Witness(tmp_path / "only-here", 5)]
    monkeypatch.setattr("vidstyle.cluster.drive.witnesses", lambda _: contextlib.nullcontext(elsewhere))
    with pytest.raises(UsageError, match=r"does not see .*only-here as it is here: the nodes .* must share"):
        run_cluster(jobs, Diary(), ONE)
    wait_for(lambda: not painters())


@pytest.mark.usefixtures("cluster")
def test_networks_that_no_worker_can_load_end_it(folder: Path, tmp_path: Path) -> None:
    (job,) = planned(folder, tmp_path, ["a=clip"])
    wrong = replace(job, job=replace(job.job, segmenter="nothing-of-this-name"))
    with pytest.raises(VidstyleError, match="nothing-of-this-name"):
        run_cluster([wrong], Diary(), ONE)


@pytest.mark.usefixtures("cluster")
def test_a_long_file_is_painted_by_all_and_gone_on_with(folder: Path, tmp_path: Path) -> None:
    jobs = in_segments(planned(folder, tmp_path, ["film=film"]))

    class Late(Diary):
        def advanced(self, source: str, frames: int) -> None:
            super().advanced(source, frames)
            if self.frames[source] > 200:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_cluster(jobs, Late(), ONE)
    wait_for(lambda: not painters())
    kept = len(list((tmp_path / "out" / ".film.mp4.work").glob("video-*.json")))
    assert kept and not (tmp_path / "out" / "film.mp4").exists()
    diary = Diary()
    (ended,) = run_cluster(jobs, diary, ONE)
    assert ended.result is not None and ended.result.frames == 300
    assert diary.frames.get(ended.source, 0) == 300 - 50 * kept
    targets = local(jobs)
    assert same(ended, targets) and not hidden(tmp_path)
    (again,) = run_cluster(jobs, Diary(), ONE)
    assert again.status == "skipped"
