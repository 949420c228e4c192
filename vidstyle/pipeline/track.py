"""Masks that hold still where the picture does, and the scene cuts where all memory ends.

A network sees each frame alone, so its mask flickers at the rim although nothing moved. Where the small
picture changed little since the last frame, most of the last mask is kept; where it changed, the new
one is taken as it is, so that a moving thing never drags its mask behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.float32]

KEEP = 0.75
"""The share of the last mask that stays where nothing changed: noise falls to sqrt(1/7) of itself."""
STILL = 6.0
"""Change of the small picture (code values of 255, mean of a small block) at which half of `KEEP` is left."""
CUT_CHANGE, CUT_SHARE = 28.0, 0.6
"""A cut: more than this share of the picture changed by more than so many code values."""
BLOCK = 4
"""Pixels of the small picture on each side of the blocks that are compared: averages out sensor noise."""


def blocks(picture: Picture) -> Mask:
    """Mean green of each block: (h, w, 3) to (h // BLOCK, w // BLOCK), 0 to 255; one where a side is
    shorter than a block.

    Green stands for brightness: it carries most of it, and reading one channel costs a third.
    """
    rows, columns = (min(BLOCK, length) for length in picture.shape[:2])
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    green = picture[: height * rows, : width * columns, 1].reshape(height, rows, width, columns)
    return np.asarray(green.mean(axis=(1, 3), dtype=np.float32))


def is_cut(before: Mask | None, now: Mask) -> bool:
    """Whether a new scene begins with the picture whose `blocks` are `now`."""
    if before is None or before.shape != now.shape:
        return True
    return bool(np.mean(np.abs(now - before) > CUT_CHANGE) > CUT_SHARE)


@dataclass(slots=True)
class Steady:
    """Steadies the masks of the consecutive frames of one scene."""

    _mask: Mask | None = field(default=None)
    _blocks: Mask | None = field(default=None)

    def next(self, mask: Mask, picture_blocks: Mask, *, cut: bool) -> Mask:
        """The steadied mask: same shape and range as `mask`; `mask` itself after a cut."""
        if not cut and self._mask is not None and self._blocks is not None and self._mask.shape == mask.shape:
            kept = enlarged(_keep(np.abs(picture_blocks - self._blocks)), mask.shape)
            mask = mask + kept * (self._mask - mask)
            mask = _settled(mask)
        self._mask, self._blocks = mask, picture_blocks
        return mask


def _keep(change: Mask) -> Mask:
    """`KEEP` where nothing changed, falling to 0 within a few times `STILL`; a block is as restless as
    its most restless neighbour, so that a moving edge is never held back."""
    padded = np.pad(change, 1, mode="edge")
    height, width = change.shape
    shifts = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    worst = np.maximum.reduce(shifts)
    return np.asarray(KEEP * np.exp2(-np.square(worst / STILL)), np.float32)


def _settled(mask: Mask) -> Mask:
    """Ends a decay: what is within a thousandth of 0 or 1 becomes it, so that regions stay small."""
    mask[mask < 1e-3] = 0.0
    mask[mask > 1.0 - 1e-3] = 1.0
    return mask


def enlarged(small: Mask, shape: tuple[int, ...]) -> Mask:
    """Nearest-neighbour enlargement of (h, w) to `shape`."""
    rows = np.arange(shape[0]) * small.shape[0] // shape[0]
    columns = np.arange(shape[1]) * small.shape[1] // shape[1]
    return np.asarray(small[rows[:, None], columns])
