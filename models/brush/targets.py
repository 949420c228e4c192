# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "pillow"]
# ///
"""Statistics of every painting, computed once: `python targets.py --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from data import centre
from losses import Features, Target, describe, halve

sys.path.append(str(Path(__file__).resolve().parents[1]))

import half

SCALES = 3
SHAPES = {"vector": (896,), "cov2": (128, 128), "cov3": (256, 256)}
SIZE = 256


class Paintings:
    """Paintings, cut to 256x256 as the tool cuts them, with statistics at three scales, as memory maps."""

    def __init__(self, paths: list[Path], folder: Path, device: str = "cpu"):
        self.paths, self.device = paths, device
        folder.mkdir(parents=True, exist_ok=True)
        count = len(paths)
        self.pictures = _open(folder / "pictures.npy", (count, SIZE, SIZE, 3), np.uint8)
        self.done = _open(folder / "done.npy", (count,), np.uint8)
        self.maps = {
            k: _open(folder / f"{k}.npy", (count, SCALES, *s), np.float16) for k, s in SHAPES.items()
        }

    def fill(self, features: Features, part: int = 0, parts: int = 1) -> None:
        """Compute what is missing; several processes may share the work by `part`."""
        for i in range(part, len(self.paths), parts):
            if not self.done[i]:
                self._fill_one(features, i)

    @torch.no_grad()
    def _fill_one(self, features: Features, i: int) -> None:
        self.pictures[i] = centre(self.paths[i], SIZE)
        x = to_tensor(self.pictures[i : i + 1], self.device)
        for scale in range(SCALES):
            found = describe(features(x))
            self.maps["vector"][i, scale] = found.vector[0].cpu().numpy()
            self.maps["cov2"][i, scale] = found.covs[0][0].cpu().numpy()
            self.maps["cov3"][i, scale] = found.covs[1][0].cpu().numpy()
            x = halve(x)
        self.done[i] = 1

    def batch(self, rows: np.ndarray) -> tuple[torch.Tensor, list[Target]]:
        """Pictures [N,3,256,256] and their statistics per scale."""
        got = {k: torch.from_numpy(m[rows]).to(self.device).float() for k, m in self.maps.items()}
        targets = [Target(got["vector"][:, s], [got["cov2"][:, s], got["cov3"][:, s]]) for s in range(SCALES)]
        return to_tensor(self.pictures[rows], self.device), targets


def to_tensor(pictures: np.ndarray, device: str = "cpu") -> torch.Tensor:
    """uint8 [N,H,W,3] -> float [N,3,H,W], 0..1."""
    return torch.from_numpy(np.array(pictures)).to(device).permute(0, 3, 1, 2).float().div_(255.0)


def _open(path: Path, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    mode = "r+" if path.exists() else "w+"
    return np.lib.format.open_memmap(path, mode, dtype, shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--styles", type=Path, required=True, help="folder of paintings")
    parser.add_argument("--out", type=Path, required=True, help="folder for the statistics")
    parser.add_argument("--loss-weights", type=Path, required=True, help="vgg_normalised_conv3_1.pth")
    parser.add_argument("--all", action="store_true", help="none is held out")
    parser.add_argument("--part", default="0/1", help="which share of the work this process does, e.g. 0/2")
    args = parser.parse_args()
    from data import names, split

    part, parts = map(int, args.part.split("/"))
    paintings = Paintings(names(args.styles) if args.all else split(names(args.styles))[0], args.out)
    paintings.fill(Features(args.loss_weights, short=half.fast("cpu")), part, parts)


if __name__ == "__main__":
    main()
