# /// script
# requires-python = ">=3.11"
# dependencies = ["torch"]
# ///
"""The network `brush`: arbitrary style transfer made for video.

Two modules. `Style` turns a picture into a code, once per run; `Apply` paints a frame with a code, every
frame. No statistic of the frame is ever taken: every scale and bias comes from the style picture (FiLM, Perez
et al. 2018), so what stands elsewhere in the crop cannot change a pixel. The trunk works at 1/8 of the
resolution, where reach is cheap; a few residual blocks at 1/4 draw what a raster of 8 pixels cannot. Weights
are normalised (Salimans & Kingma 2016) in training and folded into plain ones for export.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TAPS = [[[1.0, 1, 0], [0, 0, 1]], [[1.0, 0, 0], [0, 1, 1]]]
"""TAPS[phase][i][y]: tap y of a kernel over the doubled picture reads pixel i of a window of two, and such a
window gives two pixels of the doubled picture: the second of its first pixel, the first of its second."""
PALETTE = 12
"""Numbers of a palette: mean RGB and a 3x3 root of the covariance."""
RELU_GAIN = math.sqrt(2.0 / (1.0 + 0.2**2))


@dataclass(frozen=True)
class Sizes:
    """Channels: `fine` at 1/4, `trunk` at 1/8, `half` at 1/2 of the resolution; `blocks` residual blocks in
    the trunk and `refine` at 1/4. Multiples of 16, since ONNX Runtime fills up to them on AVX-512."""

    fine: int = 32
    trunk: int = 96
    half: int = 16
    blocks: int = 2
    refine: int = 2
    hidden: int = 192

    def films(self) -> list[int]:
        """Channels of each modulated layer but those of `refine`, in the order in which `Apply` uses them."""
        return [self.fine, self.trunk, *[self.trunk] * (2 * self.blocks), self.fine, self.half]

    def splits(self) -> list[int]:
        """Lengths of the parts of a code: scale, bias, scale, bias, ..., gate of the skip, palette; then
        those of `refine`, last, so that a network without it can grow one."""
        modulated = [c for c in self.films() for _ in range(2)]
        return [*modulated, self.fine, PALETTE, *[self.fine] * (4 * self.refine)]

    def code(self) -> int:
        """Length of a code."""
        return sum(self.splits())


class Conv(nn.Module):
    """Convolution with normalised weights and zero padding; `plain()` gives the weights as they act.

    `double` stands for "nearest upsampling by 2, then a 3x3 convolution", folded into one 2x2 convolution
    with 4 * cout outputs for `_doubled`: no checkerboard, since all four phases share one kernel.
    """

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int = 3,
        stride: int = 1,
        double: bool = False,
        scale: float = 1.0,
    ):
        super().__init__()
        self.weight = nn.Parameter(0.04 * torch.randn(cout, cin, kernel, kernel))
        self.gain = nn.Parameter(torch.full((cout, 1, 1, 1), scale))
        self.bias = nn.Parameter(torch.zeros(cout))
        self.double, self.stride, self.padding = double, stride, (kernel - 1) // 2

    def plain(self) -> Tensor:
        """Weights [cout,cin,k,k] ([4*cout,cin,2,2] if double) of unit energy per output, times the gain."""
        fan = self.weight[0].numel()
        energy = self.weight.square().mean((1, 2, 3), keepdim=True)
        weight = self.weight * (self.gain * RELU_GAIN / torch.sqrt(energy * fan + 1e-8))
        if not self.double:
            return weight
        taps = weight.new_tensor(TAPS)
        return torch.einsum("piy,qjx,ocyx->opqcij", taps, taps, weight).flatten(0, 2)

    def offset(self) -> Tensor:
        """The bias of each output of `plain()`."""
        return self.bias.repeat_interleave(4) if self.double else self.bias

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.plain(), self.offset(), self.stride, self.padding)


class Style(nn.Module):
    """Style picture [1,3,H,W] RGB 0..1 -> code [1,C]; trained for 256x256."""

    def __init__(self, sizes: Sizes = Sizes()):
        super().__init__()
        widths = [3, 32, 48, 64, 96]
        self.convs = nn.ModuleList(Conv(a, b, 4, 2) for a, b in pairwise(widths))
        count = 2 * sum(widths)
        self.shift = nn.Parameter(torch.zeros(count))
        self.scale = nn.Parameter(torch.ones(count))
        first, second = nn.Linear(count, sizes.hidden), nn.Linear(sizes.hidden, sizes.hidden)
        self.dense = nn.Sequential(first, nn.LeakyReLU(0.2), second, nn.LeakyReLU(0.2))
        self.code = nn.Linear(sizes.hidden, sizes.code())
        self.middle = nn.Parameter(torch.zeros(sizes.hidden), requires_grad=False)
        self.spread = nn.Parameter(torch.ones(sizes.hidden), requires_grad=False)
        nn.init.normal_(self.code.weight, std=0.04)
        nn.init.zeros_(self.code.bias)
        parts = [torch.full((c,), 1.0 - i % 2) for i, c in enumerate(sizes.splits())]
        place = 2 * len(sizes.films())
        parts[place] = torch.zeros(sizes.fine)
        self.register_buffer("base", torch.cat(parts[: place + 1]), persistent=False)
        self.register_buffer("more", torch.cat([torch.zeros(0), *parts[place + 2 :]]), persistent=False)

    def statistics(self, x: Tensor) -> Tensor:
        """Mean and standard deviation of the picture and of each level's features: [B, 2 * sum of widths]."""
        x = x * 2.0 - 1.0
        found = _moments(x)
        for conv in self.convs:
            x = _rectified(conv(x))
            found += _moments(x)
        return torch.cat(found, 1)

    def hidden(self, statistics: Tensor) -> Tensor:
        """What the code is read from: [B, sizes.hidden]."""
        known = 3.0 * torch.tanh((statistics - self.shift) * self.scale / 3.0)
        return (self.dense(known) - self.middle) * self.spread

    def code_of(self, hidden: Tensor, colours: Tensor) -> Tensor:
        """The code, from hidden units and the palette [B,12] of the picture."""
        films, tint, more = (0.2 * self.code(hidden)).split([len(self.base), PALETTE, len(self.more)], 1)
        return torch.cat([self.base + films, colours + 0.1 * tint, self.more + more], 1)

    def forward(self, style: Tensor) -> Tensor:
        return self.code_of(self.hidden(self.statistics(style)), palette(style))

    @torch.no_grad()
    def standardise(self, pictures: Tensor) -> None:
        """Give statistics and hidden units mean 0 and deviation 1 over these pictures: what tells paintings
        apart is then learned as fast as what they share."""
        statistics = self.statistics(pictures)
        std, mean = torch.std_mean(statistics, dim=0)
        self.shift.copy_(mean)
        self.scale.copy_(1.0 / (std + 1e-3))
        self.whiten(3.0 * torch.tanh((statistics - mean) * self.scale / 3.0))

    @torch.no_grad()
    def whiten(self, known: Tensor) -> None:
        """Mean 0 and deviation 1 for the hidden units, given standardised statistics; the codes stay."""
        std, mean = torch.std_mean(self.dense(known), dim=0)
        spread = 1.0 / (std + 0.2 * std.mean())
        self.code.bias += self.code.weight @ ((mean - self.middle) * self.spread)
        self.code.weight *= self.spread / spread
        self.middle.copy_(mean)
        self.spread.copy_(spread)


