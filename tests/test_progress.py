"""What is seen of a batch: bars that fit, lines that stay, events that keep their schema."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cli_folder
import jsonschema
import pytest
import watched
from hypothesis import given
from hypothesis import strategies as st
from tqdm.utils import disp_len

from vidstyle import cli, progress
from vidstyle.errors import UsageError, visible
from vidstyle.progress.bars import Bars
from vidstyle.progress.events import Events
from vidstyle.progress.lines import Lines
from vidstyle.progress.quiet import Quiet
from vidstyle.progress.tally import Tally
from vidstyle.progress.words import fitted, shortened
from vidstyle.types import Outcome

SCHEMA = watched.schema()
VALID = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def clock() -> watched.Ticks:
    return watched.Ticks()


@pytest.fixture(autouse=True)
def words_for_people() -> Iterator[None]:
    yield
    progress.speak(events=False)


def events(err: str) -> list[dict[str, Any]]:
    """Every line of stderr, each valid and without a field that the schema does not name."""
    found = [json.loads(line) for line in err.splitlines()]
    for event in found:
        VALID.validate(event)
        own = SCHEMA["$defs"][event["event"]]["properties"]
        assert set(event) <= {*SCHEMA["properties"], *own}, event
    return found


def test_the_schema_itself_is_one_and_refuses() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for wrong in ({"v": 2, "event": "note", "time": 1, "text": ""}, {"v": 1, "event": "plan", "time": 1}):
        with pytest.raises(jsonschema.ValidationError):
            VALID.validate(wrong)


def test_a_batch_as_events(clock: watched.Ticks, capsys: pytest.CaptureFixture[str]) -> None:
    progress.speak(events=True)
    with Events(clock) as watcher:
        watched.batch(watcher, clock)
    progress.say("a word")
    progress.over(1, "2 of 4 files failed")
    found = events(capsys.readouterr().err)
    kinds = [event["event"] for event in found]
    assert kinds[0] == "plan" and kinds[-1] == "end"
    assert [kinds.count(kind) for kind in ("begin", "done", "failed", "skipped", "note")] == [2, 1, 2, 1, 2]
    assert {key: found[-1][key] for key in ("exit_code", "done", "skipped", "failed")} == {
        "exit_code": 1,
        "done": 1,
        "skipped": 1,
        "failed": 2,
    }
    (done,) = [event for event in found if event["event"] == "done"]
    assert done["notes"] == ["2 damaged packets skipped"] and done["seconds"] == {"decode": 1, "stylize": 3}


def test_progress_events_come_twice_a_second_at_most(
    clock: watched.Ticks, capsys: pytest.CaptureFixture[str]
) -> None:
    with Events(clock) as watcher:
        watched.batch(watcher, clock)  # 25 s, an advance every quarter of one
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    steps = [event for event in found if event["event"] == "progress" and event["source"] == "a.mp4"]
    assert len(steps) == 50
    assert steps[-1] == steps[-1] | {"frames": 100, "total": 100, "fps": 4.0, "left": 0.0}


@given(st.text(), st.floats())
def test_any_name_and_number_is_one_line_of_json(name: str, share: float) -> None:
    from vidstyle.progress import voice

    written: list[str] = []

    class Err:
        write = staticmethod(written.append)
        flush = staticmethod(lambda: None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", Err)
        voice.emit("done", source=name, coverage=share)
    (line,) = written
    assert line.isascii() and line.count("\n") == 1 and json.loads(line)["source"] == name
    assert "NaN" not in line.replace(json.dumps(name), "") and "Infinity" not in line.replace(
        json.dumps(name), ""
    )


def test_a_batch_as_lines(clock: watched.Ticks, capsys: pytest.CaptureFixture[str]) -> None:
    with Lines(clock) as watcher:
        watched.batch(watcher, clock)
    err = capsys.readouterr().err
    lines = err.splitlines()
    assert "\r" not in err and "\x1b" not in err
    assert lines[:2] == ["4 files, 2 at once", "[1/4] skipped old.mp4: done before"]
    assert sum(line.startswith("begin ") for line in lines) == 2
    assert lines.count("note: no CUDA here") == 1
    beats = [line for line in lines if line.startswith("1 of 4 files")]
    assert len(beats) == 2, lines  # 25 s
    assert "a.mp4: 40 of 100 frames, 4.0 frames/s, 00:15 left" in beats[0]
    assert "b.mp4: 78 frames, 7.8 frames/s" in beats[0]
    assert lines[-3:-1] == [
        "[3/4] failed: b.mp4: no space left for out/b.mp4",
        "[4/4] failed: text.mp4 is text",
    ]
    assert lines[-1] == "  line 1"


def finished(failures: int, others: int) -> list[Outcome]:
    return [watched.failed(f"{n}.mp4") for n in range(failures)] + [watched.done(notes=("odd",))] * others


@pytest.mark.parametrize(
    ("kind", "failures", "others", "again"),
    [(Quiet, 1, 1, 2), (Events, 2, 30, 0), (Bars, 2, 30, 0), (Lines, 2, 1, 0), (Lines, 2, 30, 2)],
)
@pytest.mark.usefixtures("capsys")
def test_what_still_stands_on_the_screen_is_not_told_again(
    kind: type[Quiet], failures: int, others: int, again: int
) -> None:
    outcomes = finished(failures, others)
    with kind() as watcher:
        watcher.planned(len(outcomes), 1)
        for outcome in outcomes:
            watcher.ended(outcome)
        assert len(watcher.untold(outcomes)) == again


@pytest.mark.parametrize("kind", [Bars, Lines])
def test_a_batch_of_one_tells_at_its_end(kind: type[Quiet], capsys: pytest.CaptureFixture[str]) -> None:
    with kind() as watcher:
        watcher.planned(1, 1)
        watcher.ended(watched.failed("a.mp4", "a.mp4 is odd"))
        assert watcher.untold([watched.failed("a.mp4", "a.mp4 is odd")]) == ["failed: a.mp4 is odd"]
    assert "odd" not in capsys.readouterr().err


def test_a_single_file_as_lines(clock: watched.Ticks, capsys: pytest.CaptureFixture[str]) -> None:
    with Lines(clock) as watcher:
        watcher.planned(1, 1)
        watcher.began("a.mp4", watched.plan())
        clock.now += 11
        watcher.advanced("a.mp4", 44)
        watcher.ended(watched.done())
    assert capsys.readouterr().err.splitlines() == [
        "reds + invert on CPU, h264 -> libx264",
        "a.mp4: 44 of 100 frames, 4.0 frames/s, 00:14 left",
    ]


def test_nothing_is_shown_where_nothing_is_wanted(
    clock: watched.Ticks, capsys: pytest.CaptureFixture[str]
) -> None:
    with Quiet() as watcher:
        watched.batch(watcher, clock)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("mode", "quiet", "terminal", "kind"),
    [
        ("auto", False, True, Bars),
        ("auto", False, False, Lines),
        ("bar", False, False, Bars),
        ("lines", False, True, Lines),
        ("json", False, True, Events),
        ("none", False, True, Quiet),
        ("auto", True, True, Quiet),
        ("json", True, True, Quiet),
    ],
)
def test_modes(
    mode: str, quiet: bool, terminal: bool, kind: type[Quiet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    assert type(progress.choose(mode, quiet)) is kind


def test_another_mode_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'json'"):
        progress.choose("jsn")


def test_time_left_counts_what_was_worked_on(clock: watched.Ticks) -> None:
    tally = Tally(clock)
    tally.planned(104, 1)
    for index in range(100):
        tally.ended(watched.skipped(str(index)))
    assert tally.left() is None
    tally.began("a", watched.plan("a", 100, kept=50))
    clock.now += 10
    tally.advanced("a", 25)  # half of this run's half
    assert tally.share == pytest.approx(100.5 / 104)
    assert tally.left() == pytest.approx(70)
    assert tally.running["a"].left(clock.now) == pytest.approx(10)


ODD = [
    "\x1b[31mred",
    "a\r\nb",
    "a\u202egnp.mp4",
    "\udcff.avi",
    "長い日本語の名前" * 9,
    "שם קובץ" * 9,
    "👩‍💻" * 40,
]


@given(st.one_of(st.sampled_from(ODD), st.text()), st.integers(0, 60))
def test_a_name_fits_and_is_harmless(name: str, width: int) -> None:
    shown = shortened(name, width)
    bare = shown.removeprefix("\u2068").removesuffix("\u2069")
    assert disp_len(bare) <= width
    assert "\u2068" not in bare and not any(
        unicodedata.category(each) in ("Cc", "Cs") or each in "\u202e\u2066\u2067" for each in bare
    )
    if disp_len(visible(name)) <= width:
        assert bare == visible(name)


def test_a_long_name_keeps_its_end() -> None:
    assert shortened("footage/day_one/take_seventeen.mp4", 20) == "footag…seventeen.mp4"


@given(st.text(min_size=1, max_size=40), st.lists(st.text("abc", min_size=1)), st.integers(1, 100))
def test_words_about_a_name_fit_too(name: str, words: list[str], width: int) -> None:
    assert disp_len(fitted(name, words, width).replace("\u2068", "").replace("\u2069", "")) <= width


@pytest.mark.parametrize("name", ODD)
def test_nothing_said_can_drive_a_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    progress.say(name)
    progress.over(3, f"{name} does not exist")
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert not [each for each in err if unicodedata.category(each) in ("Cc", "Cs") and each != "\n"]


def screen(columns: int, rows: int, script: str) -> bytes:
    """What a program draws on a terminal of that size."""
    pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    here = str(Path(__file__).parent)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([here, str(Path(here).parent)])}
    child = subprocess.Popen(
        [sys.executable, "-c", script], stderr=theirs, stdout=subprocess.PIPE, env=environ
    )
    os.close(theirs)
    drawn = b""
    try:
        while chunk := os.read(ours, 65536):
            drawn += chunk
    except OSError:  # the other end is closed
        pass
    out, _ = child.communicate(timeout=30)
    os.close(ours)
    assert child.returncode == 0 and out == b""
    return drawn


BATCH = """
import watched
from vidstyle import progress
from vidstyle.progress.bars import Bars
clock = watched.Ticks()
with Bars(clock) as bars:
    watched.batch(bars, clock)
