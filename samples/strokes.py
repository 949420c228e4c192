"""Pictures of brush and paint: `ink` (a wash of hills and a pine branch) and `meadow` (a garden in dabs)."""

from __future__ import annotations

import numpy as np
from brush import Array, Canvas, Rng, grid, noise, over, ramp, rgb, smoothstep, trace, vary

HEIGHT, WIDTH = 576, 768
BLACK = np.array([0.075, 0.075, 0.09])


def ink(rng: Rng) -> Array:
    """Hills in mist, water, a pine branch and bamboo in black ink on rice paper; a red seal and a red sun."""
    x, y = grid(HEIGHT, WIDTH)
    image = _paper(rng)
    image = over(
        image,
        "#b8392c",
        0.8 * smoothstep(44, 36, np.hypot(x - 545, y - 120) + 2.5 * noise(rng, HEIGHT, WIDTH, 22, 4)),
    )
    for index, (level, height, tone) in enumerate([(235, 120, 0.28), (300, 105, 0.45), (372, 84, 0.68)]):
        image = _range_of_hills(image, rng, x, y, level, height, tone, index)
    canvas = Canvas(image, rng)
    _texture_strokes(canvas, rng)
    _water(canvas, rng)
    _branch(canvas, rng)
    _bamboo(canvas, rng)
    picture = _seal(canvas.image, rng, x, y)
    fibre = noise(rng, HEIGHT, WIDTH, 4, 3)
    return np.clip(picture * (1 + 0.02 * fibre[..., None]), 0, 1)


def _paper(rng: Rng) -> Array:
    fibres = noise(rng, HEIGHT, WIDTH, 5, 2, stretch=7) + noise(rng, WIDTH, HEIGHT, 5, 2, stretch=7).T
    cloud = noise(rng, HEIGHT, WIDTH, 240, 3)
    return np.clip(rgb("#efe6d2") * (1 + 0.012 * fibres + 0.02 * cloud)[..., None], 0, 1)


def _range_of_hills(
    image: Array, rng: Rng, x: Array, y: Array, level: float, height: float, tone: float, index: int
) -> Array:
    """A wash that is dark along the ridge, pools in places and fades down into mist."""
    peaks = noise(rng, 2, WIDTH, 190 - 30 * index, 6)[0]
    ridge = level - height * (0.25 + 0.42 * peaks) * (0.75 + 0.35 * np.sin(x[0] / 150 + 1.9 * index))
    depth = y - ridge[None, :] + 2.2 * noise(rng, HEIGHT, WIDTH, 9, 3)
    pool = noise(rng, HEIGHT, WIDTH, 70, 5)
    fade = np.exp(-np.clip(depth, 0, None) / (48 + 12 * index)) * (0.8 + 0.35 * pool)
    rim = 0.35 * np.exp(-((depth / 5) ** 2))
    wash = np.clip(tone * (fade + rim), 0, 0.95) * smoothstep(-1.5, 1.5, depth)
    return over(image, np.array([0.13, 0.15, 0.19]), wash)


def _texture_strokes(canvas: Canvas, rng: Rng) -> None:
    """Rows of flat dabs that grow denser where the wash is dark: the moss of the old manuals."""
    dark = canvas.image.mean(-1)
    for _ in range(5200):
        x, y = rng.uniform(0, WIDTH), rng.uniform(210, 400)
        here = dark[int(y), int(x)]
        if here > 0.74 or rng.random() < (here - 0.35) * 2.0:
            continue
        reach = rng.uniform(3, 9)
        path = np.array([(x, y), (x + reach / 2, y - 0.6), (x + reach, y + rng.normal(0, 1))])
        color = canvas.image[int(y), int(x)] * rng.uniform(0.45, 0.9)
        canvas.stroke(path, rng.uniform(2.0, 4.6), color, 0.08, 0.4)


def _water(canvas: Canvas, rng: Rng) -> None:
    for _ in range(60):
        x, y = rng.uniform(0, WIDTH), 405 + 165 * rng.random() ** 1.3
        wave = np.linspace(0, 1, 7)
        length = rng.uniform(50, 190)
        path = np.stack([x + length * wave, y + 3 * np.sin(wave * 7 + x)], -1)
        tone = rng.uniform(0.45, 0.8)
        canvas.stroke(path, rng.uniform(2, 7), np.array([tone, tone * 1.01, tone * 1.04]), 0.12, 1.0)


