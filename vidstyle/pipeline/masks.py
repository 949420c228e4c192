"""From a segmenter's small soft mask to the 8-bit mask of a region, and the region it needs.

The small mask covers the frame exactly, whatever its size. Enlarging it (bilinear, pixel centres
aligned) and feathering it (a triangle kernel) are both linear and separable, so each axis is one small
matrix, built for the wanted pixels only: mask = rows @ small @ columns.T.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vidstyle.types import Region

Mask = NDArray[np.float32]
EDGE = 0.5
"""The mask's value at the threshold. A mask that nowhere reaches it shows no match."""


def shows_match(mask: Mask) -> bool:
    """Whether any pixel is at or above the threshold."""
    return bool(mask.size) and bool(mask.max() >= EDGE)


def painted_box(mask: Mask, width: int, height: int, feather: float) -> Region:
    """The smallest rectangle of a width x height frame outside of which the enlarged mask is 0."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom = _reach(rows, mask.shape[0], height, feather)
    left, right = _reach(columns, mask.shape[1], width, feather)
    return Region(left, top, right - left, bottom - top)


def region_mask(mask: Mask, region: Region, width: int, height: int, feather: float) -> NDArray[np.uint8]:
    """The mask of one region of a width x height frame, (region.height, region.width), 0 to 255.

    feather: pixels on each side of an edge over which it fades in addition to the mask's own softness.
    Pixels of the region outside the frame repeat the last row and column.
    """
    rows = _axis(mask.shape[0], height, region.y, region.height, feather)
    columns = _axis(mask.shape[1], width, region.x, region.width, feather)
    used_rows, used_columns = mask.any(axis=1), mask.any(axis=0)
    small = mask[np.ix_(used_rows, used_columns)]
    full = rows[:, used_rows] @ small @ columns[:, used_columns].T
    return np.asarray(np.clip(full, 0.0, 1.0) * 255.0 + 0.5, np.uint8)


def _reach(used: NDArray[np.intp], small: int, size: int, feather: float) -> tuple[int, int]:
    if not used.size:
        return 0, 0
    scale = size / small
    begin = (float(used[0]) - 0.5) * scale - feather - 1
    end = (float(used[-1]) + 1.5) * scale + feather + 1
    return max(0, int(np.floor(begin))), min(size, int(np.ceil(end)))


@lru_cache(maxsize=8)
def _axis(small: int, size: int, begin: int, length: int, feather: float) -> Mask:
    """(length, small): what each of `length` pixels from `begin` takes from each of the small ones."""
    kernel = _triangle(feather)
    reach = kernel.size // 2
    pixels = np.clip(np.arange(begin, begin + length), 0, size - 1)
    matrix = np.zeros((length, small))
    for offset, weight in zip(range(-reach, reach + 1), kernel, strict=True):
        _add_bilinear(matrix, pixels + offset, size, float(weight))
    return matrix.astype(np.float32)


def _add_bilinear(matrix: NDArray[np.float64], pixels: NDArray[np.int_], size: int, weight: float) -> None:
    small = matrix.shape[1]
    place = np.clip((pixels + 0.5) * small / size - 0.5, 0.0, small - 1.0)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, small - 1)
    row = np.arange(matrix.shape[0])
    np.add.at(matrix, (row, low), weight * (1.0 - (place - low)))
    np.add.at(matrix, (row, high), weight * (place - low))


def _triangle(feather: float) -> NDArray[np.float64]:
    """A kernel of odd length that falls to 0 at `feather` pixels from its middle; sums to 1."""
    reach = max(0, int(np.ceil(feather)) - 1)
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(-reach, reach + 1)) / max(feather, 1.0))
    return np.asarray(weights / weights.sum(), np.float64)
