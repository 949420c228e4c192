"""Shell completion: what is offered where, in each shell's own protocol, without a word on stderr."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vidstyle import cli, media
from vidstyle.cards import places
from vidstyle.cli import completion

HEAVY = {
    "numpy",
    "av",
    "onnx",
    "onnxruntime",
    "pydantic",
    "vidstyle.pipeline",
    "vidstyle.jobs",
    "ray",
    "fsspec",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a video, two pictures and a folder."""
    monkeypatch.delenv("VIDSTYLE_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in ("clip.mp4", "me.jpg", ".hidden.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "pics").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Shell:
    """Asks as bash does, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys

    def offers(self, *words: str) -> list[str]:
        self._patch.setenv("_VIDSTYLE_COMPLETE", "complete_bash")
        self._patch.setenv("COMP_WORDS", "\n".join(("vidstyle", *words)))
        self._patch.setenv("COMP_CWORD", str(len(words)))
        completion._join_words()
        with pytest.raises(SystemExit) as ended:
            cli.app(prog_name="vidstyle")
        out, err = self._capsys.readouterr()
        assert (ended.value.code, err) == (0, "")
        return out.split("\n")[:-1] if out.strip() else []


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.mark.parametrize("before", [[], ["run"], ["clip.mp4"], ["run", "clip.mp4"]])
def test_flags_with_and_without_the_word_run(shell: Shell, before: list[str]) -> None:
    assert shell.offers(*before, "--sty") == ["--style", "--stylizer"]


def test_the_first_word_is_a_command_or_a_file(shell: Shell) -> None:
    offered = shell.offers("")
    assert {"run", "preview", "models", "clip.mp4", "pics/"} <= set(offered) and ".hidden.jpg" not in offered
    assert shell.offers("cl") == ["classes", "clip.mp4"]
    assert shell.offers("clip") == []  # the shell's own completion of files does that
    assert "--version" in shell.offers("--") and "--style" in shell.offers("--")
    assert shell.offers("models", "") == ["list", "show", "pull"]


def test_styles_are_names_and_pictures(shell: Shell) -> None:
    assert shell.offers("--style", "") == [*places.styles(), "me.jpg", "pics/"]
    assert shell.offers("clip.mp4", "--style", "st") == ["starry"]
    assert shell.offers("clip.mp4", "--style=st") == ["starry"]
    assert shell.offers("clip.mp4", "--style", "=", "st") == ["starry"]  # as bash cuts it
    assert shell.offers("preview", "clip.mp4", "-s", "m") == ["meadow", "mosaic", "me.jpg"]
    assert shell.offers("--style", "pics/") == [] == shell.offers("--style", "pi")  # the shell's own again


def test_names_are_offered_as_they_are_typed(shell: Shell, folder: Path) -> None:
    (folder / "my holiday ($1).jpg").touch()
    assert shell.offers("--style", "my") == [r"my\ holiday\ \(\$1\).jpg"]
    assert shell.offers("my") == []  # no command fits: the shell's own


def test_classes_are_those_of_the_segmenter(shell: Shell, folder: Path) -> None:
    assert shell.offers("x.mp4", "--class", "") == ["laptop", "all"]
    assert shell.offers("x.mp4", "--segmenter", "maskrcnn", "--class", "ce") == ["cell-phone"]
    assert shell.offers("x.mp4", "--segmenter", "=", "maskrcnn", "--class", "=", "ce") == ["cell-phone"]
    assert shell.offers("x.mp4", "--segmenter", "maskrcnn", "-c", "laptop,mou") == ["laptop,mouse"]
    (folder / "vidstyle.toml").write_text("segmenter = 'maskrcnn'\n[looks.a]\nsegmenter = 'u2net'")
    assert shell.offers("x.mp4", "--class", "lap") == ["laptop"]
    assert shell.offers("x.mp4", "--look", "a", "--class", "") == ["foreground", "all"]
    assert shell.offers("x.mp4", "--segmenter", "spotter", "--class", "ce") == []


def test_networks_devices_and_encoders(shell: Shell, folder: Path) -> None:
    (folder / "mine.onnx").touch()
    assert shell.offers("x.mp4", "--segmenter", "m") == ["maskrcnn", "maskrcnn-int8", "mine.onnx"]
    assert shell.offers("classes", "--segmenter", "spot") == ["spotter"]
    assert "brush" in shell.offers("x.mp4", "--stylizer", "") and not shell.offers("--stylizer", "spotter")
    assert shell.offers("models", "pull", "can") == ["candy"] == shell.offers("models", "show", "can")
    assert shell.offers("models", "pull", "candy", "can") == []
    assert {"spotter", "brush", "mine.onnx"} <= set(shell.offers("models", "show", ""))
    assert not {"spotter", "mine.onnx"} & set(shell.offers("models", "pull", ""))
    assert shell.offers("x.mp4", "--device", "c") == ["cpu", "cuda"]
    assert shell.offers("x.mp4", "--progress", "j") == ["json"]
    assert shell.offers("x.mp4", "--codec", "libx") == ["libx264", "libx265"]


def test_encoders_that_are_offered_are_there() -> None:
    for name in completion.ENCODERS:
        assert name in media.SHORT_NAMES or name in media.encoders(), name


def test_looks_are_those_of_the_files_that_count(shell: Shell, folder: Path) -> None:
    (folder / "vidstyle.toml").write_text("[looks.night]\n[looks.noon]\n[looks.day]")
    (folder / "other.toml").write_text("[looks.dawn]")
    assert shell.offers("x.mp4", "--look", "n") == ["night", "noon"]
    assert shell.offers("x.mp4", "--config", "other.toml", "--look", "") == ["dawn"]
    assert shell.offers("x.mp4", "--no-config", "--look", "") == []


@pytest.mark.parametrize(
    "words", [["--look"], ["--class"], ["--style"], ["--segmenter", "nowhere.onnx", "--class"], ["--crf"]]
)
def test_broken_files_and_words_offer_nothing_or_what_is_left(
    shell: Shell, folder: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "vidstyle.toml").write_text("class laptop")
    monkeypatch.setenv("VIDSTYLE_MODELS", str(folder))
    (folder / "broken.toml").write_text("nothing =")
    assert set(shell.offers("x.mp4", "--strength", "much", "--nonsense", *words, "")) <= {
        *places.styles(),
        *("me.jpg", "pics/"),
    }


def asked(shell: str, words: str, folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """The tool as a shell's script asks it, in a process of its own."""
    asking = {"_VIDSTYLE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": words}
    asking |= {"COMP_WORDS": words.replace(" ", "\n"), "COMP_CWORD": str(words.count(" "))}
    asking |= {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "PYTHONPATH": str(Path(cli.__file__).parents[2])}
    call = [sys.executable, "-c", program]
    return subprocess.run(
        call, env=os.environ | asking, cwd=folder, capture_output=True, text=True, timeout=60
    )