def palette(style: Tensor) -> Tensor:
    """Mean RGB [B,3] and a root of the covariance of RGB (Cholesky, flattened): [B,12], units of 0..1."""
    mean = style.mean((2, 3))
    r, g, b = (style - mean[:, :, None, None]).unbind(1)
    rr, gg, bb, rg, rb, gb = (
        (p * q).mean((1, 2)) for p, q in ((r, r), (g, g), (b, b), (r, g), (r, b), (g, b))
    )
    a = torch.sqrt(rr + 4e-4)
    d, e = rg / a, rb / a
    f = torch.sqrt(torch.clamp(gg - d * d, min=0.0) + 4e-4)
    h = (gb - d * e) / f
    i = torch.sqrt(torch.clamp(bb - e * e - h * h, min=0.0) + 4e-4)
    none = torch.zeros_like(a)
    return torch.cat([mean, torch.stack([a, none, none, d, f, none, e, h, i], 1)], 1)


def _moments(x: Tensor) -> list[Tensor]:
    mean = x.mean((2, 3))
    variance = (x * x).mean((2, 3)) - mean * mean
    return [mean, torch.sqrt(torch.clamp(variance, min=0.0) + 1e-4)]


def _pair(channels: int, scale: float) -> nn.ModuleList:
    return nn.ModuleList([Conv(channels, channels), Conv(channels, channels, scale=scale)])


