"""The command as a process: signals, and standard streams that are closed or full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cli_folder
import pytest
from clips import times, write_clip

COMMAND = [sys.executable, "-m", "vidstyle"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cli_folder.fill(tmp_path_factory.mktemp("cli"))


@pytest.fixture
def words(folder: Path) -> list[str]:
    return cli_folder.flags(folder)


def run(arguments: list[str], **named: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **named
    )  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("repeats", [1, 3])
def test_a_signal_stops_soon_and_leaves_nothing(
    number: signal.Signals, code: int, repeats: int, words: list[str], tmp_path: Path
) -> None:
    source = write_clip(tmp_path / "long.mp4", frames=1500, sound=False)
    (tmp_path / "out").mkdir()
    process = run([str(source), "-o", str(tmp_path / "out" / "o.mp4"), "-e", "preset=veryslow", *words])
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    for _ in range(repeats):
        process.send_signal(number)
        time.sleep(0.02)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert list((tmp_path / "out").iterdir()) == [] and "Traceback" not in err
    assert err.endswith("nothing was written\n")


def test_a_closed_stdout_ends_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run([*COMMAND, "styles"], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert process.returncode != 70 and process.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="closes descriptors in a shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_change_nothing(
    closed: str, folder: Path, words: list[str], tmp_path: Path
) -> None:
    target = tmp_path / "o.mp4"
    shell = ["bash", "-c", f'"$@" {closed}', "-", *COMMAND]
    done = subprocess.run([*shell, str(folder / "clip.mp4"), "-o", str(target), *words], capture_output=True)
    assert done.returncode == 0 and times(target) == times(folder / "clip.mp4"), done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_stdout_is_said_in_one_line() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([*COMMAND, "styles"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (
        done.returncode == 6
        and done.stderr == "vidstyle: stdout cannot be written: no space left on device\n"
    )
