"""The way of a frame: source to target, through the rooms below."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from vidstyle import media
from vidstyle.flow import Clock
from vidstyle.pipeline.alone import cuts, hold, paint_segment
from vidstyle.pipeline.checks import check
from vidstyle.pipeline.networks import Networks, card, described, load
from vidstyle.pipeline.outputs import Outputs, plan_of
from vidstyle.pipeline.preview import preview
from vidstyle.pipeline.realtime import Realtime
from vidstyle.pipeline.recipe import fingerprint_of
from vidstyle.pipeline.streams import ended_by_signal, opened, streamed
from vidstyle.pipeline.way import drive
from vidstyle.pipeline.work import forget, kept
from vidstyle.types import FEATHER, EncodeOptions, Job, JobResult, Plan, Watcher

__all__ = [
    "Networks",
    "card",
    "cuts",
    "described",
    "fingerprint_of",
    "forget",
    "hold",
    "kept",
    "load",
    "paint_segment",
    "preview",
    "process",
    "run",
]


def process(
    source: Path | str,
    target: Path | str | None = None,
    *,
    style: str | Sequence[tuple[str, float]] = (),
    classes: str | Sequence[str] = "laptop",
    invert: bool = False,
    strength: float = 1.0,
    preserve_color: bool = False,
    feather: float = FEATHER,
    threshold: float | None = None,
    mask_out: Path | str | None = None,
    start: Fraction | None = None,
    end: Fraction | None = None,
    encode: EncodeOptions | None = None,
    device: str = "auto",
    segmenter: str | None = None,
    stylizer: str | None = None,
    overwrite: bool = False,
    watcher: Watcher | None = None,
) -> JobResult:
    """Paints `classes` in the video `source` in the style of `style` and writes `target`.

    target: None writes `<stem>.vidstyle<ext>` beside the source. style: a picture or the name of a
    built-in one, or several with weights; empty for the default, "starry". classes: one name or several;
    "all" paints whole frames.
    The other arguments are the command's flags: see `vidstyle.Job`.
    Raises a `vidstyle.VidstyleError` with one line that says what to do; then no output is left.
    """
    job = Job(
        source=_place(source),
        target=None if target is None else _place(target),
        styles=((style, 1.0),) if isinstance(style, str) else tuple(style),
        classes=(classes,) if isinstance(classes, str) else tuple(classes),
        invert=invert,
        strength=strength,
        preserve_color=preserve_color,
        feather=feather,
        threshold=threshold,
        mask_out=None if mask_out is None else Path(mask_out),
        start=start,
        end=end,
        encode=encode or EncodeOptions(),
        device=device,
        segmenter=segmenter,
        stylizer=stylizer,
        overwrite=overwrite,
    )
    return run(job, watcher=watcher)


def run(
    job: Job, networks: Networks | Callable[[Job], Networks] | None = None, watcher: Watcher | None = None
) -> JobResult:
    """Does one job. `networks` may be kept from job to job where their settings are the same. What loads them
    (None: `load`) is called once the input is open: a broken one costs no loading.

    A video of several segments goes on from what an earlier run with the same recipe finished.
    """
    check(job)
    job = streamed(job)
    if job.target == media.STANDARD:
        media.claim_standard_output()
    begun, clock = time.perf_counter(), Clock()
    live = Realtime() if job.realtime else None
    with ExitStack() as stack:
        video = stack.enter_context(opened(job))
        loaded = networks(job) if callable(networks) else networks or load(job)
        outputs = stack.enter_context(Outputs.open(job, video, live))
        plan = plan_of(job, video, loaded, outputs)
        if watcher is not None:
            watcher.begin(plan)
        with ended_by_signal(job, video):
            drive(job, video, loaded, outputs, clock, watcher)
        with clock.busy("encode"):
            outputs.finish()
    return _result(job, plan, video, outputs, time.perf_counter() - begun, clock)


def _result(
    job: Job, plan: Plan, video: media.Source, outputs: Outputs, elapsed: float, clock: Clock
) -> JobResult:
    tally, live = outputs.tally, outputs.live
    return JobResult(
        plan=plan,
        frames=tally.frames,
        frames_with_class=tally.found,
        coverage=tally.coverage,
        elapsed=elapsed,
        seconds=dict(clock.seconds),
        notes=(*video.notes, *outputs.notes, *tally.notes(job)),
        curve=tally.curve.all(),
        dropped=live.dropped if live else 0,
        latency=live.latency if live else None,
    )


def _place(name: Path | str) -> Path | str:
    """A str that is no stream names a file."""
    return name if isinstance(name, str) and media.is_stream(name) else Path(name)
