# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy>=1.26", "onnx>=1.16", "onnxruntime>=1.20", "opencv-python-headless>=4.8", "torch>=2.5",
# ]
# ///
"""Writes spotter.onnx and its card from a checkpoint, and proves that both networks agree.

Batch normalisation is folded into the convolutions. Of the labels, those of `--classes` keep a logit of
their own; all others join the background by logsumexp, which leaves the odds of a kept class against the
rest as they were. With `--packed` the graph is then brought to 8 bits (`quantise.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from network import LABELS, Block, Network
from quantise import quantise
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

OPSET, IR = 17, 8
TOLERANCE = 1e-2
"""Of log-odds."""
CARD = """name = "spotter"
task = "semantic"
licence = "MIT"
source = "trained from random weights by models/spotter/train.py"
classes = [{classes}]
threshold = {threshold}

[model]
file = "{file}"
sha256 = "{sha256}"

[model.input]
layout = "NCHW"
channels = "RGB"
range = "0..1"
side = {side}
multiple = 32

[model.output]
kind = "logits"
{high}"""


def fold(module: nn.Module) -> None:
    """Merge every batch normalisation that follows a convolution into it, in place."""
    for child in module.children():
        fold(child)
    if isinstance(module, nn.Sequential):
        for i in range(len(module) - 1):
            if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                module[i] = fuse_conv_bn_eval(module[i], module[i + 1])
                module[i + 1] = nn.Identity()


def join_pools(module: nn.Module) -> None:
    """Averaging over 2x2 pixels and a 1x1 convolution behind it as one 2x2 convolution of stride 2, in place:
    ONNX Runtime averages 8-bit numbers slowly."""
    for block in module.modules():
        if not isinstance(block, Block) or not isinstance(block.shortcut, nn.Sequential):
            continue
        shrink, (point, *_) = block.shortcut
        if isinstance(shrink, nn.AvgPool2d):
            wide = nn.Conv2d(point.in_channels, point.out_channels, 2, 2)
            wide.weight.data = point.weight.data.expand(-1, -1, 2, 2).contiguous() / 4
            wide.bias.data = point.bias.data
            block.shortcut = wide


class Merged(nn.Module):
    """The network with the background and some classes as its only outputs."""

    def __init__(self, net: Network, kept: list[int]) -> None:
        super().__init__()
        self.net, self.kept = net, kept
        self.rest = [i for i in range(len(LABELS)) if i not in kept]

    def forward(self, image: Tensor) -> Tensor:
        logits = self.net(image)
        # In steps: ONNX Runtime takes four times as long for ReduceLogSumExp.
        background = logits[:, self.rest].exp().sum(1, keepdim=True).log()
        return torch.cat([background, *(logits[:, i : i + 1] for i in self.kept)], 1)


def load(checkpoints: Sequence[Path], part: str) -> Network:
    """The averaged (or plain) network of a checkpoint for inference, or the mean of those of several
    (Izmailov et al. 2018)."""
    states = [torch.load(path, map_location="cpu")[part] for path in checkpoints]
    mean = {
        name: sum(state[name] for state in states) / len(states) if value.is_floating_point() else value
        for name, value in states[-1].items()
    }
    net = Network()
    net.load_state_dict(mean)
    return net.eval()


def write(net: nn.Module, path: Path) -> None:
    """The graph with free batch, height and width."""
    free = {"image": {0: "batch", 2: "height", 3: "width"}, "logits": {0: "batch", 2: "rows", 3: "columns"}}
    torch.onnx.export(
        net, (torch.zeros(2, 3, 256, 320),), str(path), input_names=["image"], output_names=["logits"],
        dynamic_axes=free, opset_version=OPSET, dynamo=False,
    )  # fmt: skip
    model = onnx.load(path)
    model.ir_version, model.producer_name, model.producer_version = IR, "vidstyle", ""
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def agree(net: nn.Module, path: Path) -> float:
    """Largest difference of the two networks over several sizes and batches; raises where it is large."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for shape in ((1, 3, 256, 256), (3, 3, 192, 352), (2, 3, 32, 64), (1, 3, 512, 288)):
        image = torch.rand(shape)
        with torch.no_grad():
            wanted = net(image).numpy()
        got = session.run(None, {"image": image.numpy()})[0]
        worst = max(worst, float(np.abs(got - wanted).max()))
    if worst > TOLERANCE:
        raise ValueError(f"{path}: differs from the trained network by {worst}")
    return worst


def card(path: Path, names: list[str], side: int, threshold: float, high: float | None, seed: int) -> None:
    """The card beside the graph; the [quality] table of an older card stays."""
    place = path.with_suffix(".toml")
    old = place.read_text() if place.exists() else ""
    quality = re.search(r"^\[quality\].*", old, re.MULTILINE | re.DOTALL)
    classes = ", ".join(f'"{n}"' for n in ("background", *names))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    line = (f"high = {high}\n" if high else "") + (f"seed = {seed}\n" if seed > 1 else "")
    text = CARD.format(
        classes=classes, file=path.name, sha256=sha256, side=side, threshold=threshold, high=line
    )
    place.write_text(text + (f"\n{quality[0]}" if quality else ""))


def main() -> None:
    """Parse, fold, write, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--checkpoint", type=Path, nargs="+", required=True, help="of several the mean is taken"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("spotter.onnx"))
    parser.add_argument("--part", choices=("average", "net"), default="average")
    parser.add_argument("--classes", nargs="+", default=["laptop"], choices=LABELS[1:])
    parser.add_argument(
        "--side", type=int, default=384, help="of the card: the longer side a frame is scaled to"
    )
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--high", type=float, help="what a part of the mask must reach somewhere")
    parser.add_argument("--seed", type=int, default=1, help="in a square of so many cells each way")
    parser.add_argument(
        "--packed", type=Path, help="folder written by data.py, for 8 bits; floats without it"
    )
    options = parser.parse_args()
    net = load(options.checkpoint, options.part)
    whole = Merged(net, [LABELS.index(n) for n in options.classes]).eval()
    fold(whole)
    join_pools(whole)
    write(whole, options.out)
    worst = agree(whole, options.out)
    print(f"{options.out.name} differs from the trained network by at most {worst:.1e}")
    if options.packed:
        gap = quantise(options.out, options.packed, options.side)
        print(f"in 8 bits the probability differs by {gap:.4f} on average")
    print(f"{options.out.stat().st_size} bytes")
    card(options.out, options.classes, options.side, options.threshold, options.high, options.seed)


if __name__ == "__main__":
    main()
