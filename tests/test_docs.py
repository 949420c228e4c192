"""The README, held to what the tool does: its commands parse, its files exist, its claims have numbers."""

from __future__ import annotations

import re
import shlex
import subprocess
from itertools import takewhile
from pathlib import Path

import pytest
import typer.main

from vidstyle import cards, cli, errors, segmenters
from vidstyle.pipeline import styles

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
SHELL = {"|", "<", ">", ">/dev/null", "2>&1"}
"""What ends a command's own words."""


def commands() -> list[str]:
    """Every `vidstyle ...` line of the README's code."""
    fenced = re.findall(r"```bash\n(.*?)```", README, re.S)
    indented = re.findall(r"^    (vidstyle .*)$", README, re.M)
    lines = [line for block in fenced for line in block.splitlines()] + indented
    return [line for line in lines if line.startswith("vidstyle ")]


@pytest.mark.parametrize("line", commands())
def test_every_command_parses(line: str) -> None:
    words = list(takewhile(lambda word: word not in SHELL, shlex.split(line, comments=True)[1:]))
    group = typer.main.get_command(cli.app)
    with group.make_context("vidstyle", words) as context:
        while hasattr(group, "resolve_command"):
            name, command, words = group.resolve_command(context, [*context._protected_args, *context.args])
            context = command.make_context(name, words, parent=context)
            group = command if context._protected_args else None
    assert context.info_name


def flag(line: str, name: str) -> str | None:
    """The word behind a flag."""
    words = shlex.split(line, comments=True)
    return words[words.index(name) + 1] if name in words else None


@pytest.mark.parametrize("line", [line for line in commands() if flag(line, "--class")])
def test_every_class_is_one_that_its_segmenter_knows(line: str) -> None:
    card = cards.find(flag(line, "--segmenter") or cards.DEFAULT_SEGMENTER) if ".onnx" not in line else None
    classes = (flag(line, "--class") or "").split(",")
    if isinstance(card, cards.Card) and classes != ["all"]:
        assert segmenters.class_indices(card, classes)


def test_there_are_two_commands_for_all_the_set_up() -> None:
    for mark, ending in (("run", "--overwrite"), ("test", "-m pytest -n 2")):
        (command,) = re.findall(rf"<!-- {mark} -->\n```bash\n(.*)\n```", README)
        assert command.startswith("python3 -m venv .venv && ") and command.endswith(ending)


def test_ci_runs_the_readmes_test_command() -> None:
    found = subprocess.run(
        ["bash", "-c", r"sed -n '/^<!-- test -->$/,/^```$/p' README.md | grep -v -e '^<!--' -e '^```'"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert found in README and found.endswith("pytest -n 2")
    assert "<!-- test -->" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).is_file()


def test_every_built_in_style_is_shown() -> None:
    (shown,) = re.findall(r"!\[([a-z, ]+)\]\(samples/styles\.jpg\)", README)
    assert sorted(shown.split(", ")) == list(styles.builtin())


def test_exit_codes_are_the_errors_own() -> None:
    told = " ".join(README.split())
    for error in errors.VidstyleError.__subclasses__():
        word = error.__name__.removesuffix("Error").lower()
        assert f"{error.exit_code} {word}" in told, error
    assert "70 a bug" in told and "129, 130 and 143" in told


def test_nothing_is_left_to_fill_in() -> None:
    assert not re.findall(r"\b(?:TODO|TBD|FIXME|[A-Z]+_(?:SIZE|TABLE))\b", README)
