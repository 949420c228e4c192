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


Part = tuple[slice, slice]
"""Rows and columns of a small mask."""


def parts(mask: Mask) -> list[Part]:
    """Rectangles that hold everything above 0, cut apart where whole rows or columns between are empty
    (a recursive XY-cut, Nagy & Seth 1984)."""
    used: NDArray[np.bool_] = np.asarray(mask > 0.0)
    rows, columns = _runs(np.any(used, axis=1)), _runs(np.any(used, axis=0))
    if len(rows) <= 1 and len(columns) <= 1:
        return list(zip(rows, columns, strict=True))
    cells = [(row, column) for row in rows for column in columns]
    return [_moved(part, cell) for cell in cells for part in parts(mask[cell])]


def _runs(used: NDArray[np.bool_]) -> list[slice]:
    """The stretches of True."""
    edges = np.flatnonzero(np.diff(used.astype(np.int8), prepend=0, append=0))
    return [slice(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _moved(part: Part, cell: Part) -> Part:
    row, column = (
        slice(inner.start + outer.start, inner.stop + outer.start)
        for inner, outer in zip(part, cell, strict=True)
    )
    return row, column


def without_faint(mask: Mask) -> Mask:
    """The mask without the parts that nowhere reach the threshold; itself where there are none."""
    faint = [part for part in parts(mask) if not shows_match(mask[part])]
    if faint:
        mask = mask.copy()
        for part in faint:
            mask[part] = 0.0
    return mask


def painted_boxes(mask: Mask, width: int, height: int, feather: float) -> list[Region]:
    """Rectangles of a width x height frame, one for each of `parts`; outside of them the enlarged mask
    is 0."""
    boxes = []
    for rows, columns in parts(mask):
        top, bottom = _reach(rows, mask.shape[0], height, feather)
        left, right = _reach(columns, mask.shape[1], width, feather)
        boxes.append(Region(left, top, right - left, bottom - top))
    return boxes


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


def _reach(used: slice, small: int, size: int, feather: float) -> tuple[int, int]:
    scale = size / small
    begin = (used.start - 0.5) * scale - feather - 1
    end = (used.stop + 0.5) * scale + feather + 1
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
