"""The command as a process: signals, and standard streams that are closed or full."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import batch_folder
import pytest
from cli_folder import COMMAND
from clips import times

from vidstyle import cli
from vidstyle.cli import stopping


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch_folder.fill(tmp_path_factory.mktemp("cli"))


@pytest.mark.parametrize(
    ("number", "code", "repeats"),
    [(signal.SIGINT, 130, 3), (signal.SIGTERM, 143, 1), (signal.SIGHUP, 129, 3)],
)
def test_a_signal_stops_soon_and_leaves_nothing(
    number: signal.Signals, code: int, repeats: int, folder: Path, words: list[str], tmp_path: Path
) -> None:
    source, target = folder / "long.mp4", tmp_path / "o.mp4"
    process = batch_folder.start([str(source), "-o", str(target), "--json", "-e", "preset=veryslow", *words])
    try:
        batch_folder.wait_for(lambda: any(tmp_path.iterdir()))
        for _ in range(repeats):
            process.send_signal(number)
            time.sleep(0.02)  # signals that wait together are one
        document, err = process.communicate(timeout=30)
    finally:
        batch_folder.end(process)
    assert process.returncode == code, err
    facts = json.loads(document)
    assert (facts["status"], facts["exit_code"], facts["target"]) == ("failed", code, str(target))
    assert list(tmp_path.iterdir()) == [] and "Traceback" not in err
    assert err.endswith("nothing was written\n")


def test_an_error_in_the_wake_of_a_signal_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def torn() -> None:
        try:
            raise stopping.Stopped(signal.SIGTERM)
        finally:
            raise AttributeError("half made")

    monkeypatch.setattr(cli, "app", lambda **_: torn())
    assert cli.code([]) == 143
    assert capsys.readouterr().err == "vidstyle: terminated; nothing was written\n"


WHOLE = """
import sys, time
from vidstyle.cli import stopping
stopping.listen()
try:
    import struck
    time.sleep(10)
except stopping.Stopped as stopped:
    print(sys.modules["struck"].whole, stopped.exit_code)
"""


def test_a_signal_waits_for_an_import_to_end(tmp_path: Path) -> None:
    struck = "import signal, time\nsignal.raise_signal(signal.SIGTERM)\ntime.sleep(0.1)\nwhole = True\n"
    (tmp_path / "struck.py").write_text(struck)
    seen = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", WHOLE], env=seen, capture_output=True, text=True, timeout=30)
    assert done.stdout == "True 143\n", done.stderr


ASKED = pytest.mark.parametrize("asked", [["styles"], ["run", "--help"], ["--help"], ["--version"]])


@ASKED
def test_a_closed_stdout_ends_quietly(asked: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run([*COMMAND, *asked], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert process.returncode == 141 and process.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="closes descriptors in a shell")
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_change_nothing(
    closed: str, folder: Path, words: list[str], tmp_path: Path
) -> None:
    target = tmp_path / "o.mp4"
    shell = ["bash", "-c", f'"$@" {closed}', "-", *COMMAND]
    done = subprocess.run([*shell, str(folder / "clip.mp4"), "-o", str(target), *words], capture_output=True)
    assert done.returncode == 0 and times(target) == times(folder / "clip.mp4"), done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@ASKED
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_stdout_is_said_in_one_line(asked: list[str], unbuffered: str) -> None:
    around = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([*COMMAND, *asked], stdout=full, stderr=subprocess.PIPE, text=True, env=around)
    assert (
        done.returncode == 6
        and done.stderr == "vidstyle: stdout cannot be written: no space left on device\n"
    )