def _branch(canvas: Canvas, rng: Rng) -> None:
    """A pine branch that reaches in from the upper left, with tufts of needles."""
    knots = np.array([(-20, 60), (70, 92), (140, 84), (215, 128), (290, 140), (352, 190), (402, 198)], float)
    up, down = np.array([(0, 0), (30, -62)]), np.array([(0, 0), (-10, 62)])
    limbs = [(knots, 26.0), (knots[2:4] + up, 11.0), (knots[4:6] + down, 11.0)]
    for limb, width in limbs:
        for start, end, thick in zip(
            limb[:-1], limb[1:], np.linspace(width, width * 0.35, len(limb) - 1), strict=True
        ):
            bow = np.array([(end - start)[1], -(end - start)[0]]) * rng.uniform(-0.12, 0.12)
            t = np.linspace(-0.08, 1.08, 6)[:, None]
            path = start + (end - start) * t + bow * np.sin(np.pi * t)
            canvas.stroke(path, thick, BLACK * rng.uniform(0.9, 1.8), 0.16, 0.5)
            canvas.stroke(
                path - np.array([0, thick * 0.22]), thick * 0.3, np.array([0.45, 0.45, 0.46]), 0.2, 1.1
            )
    for x, y in [
        (120, 60),
        (60, 122),
        (245, 66),
        (212, 158),
        (330, 116),
        (392, 176),
        (330, 250),
        (285, 190),
        (425, 214),
        (165, 108),
    ]:
        _needles(canvas, rng, x, y)


