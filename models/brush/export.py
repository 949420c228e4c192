# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "onnx", "onnxruntime"]
# ///
"""Checkpoint -> style.onnx and apply.onnx, checked against torch; stamps the card, prints the margin."""

from __future__ import annotations

import argparse
import copy
import hashlib
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from network import Apply, Brush, Conv
from torch import Tensor, nn
from torch.nn import functional as F

sys.path.append(str(Path(__file__).resolve().parents[1]))

import half

OPSET, IR_VERSION = 17, 9
SHAPES = [(1, 360, 640), (2, 512, 512), (1, 720, 1280), (3, 64, 72)]


class Entrance(nn.Module):
    """Space-to-depth by 4 and a 3x3 convolution, as one 12x12 convolution of stride 4: the same sums."""

    def __init__(self, conv: Conv):
        super().__init__()
        weight = conv.plain().detach()
        spread = weight.reshape(len(weight), 3, 4, 4, 3, 3).permute(0, 1, 4, 2, 5, 3)
        self.weight = nn.Parameter(spread.reshape(len(weight), 3, 12, 12).contiguous())
        self.bias = nn.Parameter(conv.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, 4, 4)


def fold(module: nn.Module) -> nn.Module:
    """A copy with every normalised convolution replaced by a plain one of the same effect."""
    module = copy.deepcopy(module).eval().requires_grad_(False)
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Conv):
                setattr(parent, name, _plain(child))
    return module


def _plain(conv: Conv) -> Folded:
    weight = conv.plain().detach()
    out = Folded(weight.shape[1], weight.shape[0], weight.shape[2], conv.stride, conv.padding)
    out.weight.data, out.bias.data = weight.contiguous(), conv.offset().detach().clone()
    return out.requires_grad_(False)


class Folded(nn.Conv2d):
    """A plain convolution that still answers `plain()` and `offset()`."""

    def plain(self) -> Tensor:
        return self.weight

    def offset(self) -> Tensor:
        return self.bias


class Painted(nn.Module):
    """`Apply` with the entrance as one convolution."""

    def __init__(self, apply_: Apply):
        super().__init__()
        entrance = Entrance(apply_.enter)
        self.inner = fold(apply_)
        self.inner.enter = entrance
        self.inner.unshuffle = nn.Identity()
        self.requires_grad_(False)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        return self.inner(image, code)


def write(net: Brush, out: Path) -> None:
    """Write both graphs."""
    sizes = net.apply_.sizes
    axes = {0: "n", 2: "h", 3: "w"}
    code = torch.zeros(1, sizes.code())
    _export(
        Painted(net.apply_),
        (torch.rand(1, 3, 64, 64), code),
        out / "apply.onnx",
        ["image", "code"],
        "output",
        {"image": axes, "output": axes},
    )
    _export(
        fold(net.style),
        (torch.rand(1, 3, 256, 256),),
        out / "style.onnx",
        ["style"],
        "code",
        {"style": {2: "h", 3: "w"}},
    )


def _export(module: nn.Module, args: tuple, path: Path, inputs: list[str], output: str, axes: dict) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            args,
            str(path),
            input_names=inputs,
            output_names=[output],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    model.ir_version = IR_VERSION
    del model.graph.value_info[:]
    half.store(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def check(net: Brush, out: Path) -> None:
    """The graphs give what torch gives, at several sizes, and nothing that is no number."""
    style, paint = session(out / "style.onnx"), session(out / "apply.onnx")
    rng = np.random.default_rng(0)
    picture = rng.random((1, 3, 256, 256), np.float32)
    code = style.run(None, {"style": picture})[0]
    with torch.no_grad():
        gap = np.abs(code - net.style(torch.from_numpy(picture)).numpy()).max()
        print(f"style: largest difference from torch {gap:.1e}, code {code.shape}")
        for n, h, w in SHAPES:
            image = rng.random((n, 3, h, w), np.float32)
            got = paint.run(None, {"image": image, "code": code})[0]
            want = net.apply_(torch.from_numpy(image), torch.from_numpy(code)).numpy()
            assert got.shape == image.shape and np.isfinite(got).all() and got.min() >= 0 and got.max() <= 1
            print(f"apply {n}x{h}x{w}: largest difference from torch {np.abs(got - want).max():.1e}")
    print_margin(paint, code, rng)


def print_margin(paint: onnxruntime.InferenceSession, code: np.ndarray, rng: np.random.Generator) -> None:
    """Two overlapping crops, 64 px apart: how far from the rim do they agree?"""
    wide = np.kron(rng.random((1, 3, 48, 48), np.float32), np.ones((1, 1, 8, 8), np.float32))
    a = paint.run(None, {"image": wide[..., :320, :320], "code": code})[0][..., 64:, 64:]
    b = paint.run(None, {"image": wide[..., 64:, 64:], "code": code})[0][..., :256, :256]
    gap = np.abs(a - b).max((0, 1))
    for margin in (0, 8, 16, 24, 32, 48, 64, 80, 96):
        inner = gap[margin : 256 - margin, margin : 256 - margin]
        print(
            f"margin {margin:3d}: largest {255 * inner.max():6.2f}, mean {255 * inner.mean():.3f} code values"
        )


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def load(paths: Sequence[Path]) -> Brush:
    """The running mean of the weights of a checkpoint; of several, of one training, the mean of those."""
    net, kept = Brush(), [torch.load(path, map_location="cpu")["ema"] for path in paths]
    net.load_state_dict({name: torch.stack([k[name] for k in kept]).mean(0) for name in kept[0]})
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", type=Path, nargs="+", help="their mean is taken")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    net = load(args.checkpoints)
    write(net, args.out)
    check(net, args.out)
    card = args.out / "brush.toml"
    for name in ("style.onnx", "apply.onnx"):
        raw = (args.out / name).read_bytes()
        digest = hashlib.sha256(raw).hexdigest()
        print(name, len(raw), digest)
        if card.exists():
            stamp(card, name, digest)


def stamp(card: Path, name: str, digest: str) -> None:
    """Write the hash of a file into the line after the one that names it."""
    pattern = rf'(file = "{name}"\nsha256 = )"[^"]*"'
    card.write_text(re.sub(pattern, rf'\1"{digest}"', card.read_text()))


if __name__ == "__main__":
    main()
