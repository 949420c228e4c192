"""How well a style network paints: style and content on held-out pictures, calm, and calm along true motion.

Every network runs through vidstyle's own adapter. Style and content loss are those of `brush/losses.py`
(VGG-19, normalised, relu1_1 to relu3_1; Huang & Belongie 2017 for the style's means and deviations).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import masks
import numpy as np
from numpy.typing import NDArray

from vidstyle.types import PixelFormat, Stylizer

sys.path.append(str(Path(__file__).resolve().parent / "brush"))

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
RGB = PixelFormat("gbrp", 8, 0, 0, "rgb", True)
Load = Callable[[Bytes], Stylizer]
"""The stylizer with a picture chosen."""

SIDE, EDGE, SHIFT = 256, 32, 3


def paint(stylizer: Stylizer, picture: Bytes) -> Bytes:
    """RGB [H,W,3], all of it painted."""
    planes = tuple(np.ascontiguousarray(picture[None, ..., k]) for k in (1, 2, 0))
    green, blue, red = stylizer.paint(planes, np.full_like(planes[0], 255), RGB)
    return np.stack([red[0], green[0], blue[0]], -1)


def held_out(folder: Path, shape: Callable[[Path, int], Bytes]) -> list[Bytes]:
    """The pictures of a folder that brush was not trained on."""
    from data import names, split

    return [shape(path, SIDE) for path in split(names(folder))[1]]


def losses_of(load: Load, root: Path, weights: Path, styles: Path | None = None) -> list[str]:
    """Style loss, content loss and calm: means over 12 held-out photographs by 12 held-out paintings, or by
    the pictures of the folder `styles`."""
    import losses
    import torch
    from data import centre, names

    torch.set_num_threads(2)
    vgg = losses.Features(weights)
    photos, rows = held_out(root / "content", centre), []
    pictures = [centre(path, SIDE) for path in names(styles)] if styles else held_out(root / "style", centre)
    with torch.no_grad():
        shapes = [losses.normalised(vgg(_tensor(photo))[2]) for photo in photos]
        for painting in pictures:
            wanted, stylizer = losses.describe(vgg(_tensor(painting))).vector, load(painting)
            for photo, shape in zip(photos, shapes, strict=True):
                out = paint(stylizer, photo)
                seen = vgg(_tensor(out))
                style = losses.moment_loss(losses.describe(seen).vector, wanted).item()
                content = (losses.normalised(seen[2]) - shape).square().mean().item()
                rows.append((style, content, calm(stylizer, photo, out)))
    return [f"{value:.2f}" for value in np.mean(rows, 0)]


def _tensor(picture: Bytes) -> Any:
    from targets import to_tensor

    return to_tensor(picture[None])


def calm(stylizer: Stylizer, photo: Bytes, out: Bytes) -> float:
    """Mean absolute difference, in code values, of the picture painted again, shifted and with noise."""
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    moved = (np.roll(photo, SHIFT, (0, 1)) + noise).round().clip(0, 255).astype(np.uint8)
    again = np.roll(paint(stylizer, moved), -SHIFT, (0, 1)).astype(np.float32)
    return float(np.abs(again - out)[EDGE:-EDGE, EDGE:-EDGE].mean())


def warping(stylizer: Stylizer, samples: Path, every: int) -> list[str]:
    """Of samples/desk.mp4: the error along its true motion, and the painting's own contrast (a dull one is
    steady too), both in code values; one pair of frames in `every`, each frame painted on its own."""
    motion, valid = truth(samples / "desk_motion.npz")
    later = range(1, len(motion), every)
    wanted = {t - k for t in later for k in (0, 1)}
    clip = enumerate(masks.frames(samples / "desk.mp4"))
    painted = {i: paint(stylizer, frame.to_ndarray()).astype(np.float32) for i, frame in clip if i in wanted}
    error = np.mean([gap(painted[t - 1], painted[t], motion[t], valid[t]) for t in later])
    contrast = np.mean([np.abs(np.diff(painted[t], axis=1)).mean() for t in later])
    return [f"{error:.1f}", f"{contrast:.1f}"]


def truth(path: Path) -> tuple[Floats, NDArray[np.bool_]]:
    """Motion [T,h,w,2] in pixels to the right and down, and where it is valid [T,h,w]; a point in 4 by 4."""
    with np.load(path) as file:
        parts = [np.cumsum(file[k], axis=2, dtype=np.int16) / file["unit"] for k in ("motion_x", "motion_y")]
        return np.stack(parts, -1), np.unpackbits(file["valid"], axis=2).astype(bool)


def gap(before: Floats, after: Floats, motion: Floats, valid: NDArray[np.bool_]) -> float:
    """Mean absolute difference between two pictures [H,W,3] along the motion."""
    i, j = np.mgrid[0 : motion.shape[0], 0 : motion.shape[1]]
    moved = fetched(before, 4.0 * j + 2 + motion[..., 0], 4.0 * i + 2 + motion[..., 1])
    return float(np.abs(moved - after[4 * i + 2, 4 * j + 2]).mean(-1)[valid].mean())


def fetched(picture: Floats, x: Floats, y: Floats) -> Floats:
    """[H,W,3] at points [h,w], bilinear."""
    height, width = picture.shape[:2]
    x, y = x.clip(0, width - 1.01), y.clip(0, height - 1.01)
    column, row = x.astype(int), y.astype(int)
    u, v = (x - column)[..., None], (y - row)[..., None]
    above = picture[row, column] * (1 - u) + picture[row, column + 1] * u
    below = picture[row + 1, column] * (1 - u) + picture[row + 1, column + 1] * u
    return np.asarray(above * (1 - v) + below * v)


def milliseconds(stylizer: Stylizer, width: int, height: int) -> float:
    """Of one picture of that size."""
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    begun = time.perf_counter()
    paint(stylizer, picture)
    return 1000 * (time.perf_counter() - begun)
