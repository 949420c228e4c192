"""What the tests of batches work on: short clips, broken ones, and one that takes its time."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cli_folder
from cli_folder import COMMAND
from clips import write_clip

from vidstyle.jobs.plan import Planned, plan
from vidstyle.types import EncodeOptions, Job, Outcome, Plan

SLOW = EncodeOptions(preset="veryslow")


def fill(folder: Path) -> Path:
    """`clip.mp4` and the tiny networks; `long.mp4`, which takes seconds; `broken.mp4`, which is text."""
    cli_folder.fill(folder)
    write_clip(folder / "long.mp4", frames=1500, sound=False)
    (folder / "broken.mp4").write_text("this is no video\n" * 100)
    return folder


def put(folder: Path, place: Path, names: Sequence[str]) -> Path:
    """Copies of the files in a folder of their own: "a=clip" is clip.mp4 called a.mp4."""
    place.mkdir(parents=True, exist_ok=True)
    for name, _, kind in (each.partition("=") for each in names):
        shutil.copy(folder / f"{kind}.mp4", place / f"{name}.mp4")
    return place


def template(folder: Path, encode: EncodeOptions = SLOW) -> Job:
    """Settings with the tiny networks."""
    networks = {"segmenter": str(folder / "reds.onnx"), "stylizer": str(folder / "invert.onnx")}
    return Job("", device="cpu", encode=encode, **networks)  # type: ignore[arg-type]


def planned(folder: Path, place: Path, names: Sequence[str]) -> list[Planned]:
    """A plan for those files in `place`, in this order; outputs go to `place`/out."""
    put(folder, place, names)
    words = [str(place / f"{name.partition('=')[0]}.mp4") for name in names]
    return list(plan(words, [], template(folder), f"{place}/out/"))


class Diary:
    """A watcher that writes down what it is told; `on_advance` is called at the first frame of a job."""

    def __init__(self, on_advance: Callable[[str], None] = lambda _: None) -> None:
        self.said: list[tuple[str, ...]] = []
        self.frames: dict[str, int] = {}
        self.outcomes: list[Outcome] = []
        self._on_advance = on_advance

    def planned(self, jobs: int, at_once: int) -> None:
        self.said.append(("planned", str(jobs), str(at_once)))

    def began(self, source: str, plan: Plan) -> None:
        assert str(plan.source) == source
        self.said.append(("began", Path(source).stem))

    def advanced(self, source: str, frames: int) -> None:
        first = source not in self.frames
        self.frames[source] = self.frames.get(source, 0) + frames
        if first:
            self._on_advance(Path(source).stem)

    def ended(self, outcome: Outcome) -> None:
        self.said.append(("ended", Path(outcome.source).stem))
        self.outcomes.append(outcome)


def seen(folder: Path) -> list[str]:
    """The names in a folder that a user sees, in order."""
    return sorted(path.name for path in folder.glob("*") if not path.name.startswith("."))


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """The command in a process group of its own, as a shell starts it."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*COMMAND, *arguments], text=True, start_new_session=True, **pipes)  # type: ignore[call-overload, no-any-return]


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    """Until it is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def members(group: int) -> list[int]:
    """Processes of a group that still run; Linux only."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _group(path) == group]


def _group(path: Path) -> int:
    try:
        fields = (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[2])


def end(process: subprocess.Popen[str]) -> None:
    """Nothing of a failed test stays behind."""
    for number in members(process.pid) if sys.platform == "linux" else []:
        os.kill(number, signal.SIGKILL)
    process.kill()
    process.communicate()
