"""Many files from the command line: exit codes, one summary, signals, and a plan that touches nothing."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import batch_folder
import pytest
from clips import times

from vidstyle import cli, pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch_folder.fill(tmp_path_factory.mktemp("cli"))


def test_seventeen_of_twenty(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {3, 11, 19}
    names = [f"{number:02}={'broken' if number in broken else 'clip'}" for number in range(20)]
    batch_folder.put(folder, tmp_path / "in", names)
    command = [str(tmp_path / "in"), "-o", f"{tmp_path}/out", "--jobs", "2", "--json", *words]
    assert cli.code(command) == 1
    out, err = capsys.readouterr()
    made = batch_folder.seen(tmp_path / "out")
    assert made == [f"{number:02}.mp4" for number in range(20) if number not in broken]
    assert times(tmp_path / "out" / "00.mp4") == times(folder / "clip.mp4")
    report = json.loads(out)
    counts = {"version": 1, "done": 17, "skipped": 0, "failed": 3, "left": 0}
    assert {key: report[key] for key in counts} == counts and len(report["jobs"]) == 20
    *_, first, second, third, summary = err.splitlines()
    assert summary == "17 done, 3 failed"
    for name, line in zip(("03.mp4", "11.mp4", "19.mp4"), sorted((first, second, third)), strict=True):
        assert line.startswith("failed: ") and name in line and "not a video" in line
    assert "Traceback" not in err


def test_quiet_says_what_failed_and_nothing_else(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_folder.put(folder, tmp_path / "in", ["a=clip", "b=broken"])
    assert cli.code([str(tmp_path / "in"), "-o", f"{tmp_path}/out/", "-q", *words]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "b.mp4" in err
    assert batch_folder.seen(tmp_path / "out") == ["a.mp4"]


def test_folders_are_made_for_names_that_were_chosen_and_for_no_broken_file(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_folder.put(folder, tmp_path / "in" / "deep", ["a=broken"])
    batch_folder.put(folder, tmp_path / "in", ["b=clip"])
    assert cli.code([f"{tmp_path}/in", "-o", f"{tmp_path}/out/", *words]) == 1
    assert batch_folder.seen(tmp_path / "out") == ["b.mp4"]
    source, masks = f"{tmp_path}/in/b.mp4", tmp_path / "new" / "masks"
    one = [source, "-o", f"{tmp_path}/o.mp4", "--mask-out", f"{masks}/", *words]
    assert cli.code(one) == 0 and batch_folder.seen(masks) == ["b.mask.mkv"]
    assert cli.code([source, "-o", f"{tmp_path}/none/o.mp4", *words]) == 6
    assert "none does not exist" in capsys.readouterr().err


def test_all_done_is_0(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_folder.put(folder, tmp_path, ["a=clip"])
    assert cli.code([str(tmp_path), *words]) == 0
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines()[-1] == "1 done"
    assert batch_folder.seen(tmp_path) == ["a.mp4", "a.vidstyle.mp4"]


def test_fail_fast_is_1_and_counts_the_rest(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_folder.put(folder, tmp_path / "in", ["a=broken", "b=long", "c=clip"])
    command = [str(tmp_path / "in"), "-o", f"{tmp_path}/out/", "--fail-fast", "--json", "--jobs", "1", *words]
    assert cli.code(command) == 1
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert (report["failed"], report["left"]) == (1, 2)
    assert "0 done, 1 failed, 2 left" in err and batch_folder.seen(tmp_path / "out") == []


def test_networks_that_cannot_be_loaded_are_one_line_and_their_code(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_folder.put(folder, tmp_path / "in", ["a=clip", "b=clip"])
    command = [str(tmp_path / "in"), "-o", f"{tmp_path}/out/", *words, "--class", "labtop"]
    assert cli.code(command) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("vidstyle: ") and "did you mean 'laptop'" in last
    assert batch_folder.seen(tmp_path / "out") == []


def test_a_dry_run_loads_and_writes_nothing(
    folder: Path,
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "run", None)
    monkeypatch.setattr(pipeline, "load", None)
    batch_folder.put(folder, tmp_path / "in" / "deep", ["a=clip"])
    batch_folder.put(folder, tmp_path / "in", ["b=clip"])
    assert cli.code([str(tmp_path / "in"), "-o", f"{tmp_path}/out/", "--dry-run", *words]) == 0
    out, err = capsys.readouterr()
    assert err == "" and not (tmp_path / "out").exists()
    assert sorted(out.splitlines()) == [
        f"{tmp_path}/in/b.mp4 -> {tmp_path}/out/b.mp4",
        f"{tmp_path}/in/deep/a.mp4 -> {tmp_path}/out/deep/a.mp4",
    ]


def test_a_dry_run_says_what_the_run_would(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, out = batch_folder.put(folder, tmp_path / "in", ["a=clip", "b=clip", "c=clip"]), tmp_path / "out"
    assert cli.code([f"{place}/a.mp4", "-o", f"{out}/", *words]) == 0
    (out / "b.mp4").write_text("not ours")
    (left := out / ".a.mp4.work").mkdir()
    capsys.readouterr()
    command = [str(place), "-o", f"{out}/", "-n", *words]
    assert cli.code(command) == 1
    plain, err = capsys.readouterr()
    assert plain.splitlines() == [
        f"{place}/a.mp4 -> {out}/a.mp4: it is done already",
        f"cannot: {out}/b.mp4 exists; --overwrite replaces it",
        f"{place}/c.mp4 -> {out}/c.mp4",
    ]
    assert err == "" and left.exists() and batch_folder.seen(out) == ["a.mp4", "b.mp4"]
    assert cli.code([*command, "--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert [facts[key] for key in ("version", "done", "skipped", "failed", "left")] == [1, 0, 1, 1, 1]
    assert [job["status"] for job in facts["jobs"]] == ["skipped", "failed", "left"]
    assert [job["target"] for job in facts["jobs"]][::2] == [f"{out}/a.mp4", f"{out}/c.mp4"]
    assert cli.code([*command, "--crf", "30", "--overwrite"]) == 0
    assert capsys.readouterr().out.count("->") == 3


@pytest.mark.parametrize(
    ("target", "code"), [("taken.mp4", 6), ("o.xyz", 2), ("none/o.mp4", 6), ("o.mkv", 0)]
)
def test_a_dry_run_of_one_ends_as_the_run_would(
    target: str, code: int, folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken.mp4").write_text("not ours")
    command = [str(folder / "clip.mp4"), "-o", str(tmp_path / target), *words]
    assert cli.code([*command, "-n"]) == code
    assert capsys.readouterr().out.startswith("cannot: ") == bool(code)
    assert cli.code([*command, "-n", "--json"]) == code
    facts = json.loads(capsys.readouterr().out)
    assert (facts["status"], facts.get("exit_code", 0)) == ("failed" if code else "left", code)
    assert cli.code([*command, "-q"]) == code


def test_a_list_and_a_shard(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = batch_folder.put(folder, tmp_path, ["a=clip", "b=clip", "c=clip"])
    (tmp_path / "list").write_text("".join(f"{place}/{name}.mp4\n" for name in "abc"))
    command = ["--from-file", f"{tmp_path}/list", "-o", f"{tmp_path}/out/", "--dry-run", "--shard"]
    parts = []
    for number in (1, 2):
        assert cli.code([*command, f"{number}/2"]) == 0
        parts.append(capsys.readouterr().out.splitlines())
    assert sorted(map(len, parts)) == [1, 2] and len({*parts[0], *parts[1]}) == 3


def test_an_empty_shard_is_done(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = batch_folder.put(folder, tmp_path, ["a=clip"])
    codes = [cli.code([f"{place}/a.mp4", "--shard", f"{part}/2", "-q", *words]) for part in (1, 2)]
    assert codes == [0, 0] and capsys.readouterr().err == ""
    assert batch_folder.seen(tmp_path) == ["a.mp4", "a.vidstyle.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_batch_and_says_how_far_it_got(
    number: signal.Signals, code: int, folder: Path, words: list[str], tmp_path: Path
) -> None:
    batch_folder.put(folder, tmp_path / "in", ["a=clip", "b=long", "c=long", "d=long"])
    out = tmp_path / "out"
    arguments = [f"{tmp_path}/in", "-o", f"{out}/", "--jobs", "2", "--json", "-e", "preset=veryslow", *words]
    process = batch_folder.start(arguments)
    try:
        assert process.stderr is not None
        said = ""
        while "[1/4] done" not in said or said.count("begin ") < 3:
            said += process.stderr.readline() or pytest.fail(said)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does: to all of them
        else:
            process.send_signal(number)
        document, err = process.communicate(timeout=30)
        assert process.returncode == code, err
        assert "Traceback" not in err
        facts = json.loads(document)
        assert (facts["done"], facts["failed"], facts["left"]) == (1, 0, 3) and len(facts["jobs"]) == 1
        last = err.splitlines()[-1]
        assert "; 1 done, 3 left; the same command" in last, err
        assert batch_folder.seen(out) == ["a.mp4"] and not list(out.glob(".*.part-*"))
        if sys.platform == "linux":
            batch_folder.wait_for(lambda: not batch_folder.members(process.pid), 10)
    finally:
        batch_folder.end(process)
