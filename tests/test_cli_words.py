"""What the command line says to somebody who is new to it: its help, slips of the hand, dry runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vidstyle import cli


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