progress.say("the end")
"""


@pytest.mark.parametrize("columns", [100, 24])
def test_bars_on_a_terminal(columns: int) -> None:
    drawn = screen(columns, 12, BATCH).decode()
    pieces = [piece for piece in re.split(r"[\r\n]|\x1b\[A", drawn) if piece.strip()]
    words = [piece for piece in pieces if "|" not in piece]
    assert [word for word in words if word.startswith("failed: ")] == [
        "failed: b.mp4: no space left for out/b.mp4",
        "failed: text.mp4 is text",
    ]
    bars = [piece for piece in pieces if "|" in piece]
    assert all(disp_len(bar) <= columns for bar in bars)
    whole = [bar for bar in bars if "of 4" in bar]
    if columns == 100:
        assert any("3 of 4 files, 1 failed" in bar for bar in whole)
        assert any("a.mp4  4.0 frames/s, 00:10 left" in bar for bar in bars)
        assert any(bar.lstrip().startswith("?") and "b.mp4  " in bar for bar in bars)
    assert any("100%" in bar for bar in bars)
    assert words[-1] == "the end"


def test_bars_are_gone_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    from tqdm import tqdm

    with pytest.raises(ZeroDivisionError), Bars() as bars:
        bars.planned(3, 2)
        bars.began("a.mp4", watched.plan())
        bars.began("a.mp4", watched.plan())  # a lost worker's job, begun again
        raise ZeroDivisionError
    assert not list(tqdm._instances)
    capsys.readouterr()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cli_folder.fill(tmp_path_factory.mktemp("progress"))


@pytest.mark.parametrize(
    "arguments", [["nowhere.mp4"], ["clip.mp4", "--stile", "x"], ["clip.mp4", "--crf", "x"]]
)
def test_the_error_of_a_command_is_an_event(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(folder / arguments[0]), *arguments[1:], "--progress", "json", *cli_folder.flags(folder)]
    code = cli.code(given)
    out, err = capsys.readouterr()
    end = events(err)[-1]
    assert code in (2, 3) and end["event"] == "end" and end["exit_code"] == code and end["error"]
    assert out == ""


def test_a_command_in_events(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--progress", "json", *cli_folder.flags(folder)]
    assert cli.code([str(folder / "clip.mp4"), "-o", str(tmp_path / "o.mp4"), *flags]) == 0
    out, err = capsys.readouterr()
    found = events(err)
    kinds = [event["event"] for event in found if event["event"] not in ("note", "progress")]
    assert kinds == ["plan", "begin", "done", "end"] and out == ""
    assert found[-1]["done"] == 1 and found[-1]["exit_code"] == 0


def test_a_bug_is_an_event(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.pipeline.run", lambda *_, **__: 1 / 0)
    assert cli.code([str(folder / "clip.mp4"), "--progress=json", *cli_folder.flags(folder)]) == 70
    end = events(capsys.readouterr().err)[-1]
    assert end["event"] == "end" and "ZeroDivisionError" in end["trace"]


def test_the_speed_is_this_runs_own() -> None:
    plan = watched.plan("a.mp4", 100, kept=80)
    result = watched.result("a.mp4", 100, plan=plan, elapsed=4.0)
    assert result.fps == 5
    line = next(line for line in progress.summary(result) if "frames/s" in line)
    assert line.startswith("100 frames, 80 of them kept from an earlier run, ") and "5.0 frames/s" in line
    fresh = watched.result("a.mp4", 100, elapsed=4.0)
    assert fresh.fps == 25 and "kept" not in " ".join(progress.summary(fresh))