class Apply(nn.Module):
    """Picture [N,3,H,W] RGB 0..1 (H, W multiples of 8) and code [1,C] or [N,C] -> painted picture, 0..1."""

    def __init__(self, sizes: Sizes = Sizes()):
        super().__init__()
        s = self.sizes = sizes
        self.unshuffle = nn.PixelUnshuffle(4)
        self.enter = Conv(48, s.fine)
        self.down = Conv(s.fine, s.trunk, 4, 2)
        self.blocks = nn.ModuleList(_pair(s.trunk, 0.4) for _ in range(s.blocks))
        self.up1 = Conv(s.trunk, s.fine, double=True)
        self.refine = nn.ModuleList(_pair(s.fine, 0.1) for _ in range(s.refine))
        self.up2 = Conv(s.fine, s.half, double=True)
        self.leave = Conv(s.half, 3, double=True, scale=0.6)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        parts = [p[:, :, None, None] for p in code.split(self.sizes.splits(), 1)]
        last = 2 * len(self.sizes.films())
        films, more = _films(parts[:last]), _films(parts[last + 2 :])
        gate, palette = parts[last : last + 2]
        fine = _rectified(_film(self.enter(self.unshuffle(image * 2.0 - 1.0)), next(films)))
        x = _rectified(_film(_level(self.down(fine)), next(films)))
        for first, second in self.blocks:
            y = _rectified(_film(first(x), next(films)))
            x = _rectified(x + _film(second(y), next(films)))
        x = _doubled(_film(self.up1(x), _fourfold(next(films))))
        x = _rectified(x + gate * fine)
        for first, second in self.refine:
            x = x + _film(second(_rectified(_film(first(x), next(more)))), next(more))
        x = _doubled(_rectified(_film(self.up2(x), _fourfold(next(films)))))
        painted = self.colour(x, palette.flatten(1))
        return painted if self.training else torch.clamp(painted, 0.0, 1.0)

    def colour(self, x: Tensor, palette: Tensor) -> Tensor:
        """The last convolution, and the palette on its channels (for one palette: inside its weights)."""
        mean, root = palette[:, :3, None], palette[:, 3:].unflatten(1, (3, 3))
        if len(palette) > 1:
            picture = _doubled(self.leave(x))
            return (root @ picture.flatten(2) + mean).unflatten(2, picture.shape[2:])
        weight = root[0] @ self.leave.plain().reshape(3, -1)
        bias = root[0] @ self.leave.offset().reshape(3, 4) + mean[0]
        return _doubled(F.conv2d(x, weight.reshape(12, -1, 2, 2), bias.flatten(), 1, 1))


def _rectified(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)  # with plain ReLUs most of the trunk and of the style encoder died


def _level(x: Tensor) -> Tensor:
    """Every place to about the same energy over its channels, whatever its contrast."""
    return x * torch.rsqrt((x * x).mean(1, keepdim=True) + 0.05)


def _films(parts: Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs of scale and bias."""
    return zip(parts[0::2], parts[1::2], strict=True)


def _doubled(x: Tensor) -> Tensor:
    """Windows [N,4C,H+1,W+1], of which the outer ones reach over the rim, to pixels [N,C,2H,2W].

    First columns, then rows: ONNX Runtime does the two transpositions in half the time of DepthToSpace.
    """
    n, c, h, w = x.shape
    wide = x.reshape(n, c // 2, 2, h * w).transpose(2, 3)
    tall = wide.reshape(n, c // 4, 2, h, 2 * w).transpose(2, 3)
    return F.pad(tall.reshape(n, c // 4, 2 * h, 2 * w), (-1, -1, -1, -1))


def _fourfold(part: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """For what `_doubled` is still to arrange: right behind a convolution, a scale can be folded into
    its weights."""
    return part[0].repeat_interleave(4, 1), part[1].repeat_interleave(4, 1)


def _film(x: Tensor, part: tuple[Tensor, Tensor]) -> Tensor:
    return x * part[0] + part[1]


class Brush(nn.Module):
    """Both halves, trained together."""

    def __init__(self, sizes: Sizes = Sizes()):
        super().__init__()
        self.style, self.apply_ = Style(sizes), Apply(sizes)

    def forward(self, image: Tensor, style: Tensor) -> Tensor:
        return self.apply_(image, self.style(style))
