# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy"]
# ///
"""What the network is asked for: the style's statistics at three scales, the content's structure.

Features: VGG-19, normalised, relu1_1, relu2_1, relu3_1 (a loss only, never shipped).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

LAYERS = ("0", "2", "5", "9", "12", "16")


class Features:
    """RGB 0..1 [N,3,H,W] -> [relu1_1 [N,64,H,W], relu2_1 [N,128,H/2,W/2], relu3_1 [N,256,H/4,W/4]].

    With `valid` no border is made up and each layer loses its rim: cheaper, and what training uses. With
    `short` the convolutions are computed in bfloat16.
    """

    def __init__(self, path: Path, valid: bool = False, device: str = "cpu", short: bool = False):
        self.valid, self.short, self.device = valid, short, torch.device(device).type
        kept = torch.load(path, map_location=device)
        first, bias = kept["0.weight"], kept["0.bias"]
        self.enter = (first, bias)
        self.run: Callable[[Tensor], list[Tensor]] = self.look
        """`look`, or what torch.compile makes of it."""
        self.convs = [
            (kept[f"{k}.weight"].contiguous(memory_format=torch.channels_last), kept[f"{k}.bias"])
            for k in LAYERS[1:]
        ]

    def pad(self, x: Tensor) -> Tensor:
        return x if self.valid else F.pad(x, (1, 1, 1, 1), mode="reflect")

    def __call__(self, x: Tensor) -> list[Tensor]:
        with torch.autocast(self.device, torch.bfloat16, enabled=self.short):
            return [f.float() for f in self.run(x)]

    def look(self, x: Tensor) -> list[Tensor]:
        x = F.conv2d(x, *self.enter).contiguous(memory_format=torch.channels_last)
        found = []
        for i, (weight, bias) in enumerate(self.convs):
            x = F.relu_(F.conv2d(self.pad(x), weight, bias))
            if i in (0, 2, 4):
                found.append(x)
            if i in (1, 3):
                x = F.max_pool2d(x, 2)
        return found


def covariance(feature: Tensor) -> tuple[Tensor, Tensor]:
    """Means [N,C] and covariance of channels over space [N,C,C], by matrix products only (fast on a CPU)."""
    flat = feature.permute(0, 2, 3, 1).flatten(1, 2)
    ones = flat.new_full((1, 1, flat.shape[1]), 1.0 / flat.shape[1]).expand(len(flat), -1, -1)
    mean = ones @ flat
    return mean[:, 0], flat.transpose(1, 2) @ flat / flat.shape[1] - mean.transpose(1, 2) @ mean


def deviation(cov: Tensor) -> Tensor:
    """Standard deviations [N,C] of a covariance."""
    return torch.sqrt(torch.diagonal(cov, dim1=1, dim2=2).clamp_min(0.0) + 1e-3)


def normalised(feature: Tensor) -> Tensor:
    """Instance-normalised features: structure without colour and contrast."""
    return F.instance_norm(feature, eps=1e-3)


def tone(x: Tensor) -> Tensor:
    """Light and dark in cells of 8 px, with mean 0 and deviation 1 per picture: [N,1,H/8,W/8]."""
    grey = (x * x.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    return F.instance_norm(F.avg_pool2d(grey, 8), eps=1e-4)


def halve(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2)


@dataclass
class Target:
    """Statistics of style pictures at one scale: vectors [N,896]; covariances [N,128,128], [N,256,256]."""

    vector: Tensor
    covs: list[Tensor]


def describe(found: list[Tensor]) -> Target:
    """Statistics of the features of one scale."""
    pairs = [covariance(f) for f in found]
    vector = torch.cat([part for mean, cov in pairs for part in (mean, deviation(cov))], 1)
    return Target(vector, [cov for _, cov in pairs[1:]])


WIDTHS = [64, 64, 128, 128, 256, 256]


def moment_loss(vector: Tensor, target: Tensor) -> Tensor:
    """Squared differences of means and of deviations, summed over layers (Huang & Belongie 2017): [N]."""
    gaps = (vector - target).square().split(WIDTHS, 1)
    return torch.stack([g.mean(1) for g in gaps]).sum(0)


def covariance_loss(covs: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Relative squared differences of covariances, damped for flat pictures, per picture [N]."""
    out = []
    for got, want in zip(covs, targets, strict=True):
        size = want.square().mean((1, 2))
        out.append((got - want).square().mean((1, 2)) / (size + 0.1 * size.mean() + 1e-6))
    return torch.stack(out).sum(0)
