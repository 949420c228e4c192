"""The command line: three words, flags, exit codes, one line for each error, stdout for data only."""

from __future__ import annotations

import json
import threading
from fractions import Fraction
from pathlib import Path

import cli_folder
import networks
import pytest
from clips import sound_digest, times

from vidstyle import cli
from vidstyle.cli import parse
from vidstyle.errors import UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cli_folder.fill(tmp_path_factory.mktemp("cli"))


def failed(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> tuple[int, str]:
    """Exit code and the one line on stderr; nothing on stdout."""
    code = cli.code(arguments)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("vidstyle: ") and err.count("\n") == 1 and "Traceback" not in err, err
    return code, err


def test_three_words_paint_a_video(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "clip.mp4", tmp_path / "clip.vidstyle.mp4"
    source.write_bytes((folder / "clip.mp4").read_bytes())
    assert cli.code([str(source), "--class", "laptop", *words]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    for word in ("reds", "invert", "cpu", "libx264", "12 frames, 12 with the class", "frames/s", str(target)):
        assert word in err, word
    assert times(target) == times(source) and sound_digest(target) == sound_digest(source)


def test_json_is_one_document_on_stdout(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.mp4"
    assert cli.code(["run", str(folder / "clip.mp4"), "-o", str(target), "--json", "-q", *words]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert (facts["version"], facts["status"], facts["target"]) == (1, "done", str(target))
    assert facts["result"]["frames"] == facts["result"]["frames_with_class"] == 12
    assert err == ""


@pytest.mark.parametrize(("source", "reason"), [("{text}", "not a video"), ("nosuch.mp4", "does not exist")])
def test_json_is_one_document_of_a_failure_too(
    source: str, reason: str, words: list[str], places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    named = source.format(**places)
    assert cli.code([named, "--json", "-q", *words]) == 3
    facts = json.loads(capsys.readouterr().out)
    assert (facts["version"], facts["source"], facts["status"], facts["exit_code"]) == (1, named, "failed", 3)
    assert reason in facts["reason"] and facts["result"] is None


@pytest.mark.parametrize(
    "network", [["--segmenter", "maskrcnn-int8", "--class", "dog"], ["--stylizer", "candy"]]
)
@pytest.mark.parametrize("several", [False, True])
def test_a_network_that_has_to_be_pulled_is_one_line(
    network: list[str],
    several: bool,
    folder: Path,
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIDSTYLE_CACHE", str(tmp_path / "cache"))
    for name in ("a", "b")[: 1 + several]:
        (tmp_path / f"{name}.mp4").write_bytes((folder / "clip.mp4").read_bytes())
    inputs = str(tmp_path) if several else str(tmp_path / "a.mp4")
    code, line = failed(capsys, [inputs, "-q", *words, *network])
    assert code == 4 and f"is not there: vidstyle models pull {network[1]}" in line


WRONG: dict[str, tuple[list[str], int, str]] = {
    "missing input": (["nowhere.mp4"], 3, "nowhere.mp4"),
    "text file": (["{text}"], 3, "text.mp4"),
    "sound only": (["{sound}"], 3, "sound.m4a"),
    "empty folder": (["{nothing}"], 3, "there is no video"),
    "no input": (["--jobs=2"], 2, "no input"),
    "jobs": (["{clip}", "--jobs", "0"], 2, "--jobs"),
    "shard": (["{clip}", "--shard", "3/2"], 2, "--shard"),
    "class": (["{clip}", "--class", "labtop"], 2, "did you mean 'laptop'"),
    "class all and another": (["{clip}", "--class", "all,cup"], 2, "--class all"),
    "no class": (["{clip}", "--class", ","], 2, "names nothing"),
    "segmenter": (["{clip}", "--segmenter", "maskrcn"], 2, "did you mean"),
    "stylizer of the other kind": (["{clip}", "--stylizer", "{reds}"], 2, "is a segmenter"),
    "style for a fixed stylizer": (["{clip}", "--style", "starry"], 2, "leave out --style"),
    "style": (["{clip}", "--stylizer", "brush", "--style", "stary"], 2, "did you mean 'starry'"),
    "style in nobody's home": (
        ["{clip}", "--stylizer", "brush", "--style", "~nobody-here/x.jpg"],
        2,
        "~nobody",
    ),
    "style of a long name": (
        ["{clip}", "--stylizer", "brush", "--style", "x" * 5000],
        2,
        "neither a picture",
    ),
    "segmenter in nobody's home": (["{clip}", "--segmenter", "~nobody-here/x.onnx"], 4, "no such file"),
    "style weight": (["{clip}", "--style", "starry:0"], 2, "above 0"),
    "broken picture": (["{clip}", "--stylizer", "brush", "--style", "{text}"], 3, "text.mp4"),
    "codec": (["{clip}", "--codec", "libx265x"], 2, "libx265"),
    "encoder option": (["{clip}", "-e", "nonsense=1"], 2, "nonsense"),
    "encoder option's form": (["{clip}", "-e", "nonsense"], 2, "key=value"),
    "time": (["{clip}", "--start", "yesterday"], 2, "--start 'yesterday'"),
    "times backwards": (["{clip}", "--start", "0.3", "--end", "0.1"], 2, "does not lie behind"),
    "no time at all": (["{clip}", "--end", "0"], 2, "--end 0 s"),
    "everything but everything": (["{clip}", "--class", "ALL", "--invert"], 2, "paints nothing"),
    "masks over the video": (["{clip}", "-o", "{folder}/o.mkv", "--mask-out", "{folder}/o.mkv"], 2, "masks"),
    "masks over the input": (
        ["{clip}", "-o", "{folder}/o.mkv", "--mask-out", "{clip}", "-y"],
        2,
        "the input",
    ),
    "strength": (["{clip}", "--strength", "2"], 2, "strength"),
    "flag": (["{clip}", "--stile", "x"], 2, "--stile"),
    "device": (["{clip}", "--device", "tpu"], 2, "no device 'tpu'"),
    "hash": (["{clip}", "--segmenter", "{forged}"], 4, "forged.onnx"),
    "card key": (["{clip}", "--segmenter", "{misspelt}"], 4, "misspelt.toml"),
    "no network": (["{clip}", "--segmenter", "{empty}"], 4, "empty.onnx"),
    "output is input": (["{clip}", "-o", "{clip}", "--overwrite"], 2, "clip.mp4"),
    "output exists": (["{clip}", "-o", "{text}"], 6, "--overwrite"),
    "output folder": (["{clip}", "-o", "{folder}/no/where.mp4"], 6, "no does not exist"),
    "container": (["{clip}", "-o", "{folder}/out.xyz"], 2, ".xyz"),
}


@pytest.fixture(scope="module")
def places(folder: Path) -> dict[str, str]:
    """Files that are wrong in one way each."""
    (folder / "text.mp4").write_text("this is no video\n" * 100)
    (folder / "empty.onnx").write_bytes(b"")
    forged = networks.write(
        folder, "forged", networks.semantic(), "semantic", ("background", "laptop", "cup")
    )
    (folder / "forged.onnx").write_bytes(networks.semantic(stride=2))
    misspelt = networks.write(
        folder, "misspelt", networks.semantic(), "semantic", ("background", "laptop", "cup")
    )
    assert misspelt.origin is not None and forged.origin is not None
    misspelt.origin.write_text(misspelt.origin.read_text().replace("licence", "license"))
    _sound_only(folder / "sound.m4a")
    (folder / "nothing").mkdir()
    names = {name: str(folder / file) for name, file in (("clip", "clip.mp4"), ("text", "text.mp4"))}
    return {
        **names,
        "folder": str(folder),
        "nothing": str(folder / "nothing"),
        "sound": str(folder / "sound.m4a"),
        "reds": str(folder / "reds.onnx"),
        "forged": str(folder / "forged.toml"),
        "misspelt": str(folder / "misspelt.toml"),
        "empty": str(folder / "empty.onnx"),
    }


def _sound_only(path: Path) -> None:
    import av
    from clips import tone

    with av.open(str(path), "w", format="ipod") as container:
        for packet in tone(container.add_stream("aac", rate=44100, layout="mono"), 0.5):
            container.mux(packet)


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_gets_one_line_and_a_code(
    case: str,
    places: dict[str, str],
    words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments, code, hint = WRONG[case]
    clip = Path(places["clip"])
    before = clip.read_bytes()
    given = [word.format(**places) for word in arguments]
    ended, line = failed(capsys, [*words, *given] if given[0] in ("run",) else [given[0], *words, *given[1:]])
    assert ended == code and hint in line, line
    assert clip.read_bytes() == before
    assert not [path for path in clip.parent.iterdir() if path.name.startswith(".")]


def test_an_unwritable_folder_is_said_in_one_line(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    code, _ = failed(capsys, [str(folder / "clip.mp4"), "-o", str(blocked / "out.mp4"), *words])
    assert code == 6


def test_a_bug_is_a_traceback_and_70(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.pipeline.run", lambda *_, **__: 1 / 0)
    assert cli.code([str(folder / "clip.mp4"), *words]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["styles"], ["models"], ["models", "list"], ["doctor"], ["--version"]])
def test_facts_go_to_stdout(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.code(arguments) == 0
    out, err = capsys.readouterr()
    assert out.strip() and err == ""


def test_classes_are_listed_one_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.code(["classes", "--segmenter", str(folder / "reds.onnx")]) == 0
    assert capsys.readouterr().out.splitlines() == ["laptop", "cup", "all"]


def test_a_card_can_be_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.code(["models", "show", str(folder / "reds.onnx")]) == 0
    assert "semantic" in capsys.readouterr().out


def test_a_card_can_be_shown_before_its_network_is_here(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSTYLE_CACHE", str(tmp_path))
    assert cli.code(["models", "show", "maskrcnn"]) == 0
    out = capsys.readouterr().out
    assert "licence" in out and "vidstyle models pull maskrcnn" in out
    assert cli.code(["classes", "--segmenter", "maskrcnn"]) == 0
    assert "laptop" in capsys.readouterr().out.splitlines()


def test_a_network_that_cannot_be_pulled_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, line = failed(capsys, ["models", "pull", "maskrcn"])
    assert code == 2 and "no model 'maskrcn'" in line


@pytest.mark.parametrize("folder", [".", "/"])
def test_a_folder_without_a_card_is_no_network(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert failed(capsys, ["models", "show", folder])[0] in (2, 4)


def test_preview_writes_one_picture(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from vidstyle import media

    target = tmp_path / "look.png"
    command = ["preview", str(folder / "clip.mp4"), "--at", "0.2", "-o", str(target), *words]
    assert cli.code(command) == 0
    picture = media.load_picture(target)
    assert picture.shape == (96, 256, 3)
    before, after = picture[:, :128].astype(int), picture[:, 128:].astype(int)
    changed = abs(before - after).max(axis=2) > 60
    assert 0.02 < changed.mean() < 0.3
    capsys.readouterr()
    assert failed(capsys, command)[0] == 6


@pytest.mark.parametrize("source", [".", "/", ""])
def test_a_preview_of_a_folder_is_refused(
    source: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert failed(capsys, ["preview", source, *words])[0] == 3


def test_a_preview_never_replaces_its_input(
    folder: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "look.png"
    assert cli.code(["preview", str(folder / "clip.mp4"), "-o", str(picture), *words]) == 0
    capsys.readouterr()
    before = picture.read_bytes()
    assert failed(capsys, ["preview", str(picture), "-o", str(picture), "-y", *words])[0] == 6
    assert picture.read_bytes() == before


def test_bench_prints_every_stage(folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.code(["bench", str(folder / "clip.mp4"), "--rounds", "2", *words]) == 0
    out = capsys.readouterr().out
    for stage in ("decode", "segment", "track", "stylize", "encode", "whole"):
        assert stage in out


def test_a_style_may_carry_a_weight() -> None:
    assert parse.weighted(["a.jpg", "b:0.25", "C:\\x.png"]) == (
        ("a.jpg", 1.0),
        ("b", 0.25),
        ("C:\\x.png", 1.0),
    )


def test_classes_repeat_and_take_commas() -> None:
    assert parse.class_names(["laptop, cup", "cup", "dog"]) == ("laptop", "cup", "dog")
    assert parse.class_names(None) == ("laptop",)
    assert parse.class_names(["All"]) == ("all",)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("12.5", Fraction(25, 2)), ("1:02.5", Fraction(125, 2)), ("1:00:02", 3602), (None, None)],
)
def test_times_are_exact(text: str | None, seconds: object) -> None:
    assert parse.moment(text, "--start") == seconds


@pytest.mark.parametrize(
    "text", ["", "-1", "1:2:3:4", "1/2", "x", "1:", "nan", "1_0", "1e999999999", "9" * 20]
)
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse.moment(text, "--end")


def test_no_thread_outlives_a_run(folder: Path, words: list[str], tmp_path: Path) -> None:
    before = set(threading.enumerate())
    assert cli.code([str(folder / "clip.mp4"), "-q", "-o", str(tmp_path / "o.mp4"), *words]) == 0
    assert set(threading.enumerate()) <= before


def test_a_cache_that_cannot_be_searched_hides_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSTYLE_CACHE", "/" + "x" * 300)  # no such name: as good as a forbidden folder
    assert cli.code(["models"]) == 0
    assert "spotter" in capsys.readouterr().out
