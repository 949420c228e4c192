"""`vidstyle bench`: how fast the whole tool is here, and where its time goes."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidstyle.cli import options, parse
from vidstyle.types import Job, JobResult

if TYPE_CHECKING:
    from vidstyle import pipeline


def command(
    source: options.Input,
    style: options.Style = None,
    class_: options.Class = None,
    device: options.Device = "auto",
    segmenter: options.Segmenter = None,
    stylizer: options.Stylizer = None,
    rounds: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often the whole video is painted.")
    ] = 3,
) -> None:
    """Paint a video several times into a temporary folder and print the speed of each stage.

    Networks are loaded before the clock starts. Stages overlap: their times add up to more than the whole.
    """
    from vidstyle import pipeline, progress

    job = Job(
        source=parse.file(source),
        styles=parse.weighted(style),
        classes=parse.class_names(class_),
        device=device,
        segmenter=segmenter,
        stylizer=stylizer,
    )
    networks = pipeline.load(job)
    with tempfile.TemporaryDirectory(prefix="vidstyle-bench-") as folder:
        results = [_round(job, networks, Path(folder) / f"{number}.mkv") for number in range(rounds)]
    progress.tell(f"{progress.described(results[0].plan)}; {results[0].frames} frames")
    for line in _lines(results):
        progress.tell(line)


def _round(job: Job, networks: pipeline.Networks, target: Path) -> JobResult:
    from vidstyle import pipeline

    return pipeline.run(replace(job, target=target), networks)


def _lines(results: list[JobResult]) -> list[str]:
    """Median and range over the rounds, in milliseconds a frame and frames per second."""
    stages = list(results[0].seconds)
    rows = [
        _row(stage, [1000 * result.seconds[stage] / result.frames for result in results], "ms a frame, busy")
        for stage in stages
    ]
    rows.append(_row("whole", [1000 * result.elapsed / result.frames for result in results], "ms a frame"))
    rows.append(_row("whole", [result.fps for result in results], "frames/s"))
    return rows


def _row(name: str, values: list[float], unit: str) -> str:
    low, high = min(values), max(values)
    return f"{name:8}  {statistics.median(values):8.2f}  ({low:.2f} to {high:.2f})  {unit}"
