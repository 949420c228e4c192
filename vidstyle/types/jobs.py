"""Jobs: what is asked for, what is about to happen, what happened, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How the output is encoded; None means the default that the README states."""

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    options: dict[str, str] = field(default_factory=dict)


SEGMENT = 250
"""Frames of a segment: the longest stretch that x264 and x265 encode without a keyframe of their own."""

FEATHER = 2.0
"""Pixels over which the edge of a mask fades, where nobody asks for another number."""


@dataclass(frozen=True, slots=True)
class Job:
    """One video to paint and how.

    source: a local file; a str is opened as it is: "-" for standard input, a device or an address
    ("/dev/video0", "rtsp://..."). target: a local file, "-" for standard output, None for
    `<stem>.vidstyle<ext>` beside the source. container: FFmpeg's name of the output's container, None to go
    by the target's ending ("-": Matroska). realtime: drop frames rather than fall behind a live source.
    segment: frames after which the encoder starts anew, so that finished pieces can be kept; None: never.
    threads: CPU threads of the networks and of the decoder, None for all cores.
    work_dir: where unfinished work is kept, None for beside the target.
    styles: pictures (paths or names of built-in ones) with their weights; empty for the default one, or
    for a network with a style of its own. classes: names as the user gave them; ("all",) paints the
    whole frame. start, end: a part of the video, in seconds from its
    first frame. feather: pixels over which the edge of the mask fades. threshold: 0..1 or None for the
    card's own.
    """

    source: Path | str
    target: Path | str | None = None
    styles: tuple[tuple[str, float], ...] = ()
    classes: tuple[str, ...] = ("laptop",)
    invert: bool = False
    strength: float = 1.0
    preserve_color: bool = False
    feather: float = FEATHER
    threshold: float | None = None
    mask_out: Path | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    encode: EncodeOptions = EncodeOptions()
    device: str = "auto"
    segmenter: str | None = None
    stylizer: str | None = None
    overwrite: bool = False
    container: str | None = None
    realtime: bool = False
    segment: int | None = SEGMENT
    threads: int | None = None
    work_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job is about to do, said before its first frame. `frames` is the container's claim; `kept`
    of them were painted by an earlier run. `device_note` says why "auto" did not take the faster device,
    or what does not run there; else it is empty. `masks`: where the video of the masks goes, if one was asked
    for."""

    source: Path | str
    target: Path | str
    frames: int | None
    segmenter: str | None
    stylizer: str
    device: str
    codec: str
    decoder: str
    device_note: str = ""
    kept: int = 0
    masks: Path | None = None

    @property
    def networks(self) -> str:
        """The networks and their device in words."""
        both = f"{self.segmenter} + {self.stylizer}" if self.segmenter else self.stylizer
        return f"{both} on {self.device}"


class Watcher(Protocol):
    """Is told how a job goes on. Called from the thread that runs the job."""

    def begin(self, plan: Plan) -> None:
        """Everything is open; the first frame follows."""
        ...

    def advance(self, frames: int) -> None:
        """So many more frames are encoded."""
        ...


@dataclass(frozen=True, slots=True)
class JobResult:
    """What happened. `frames_with_class` counts the frames in which the class was found. `coverage` is
    the painted share of the picture, mean over all frames, 0 to 1. `seconds` maps a stage to the seconds it
    was busy (stages overlap: they add up to more than `elapsed`). `notes` are the lines a user should read:
    streams that could not be kept, frames repeated for damaged packets, ... `curve` is the coverage over
    time: means of equally many frames each, 1024 at most. In real time, `dropped` counts the frames that were
    left out to keep up, and `latency` is the longest that a frame took from the decoder to the muxer, in
    seconds."""

    plan: Plan
    frames: int
    frames_with_class: int
    coverage: float
    elapsed: float
    seconds: dict[str, float]
    notes: tuple[str, ...]
    curve: tuple[float, ...] = ()
    dropped: int = 0
    latency: float | None = None

    @property
    def fps(self) -> float:
        """Frames per second of the whole job, opening and checking included. Those that an earlier run
        painted do not count: their time was that run's."""
        return (self.frames - self.plan.kept) / self.elapsed if self.elapsed else 0.0


Status = Literal["done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one job of a batch. source, target: as a user would write them (a path or an address).
    reason: why it was skipped or failed, one line. exit_code: of a failed one, see `errors`; as a shell's
    where its process was killed. result: of a done one. trace: of a bug, several lines for stderr."""

    source: str
    target: str | None
    status: Status
    reason: str = ""
    exit_code: int = 0
    result: JobResult | None = None
    trace: str = ""


class BatchWatcher(Protocol):
    """Is told how a batch goes on; every call comes from one thread. Jobs are told apart by their source's
    name, which no two share; several run at once."""

    def planned(self, jobs: int, at_once: int) -> None:
        """So many jobs will be done, so many of them at once."""
        ...

    def began(self, source: str, plan: Plan) -> None:
        """The job's first frame follows."""
        ...

    def advanced(self, source: str, frames: int) -> None:
        """So many more of its frames are encoded."""
        ...

    def ended(self, outcome: Outcome) -> None:
        """A job is over, begun or not."""
        ...


@dataclass(frozen=True, slots=True)
class InBatch:
    """The `Watcher` of one job of a batch: tells the batch's, under the job's name."""

    batch: BatchWatcher
    source: str

    def begin(self, plan: Plan) -> None:
        self.batch.began(self.source, plan)

    def advance(self, frames: int) -> None:
        self.batch.advanced(self.source, frames)
