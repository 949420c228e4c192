"""Plans, results and outcomes as a batch would tell them, without any video."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from vidstyle.types import BatchWatcher, JobResult, Outcome, Plan


class Ticks:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def plan(source: str = "a.mp4", frames: int | None = 100, **facts: Any) -> Plan:
    target = facts.pop("target", f"out/{source}")
    return Plan(Path(source), Path(target), frames, "reds", "invert", "CPU", "libx264", "h264", **facts)


def result(source: str = "a.mp4", frames: int = 100, **facts: Any) -> JobResult:
    known: dict[str, Any] = {
        "frames_with_class": frames // 2,
        "coverage": 0.05,
        "elapsed": 4.0,
        "seconds": {"decode": 1.0, "stylize": 3.0},
        "notes": (),
        **facts,
    }
    return JobResult(known.pop("plan", plan(source, frames)), frames, **known)


def done(source: str = "a.mp4", **facts: Any) -> Outcome:
    return Outcome(source, f"out/{source}", "done", result=result(source, **facts))


def failed(source: str = "a.mp4", reason: str = "it holds no video", code: int = 3) -> Outcome:
    return Outcome(source, f"out/{source}", "failed", reason, code)


def skipped(source: str = "a.mp4") -> Outcome:
    return Outcome(source, f"out/{source}", "skipped", "done before")


def batch(watcher: BatchWatcher, clock: Ticks) -> None:
    """Two at once, one of them of unknown length, one that fails, one refused, one skipped."""
    watcher.planned(4, 2)
    watcher.ended(skipped("old.mp4"))
    watcher.began("a.mp4", plan("a.mp4", device_note="no CUDA here"))
    watcher.began("b.mp4", plan("b.mp4", None, device_note="no CUDA here"))
    for _ in range(100):
        clock.now += 0.25
        watcher.advanced("a.mp4", 1)
        watcher.advanced("b.mp4", 2)
    watcher.ended(done("a.mp4", notes=("2 damaged packets skipped",)))
    watcher.ended(failed("b.mp4", "no space left for out/b.mp4", 6))
    watcher.ended(replace(failed("text.mp4", "text.mp4 is text"), trace="  line 1\n"))


def schema() -> Mapping[str, Any]:
    text = resources.files("vidstyle.progress").joinpath("events.schema.json").read_text("utf-8")
    loaded: Mapping[str, Any] = json.loads(text)
    return loaded
