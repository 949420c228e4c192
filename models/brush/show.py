# /// script
# requires-python = ">=3.11"
# dependencies = ["vidstyle", "torch", "numpy", "pillow", "av"]
# ///
"""The picture of the model card: a frame of samples/desk.mp4 in the six sample styles, one row a network.

`python show.py brush magenta=DIR/style.onnx --out styles.jpg`: networks as for models/evaluate.py.
"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data import load, names
from evaluate import SAMPLES, Network
from masks import frames
from paintings import paint

Bytes = NDArray[np.uint8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="[TITLE=]NETWORK")
    parser.add_argument("--samples", type=Path, default=SAMPLES)
    parser.add_argument("--frame", type=int, default=38)
    parser.add_argument(
        "--crop", type=int, nargs=4, default=[360, 60, 640, 576], help="left top width height"
    )
    parser.add_argument("--width", type=int, default=240, help="of each small picture")
    parser.add_argument("--quality", type=int, default=80, help="of the JPEG")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    left, top, width, height = args.crop
    picture = next(islice(frames(args.samples / "desk.mp4"), args.frame, None)).to_ndarray()
    picture = picture[top : top + height, left : left + width]
    styles = [load(p) for p in names(args.samples / "styles")]
    small = (args.width, args.width * height // width)
    rows = [[_small(picture, small), *[_small(style, small) for style in styles]]]
    for title, _, word in (text.rpartition("=") for text in args.networks):
        network = Network.parse(word)
        painted = [_small(paint(network.stylizer(style), picture), small) for style in styles]
        rows.append([_named(title or network.name, small), *painted])
    image = Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows], 0))
    image.save(args.out, quality=args.quality)


def _small(picture: Bytes, size: tuple[int, int]) -> Bytes:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def _named(name: str, size: tuple[int, int]) -> Bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((16, size[1] // 2 - 16), name, "black", ImageFont.load_default(32))
    return np.asarray(image)


if __name__ == "__main__":
    main()
