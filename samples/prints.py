"""Pictures of flat shapes: `waves` (a woodcut sea), `bauhaus` (bold geometry) and `mosaic` (glass tiles)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from brush import Array, Rng, grid, noise, over, ramp, rgb, smoothstep

HEIGHT, WIDTH = 576, 768
INK = "#14284a"


def waves(rng: Rng) -> Array:
    """A woodcut of a running sea under a red sun: curling crests, carved stripes, foam, the grain."""
    x, y = grid(HEIGHT, WIDTH)
    image = ramp(y / 330, [(0, "#3c5f86"), (0.22, "#b9b894"), (0.6, "#ecdcae"), (1, "#e8c998")])
    sun = np.hypot(x - 560, y - 150)
    image = over(image, "#c8452f", smoothstep(72, 70.5, sun))
    image = _clouds(image, x, y)
    for index, wave in enumerate(WAVES):
        image = _wave(image, rng, x, y, index, wave)
    return _printed(image, rng)


WAVES = [
    # x of the crest, y of the crest, y of the trough, half width, size of the curl
    (650, 300, 352, 170, 22),
    (160, 285, 372, 180, 30),
    (480, 318, 412, 210, 40),
    (250, 205, 470, 230, 96),
    (690, 360, 500, 210, 58),
    (60, 440, 530, 170, 40),
    (420, 455, 560, 230, 46),
]


def _clouds(image: Array, x: Array, y: Array) -> Array:
    """Long flat bars of cloud with round ends."""
    for left, right, level, half in [
        (40, 330, 74, 9),
        (110, 420, 97, 8),
        (430, 740, 212, 9),
        (520, 800, 235, 8),
        (-40, 170, 180, 8),
    ]:
        distance = np.hypot(x - np.clip(x, left, right), y - level)
        image = over(image, "#f4ead0", smoothstep(half, half - 1.5, distance))
        image = over(image, "#8d9c9a", smoothstep(1.6, 0.4, np.abs(distance - half)))
    return image


def _wave(image: Array, rng: Rng, x: Array, y: Array, index: int, wave: tuple[float, ...]) -> Array:
    """One crest: space is wound around its tip, so a plain hump curls over."""
    cx, cy, trough, half, curl = wave
    side = -1 if index % 2 else 1
    hook_x, hook_y = cx + side * curl * 0.9, cy + curl * 0.75
    r = np.hypot(x - hook_x, y - hook_y)
    wind = side * 2.7 * np.exp(-((r / (curl * 1.15)) ** 2))
    u = hook_x + (x - hook_x) * np.cos(wind) - (y - hook_y) * np.sin(wind)
    v = hook_y + (x - hook_x) * np.sin(wind) + (y - hook_y) * np.cos(wind)
    hump = np.exp(-(np.abs((u - cx) / half) ** 1.35))
    ridge = trough - (trough - cy) * hump + 5 * np.sin(u / 37 + index * 2)
    scallop = 5.5 * np.abs(np.sin(u / 9.5 + index)) + 3.5 * np.abs(np.sin(u / 4.1 + v / 23))
    depth = v - ridge
    body = smoothstep(-0.8, 0.8, depth)
    foam = smoothstep(0.8, -0.8, depth - (8 + 15 * hump * curl / 60 + scallop))
    carved = _stripes(depth + 9 * np.sin(u / 60 + index), u, half)
    image = over(image, carved, body)
    image = over(image, "#f3ecd8", foam * body)
    dots = smoothstep(0.35, 0.5, np.sin(u / 3.4) * np.sin(v / 3.7)) * foam
    image = over(image, "#8fb0bd", 0.8 * dots * smoothstep(4, 9, depth) * body)
    line = smoothstep(2.0, 0.7, np.abs(depth)) + smoothstep(
        1.7, 0.5, np.abs(depth - (8 + 15 * hump * curl / 60 + scallop))
    )
    image = over(image, INK, np.clip(line, 0, 1))
    return _spray(image, rng, x, y, wave, side)


def _stripes(depth: Array, u: Array, half: float) -> Array:
    """Bands of three blues that run along the wave, the dark ones swelling and thinning like cut lines."""
    phase = depth / 21 + 0.4 * np.sin(u / half * 3)
    swell = 0.25 + 0.35 * np.sin(u / 48 + depth / 70)
    tone = np.sin(2 * np.pi * phase)
    body = over(
        np.broadcast_to(rgb("#2f6690"), (*depth.shape, 3)), "#86b3b8", smoothstep(0.1, 0.25, tone - swell)
    )
    body = over(body, "#173b6b", smoothstep(0.1, 0.25, -tone - swell + 0.1))
    return over(body, INK, smoothstep(0.10, 0.05, np.abs(tone - swell - 0.14)) * 0.8)


def _spray(image: Array, rng: Rng, x: Array, y: Array, wave: tuple[float, ...], side: int) -> Array:
    """Drops thrown off the crest."""
    cx, cy, _, _, curl = wave
    for _ in range(int(curl * 0.5)):
        at_x, at_y = (
            cx + side * rng.uniform(-0.6, 2.2) * curl,
            cy - abs(rng.normal(0, 0.45)) * curl + 0.2 * curl,
        )
        distance = np.hypot(x - at_x, y - at_y)
        size = rng.uniform(1.5, 4.2)
        image = over(image, INK, smoothstep(size + 1.6, size + 0.6, distance))
        image = over(image, "#f3ecd8", smoothstep(size + 0.5, size - 0.5, distance))
    return image


def _printed(image: Array, rng: Rng) -> Array:
    """Ink from a wooden block on rough paper."""
    block = noise(rng, HEIGHT, WIDTH, 5, 3, stretch=22)
    paper = noise(rng, HEIGHT, WIDTH, 4, 2)
    worn = smoothstep(1.2, 2.6, noise(rng, HEIGHT, WIDTH, 30, 5))
    image = over(image, "#f0e4c4", 0.12 * worn)
    return np.clip(image * (1 + 0.055 * block + 0.03 * paper)[..., None], 0, 1)


BOLD = ["#e63322", "#f7b500", "#1456a0", "#111318", "#f5ecd7", "#12937f", "#f08fa8"]


def bauhaus(rng: Rng) -> Array:
    """A board of bold shapes, each square with its own motif, printed with a coarse screen."""
    cell, rows, columns = 128, 5, 6
    image = np.zeros((rows * cell, columns * cell, 3))
    x, y = grid(cell, cell)
    x, y = (x + 0.5) / cell, (y + 0.5) / cell
    last = -1
    for row in range(rows):
        for column in range(columns):
            kinds = [k for k in range(len(MOTIFS)) if k != last]
            last = int(rng.choice(kinds))
            colors = [rgb(BOLD[i]) for i in rng.permutation(len(BOLD))[:3]]
            square = _motif(MOTIFS[last], rng, x, y, colors)
            image[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = square
    return _screened(image, rng)


Motif = Callable[[Array, Array], tuple[Array, Array]]


def _motif(motif: Motif, rng: Rng, x: Array, y: Array, colors: list[Array]) -> Array:
    """A motif, turned by some quarter turns, in three colours."""
    first, second = motif(x, y)
    square = over(np.broadcast_to(colors[0], (*x.shape, 3)), colors[1], smoothstep(-0.006, 0.006, first))
    square = over(square, colors[2], smoothstep(-0.006, 0.006, second))
    return np.rot90(square, int(rng.integers(4)))


def _quarter(x: Array, y: Array) -> tuple[Array, Array]:
    return 1.0 - np.hypot(x, y), 0.5 - np.hypot(x, y)


def _rings(x: Array, y: Array) -> tuple[Array, Array]:
    r = np.hypot(x - 0.5, y - 0.5)
    return 0.46 - r, 0.10 - np.abs(r - 0.2)


def _arcs(x: Array, y: Array) -> tuple[Array, Array]:
    r = np.hypot(x, y - 1)
    return np.sin(r * 2 * np.pi * 4), 0.2 - r


def _bars(x: Array, y: Array) -> tuple[Array, Array]:
    return np.sin(2 * np.pi * 4 * x), np.minimum(0.5 - y, x + 1)


def _diagonal(x: Array, y: Array) -> tuple[Array, Array]:
    return x - y, np.minimum(y - x, np.sin(2 * np.pi * 5 * (x + y)) * 0.1)


def _dots(x: Array, y: Array) -> tuple[Array, Array]:
    near = np.hypot((x * 4) % 1 - 0.5, (y * 4) % 1 - 0.5)
    return 0.36 - near, np.minimum(0.36 - near, y - x)


def _leaf(x: Array, y: Array) -> tuple[Array, Array]:
    lens = np.minimum(1 - np.hypot(x, y), 1 - np.hypot(x - 1, y - 1))
    return lens, 0.11 - np.hypot(x - 0.5, y - 0.5)


def _half(x: Array, y: Array) -> tuple[Array, Array]:
    r = np.hypot(x - 0.5, y)
    return 0.5 - r, np.minimum(y - 0.5, np.sin(2 * np.pi * 6 * y))


def _zigzag(x: Array, y: Array) -> tuple[Array, Array]:
    fold = np.abs((x * 3) % 1 - 0.5) * 0.5
    return np.sin(2 * np.pi * 3 * (y + fold)), np.sin(2 * np.pi * 3 * (y + fold)) - 0.75


MOTIFS: list[Motif] = [_quarter, _rings, _arcs, _bars, _diagonal, _dots, _leaf, _half, _zigzag]


def _screened(image: Array, rng: Rng) -> Array:
    """Screen print: a 5-pixel halftone at 30 degrees, speckled ink and a little misregistration."""
    height, width, _ = image.shape
    x, y = grid(height, width)
    a, b = 0.866 * x + 0.5 * y, -0.5 * x + 0.866 * y
    halftone = np.sin(2 * np.pi * a / 5) * np.sin(2 * np.pi * b / 5)
    speckle = noise(rng, height, width, 3, 2)
    shading = noise(rng, height, width, 160, 3)
    image = image.copy()
    image[..., 0] = np.roll(image[..., 0], 1, 1)
    ink = 1 - 0.13 * smoothstep(0.1, 0.6, halftone + 0.35 * shading) - 0.05 * speckle
    image = image * ink[..., None]
    return np.clip(over(image, "#f5ecd7", 0.8 * smoothstep(2.3, 3.2, speckle)), 0, 1)


ROSETTES = [
    (240, 250, 0.0),
    (610, 120, 0.6),
    (590, 470, 0.3),
    (60, 560, 0.9),
    (20, 20, 0.45),
    (400, 600, 0.75),
]
"""x, y and phase of the flowers that the tiles run around."""
GLASS = [
    ["#f9d048", "#f2932c", "#d8402d", "#8c1d40", "#f6e6b4", "#e86a8a"],
    ["#c7f0e8", "#3fc1b0", "#11789a", "#12396e", "#7fd6f2", "#f4f0d0"],
    ["#f6e27a", "#9fce4e", "#2f9a5c", "#0f5a55", "#e9f5c0", "#2bb5c8"],
    ["#f7c6d9", "#c86bd0", "#6c3aa6", "#2c1f6b", "#f2a65a", "#9fa8f0"],
]


def mosaic(rng: Rng) -> Array:
    """Glass tiles in rings around flowers: each with its own shade, a bevel and a glint, in dark grout."""
    x, y = grid(HEIGHT, WIDTH)
    warp = noise(rng, HEIGHT, WIDTH, 150, 2) * 6
    distances = np.stack([np.hypot(x - cx + warp, y - cy + warp) for cx, cy, _ in ROSETTES])
    owner = distances.argmin(0)
    r = distances.min(0)
    centre_x, centre_y, phase = (np.array(ROSETTES)[owner][..., i] for i in range(3))
    pitch = 15.0
    ring = np.floor(r / pitch)
    count = np.maximum(1, np.round(2 * np.pi * (ring + 0.5) * pitch / 17))
    turn = (np.arctan2(y - centre_y, x - centre_x) / (2 * np.pi) + 0.5 + 0.137 * ring) * count
    tile = np.floor(turn) % count
    across, along = r / pitch - ring - 0.5, turn - np.floor(turn) - 0.5
    color, shade = _tile_colors(rng, owner, ring, tile, tile / count, phase)
    return _glazed(rng, color, shade, across, along, distances)


def _tile_colors(
    rng: Rng, owner: Array, ring: Array, tile: Array, turn: Array, phase: Array
) -> tuple[Array, Array]:
    """A colour and a random number per tile."""
    key = (owner * 7919 + ring * 613 + tile).astype(int) % 65536
    luck = rng.random((65536, 4))[key]
    glass = np.array([[rgb(code) for code in row] for row in GLASS])
    petals = np.cos(2 * np.pi * (turn * 8 + phase)) * 1.3
    step = (ring * 0.75 + petals + 1.1 * (luck[..., 0] - 0.5)).astype(int) % 6
    color = glass[owner % len(GLASS), step]
    return np.clip(color * (0.78 + 0.4 * luck[..., 1:2]) + 0.08 * (luck[..., 1:] - 0.5), 0, 1), luck[..., 0]


def _glazed(rng: Rng, color: Array, shade: Array, across: Array, along: Array, distances: Array) -> Array:
    """Bevels, glints, streaks in the glass, and grout."""
    near, second = np.partition(distances, 1, axis=0)[:2]
    slant = 0.22 * (-across * 0.8 - along * (2 * shade - 1))
    bevel = smoothstep(0.26, 0.42, np.abs(across)) * -np.sign(across) * 0.14
    streak = 0.05 * noise(rng, HEIGHT, WIDTH, 8, 3)
    image = np.clip(color * (1 + slant + bevel + streak)[..., None], 0, 1)
    glint = np.exp(-(((across + 0.2) / 0.09) ** 2 + ((along + 0.12) / 0.2) ** 2))
    image = over(image, "#ffffff", 0.55 * glint * (0.3 + 0.7 * shade))
    wobble = 0.02 * noise(rng, HEIGHT, WIDTH, 6, 2)
    gap = np.maximum(
        smoothstep(0.40, 0.46, np.abs(across) + wobble), smoothstep(0.40, 0.46, np.abs(along) + wobble)
    )
    gap = np.maximum(gap, smoothstep(4.5, 2.5, second - near))
    grain = 1 + 0.25 * noise(rng, HEIGHT, WIDTH, 3, 2)
    return over(image, np.clip(rgb("#2b2622") * grain[..., None], 0, 1), gap)
