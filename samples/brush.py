"""A small brush engine: bristly strokes with relief, laid along a flow field.

Pictures are float arrays (height, width, 3), sRGB-encoded in 0..1. Positions are (x, y) in pixels, y down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[np.float64]
Rng = np.random.Generator


def grid(height: int, width: int) -> tuple[Array, Array]:
    """The x and y of every pixel."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return x, y


def resized(field: Array, height: int, width: int) -> Array:
    """A 2-D field stretched smoothly to another size."""
    image = Image.fromarray(field.astype(np.float32), mode="F")
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float64)


def noise(rng: Rng, height: int, width: int, cell: float, octaves: int = 4, stretch: float = 1.0) -> Array:
    """Fractal noise, mean 0 and deviation 1; `cell` is its largest feature in pixels, `stretch` widens it."""
    total = np.zeros((height, width))
    for octave in range(octaves):
        size = cell / 2**octave
        rows, columns = max(2, math.ceil(height / size) + 2), max(2, math.ceil(width / (size * stretch)) + 2)
        total += resized(rng.standard_normal((rows, columns)), height, width) / 2**octave
    return (total - total.mean()) / total.std()


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the greater."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def ramp(value: Array, stops: list[tuple[float, str]]) -> Array:
    """Colours for values along (position, "#rrggbb") stops."""
    positions = [position for position, _ in stops]
    colors = np.array([rgb(code) for _, code in stops])
    return np.stack([np.interp(value, positions, colors[:, channel]) for channel in range(3)], -1)


