# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "pillow"]
# ///
"""Draws plaids, coloured cells with dark rims, and fine hatching: tartan, stained glass and engravings are
rare among paintings, and what an encoder has never seen it misreads most.

`python patterns.py FOLDER` adds them to a folder of paintings, for `train.py --more-styles`.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE = 384
BANDS = 64
"""Stripes from one end of a plaid to the other."""


def number(low: float = 0.0, high: float = 1.0) -> float:
    return low + (high - low) * float(torch.rand(()))


def pattern(size: int) -> Tensor:
    """One of the three kinds, mixed with one colour as pigment is with paper: [3,size,size], 0..1."""
    places = torch.arange(size) + 0.5
    y, x = torch.meshgrid(places, places, indexing="ij")
    drawn = (plaid, hatching, cells)[int(torch.randint(3, ()))](x, y)
    strength = number(0.15)
    return (drawn * strength + (1 - strength) * torch.rand(3, 1, 1)).clamp(0.0, 1.0)


def turned(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Both coordinates [H,W] about a random angle."""
    angle = number(0.0, math.pi)
    return x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)


def plaid(x: Tensor, y: Tensor) -> Tensor:
    """Stripes across stripes: [3,H,W]."""
    warp, weft = (stripes(along) for along in turned(x, y))
    return warp * weft if number() < 0.3 else torch.lerp(warp, weft, number())


def stripes(along: Tensor) -> Tensor:
    """Bands of random widths in a few colours, over a coordinate [H,W]: [3,H,W]."""
    widths = torch.randint(1, int(torch.randint(3, 24, ())), (BANDS,)).float()
    ends = widths.cumsum(0) / widths.sum() * 2.2 * len(along)
    band = torch.bucketize(along + 1.1 * len(along), ends).clamp_max(BANDS - 1)
    colours = torch.rand(int(torch.randint(2, 6, ())), 3)
    return colours[torch.randint(len(colours), (BANDS,))][band].permute(2, 0, 1)


def hatching(x: Tensor, y: Tensor) -> Tensor:
    """Lines, or crossing lines, 2 to 7 pixels apart, thicker and thinner as on an engraving: [3,H,W]."""
    slow = torch.sin(turned(x, y)[0] / number(8.0, 48.0)) * 0.7
    ink = torch.full_like(x, -1.0)
    for along in turned(x, y)[: int(torch.randint(1, 3, ()))]:
        ink = torch.maximum(ink, torch.sin(along * (2 * math.pi / number(2.0, 7.0))) + slow)
    dark, light = torch.rand(2, 3, 1, 1) * torch.tensor([0.5, 1.0])[:, None, None, None]
    return light + (dark - light) * torch.sigmoid(ink * number(1.0, 7.0))


def cells(x: Tensor, y: Tensor) -> Tensor:
    """Places by the nearest of some points, darker towards the rims: [3,H,W]."""
    points = torch.rand(int(torch.randint(6, 160, ())), 2) * len(x)
    near = torch.cdist(torch.stack([x, y], 2).flatten(0, 1), points).topk(2, largest=False)
    rim = (near.values[:, 1] - near.values[:, 0]).clamp(0, number(0.1, 4.1))
    colours = torch.rand(len(points), 3)[near.indices[:, 0]] * (rim / rim.max())[:, None]
    return colours.T.reshape(3, *x.shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    for i in range(args.count):
        drawn = pattern(SIDE).permute(1, 2, 0).numpy()
        Image.fromarray((drawn * 255).astype(np.uint8)).save(args.out / f"zz_pattern_{i:03d}.png")


if __name__ == "__main__":
    main()
