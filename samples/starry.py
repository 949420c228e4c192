"""`starry`: a night over a lake. Strokes follow the wind, circle the stars and lie flat on the water."""

from __future__ import annotations

import numpy as np
from brush import Array, Canvas, Rng, grid, noise, over, ramp, smoothstep, trace, vary

HEIGHT, WIDTH = 576, 768
MOON = (560.0, 112.0, 46.0)
STARS = [
    (90, 74, 14), (205, 142, 9), (318, 58, 17), (430, 186, 9), (700, 218, 13), (136, 238, 11),
    (706, 52, 9), (452, 66, 7), (272, 256, 7), (28, 172, 7), (600, 268, 7), (215, 30, 6),
]  # fmt: skip
"""x, y and radius of the core in pixels; a halo reaches about four times as far."""
EDDIES = [(250, 175, 74, 1), (395, 262, 52, -1), (640, 190, 60, 1), (60, 290, 56, -1), (480, 130, 46, 1)]
"""x, y, radius and sense of the whirls in the wind."""


def paint(rng: Rng) -> Array:
    """The picture, (576, 768, 3)."""
    x, y = grid(HEIGHT, WIDTH)
    hills = _hills(x)
    sky, wind = _sky(rng, x, y)
    land, slope = _land(rng, x, y, hills)
    reference = np.where((y < hills[0])[..., None], sky, land)
    angle = np.where(y < hills[0], wind, slope)
    canvas = Canvas(np.tile(reference.mean((0, 1)) * 0.6, (HEIGHT, WIDTH, 1)), rng)
    canvas.cover(reference, angle, 17, 60, 9, 0.10)
    canvas.cover(reference, angle, 9, 38, 6.5, 0.10, bite=0.18)
    near = _halo(x, y) > 0.25
    canvas.cover(reference, angle, 5.5, 22, 5, 0.10, where=near | (y > hills[0] - 6), bite=0.2)
    _lights(canvas, rng)
    _poplars(canvas, rng)
    return canvas.lit(0.55)


def _bodies() -> list[tuple[float, float, float]]:
    return [*STARS, MOON]


def _halo(x: Array, y: Array) -> Array:
    """1 at the stars and the moon, falling to 0 at the rim of their halos."""
    glow = np.zeros_like(x)
    for cx, cy, radius in _bodies():
        reach = 4.2 * radius if radius < 30 else 2.7 * radius
        glow = np.maximum(glow, smoothstep(1.0, 0.0, np.hypot(x - cx, y - cy) / reach))
    return glow


def _sky(rng: Rng, x: Array, y: Array) -> tuple[Array, Array]:
    """Colours of the sky and the direction of its strokes."""
    wobble = noise(rng, HEIGHT, WIDTH, 210, 3)
    stream = y / 26 + 1.5 * np.sin(x / 115 + 0.6) + 0.7 * wobble
    for cx, cy, radius, sense in EDDIES:
        near = np.exp(-((np.hypot(x - cx, (y - cy) * 1.2) / radius) ** 2))
        stream = stream + sense * 5.5 * near
    down, right = np.gradient(stream)
    flow = np.stack([down, -right], -1)
    bands = 0.5 + 0.5 * np.sin(stream * 2.3)
    depth = np.clip(y / 330 + 0.10 * wobble, 0, 1)
    dark = ramp(depth, [(0, "#0a1450"), (0.5, "#12358c"), (0.85, "#2c6f9e"), (1, "#5b9f9a")])
    light = ramp(depth, [(0, "#2f62c4"), (0.5, "#6fb0df"), (0.85, "#bfdcc4"), (1, "#f0dc8e")])
    sky = over(dark, light, smoothstep(0.35, 0.95, bands))
    for body in _bodies():
        sky, flow = _circle(sky, flow, x, y, body)
    return sky, np.arctan2(flow[..., 1], flow[..., 0])


def _circle(
    sky: Array, flow: Array, x: Array, y: Array, body: tuple[float, float, float]
) -> tuple[Array, Array]:
    """One star or moon: a core, rings of light around it, and strokes that go round it."""
    cx, cy, radius = body
    reach = radius / (0.24 if radius < 30 else 0.37)
    r = np.hypot(x - cx, y - cy)
    inside = smoothstep(1.0, 0.55, r / reach)
    around = np.stack([-(y - cy), x - cx], -1) / np.maximum(r, 1)[..., None]
    flow = flow / np.maximum(np.hypot(flow[..., 0], flow[..., 1]), 1e-6)[..., None]
    flow = over(flow, around, smoothstep(1.0, 0.7, r / reach))
    light = ramp(
        r / reach,
        [
            (0, "#fffbe0"),
            (0.24, "#ffe26a"),
            (0.36, "#f6b62e"),
            (0.5, "#e3d46c"),
            (0.8, "#7fbfd0"),
            (1, "#3a78c8"),
        ],
    )
    rings = 0.8 + 0.2 * np.cos(r / reach * 22)
    return over(sky, light, inside * np.where(r < radius, 1.0, rings)), flow


