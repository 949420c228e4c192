"""Networks: what a graph takes and gives, and the two protocols that adapters keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vidstyle.types.pictures import PixelFormat, Planes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    """Finds the wanted classes. Called from one thread.

    `note`: what a user should know of where it runs, else empty.
    """

    name: str
    note: str

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
