# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy>=1.26", "onnx>=1.16", "opencv-python-headless>=4.8", "torch>=2.5", "vidstyle",
# ]
# ///
"""spotter.onnx -> checkpoint, so that training can go on from what was shipped.

`python restore.py --packed PACKED --checkpoints CHECKPOINTS`, then `train.py --restart` with the same folder.
Batch normalisation was folded away for the graph. Here each gets the statistics of some training samples
and the scale that undoes them: it computes in floats with the weights of the graph, and can be trained again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import onnx
import torch
from data import Stream
from network import Network
from onnx import numpy_helper
from torch import Tensor, nn
from train import Trainer, flags

from vidstyle.graphs.floating import in_floats

PREFIX, SUFFIX = "net.", "_DequantizeLinear_Output"
"""What export.py and the quantiser put around the names of weights."""


def read(path: Path) -> dict[str, Tensor]:
    """Weights of the graph by their names in `Network`."""
    model = onnx.load(path)
    in_floats(model)
    stored = [t for t in model.graph.initializer if t.name.startswith(PREFIX)]
    mine = {
        t.name.removeprefix(PREFIX).removesuffix(SUFFIX): torch.from_numpy(numpy_helper.to_array(t).copy())
        for t in stored
    }
    # What `export.join_pools` joined: the sum over the 2x2 is the 1x1 kernel behind the averaging.
    for name in [n for n in mine if n.endswith("shortcut.weight")]:
        mine[name.replace("weight", "1.0.weight")] = mine[name].sum((2, 3), keepdim=True)
        mine[name.replace("weight", "1.0.bias")] = mine[name.replace("weight", "bias")]
    return mine


def unfold(conv: nn.Conv2d, norm: nn.BatchNorm2d, weight: Tensor, bias: Tensor) -> None:
    """A convolution whose normalisation does no more than add the bias."""
    conv.weight.data = weight.clone()
    norm.running_var.fill_(1.0 - norm.eps)
    norm.running_mean.zero_()
    norm.weight.data.fill_(1.0)
    norm.bias.data = bias.clone()


@torch.no_grad()
def calibrate(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
    """Before it runs: the statistics of what comes, and the scale and bias that undo them."""
    variance, mean = torch.var_mean(inputs[0].float(), (0, 2, 3), correction=0)
    norm.running_var.copy_(variance)
    norm.running_mean.copy_(mean)
    norm.weight.data = torch.sqrt(variance + norm.eps)
    norm.bias.data += mean


def restore(path: Path) -> Network:
    """The network of a graph, in evaluation mode."""
    net, values = Network(), read(path)
    modules = dict(net.named_modules())
    for name, norm in modules.items():
        if isinstance(norm, nn.BatchNorm2d):
            before = f"{name.rpartition('.')[0]}.0"
            unfold(modules[before], norm, values[f"{before}.weight"], values[f"{before}.bias"])
    net.classify.weight.data, net.classify.bias.data = values["classify.weight"], values["classify.bias"]
    return net.eval()


def main() -> None:
    """Restore, calibrate, save."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--packed", type=Path, required=True, help="folder written by data.py")
    arguments.add_argument("--checkpoints", type=Path, required=True, help="folder for last.pt")
    arguments.add_argument("--graph", type=Path, default=Path(__file__).with_name("spotter.onnx"))
    options = arguments.parse_args()
    net = restore(options.graph)
    pictures = next(iter(Stream(options.packed, 288, 48, 0, seed=0)))[0].permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        before = net(pictures)
        hooks = [
            m.register_forward_pre_hook(calibrate) for m in net.modules() if isinstance(m, nn.BatchNorm2d)
        ]
        net(pictures)
        for hook in hooks:
            hook.remove()
        print(f"differs from the graph's own by at most {(net(pictures) - before).abs().max():.1e}")
    given = ["--packed", str(options.packed), "--checkpoints", str(options.checkpoints)]
    trainer = Trainer(flags().parse_args(given))
    trainer.net.load_state_dict(net.state_dict())
    trainer.average.load_state_dict(net.state_dict())
    trainer.save()


if __name__ == "__main__":
    main()
