"""Quiet the grain of few rays: each picture is averaged with its neighbours along the exact motion.

The idea is that of temporal anti-aliasing (Karis, "High-Quality Temporal Supersampling", SIGGRAPH 2014),
without the history: three frames, so nothing is smeared for longer than that.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Flow = NDArray[np.float32]
"""(H, W, 2): pixels to the right and down."""
Picture = NDArray[np.float32]
"""(H, W, 3): display-encoded RGB in 0..255."""


def steadied(frames: Path, index: int, count: int) -> NDArray[np.uint8]:
    """Frame `index`: half itself, a quarter each neighbour where that shows the same surface."""
    here = picture(frames, index)
    total, weight = 2 * here, np.full((*here.shape[:2], 1), 2, np.float32)
    for other, way, answer in ((index - 1, "back", "ahead"), (index + 1, "ahead", "back")):
        if 0 <= other < count:
            flow = motion(frames, index, way)
            same = agreement(flow, motion(frames, other, answer))[..., None]
            total += same * warped(picture(frames, other), flow)
            weight += same
    return np.rint(total / weight).clip(0, 255).astype(np.uint8)


def picture(frames: Path, index: int) -> Picture:
    """A rendered frame."""
    with av.open(str(frames / f"{index:04}.png")) as image:
        return next(image.decode(video=0)).to_ndarray(format="rgb24").astype(np.float32)


def motion(frames: Path, index: int, way: str) -> Flow:
    """The displacement `back` to the frame before or `ahead` to the frame after."""
    with np.load(frames / f"{index:04}.npz") as truth:
        return truth[way].astype(np.float32)


def warped(image: Picture, flow: Flow) -> Picture:
    """`image` fetched, with bilinear weights, from where `flow` points; past its edge, the edge."""
    height, width, _ = image.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x + flow[..., 0]).clip(0, width - 1.01), (y + flow[..., 1]).clip(0, height - 1.01)
    column, row = x.astype(int), y.astype(int)
    u, v = (x - column)[..., None], (y - row)[..., None]
    above = image[row, column] * (1 - u) + image[row, column + 1] * u
    below = image[row + 1, column] * (1 - u) + image[row + 1, column + 1] * u
    return above * (1 - v) + below * v


def agreement(flow: Flow, answer: Flow, tolerance: float = 0.5) -> NDArray[np.bool_]:
    """Where a surface is seen in both frames: the ways there and back cancel within `tolerance` pixels.

    `flow` leads from this frame to another and `answer` from that one to this one. False too where `flow`
    leaves the picture.
    """
    height, width, _ = flow.shape
    y, x = np.mgrid[0:height, 0:width]
    to_x, to_y = np.rint(x + flow[..., 0]).astype(int), np.rint(y + flow[..., 1]).astype(int)
    inside = (to_x >= 0) & (to_x < width) & (to_y >= 0) & (to_y < height)
    gap = flow + answer[to_y.clip(0, height - 1), to_x.clip(0, width - 1)]
    return inside & (np.hypot(gap[..., 0], gap[..., 1]) < tolerance)