def rgb(code: str) -> Array:
    """The colour of "#rrggbb"."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def over(image: Array, color: Array | str, alpha: Array) -> Array:
    """`color` (a code, a colour or a picture) laid over `image` where `alpha` is 1."""
    paint = rgb(color) if isinstance(color, str) else color
    return image + (paint - image) * alpha[..., None]


def bristles(rng: Rng, hairs: int = 64, length: int = 256) -> Array:
    """The mark of a brush, 0..1: rows are hairs, columns run along the stroke."""
    coarse = noise(rng, hairs, length, 6, 3, stretch=14)
    fine = noise(rng, hairs, length, 2, 2, stretch=40)
    mark = 0.6 * coarse + 0.6 * fine
    return np.clip(0.5 + 0.28 * mark, 0.0, 1.0)


@dataclass
class Canvas:
    """Paint and how thick it lies. `image` (H, W, 3) and `relief` (H, W) are written in place."""

    image: Array
    rng: Rng

    def __post_init__(self) -> None:
        self.relief = np.zeros(self.image.shape[:2])
        self.marks = [bristles(self.rng) for _ in range(6)]

    def stroke(self, path: Array, width: float, color: Array, bite: float = 0.14, dry: float = 0.45) -> None:
        """Paint along `path` (n, 2); `bite`: how far the hairs show, `dry`: how ragged the end is."""
        window = self._window(path, width)
        if window is None:
            return
        u, v = _along_and_across(path, window, width / 2)
        mark = self._mark(u, v, path)
        edge = np.clip((1 - np.abs(v)) * width / 2.2, 0.0, 1.0)
        paint_left = smoothstep(
            0.0, 0.25, mark + 1.0 - dry * smoothstep(0.45, 1.0, u) * 2.6 * (0.5 + np.abs(v))
        )
        alpha = (edge * paint_left)[..., None]
        patch = self.image[window]
        patch += alpha * (color + bite * (mark[..., None] - 0.5) - patch)
        thickness = mark + 0.5 * (1 - v * v)
        self.relief[window] += alpha[..., 0] * (thickness - self.relief[window])

    def _window(self, path: Array, width: float) -> tuple[slice, slice] | None:
        height, wide = self.relief.shape
        left, top = np.floor(path.min(0) - width / 2 - 1).astype(int)
        right, bottom = np.ceil(path.max(0) + width / 2 + 2).astype(int)
        rows, columns = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(wide, right))
        return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None

    def _mark(self, u: Array, v: Array, path: Array) -> Array:
        mark = self.marks[self.rng.integers(len(self.marks))]
        hairs, length = mark.shape
        steps = np.diff(path, axis=0)
        reach = np.hypot(steps[:, 0], steps[:, 1]).sum()
        row = ((v + 1) / 2 * (hairs - 1)).clip(0, hairs - 1).astype(int)
        column = (u * reach + self.rng.integers(length)).astype(int) % length
        return mark[row, column]

    def cover(
        self,
        reference: Array,
        angle: Array,
        width: float,
        length: float,
        spacing: float,
        jitter: float = 0.07,
        where: NDArray[np.bool_] | None = None,
        bite: float = 0.14,
    ) -> None:
        """Cover the canvas, or where `where` is true, with strokes that follow `angle` (radians)."""
        for x, y in _places(self.rng, self.relief.shape, spacing):
            row, column = int(y), int(x)
            if where is not None and not where[row, column]:
                continue
            path = trace(angle, x, y, length * self.rng.uniform(0.6, 1.3))
            color = vary(self.rng, reference[row, column], jitter)
            self.stroke(path, width * self.rng.uniform(0.7, 1.25), color, bite)

    def lit(self, strength: float = 0.35) -> Array:
        """The picture with light from the upper left on the relief of the paint."""
        down, right = np.gradient(self.relief)
        shade = 1 + strength * np.clip(right * 0.7 + down * 0.7, -0.6, 0.6)
        return np.clip(self.image * shade[..., None], 0.0, 1.0)


def _along_and_across(path: Array, window: tuple[slice, slice], radius: float) -> tuple[Array, Array]:
    """Per pixel: how far along the path it lies (0..1), how far to its side in radii (-1..1 is inside)."""
    y, x = np.mgrid[window].astype(np.float64)
    best, along, across = np.full(x.shape, np.inf), np.zeros(x.shape), np.zeros(x.shape)
    for i, (a, b) in enumerate(pairwise(path)):
        dx, dy = b - a
        reach = math.hypot(dx, dy) + 1e-9
        t = np.clip(((x - a[0]) * dx + (y - a[1]) * dy) / reach**2, 0.0, 1.0)
        off_x, off_y = x - a[0] - t * dx, y - a[1] - t * dy
        distance = np.hypot(off_x, off_y)
        nearer = distance < best
        best = np.where(nearer, distance, best)
        along = np.where(nearer, (i + t) / (len(path) - 1), along)
        across = np.where(nearer, np.copysign(distance, off_y * dx - off_x * dy), across)
    return along, across / radius


def _places(rng: Rng, shape: tuple[int, ...], spacing: float) -> Iterator[tuple[float, float]]:
    """A jittered grid over the canvas, in random order."""
    height, width = shape
    y, x = np.mgrid[0 : height + spacing : spacing, 0 : width + spacing : spacing]
    spots = np.stack([x.ravel(), y.ravel()], -1) + rng.uniform(-0.6, 0.6, (x.size, 2)) * spacing
    spots = np.clip(spots, 0, [width - 1, height - 1])
    yield from rng.permutation(spots)


def trace(angle: Array, x: float, y: float, length: float, steps: int = 5) -> Array:
    """A path of `length` pixels that starts at (x, y) and follows the field."""
    height, width = angle.shape
    path = [(x, y)]
    for _ in range(steps):
        turn = angle[min(height - 1, max(0, int(y))), min(width - 1, max(0, int(x)))]
        x, y = x + length / steps * math.cos(turn), y + length / steps * math.sin(turn)
        path.append((x, y))
    return np.array(path)


def vary(rng: Rng, color: Array, amount: float) -> Array:
    """The colour a painter mixes again: a little lighter or darker, a little off in hue."""
    return np.clip(
        color * (1 + amount * rng.standard_normal()) + amount * 0.5 * rng.standard_normal(3), 0.0, 1.0
    )
