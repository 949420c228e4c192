# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "onnx"]
# ///
"""style.onnx and apply.onnx -> checkpoint, so that training can go on from what was shipped:

python restore.py SCRATCH/shipped.pt && python train.py --start SCRATCH/shipped.pt ...
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from network import RELU_GAIN, Brush, Conv
from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parents[1]))

import half

RMS = 0.08
"""Root mean square of a kernel. It acts by its direction alone; against the length of Adam's steps, this
lets it turn a little slower than the random one of 0.04 that training begins with."""


def undouble(weight: Tensor) -> Tensor:
    """[4*cout,cin,2,2] -> the 3x3 kernel [cout,cin,3,3] whose taps `Conv.plain` has summed."""
    phases = weight.unflatten(0, (-1, 2, 2))
    rows = _taps(phases[:, 0], phases[:, 1])
    return _taps(rows[:, 0], rows[:, 1])


def _taps(first: Tensor, second: Tensor) -> Tensor:
    """Three taps along axis 3 from windows of two: `first` has (a + b, c), `second` (a, b + c)."""
    (ab, c), (a, _) = first.unbind(3), second.unbind(3)
    return torch.stack([a, ab - a, c], 3)


def refill(conv: Conv, plain: Tensor, bias: Tensor) -> None:
    """Weights and gain that act as a plain kernel does."""
    energy = plain.square().mean((1, 2, 3), keepdim=True)
    conv.weight.data = plain * (RMS / torch.sqrt(energy + 1e-12))
    conv.gain.data = torch.sqrt(energy * plain[0].numel()) / RELU_GAIN
    conv.bias.data = bias.clone()


def restore(folder: Path) -> Brush:
    """The network whose graphs lie in a folder."""
    net = Brush()
    style, paint = (
        {k: torch.from_numpy(v) for k, v in half.read(folder / name).items()}
        for name in ("style.onnx", "apply.onnx")
    )
    net.style.load_state_dict(style, strict=False)
    for name, conv in ((n, m) for n, m in net.style.named_modules() if isinstance(m, Conv)):
        refill(conv, style[f"{name}.weight"], style[f"{name}.bias"])
    last = next(v for v in paint.values() if v.shape == (3, 16 * net.apply_.sizes.half))
    offset = next(v for v in paint.values() if v.shape == (3, 4))
    for name, conv in ((n, m) for n, m in net.apply_.named_modules() if isinstance(m, Conv)):
        if name == "leave":
            weight, bias = last.reshape(12, -1, 2, 2), offset.flatten()
        else:
            weight, bias = paint[f"inner.{name}.weight"], paint[f"inner.{name}.bias"]
        if name == "enter":
            depth = weight.unflatten(3, (3, 4)).unflatten(2, (3, 4)).permute(0, 1, 3, 5, 2, 4)
            weight = depth.flatten(1, 3)
        refill(conv, undouble(weight) if conv.double else weight, bias[::4] if conv.double else bias)
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--graphs", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    torch.save({"ema": restore(args.graphs).state_dict()}, args.checkpoint)


if __name__ == "__main__":
    main()
