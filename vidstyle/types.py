"""What the rooms hand to each other: formats, frames, regions, jobs, and the two network protocols.

Arrays are NumPy. Coordinates are pixels of the stored picture (before rotation), x to the right, y down.
Times are integers in a `time_base`, never float seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
"""uint8 (8 bit) or uint16 (9 to 16 bit, low bits) samples."""

Planes = tuple[Samples, ...]
"""(Y, U, V) or (G, B, R), each (height, width) or, in a batch, (N, height, width). Never the alpha plane."""

Matrix = Literal["bt601", "bt709", "bt2020", "rgb"]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How samples lie in planes and what they mean: all that a conversion to RGB needs.

    `name` is FFmpeg's name of a planar format. `chroma_w` and `chroma_h` are log2 of the chroma
    subsampling. `matrix` "rgb" means that the planes are G, B and R. `alpha` says that a further,
    full-size plane follows, which no stage touches.
    """

    name: str
    depth: int
    chroma_w: int
    chroma_h: int
    matrix: Matrix
    full_range: bool
    alpha: bool = False

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.depth == 8 else np.uint16


class Orientation(NamedTuple):
    """What makes the stored picture upright: `turns` counter-clockwise quarter turns, then a mirror."""

    turns: int = 0
    mirror: bool = False

    def upright(self, picture: Samples) -> Samples:
        """Stored (height, width, ...) to upright; a view."""
        turned = np.rot90(picture, self.turns, axes=(0, 1))
        return turned[:, ::-1] if self.mirror else turned

    def stored(self, picture: Samples) -> Samples:
        """Upright (height, width, ...) back to stored; a view."""
        unmirrored = picture[:, ::-1] if self.mirror else picture
        return np.rot90(unmirrored, -self.turns, axes=(0, 1))


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of the video stream before its first frame is decoded.

    `width` and `height` are those of the stored picture; `frames` and `duration` (in `time_base`) are
    what the container claims, None where it does not say. `format` is the planar format that frames
    arrive in; `source_format` is FFmpeg's name of what the decoder gives (equal unless converted).
    """

    width: int
    height: int
    format: PixelFormat
    source_format: str
    time_base: Fraction
    rate: Fraction | None
    frames: int | None
    duration: int | None
    sample_aspect_ratio: Fraction
    orientation: Orientation
    codec: str
    container: str
    decoder: str

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) as a viewer sees it, in square pixels: what networks should see."""
        width = max(1, round(self.width * self.sample_aspect_ratio))
        return (self.height, width) if self.orientation.turns % 2 else (width, self.height)


@dataclass(slots=True)
class Frame:
    """One decoded picture in its own planes.

    `planes` are read-only views of the decoded picture: (height, width) each, chroma rounded up.
    `pts` is in `VideoInfo.time_base`, exactly the source's. `picture` is a small upright RGB copy
    (h, w, 3) uint8 of the size that the segmenter asked for, None where nothing is segmented.
    `native` and `companions` (packets of the other streams that were demuxed before this frame) belong
    to `media`; nobody else looks inside.
    """

    index: int
    pts: int
    planes: Planes
    picture: NDArray[np.uint8] | None = None
    native: Any = None
    companions: tuple[Any, ...] = ()


class Region(NamedTuple):
    """A rectangle of the stored picture, in luma pixels. It may reach past the right and bottom edges
    (then the planes are padded by repeating their last row and column)."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a graph. dtype: NumPy's name. shape: int for a fixed axis, else a name or
    None."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs of a graph, as its file declares them. metadata: what its exporter wrote into the
    file, as pairs of key and text."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: tuple[tuple[str, str], ...] = ()


class Segmenter(Protocol):
    """Finds the wanted classes. Called from one thread."""

    name: str

    def picture_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the small picture it wants of an upright width x height frame."""
        ...

    def masks(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Masks of consecutive frames, in order.

        pictures: (N, h, w, 3) RGB of the size `picture_size` named, upright.
        Returns (N, mh, mw), any mh and mw, covering exactly the picture: 0 leaves a pixel alone, 1
        paints it, 0.5 is the edge at the threshold; exactly 0 and 1 away from the edge.
        """
        ...

    def reset(self) -> None:
        """Forgets what earlier frames said (a new video, a scene cut)."""
        ...

    def interrupt(self) -> None:
        """From another thread: ends a call that is running, with an error; later calls run as usual."""
        ...


class Stylizer(Protocol):
    """Paints regions. Called from one thread.

    `multiple`: region width and height must be multiples of it, and its origin should be, so that what
    holds still in the frame meets the same phase of the network's strides. `margin`: pixels around the
    mask without which the rim looks different. `size`: (height, width) of a network that takes one
    size only (regions of another size are scaled inside), else None.
    """

    name: str
    multiple: int
    margin: int
    size: tuple[int, int] | None

    def paint(
        self,
        planes: Planes,
        mask: NDArray[np.uint8],
        format: PixelFormat,
        *,
        strength: float = 1.0,
        preserve_color: bool = False,
    ) -> Planes:
        """Paints a batch of regions and blends it in.

        planes: batches (N, h, w) of `format`, upright. mask: (N, h, w), 255 paints, 0 leaves every
        sample bit-identical (a chroma sample where all of its luma pixels are 0).
        Returns planes of the same shapes and type.
        """
        ...

    def interrupt(self) -> None:
        """From another thread: ends a call that is running, with an error; later calls run as usual."""
        ...


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How the output is encoded; None means the default that the README states."""

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    options: dict[str, str] = field(default_factory=dict)


FEATHER = 2.0
"""Pixels over which the edge of a mask fades, where nobody asks for another number."""


@dataclass(frozen=True, slots=True)
class Job:
    """One video to paint and how. Paths are local files.

    styles: pictures (paths or names of built-in ones) with their weights; empty for the default one, or
    for a network with a style of its own. classes: names as the user gave them; ("all",) paints the
    whole frame. start, end: a part of the video, in seconds from its
    first frame. feather: pixels over which the edge of the mask fades. threshold: 0..1 or None for the
    card's own.
    """

    source: Path
    target: Path | None = None
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job is about to do, said before its first frame. `frames` is the container's claim.
    `device_note` says why "auto" did not take the faster device; empty where it did."""

    source: Path
    target: Path
    frames: int | None
    segmenter: str | None
    stylizer: str
    device: str
    codec: str
    decoder: str
    device_note: str = ""


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
    streams that could not be kept, frames repeated for damaged packets, ..."""

    plan: Plan
    frames: int
    frames_with_class: int
    coverage: float
    elapsed: float
    seconds: dict[str, float]
    notes: tuple[str, ...]

    @property
    def fps(self) -> float:
        """Frames per second of the whole job, opening and checking included."""
        return self.frames / self.elapsed if self.elapsed else 0.0
