"""Pictures: how samples lie in planes, frames, regions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:  # the command line answers in a blink where nothing is painted
    import numpy as np
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[Any]"
"""uint8 (8 bit) or uint16 (9 to 16 bit, low bits) samples."""

Planes: TypeAlias = "tuple[Samples, ...]"
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
        import numpy as np

        return np.uint8 if self.depth == 8 else np.uint16


class Orientation(NamedTuple):
    """What makes the stored picture upright: `turns` counter-clockwise quarter turns, then a mirror."""

    turns: int = 0
    mirror: bool = False

    def upright(self, picture: Samples) -> Samples:
        """Stored (height, width, ...) to upright; a view."""
        import numpy as np

        turned = np.rot90(picture, self.turns, axes=(0, 1))
        return turned[:, ::-1] if self.mirror else turned

    def stored(self, picture: Samples) -> Samples:
        """Upright (height, width, ...) back to stored; a view."""
        import numpy as np

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
    to `media`; nobody else looks inside. `fresh`: what came before it must not be remembered. `lead`: it
    is looked at, for what follows to know what came before, but not painted (and may have no planes).
    `digest`: of its samples as they were decoded, where somebody wants it. `decoded`: in real time, when it
    left the decoder (seconds of `time.perf_counter`).
    """

    index: int
    pts: int
    planes: Planes
    picture: NDArray[np.uint8] | None = None
    native: Any = None
    companions: tuple[Any, ...] = ()
    fresh: bool = False
    lead: bool = False
    digest: int | None = None
    decoded: float = 0.0


class Region(NamedTuple):
    """A rectangle of the stored picture, in luma pixels. It may reach past the right and bottom edges
    (then the planes are padded by repeating their last row and column)."""

    x: int
    y: int
    width: int
    height: int
