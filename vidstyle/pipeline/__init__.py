"""The way of a frame: source to target, through the rooms below."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

from vidstyle import media
from vidstyle.flow import Clock, prefetch
from vidstyle.pipeline.checks import check, check_places
from vidstyle.pipeline.networks import Networks, card, described, load
from vidstyle.pipeline.preview import preview
from vidstyle.pipeline.realtime import Realtime
from vidstyle.pipeline.stages import Painted, frame_mask, share
from vidstyle.pipeline.streams import ended_by_signal, interrupt, opened, streamed
from vidstyle.pipeline.way import AHEAD, way
from vidstyle.types import FEATHER, EncodeOptions, Job, JobResult, Plan, VideoInfo, Watcher

__all__ = ["Networks", "card", "described", "load", "preview", "process", "run"]


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


def run(job: Job, networks: Networks | None = None, watcher: Watcher | None = None) -> JobResult:
    """Does one job. `networks` may be kept from job to job where their settings are the same."""
    check(job)
    job = streamed(job)
    if job.target == media.STANDARD:
        media.claim_standard_output()
    begun, clock, tally = time.perf_counter(), Clock(), _Tally()
    live = Realtime() if job.realtime else None
    with opened(job) as video:
        networks = networks or load(job)
        with _Outputs.open(job, video) as outputs:
            plan = _plan(job, video, networks, outputs)
            if watcher is not None:
                watcher.begin(plan)
            chain = way(job, video, networks, clock, live)
            with (
                ended_by_signal(job, video),
                closing(
                    prefetch(chain, 1 if live else AHEAD, "inference", interrupt(video, networks))
                ) as batches,
            ):
                for batch in batches:
                    with clock.busy("encode"):
                        outputs.write(batch, live)
                    tally.add(batch, video.info)
                    if watcher is not None:
                        watcher.advance(len(batch))
            with clock.busy("encode"):
                outputs.finish(video.trailing())
    notes = (*video.notes, *outputs.notes, *tally.notes(job), *([live.note] if live else []))
    return tally.result(plan, time.perf_counter() - begun, clock, notes)


def _place(name: Path | str) -> Path | str:
    """A str that is no stream names a file."""
    return name if isinstance(name, str) and media.is_stream(name) else Path(name)


@dataclass(slots=True)
class _Outputs:
    """The video and, where asked for, its masks as a video: both whole, or neither."""

    info: VideoInfo
    sink: media.Sink
    masks: media.MaskWriter | None

    @classmethod
    @contextmanager
    def open(cls, job: Job, video: media.Source) -> Iterator[_Outputs]:
        target = job.target or media.default_target(Path(job.source), video)
        check_places(target, job.mask_out)
        place = media.OutPipe(realtime=job.realtime) if target == media.STANDARD else Path(target)
        with ExitStack() as stack:
            sink = stack.enter_context(
                media.Sink(
                    place,
                    video,
                    job.encode,
                    overwrite=job.overwrite,
                    container=job.container,
                    realtime=job.realtime,
                )
            )
            masks = None
            if job.mask_out is not None:
                masks = stack.enter_context(media.MaskWriter(job.mask_out, video, overwrite=job.overwrite))
            yield cls(video.info, sink, masks)

    def write(self, batch: list[Painted], live: Realtime | None) -> None:
        for painted in batch:
            self.sink.write(painted.frame)
            if live is not None:
                live.written(painted.frame, self.sink.muxed)
            if self.masks is not None:
                self.masks.write(painted.frame, frame_mask(painted, self.info.width, self.info.height))

    def finish(self, trailing: tuple[Any, ...]) -> None:
        """Checks every file before the first one gets its name."""
        self.sink.prepare(trailing)
        if self.masks is not None:
            self.masks.prepare()
            self.masks.commit()
        self.sink.commit()

    @property
    def notes(self) -> tuple[str, ...]:
        masks = self.masks.notes if self.masks else ()
        return (*self.sink.notes, *(f"masks: {note}" for note in masks))


def _plan(job: Job, video: media.Source, networks: Networks, outputs: _Outputs) -> Plan:
    return Plan(
        source=job.source,
        target=job.target if job.target == media.STANDARD else Path(str(outputs.sink.target)),
        frames=_expected(job, video.info),
        segmenter=networks.segmenter.name if networks.segmenter else None,
        stylizer=networks.stylizer.name,
        device=networks.device.label,
        codec=outputs.sink.codec,
        decoder=video.info.decoder,
        device_note=networks.device.note,
    )


def _expected(job: Job, info: VideoInfo) -> int | None:
    """How many frames will come, as far as the container tells; exact only where its rate is constant."""
    if info.frames is None or info.rate is None or (job.start is None and job.end is None):
        return info.frames
    begin = min(ceil((job.start or 0) * info.rate), info.frames)
    end = info.frames if job.end is None else min(ceil(job.end * info.rate), info.frames)
    return max(0, end - begin)


@dataclass(slots=True)
class _Tally:
    frames: int = 0
    found: int = 0
    coverage: float = 0.0

    def add(self, batch: list[Painted], info: VideoInfo) -> None:
        self.frames += len(batch)
        self.found += sum(painted.found for painted in batch)
        self.coverage += sum(share(painted, info.width, info.height) for painted in batch)

    def notes(self, job: Job) -> tuple[str, ...]:
        if self.found or not self.frames:
            return ()
        so = "all of it" if job.invert else "nothing"
        wanted = " or ".join(job.classes)
        return (f"no {wanted} was found in any frame, so {so} is painted; try a lower --threshold",)

    def result(self, plan: Plan, elapsed: float, clock: Clock, notes: tuple[str, ...]) -> JobResult:
        return JobResult(
            plan=plan,
            frames=self.frames,
            frames_with_class=self.found,
            coverage=self.coverage / self.frames if self.frames else 0.0,
            elapsed=elapsed,
            seconds=dict(clock.seconds),
            notes=notes,
        )
