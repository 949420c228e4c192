# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "pillow", "onnxruntime", "av"]
# ///
"""The picture of the model card: a frame of samples/desk.mp4 in the six sample styles, one row a model."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data import load, names
from evaluate import Model
from PIL import Image, ImageDraw, ImageFont
from warping import REPOSITORY, frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="append", required=True, help="NAME=STYLE.onnx,APPLY.onnx")
    parser.add_argument("--samples", type=Path, default=REPOSITORY / "samples")
    parser.add_argument("--frame", type=int, default=38)
    parser.add_argument(
        "--crop", type=int, nargs=4, default=[360, 60, 640, 576], help="left top width height"
    )
    parser.add_argument("--width", type=int, default=240, help="of each small picture")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    left, top, width, height = args.crop
    frame = frames(args.samples / "desk.mp4", {args.frame})[args.frame]
    frame = np.ascontiguousarray(frame[..., top : top + height, left : left + width])
    styles = [load(p, 256) for p in names(args.samples / "styles")]
    small = (args.width, args.width * height // width)
    rows = [[_small(frame[0], small), *[np.asarray(Image.fromarray(s).resize(small)) for s in styles]]]
    for name, _, files in (text.partition("=") for text in args.model):
        model = Model(name, *(Path(f) for f in files.split(",")), 2)
        painted = [_small(model(frame, model.code(s))[0], small) for s in styles]
        rows.append([_named(name, small), *painted])
    Image.fromarray(np.concatenate([np.concatenate(r, 1) for r in rows], 0)).save(args.out, quality=85)


def _small(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray((picture.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.BOX))


def _named(name: str, size: tuple[int, int]) -> np.ndarray:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((16, size[1] // 2 - 16), name, "black", ImageFont.load_default(32))
    return np.asarray(image)


if __name__ == "__main__":
    main()