def _hills(x: Array) -> list[Array]:
    """The outlines (y) of two ranges of hills and of the shore of the lake."""
    far = (
        352
        - 34 * np.exp(-(((x - 150) / 120) ** 2))
        - 52 * np.exp(-(((x - 400) / 95) ** 2))
        + 7 * np.sin(x / 31)
    )
    near = (
        398
        - 44 * np.exp(-(((x - 20) / 150) ** 2))
        - 36 * np.exp(-(((x - 700) / 150) ** 2))
        + 5 * np.sin(x / 43 + 1)
    )
    return [np.minimum(far, near), near, 424 + 4 * np.sin(x / 60)]


def _land(rng: Rng, x: Array, y: Array, hills: list[Array]) -> tuple[Array, Array]:
    """Hills, lake and near bank, and the direction of their strokes."""
    patches = noise(rng, HEIGHT, WIDTH, 60, 3)
    first = ramp((y - hills[0]) / 70 + 0.12 * patches, [(0, "#5aa0b8"), (0.3, "#2b5f9a"), (1, "#1c3a78")])
    second = ramp((y - hills[1]) / 55 + 0.2 * patches, [(0, "#8fae4e"), (0.35, "#2f6b4e"), (1, "#12304a")])
    land = np.where((y < hills[1])[..., None], first, second)
    lake = _lake(rng, x, y)
    land = np.where((y < hills[2])[..., None], land, lake)
    bank = 520 + 18 * np.sin(x / 90 + 2) - 30 * smoothstep(420, 760, x)
    grass = ramp((y - bank) / 70 + 0.25 * patches, [(0, "#7c8a2a"), (0.3, "#2c5a34"), (1, "#0c2436")])
    land = np.where((y < bank)[..., None], land, grass)
    slope = np.where(
        y < hills[1],
        np.arctan(np.gradient(hills[0], axis=1)) + 0.5,
        np.arctan(np.gradient(hills[1], axis=1)) - 0.35,
    )
    slope = np.where(y > hills[2], 0.06 * np.sin(x / 40 + y / 9), slope)
    return land, np.where(y > bank, -1.25 + 0.35 * patches, slope)


def _lake(rng: Rng, x: Array, y: Array) -> Array:
    """Dark water with the moon and the brighter stars drawn out in it."""
    ripple = noise(rng, HEIGHT, WIDTH, 14, 3, stretch=6)
    water = ramp((y - 424) / 110 + 0.16 * ripple, [(0, "#3f86b0"), (0.4, "#1c4a96"), (1, "#0d1f5c")])
    for cx, _, radius in _bodies():
        width = radius * (0.55 + np.maximum(0, y - 424) / 200)
        column = np.exp(-(((x - cx + 6 * ripple) / width) ** 2)) * smoothstep(
            -0.2, 0.7, ripple + 0.5 * np.sin(y / 3.4)
        )
        water = over(water, "#ffd95e" if radius > 12 else "#d9d98a", 0.9 * column * smoothstep(560, 440, y))
    return water


def _lights(canvas: Canvas, rng: Rng) -> None:
    """Thick last touches: the cores of stars and moon, and windows on the far shore."""
    for cx, cy, radius in _bodies():
        for _ in range(int(6 + radius * 0.9)):
            r, turn = radius * np.sqrt(rng.random()) * 0.85, rng.uniform(0, 2 * np.pi)
            arc = turn + np.linspace(0, min(2.2, 16 / max(r, 5)), 5)
            path = np.stack([cx + r * np.cos(arc), cy + r * np.sin(arc)], -1)
            color = np.array([1.0, 0.97 - 0.1 * rng.random(), 0.62 + 0.3 * rng.random()])
            canvas.stroke(path, max(4.0, radius * 0.28), color, 0.12, 0.2)
    for at in rng.uniform(40, 470, 16):
        row = 414 + rng.uniform(-9, 5)
        path = np.array([(at, row), (at + 1.5, row + rng.uniform(3, 6))])
        canvas.stroke(path, 3.5, np.array([1.0, 0.78, 0.30]), 0.05, 0.0)


def _poplars(canvas: Canvas, rng: Rng) -> None:
    """Three dark poplars on the bank, built of strokes that climb like flames."""
    for foot, top, half in [(648, 205, 30), (708, 268, 25), (598, 330, 19)]:
        base = 545
        for level in np.linspace(1.0, 0.02, int((base - top) * 0.9)):
            y = top + (base - top) * level
            spread = half * np.sin(np.pi * min(1.0, 0.08 + level * 0.86)) ** 0.7
            x = foot + rng.uniform(-1, 1) * spread
            lean = -np.pi / 2 - 0.5 * (x - foot) / half + 0.35 * np.sin(y / 17)
            path = trace(np.full((2, 2), lean), x, y, rng.uniform(20, 44)) + _bend(rng)
            shade = vary(
                rng,
                np.array(
                    [[0.03, 0.10, 0.14], [0.06, 0.20, 0.16], [0.22, 0.32, 0.10]][
                        rng.choice(3, p=[0.5, 0.36, 0.14])
                    ]
                ),
                0.12,
            )
            canvas.stroke(path, rng.uniform(4, 8), shade, 0.12, 0.5)


def _bend(rng: Rng) -> Array:
    """A sideways curve of six points to lay over a straight path."""
    sway = np.sin(np.linspace(0, np.pi, 6)) * rng.uniform(-5, 5)
    return np.stack([sway, np.zeros(6)], -1)
