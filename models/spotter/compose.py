# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=1.26", "opencv-python-headless>=4.8"]
# ///
"""What turns stored pictures into training samples: cut, paste, shade, crop, recolour, spoil."""

from __future__ import annotations

import cv2
import numpy as np
from network import LAPTOP
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Rng = np.random.Generator


def cut(picture: Bytes, inside: NDArray[np.bool_]) -> Bytes:
    """RGBA of what is inside, one pixel in from its rim, trimmed to its bounding box."""
    alpha = cv2.morphologyEx(inside.astype(np.uint8) * 255, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    alpha = cv2.erode(alpha, np.ones((3, 3), np.uint8))
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    if not rows.size:
        return np.zeros((1, 1, 4), np.uint8)
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.dstack([picture[box], alpha[box]])


def objects(picture: Bytes, label: Bytes, least: float = 0.01) -> list[Bytes]:
    """Cut-outs of the annotated things that are large and compact enough to hide something else."""
    found = []
    for value in np.unique(label):
        if value in (0, LAPTOP, 254, 255):
            continue
        count, parts, stats, _ = cv2.connectedComponentsWithStats((label == value).astype(np.uint8))
        for i in range(1, count):
            area = stats[i, cv2.CC_STAT_AREA]
            solid = area / (stats[i, cv2.CC_STAT_WIDTH] * stats[i, cv2.CC_STAT_HEIGHT])
            if area > least * label.size and solid > 0.35:
                found.append(cut(picture, parts == i))
    return found


def warp(item: Bytes, span: float, rng: Rng, turn: float, bend: float = 0.12) -> Bytes:
    """The cut-out, its longer side `span` pixels, mirrored, turned by up to `turn` degrees, aslant."""
    if rng.random() < 0.5:
        item = item[:, ::-1]
    height, width = item.shape[:2]
    scale = span / max(height, width)
    angle = np.deg2rad(rng.uniform(-turn, turn))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    goal = (corners - corners.mean(0)) * scale * rng.uniform(0.85, 1.18, 2)
    goal += rng.uniform(-bend, bend, (4, 2)) * np.array([width, height]) * scale
    goal = goal @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    goal = (goal - goal.min(0) + 2).astype(np.float32)
    size = np.ceil(goal.max(0)).astype(int) + 2
    matrix = cv2.getPerspectiveTransform(corners, goal)
    if scale < 0.6:
        item = cv2.GaussianBlur(item, (0, 0), 0.35 / scale)
    return cv2.warpPerspective(np.ascontiguousarray(item), matrix, (int(size[0]), int(size[1])))


def tone(item: Bytes, around: Bytes, rng: Rng) -> Bytes:
    """The cut-out in a light somewhere between its own and that of its surroundings."""
    colour = item[..., :3].astype(np.float32)
    inside = item[..., 3] > 127
    if not inside.any():
        return item
    mean = colour[inside].mean(0)
    goal = around.reshape(-1, 3).mean(0) if around.size else mean
    pull = rng.uniform(0, 0.7)
    gain = ((goal + 20) / (mean + 20)) ** pull * rng.uniform(0.75, 1.25)
    if rng.random() < 0.35:
        gain = gain * rng.uniform(0.7, 1.3, 3)
    if rng.random() < 0.03:
        colour = 255 - colour
    colour = 255 * np.power(np.clip(colour * gain, 0, 255) / 255, rng.uniform(0.75, 1.35))
    return np.dstack([colour.clip(0, 255).astype(np.uint8), item[..., 3]])


def place(
    picture: Bytes, label: Bytes, item: Bytes, centre: tuple[int, int], value: int, rng: Rng, shadow: bool
) -> None:
    """Lay the cut-out over the picture, in place, with a soft rim and perhaps a shadow."""
    height, width = label.shape
    x, y = centre[0] - item.shape[1] // 2, centre[1] - item.shape[0] // 2
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + item.shape[1], width), min(y + item.shape[0], height)
    if right - left < 2 or bottom - top < 2:
        return
    box = np.s_[top:bottom, left:right]
    item = tone(item, picture[box], rng)
    if shadow and rng.random() < 0.6:
        shade(picture, item, (x, y), rng)
    part = item[top - y : bottom - y, left - x : right - x]
    alpha = cv2.GaussianBlur(part[..., 3], (0, 0), rng.uniform(0.4, 1.1)).astype(np.float32)[..., None] / 255
    picture[box] = (picture[box] * (1 - alpha) + part[..., :3] * alpha).astype(np.uint8)
    label[box][part[..., 3] > 127] = value


def shade(picture: Bytes, item: Bytes, corner: tuple[int, int], rng: Rng) -> None:
    """Darken what lies below and beside the cut-out."""
    height, width = picture.shape[:2]
    span = max(item.shape[:2])
    shift = rng.uniform(-0.08, 0.08) * span, rng.uniform(0.0, 0.1) * span
    move = np.array([[1, 0, corner[0] + shift[0]], [0, 1, corner[1] + shift[1]]], np.float32)
    cast = cv2.warpAffine(np.ascontiguousarray(item[..., 3]), move, (width, height))
    cast = cv2.blur(cast, (max(3, int(span * 0.08)) | 1, max(3, int(span * 0.08)) | 1)).astype(np.float32)
    picture[:] = (picture * (1 - cast[..., None] / 255 * rng.uniform(0.2, 0.7))).astype(np.uint8)


