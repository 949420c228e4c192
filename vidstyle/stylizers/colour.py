"""What a sample means: the affine map between the planes of a pixel format and RGB, as matrices.

Luma and colour difference after ITU-R BT.601-7 (2.5.1), BT.709-6 (3.2) and BT.2020-2 (table 4, the
non-constant luminance system):

    Y = Kr R + Kg G + Kb B,   Cb = (B - Y) / (2 (1 - Kb)),   Cr = (R - Y) / (2 (1 - Kr))

quantised after ITU-T H.273 (8.3): limited range (219 Y + 16) 2^(depth - 8) and (224 C + 128) 2^(depth - 8),
full range (2^depth - 1) Y and (2^depth - 1) C + 2^(depth - 1). All with gamma-encoded values: transfer
functions (PQ and HLG too) stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidstyle.types import Matrix, PixelFormat

Floats = NDArray[np.float64]

LUMA: dict[Matrix, tuple[float, float]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "rgb": (0.2126, 0.0722),
}
"""Kr and Kb. Those of "rgb" only weigh the luma change where colours are to be kept."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """planes = from_rgb @ rgb + offset and rgb = to_rgb @ (planes - offset), for RGB in 0..1.

    from_rgb, to_rgb: (3, 3); offset: (3,), in code values; luma: the codes of black and white (of any code
    where planes are R, G and B, which are moved alike); top: the largest code.
    """

    from_rgb: Floats
    to_rgb: Floats
    offset: Floats
    luma: tuple[float, float]
    top: int


def conversion(format: PixelFormat) -> Conversion:
    """The map of one pixel format."""
    top, unit = 2**format.depth - 1, float(2 ** (format.depth - 8))
    luma, chroma, black = (top, top, 0.0) if format.full_range else (219 * unit, 224 * unit, 16 * unit)
    if format.matrix == "rgb":
        mixed, scale, offset = np.eye(3)[[1, 2, 0]], [luma] * 3, [black] * 3
    else:
        mixed, scale, offset = (
            _difference(format.matrix),
            [luma, chroma, chroma],
            [black, 128 * unit, 128 * unit],
        )
    from_rgb = np.array(scale)[:, None] * mixed
    to_rgb = np.asarray(np.linalg.inv(from_rgb), np.float64)
    ends = (0.0, float(top)) if format.matrix == "rgb" else (black, black + luma)
    return Conversion(from_rgb, to_rgb, np.array(offset), ends, top)


def _difference(matrix: Matrix) -> Floats:
    """RGB to Y, Cb, Cr: rows."""
    kr, kb = LUMA[matrix]
    luma = np.array([kr, 1 - kr - kb, kb])
    blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - kb))
    red = (np.array([1, 0, 0]) - luma) / (2 * (1 - kr))
    return np.stack([luma, blue, red])


def keeping_colour(format: PixelFormat, from_rgb: Floats) -> Floats:
    """`from_rgb` for a change whose colour is dropped: the luma alone moves. Planes of G, B and R move
    together, by the change of BT.709 luma."""
    if format.matrix != "rgb":
        return np.diag([1.0, 0.0, 0.0]) @ from_rgb
    kr, kb = LUMA["rgb"]
    return np.outer(from_rgb.max(axis=1), [kr, 1 - kr - kb, kb])
