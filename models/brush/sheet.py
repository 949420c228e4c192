# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "pillow"]
# ///
"""Contact sheet of a checkpoint on held-out pictures: `python sheet.py --help`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from data import centre, load, names, split
from network import Brush
from PIL import Image
from targets import to_tensor


@torch.no_grad()
def sheet(net: Brush, data: Path, out: Path, photos: int = 5, paintings: int = 6, size: int = 256) -> None:
    """Rows: photographs; columns: paintings; first row and column: the pictures themselves."""
    content = [centre(p, size) for p in split(names(data / "content"))[1][:: 12 // photos][:photos]]
    styles = [load(p, 256) for p in split(names(data / "style"))[1][:: 12 // paintings][:paintings]]
    codes = [net.style(to_tensor(s[None])) for s in styles]
    top = np.concatenate([np.full((size, size, 3), 255, np.uint8), *[_fit(s, size) for s in styles]], 1)
    rows = [top]
    for photo in content:
        painted = [net.apply_(to_tensor(photo[None]), code) for code in codes]
        rows.append(np.concatenate([photo, *[_bytes(p) for p in painted]], 1))
    Image.fromarray(np.concatenate(rows, 0)).save(out)


def _fit(x: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(x).resize((size, size)))


def _bytes(x: torch.Tensor) -> np.ndarray:
    return (x[0].permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with content/ and style/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=256)
    args = parser.parse_args()
    net = Brush().eval()
    net.load_state_dict(torch.load(args.checkpoint, map_location="cpu")["ema"])
    sheet(net, args.data, args.out, size=args.size)


if __name__ == "__main__":
    main()