def any_of(items: list[Bytes], rng: Rng) -> Bytes:
    """One of them."""
    return items[int(rng.integers(len(items)))]


def paste_laptops(
    picture: Bytes, label: Bytes, cutouts: list[Bytes], occluders: list[Bytes], rng: Rng
) -> tuple[Bytes, Bytes]:
    """One to three laptops on the picture, things and people's parts in front of them."""
    picture, label = picture.copy(), label.copy()
    height, width = label.shape
    turn = 180.0 if rng.random() < 0.08 else 14.0
    for _ in range(int(rng.choice([1, 2, 3], p=[0.66, 0.24, 0.10]))):
        span = min(height, width) * float(np.exp(rng.uniform(np.log(0.14), np.log(1.3))))
        laptop = warp(any_of(cutouts, rng), span, rng, turn)
        centre = int(rng.uniform(0, width)), int(rng.uniform(height * 0.1, height))
        place(picture, label, laptop, centre, LAPTOP, rng, shadow=True)
        if occluders and rng.random() < 0.5:
            thing = warp(any_of(occluders, rng), span * rng.uniform(0.25, 1.0), rng, 40.0)
            beside = rng.normal(0, span * 0.35, 2)
            where = int(centre[0] + beside[0]), int(centre[1] + beside[1] + span * 0.2)
            place(picture, label, thing, where, 254, rng, shadow=False)
    return picture, label


def paste_others(picture: Bytes, label: Bytes, things: list[Bytes], rng: Rng) -> tuple[Bytes, Bytes]:
    """One to three things that are no laptops, so that a pasted rim alone does not give a laptop away."""
    picture, label = picture.copy(), label.copy()
    height, width = label.shape
    for _ in range(int(rng.integers(1, 4))):
        span = min(height, width) * float(np.exp(rng.uniform(np.log(0.14), np.log(1.0))))
        centre = int(rng.uniform(0, width)), int(rng.uniform(height * 0.1, height))
        place(picture, label, warp(any_of(things, rng), span, rng, 14.0), centre, 254, rng, shadow=True)
    return picture, label


def crop(picture: Bytes, label: Bytes, size: int, rng: Rng) -> tuple[Bytes, Bytes]:
    """A square of `size` pixels from a random part of the picture, a little stretched, perhaps mirrored."""
    height, width = label.shape
    share = rng.uniform(0.55, 1.0) if rng.random() < 0.75 else rng.uniform(1.0, 1.6)
    side = share * min(height, width)
    stretch = float(np.exp(rng.uniform(-0.2, 0.2)))
    across, down = side * stretch, side / stretch
    x = rng.uniform(min(0, width - across), max(0, width - across))
    y = rng.uniform(min(0, height - down), max(0, height - down))
    angle = np.deg2rad(rng.normal(0, 4))
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.zeros((2, 3), np.float32)
    matrix[:, :2] = spin @ np.diag([across / size, down / size])
    matrix[:, 2] = np.array([x + across / 2, y + down / 2]) - matrix[:, :2] @ np.array([size / 2, size / 2])
    if rng.random() < 0.5:
        matrix[:, 2] += matrix[:, 0] * size
        matrix[:, 0] *= -1
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if side / size > 1.25:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.3 * side / size)
    seen = cv2.warpAffine(picture, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    marks = cv2.warpAffine(label, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return seen, marks


def recolour(picture: Bytes, rng: Rng) -> Bytes:
    """Another light: gain and gamma for each channel, contrast, saturation, now and then grey or night."""
    table = np.arange(256, dtype=np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.18)) * np.exp(rng.normal(0, 0.05, 3))
    gain = np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.05, 3))
    if rng.random() < 0.06:
        gain = gain * rng.uniform(0.3, 0.6)
    tables = np.power(table[:, None], gamma[None]) * gain[None]
    tables = (tables - 0.5) * np.exp(rng.normal(0, 0.15)) + 0.5
    picture = cv2.LUT(picture, (tables.clip(0, 1) * 255).astype(np.uint8)[None])
    keep = float(np.clip(rng.normal(1, 0.25), 0, 2)) if rng.random() > 0.06 else 0.0
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(picture, keep, grey, 1 - keep, 0)


def streak(length: int, angle: float) -> Floats:
    """The blur of a straight motion, as a kernel whose sum is 1."""
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    middle = length / 2 - 0.5
    turned = cv2.warpAffine(line, cv2.getRotationMatrix2D((middle, middle), angle, 1), (length, length))
    return turned / max(float(turned.sum()), 1e-6)


def spoil(picture: Bytes, rng: Rng) -> Bytes:
    """What cameras and codecs do: blur by focus or motion, a smaller size and back, noise, JPEG."""
    chance = rng.random(4)
    size = picture.shape[0]
    if chance[0] < 0.12:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.8))
    elif chance[0] < 0.18:
        picture = cv2.filter2D(picture, -1, streak(int(rng.integers(3, 10)), rng.uniform(0, 180)))
    if chance[1] < 0.12:
        small = int(size * rng.uniform(0.4, 0.9))
        picture = cv2.resize(cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA), (size, size))
    if chance[2] < 0.25:
        grain = rng.normal(0, rng.uniform(1, 8), (size, size, 1 if rng.random() < 0.5 else 3))
        picture = (picture + grain).clip(0, 255).astype(np.uint8)
    if chance[3] < 0.25:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return picture
