# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.5"]
# ///
"""Residual stages down to 1/32 (He et al. 2016), context at several sizes there (Zhao et al. 2017), and a way
back up to 1/4 that takes in each stage again (Lin et al. 2017): 3.5 M parameters.

Plain 3x3 convolutions: on CPUs and GPUs with matrix instructions they train faster than the depthwise ones
of small networks and hold far more. So that one graph takes any frame size and holds still from frame to
frame, context comes from fixed neighbourhoods (3, 5 and 9 cells and the whole frame) instead of a fixed
number of bins, and the picture goes in as RGB 0..1 without mean and deviation, which the first batch
normalisation learns by itself.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LABELS = (
    "background", "person", "laptop", "cell phone", "cup", "bottle", "chair", "couch", "tv", "keyboard",
    "book", "cat", "dog", "car", "bus", "bicycle", "motorcycle", "bird", "horse", "potted plant", "backpack",
)  # fmt: skip
LAPTOP = LABELS.index("laptop")
STRIDE = 4
"""Side of one cell of the logits, in pixels of the input."""
STEM = 32
STAGES = ((48, 1), (96, 2), (160, 3), (224, 2))
"""Channels and blocks at 1/4, 1/8, 1/16 and 1/32."""
WAY_UP = 64
"""Channels on the way back up."""


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, relu: bool = True) -> nn.Sequential:
    """Convolution, batch normalisation and, unless told otherwise, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


class Block(nn.Module):
    """Two convolutions beside a shortcut, which averages where the block halves the size (ResNet-D)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(conv(inputs, outputs, 3, stride), conv(outputs, outputs, relu=False))
        shrink = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(shrink, conv(inputs, outputs, 1, relu=False))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.layers(x) + self.shortcut(x))


class Pyramid(nn.Module):
    """Context from 3, 5 and 9 cells around and from the whole frame, joined to the features themselves."""

    kernels = (3, 5, 9)

    def __init__(self, channels: int) -> None:
        super().__init__()
        quarter = channels // 4
        self.branches = nn.ModuleList(conv(channels, quarter, 1) for _ in range(len(self.kernels) + 1))
        self.join = conv(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = [F.avg_pool2d(x, k, 1, k // 2, count_include_pad=False) for k in self.kernels]
        parts = [branch(p) for branch, p in zip(self.branches, pooled, strict=False)]
        whole = self.branches[-1](x.mean((2, 3), keepdim=True))
        return self.join(torch.cat([x, *parts, whole.expand(-1, -1, x.shape[2], x.shape[3])], 1))


class Network(nn.Module):
    """RGB float [N,3,H,W] in 0..1, H and W multiples of 32, to logits [N,classes,H/4,W/4].

    >>> Network(21)(torch.zeros(2, 3, 64, 96)).shape
    torch.Size([2, 21, 16, 24])
    """

    def __init__(self, classes: int = len(LABELS)) -> None:
        super().__init__()
        self.stem = conv(3, STEM, 3, 2)
        widths = [STEM, *(channels for channels, _ in STAGES)]
        self.stages = nn.ModuleList(
            nn.Sequential(Block(inputs, outputs, 2), *(Block(outputs, outputs) for _ in range(blocks - 1)))
            for inputs, (outputs, blocks) in zip(widths, STAGES, strict=False)
        )
        self.context = Pyramid(widths[-1])
        self.across = nn.ModuleList(conv(channels, WAY_UP, 1, relu=False) for channels in widths[1:])
        self.mix = nn.ModuleList(conv(WAY_UP, WAY_UP) for _ in STAGES[1:])
        self.classify = nn.Conv2d(WAY_UP, classes, 1)

    def stages_of(self, x: Tensor) -> list[Tensor]:
        """The features at 1/4, 1/8, 1/16 and 1/32, the last with its context."""
        x, found = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return [*found[:-1], self.context(x)]

    def decode(self, found: list[Tensor]) -> Tensor:
        """Logits at 1/4 from the features of all stages."""
        x = self.across[-1](found[-1])
        for mix, across, features in list(zip(self.mix, self.across, found, strict=False))[::-1]:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = mix(F.relu(x + across(features)))
        return self.classify(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.stages_of(x))


def margin(logits: Tensor, index: int = LAPTOP) -> Tensor:
    """Log-odds of one class against all others, [N,1,h,w]: its logit minus logsumexp of the others."""
    others = torch.cat([logits[:, :index], logits[:, index + 1 :]], 1)
    return logits[:, index : index + 1] - others.logsumexp(1, keepdim=True)


if __name__ == "__main__":
    net = Network()
    print(sum(p.numel() for p in net.parameters()), "parameters")