PROGRAM = """
import atexit, sys
atexit.register(lambda: print('loaded:', *sys.modules))
from vidstyle.__main__ import main
main()
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_answered_and_nothing_heavy_is_loaded(shell: str, folder: Path) -> None:
    for words, wanted in (("vidstyle x.mp4 --style st", "starry"), ("vidstyle x.mp4 --class lap", "laptop")):
        ended = asked(shell, words, folder, PROGRAM)
        answer, _, loaded = ended.stdout.partition("loaded:")
        assert wanted in answer and ended.stderr == "", ended
        assert not HEAVY & set(loaded.split()), (
            f"imported at the top of a module that completion needs: {words}"
        )


def test_a_bug_is_told_to_nobody_at_the_prompt(folder: Path) -> None:
    broken = "import vidstyle.cli as c\nc.completion.first_word = None\nc.main()"
    ended = asked("bash", "vidstyle --sty", folder, broken)
    assert (ended.stdout, ended.stderr) == ("", "") and ended.returncode == 1


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes_with_the_script_that_is_installed(folder: Path) -> None:
    tool = folder / "vidstyle"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m vidstyle "$@"\n')
    tool.chmod(0o755)
    script = """
    eval "$(_VIDSTYLE_COMPLETE=source_bash ./vidstyle)" && complete -p vidstyle
    COMP_WORDS=(./vidstyle clip.mp4 --style = st) COMP_CWORD=4
    _vidstyle_completion ./vidstyle && echo "${COMPREPLY[@]}"
    """
    environment = os.environ | {"PYTHONPATH": str(Path(cli.__file__).parents[2])}
    ended = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.stderr == "" and ended.stdout.splitlines()[-1] == "starry", ended
