"""What the command line says to somebody who is new to it: its help, slips of the hand, dry runs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import batch_folder
import cli_folder
import pytest

from vidstyle import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cli_folder.fill(tmp_path_factory.mktemp("words"))


@pytest.mark.parametrize(
    "words", [[], ["run"], ["preview"], ["bench"], ["classes"], ["doctor"], ["models"], ["models", "pull"]]
)
def test_help_speaks_of_no_types(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.code([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert "--help" in out and re.findall(r"<(?:bool|str|int|float|list)\b", out) == []


@pytest.mark.parametrize(
    ("word", "meant"), [("preveiw", "preview"), ("docter", "doctor"), ("style", "styles"), ("Bench", "bench")]
)
def test_a_slip_in_a_command_paints_nothing(
    word: str, meant: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clip.mp4").touch()
    assert cli.code([word, "clip.mp4"]) == 2
    line = f"vidstyle: {word!r} is neither a command nor a file; did you mean {meant!r}?\n"
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize("word", ["style", "clips", "style.mp4", "./style"])
def test_a_file_or_what_may_be_one_is_no_slip(
    word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("style").touch()
    assert cli.code([word]) == 3
    assert "command" not in capsys.readouterr().err


WRONG = pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (["--style", "nosuch"], 2),
        (["--style", "starry"], 2),
        (["--stylizer", "brush", "--style", "list.txt"], 3),
        (["--class", "labtop"], 2),
        (["--segmenter", "nosuch"], 2),
        (["--segmenter", "gone.onnx"], 4),
        (["--stylizer", "list.txt.onnx"], 4),
        (["--device", "gpuu"], 2),
        (["--device", "cuda:99"], 5),
        (["--codec", "h246"], 2),
        (["--start", "3", "--end", "2"], 2),
    ],
)
"""Settings with which nothing can be painted."""


@WRONG
@pytest.mark.parametrize("single", [True, False])
def test_a_dry_run_ends_with_the_line_and_the_code_of_the_run(
    wrong: list[str],
    code: int,
    single: bool,
    folder: Path,
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = batch_folder.put(folder, tmp_path / "in", ["a=clip", "b=clip"])
    monkeypatch.chdir(tmp_path)
    for name in ("list.txt", "list.txt.onnx"):
        Path(name).write_text("neither a picture nor a network")
    command = [f"{place}/a.mp4" if single else str(place), "-o", "out/", *words, *wrong]
    assert cli.code([*command, "-n"]) == code
    told = capsys.readouterr()
    assert cli.code([*command, "-n", "--json"]) == code
    facts = json.loads(capsys.readouterr().out)
    assert not Path("out").exists()
    assert cli.code([*command, "-q"]) == code
    reason = capsys.readouterr().err.splitlines()[-1].removeprefix("vidstyle: ")
    assert told == ((f"cannot: {reason}\n", "") if single else ("", f"vidstyle: {reason}\n"))
    assert facts["reason"] == reason if single else (facts["left"], facts["jobs"]) == (2, [])


def test_a_dry_run_of_what_is_done_asks_for_no_networks(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = batch_folder.put(folder, tmp_path / "in", ["a=clip", "b=clip"])
    command = [str(place), "-o", f"{tmp_path}/out/", *words]
    assert cli.code([*command, "-q"]) == 0
    again = [*command, "--device", "cuda:99"]
    assert (cli.code(again), cli.code([*again, "-n"])) == (0, 0)
    assert capsys.readouterr().out.count("it is done already") == 2
    assert cli.code([*again, "--overwrite", "-n"]) == 5


def test_a_video_that_cannot_be_opened_is_none_under_any_name(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (source := tmp_path / "a.mp4").write_text("no video")
    for named in (["-o", f"{tmp_path}/o.mkv"], ["--format", "mkv"]):
        assert cli.code([str(source), *named, *words, "-n"]) == 3
        assert capsys.readouterr().out.startswith(f"cannot: {source} is not a video")


@pytest.mark.parametrize("dry", [["-n"], ["-q"]])
def test_documents_say_what_was_left_out(
    dry: list[str], folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_folder.put(folder, tmp_path, ["a=clip"])
    for name in ("notes.txt", "more.txt"):
        (tmp_path / name).write_text("text")
    (tmp_path / "still.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert cli.code([str(tmp_path), "--json", *dry, *words]) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == {"other": 2, "picture": 1}


def test_a_device_that_is_none_is_refused_where_all_is_done_too(
    folder: Path, words: list[str], tmp_path: Path
) -> None:
    command = [str(folder / "clip.mp4"), "-o", f"{tmp_path}/o.mp4", "-q", *words]
    codes = [cli.code([*command, *more]) for more in ([], ["--device", "gpuu"], [])]
    assert codes == [0, 2, 0]


def test_masks_may_be_asked_for_afterwards_in_a_new_folder(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = batch_folder.put(folder, tmp_path / "in", ["a=clip"])
    command = [f"{place}/a.mp4", *words]
    assert cli.code(command) == 0
    masked = [*command, "--mask-out", f"{tmp_path}/masks/"]
    assert (cli.code([*masked, "-n"]), cli.code(masked)) == (0, 0), capsys.readouterr().err
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"wrote {place}/a.vidstyle.mp4 and {tmp_path}/masks/a.mask.mkv"
    assert batch_folder.seen(tmp_path / "masks") == ["a.mask.mkv"]


def test_a_folder_of_one_video_says_what_became_of_it(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch_folder.put(folder, tmp_path, ["a=clip"])
    assert cli.code([str(tmp_path), *words]) == 0
    facts, place, counts = capsys.readouterr().err.splitlines()[-3:]
    assert facts.startswith("12 frames, 12 with the class")
    assert (place, counts) == (f"wrote {tmp_path}/a.vidstyle.mp4", "1 done")
    assert cli.code([str(tmp_path), "-y", "-q", *words]) == 0 and capsys.readouterr().err == ""


def test_a_name_with_two_blanks_is_said_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{tmp_path}/a  b.mp4", f"{tmp_path}/c.mp4 "]
    assert cli.code([*names, "--json", "-q"]) == 1
    told = capsys.readouterr()
    reasons = [job["reason"] for job in json.loads(told.out)["jobs"]]
    assert reasons == [f"{name} does not exist" for name in names]
    assert told.err.splitlines() == [f"failed: {reason}" for reason in reasons]


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is removed there while somebody is in it")
def test_a_folder_that_is_gone_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert cli.code(["a.mp4"]) == 3
    assert capsys.readouterr() == ("", "vidstyle: the current folder was removed; change to another\n")


def test_a_preview_says_that_nothing_was_found(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["preview", str(folder / "clip.mp4"), "-o", f"{tmp_path}/o.png", "-y", *words]
    note = "note: no cup was found in this frame, so {} is painted; try a lower --threshold"
    said = []
    for more in ([], ["--class", "cup"], ["--class", "cup", "--invert"], ["--class", "all"]):
        assert cli.code([*command, *more]) == 0
        said.append(capsys.readouterr().err.splitlines()[:-1])
    assert said == [[], [note.format("nothing")], [note.format("all of it")], []]


@pytest.mark.parametrize(
    ("report", "code"), [("r.txt", 2), ("none/r.html", 6), ("taken.html", 6), ("r.html", 0)]
)
def test_a_dry_run_tells_of_a_report_that_cannot_be_written(
    report: str, code: int, folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken.html").write_text("not ours")
    command = [
        str(folder / "clip.mp4"),
        "-o",
        f"{tmp_path}/o.mp4",
        "--report",
        f"{tmp_path}/{report}",
        *words,
    ]
    assert cli.code([*command, "-n"]) == code
    assert bool(capsys.readouterr().err) == bool(code) and not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("word", "meant"), [("-crf", "crf"), ("-ss", "start"), ("-c:v", "codec"), ("-overwrite", "overwrite")]
)
def test_a_flag_with_one_dash_as_in_ffmpeg_is_told(
    word: str, meant: str, folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.code([str(folder / "clip.mp4"), *words, word, "1"]) == 2
    assert capsys.readouterr() == ("", f"vidstyle: there is no flag {word}; did you mean --{meant}?\n")


def test_short_flags_take_their_values_without_a_blank(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(folder / "clip.mp4"), *words, "-claptop", "-yn", f"-o{tmp_path}/o.mp4", "--", "-crf"]
    assert cli.code(command) == 2 and "there are 2 inputs" in capsys.readouterr().err


def test_a_video_is_no_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.code(["--from-file", str(folder / "clip.mp4"), "-n"]) == 2
    line = f"vidstyle: --from-file {folder}/clip.mp4: that is a video and no list; leave out --from-file\n"
    assert capsys.readouterr() == ("", line)
