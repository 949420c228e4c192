# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.5"]
# ///
"""Fast-SCNN for video (Poudel, Liwicki, Cipolla: Fast-SCNN, BMVC 2019), in about 1.1 M parameters.

Two changes to the article's network, both so that one graph takes any frame size and holds still from
frame to frame: the pyramid pools over fixed neighbourhoods (3, 5 and 9 cells and the whole frame) instead
of over a fixed number of bins, so a shifted frame gives shifted features; and the picture goes in as RGB
0..1 without mean and deviation, which the first batch normalisation learns by itself.
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
STRIDE = 8
"""Side of one cell of the logits, in pixels of the input."""


def conv(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1, relu: bool = True
) -> nn.Sequential:
    """Convolution, batch normalisation and, unless told otherwise, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Depthwise 3x3, then pointwise."""
    return nn.Sequential(conv(inputs, inputs, 3, stride, inputs), conv(inputs, outputs, 1))


class Bottleneck(nn.Module):
    """MobileNetV2's inverted residual with expansion 6 (Sandler et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = inputs * 6
        self.layers = nn.Sequential(
            conv(inputs, wide, 1), conv(wide, wide, 3, stride, wide), conv(wide, outputs, 1, relu=False)
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


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


class FastSCNN(nn.Module):
    """RGB float [N,3,H,W] in 0..1, H and W multiples of 32, to logits [N,classes,H/8,W/8].

    >>> FastSCNN(21)(torch.zeros(2, 3, 64, 96)).shape
    torch.Size([2, 21, 8, 12])
    """

    def __init__(self, classes: int = len(LABELS), dropout: float = 0.0) -> None:
        super().__init__()
        self.down = nn.Sequential(conv(3, 32, 3, 2), separable(32, 48, 2), separable(48, 64, 2))
        plan = [(64, 64, 2), (64, 64, 1), (64, 64, 1), (64, 96, 2), (96, 96, 1), (96, 96, 1), (96, 128, 1)]
        blocks = [Bottleneck(*step) for step in [*plan, (128, 128, 1), (128, 128, 1)]]
        self.context = nn.Sequential(*blocks, Pyramid(128))
        self.coarse = nn.Sequential(conv(128, 128, 3, 1, 128), conv(128, 128, 1, relu=False))
        self.fine = conv(64, 128, 1, relu=False)
        self.head = nn.Sequential(separable(128, 128), separable(128, 128))
        self.classify = nn.Sequential(nn.Dropout2d(dropout), nn.Conv2d(128, classes, 1))

    def features(self, x: Tensor) -> Tensor:
        """The 128 channels at 1/8 in which both branches meet."""
        fine = self.down(x)
        wide = F.interpolate(self.context(fine), scale_factor=4.0, mode="bilinear", align_corners=False)
        return F.relu(self.fine(fine) + self.coarse(wide))

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.head(self.features(x)))


def margin(logits: Tensor, index: int = LAPTOP) -> Tensor:
    """Log-odds of one class against all others, [N,1,h,w]: its logit minus logsumexp of the others."""
    others = torch.cat([logits[:, :index], logits[:, index + 1 :]], 1)
    return logits[:, index : index + 1] - others.logsumexp(1, keepdim=True)


if __name__ == "__main__":
    net = FastSCNN()
    print(sum(p.numel() for p in net.parameters()), "parameters")