def _needles(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    """A fan of fine quick strokes."""
    for turn in np.linspace(-np.pi * 1.08, 0.08 * np.pi, 44):
        reach = rng.uniform(30, 54)
        bend = turn + np.linspace(0, rng.normal(0, 0.12), 5)
        steps = np.linspace(2, reach, 5)
        path = np.stack([x + steps * np.cos(bend), y + steps * np.sin(bend) * 0.82], -1)
        canvas.stroke(path, rng.uniform(1.5, 2.8), BLACK * rng.uniform(0.8, 3.4), 0.06, 0.5)


def _bamboo(canvas: Canvas, rng: Rng) -> None:
    """Three canes in single strokes between the nodes, and leaves in one press of the brush each."""
    for foot, lean, width, tone in [(668, 0.05, 20, 0.40), (724, -0.05, 14, 0.24), (622, -0.04, 10, 0.12)]:
        y, x = 590.0, float(foot)
        while y > 170:
            length = rng.uniform(62, 88)
            t = np.linspace(0, 1, 5)
            path = np.stack([x + lean * length * t, y - (length - 5) * t], -1)
            canvas.stroke(path, width, np.full(3, tone), 0.34, 0.35)
            canvas.stroke(
                path[-1] + np.array([(-width * 0.55, 1), (0, -1.5), (width * 0.55, 1)]), 3.6, BLACK, 0.05, 0.2
            )
            if rng.random() < 0.85:
                _leaves(canvas, rng, float(path[-1, 0]), float(path[-1, 1]))
            x, y = float(path[-1, 0]) + lean * 4, y - length


def _leaves(canvas: Canvas, rng: Rng, x: float, y: float) -> None:
    for _ in range(rng.integers(5, 9)):
        turn = rng.choice([0.75, 2.4]) + rng.normal(0, 0.42)
        reach, tone = rng.uniform(48, 92), rng.choice([0.07, 0.10, 0.3])
        for begin, part, width in [(0, 1.0, 2.4), (0.07, 0.86, 5.0), (0.14, 0.7, 7.5), (0.22, 0.54, 9.0)]:
            steps = np.linspace(begin, part, 5) * reach
            bend = turn + np.linspace(begin, part, 5) * 0.22
            path = np.stack([x + steps * np.cos(bend), y + steps * np.sin(bend)], -1)
            canvas.stroke(path, width, np.full(3, tone), 0.10, 0.15)


def _seal(image: Array, rng: Rng, x: Array, y: Array) -> Array:
    """A red seal with a made-up sign: a frame, a wave and a dot."""
    u, v = x - 78, y - 500
    frame = smoothstep(23.5, 22, np.maximum(np.abs(u), np.abs(v)) + noise(rng, HEIGHT, WIDTH, 6, 2) * 0.6)
    cut = smoothstep(2.6, 1.6, np.abs(v - 5 - 5 * np.sin(u / 5.2))) + smoothstep(
        2.6, 1.6, np.abs(np.hypot(u, v + 9) - 5)
    )
    cut = cut + smoothstep(1.6, 0.8, np.abs(np.maximum(np.abs(u), np.abs(v)) - 18.5))
    worn = smoothstep(1.7, 1.0, noise(rng, HEIGHT, WIDTH, 5, 2))
    return over(image, "#b3261e", 0.92 * frame * (1 - np.clip(cut, 0, 1)) * worn)


def meadow(rng: Rng) -> Array:
    """A flowering meadow with a path and trees at noon, in short thick dabs of unmixed colour."""
    x, y = grid(HEIGHT, WIDTH)
    reference, angle = _garden(rng, x, y)
    canvas = Canvas(np.tile(rgb("#8a7a50"), (HEIGHT, WIDTH, 1)), rng)
    canvas.cover(reference, angle, 15, 22, 8.5, 0.12, bite=0.18)
    near = smoothstep(190, 560, y)
    canvas.cover(reference, angle + 0.5 * rng.standard_normal(x.shape), 7, 11, 5.0, 0.17, bite=0.2)
    _broken_color(canvas, rng, reference)
    _flowers(canvas, rng, near)
    return canvas.lit(0.6)


def _garden(rng: Rng, x: Array, y: Array) -> tuple[Array, Array]:
    """What the painter sees (sky, trees, sunlit grass, a winding path), and how the brush lies."""
    cloud = smoothstep(-0.1, 1.1, noise(rng, HEIGHT, WIDTH, 150, 4, stretch=1.8))
    sky = over(ramp(y / 210, [(0, "#4a8fd8"), (0.6, "#93c6ea"), (1, "#f2dfb8")]), "#fff3e2", 0.85 * cloud)
    sky = over(sky, "#c4a8d8", 0.5 * cloud * smoothstep(0.4, -0.8, noise(rng, HEIGHT, WIDTH, 60, 3)))
    crowns = noise(rng, HEIGHT, WIDTH, 74, 4)
    top = (
        168
        - 62 * np.exp(-(((x - 110) / 95) ** 2))
        - 92 * np.exp(-(((x - 640) / 105) ** 2))
        - 14 * np.sin(x / 37)
    )
    leafy = ramp(
        0.5 + 0.3 * crowns + (top - y) / 260,
        [(0, "#1b4a66"), (0.25, "#2f7546"), (0.55, "#8fb83a"), (0.9, "#f6e468")],
    )
    picture = over(sky, leafy, smoothstep(-3, 3, y - top - 7 * crowns))
    light = noise(rng, HEIGHT, WIDTH, 90, 4, stretch=2.2)
    grass = ramp(
        0.5 + 0.28 * light + (y - 420) / 700,
        [(0, "#1f6a4a"), (0.35, "#5f9e35"), (0.65, "#b9c83c"), (1, "#f5e36a")],
    )
    field = smoothstep(-3, 3, y - 232 - 6 * np.sin(x / 80))
    picture = over(picture, grass, field)
    middle = 400 + 130 * np.sin((y - 232) / 95) * (y - 200) / 300
    path = smoothstep(1.0, 0.75, np.abs(x - middle) / (6 + (y - 232) * 0.21)) * field
    sand = ramp(
        0.5 + 0.35 * noise(rng, HEIGHT, WIDTH, 40, 3), [(0, "#a083b8"), (0.5, "#eabf8c"), (1, "#fff0cc")]
    )
    turn = np.where(field > 0.5, -np.pi / 2 + 0.5 * light, 0.3 + 1.1 * crowns)
    return over(picture, sand, path), np.where(path > 0.5, 0.1, turn)


def _broken_color(canvas: Canvas, rng: Rng, reference: Array) -> None:
    """Dots of pure neighbouring and opposite hues that mix in the eye."""
    hues = [
        rgb(code) for code in ("#f6d33c", "#e8843a", "#4d7fd6", "#8c5fc0", "#e86f9a", "#3aa58a", "#fff2cf")
    ]
    for _ in range(3600):
        x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
        here = reference[int(y), int(x)]
        hue = hues[rng.integers(len(hues))]
        color = vary(rng, 0.52 * here + 0.48 * hue * (0.5 + 0.6 * here.mean()), 0.08)
        path = trace(np.full((2, 2), rng.uniform(0, np.pi)), x, y, rng.uniform(2, 6), 2)
        canvas.stroke(path, rng.uniform(4, 6.5), color, 0.15, 0.1)


def _flowers(canvas: Canvas, rng: Rng, near: Array) -> None:
    """Poppies, cornflowers, daisies and lupins in drifts; small far away and large at our feet."""
    drifts = [noise(rng, HEIGHT, WIDTH, 110, 3, stretch=2.0) for _ in range(4)]
    hues = [rgb(code) for code in ("#e5301f", "#3f4fd0", "#fdf4e3", "#c04fae")]
    spots = rng.uniform([0, 240], [WIDTH, HEIGHT], (4200, 2))
    for x, y in spots[np.argsort(spots[:, 1])]:
        kind = int(rng.integers(4))
        if drifts[kind][int(y), int(x)] < 0.45:
            continue
        size = 3 + 9 * near[int(y), int(x)]
        _blossom(canvas, rng, np.array([x, y]), size, hues[kind])


def _blossom(canvas: Canvas, rng: Rng, at: Array, size: float, hue: Array) -> None:
    """A flower in a few dabs: shadow below, petals, a light on the upper left."""
    lights = [0.45] + [0.9] * (2 if size < 6 else 4) + [1.35]
    for light in lights:
        spot = at + rng.normal(0, size * 0.32, 2) + (1 - light) * size * 0.35
        path = trace(np.full((2, 2), rng.uniform(0, np.pi)), float(spot[0]), float(spot[1]), size * 0.4, 2)
        color = vary(rng, np.clip(hue * min(1.0, light) + max(0.0, light - 1), 0, 1), 0.10)
        canvas.stroke(path, size * rng.uniform(0.34, 0.58), color, 0.25, 0.6)
