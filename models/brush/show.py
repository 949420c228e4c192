# /// script
# requires-python = ">=3.11"
# dependencies = ["vidstyle", "torch", "numpy", "pillow", "av"]
# ///
"""The pictures of the model card: how networks paint in the six sample styles.

    python show.py brush magenta=DIR/style.onnx --out styles.jpg
    python show.py brush magenta=DIR/style.onnx --pictures DIR --out sheet.jpg

The first shows a frame of samples/desk.mp4, one row a network; the second the pictures of a folder, one row
each, and under each style the networks beside each other. Networks as for models/evaluate.py.
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

from vidstyle.types import Stylizer

Bytes = NDArray[np.uint8]
Painters = tuple[str, list[Stylizer]]
"""A network's name, and the network with each style."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="[TITLE=]NETWORK")
    parser.add_argument("--samples", type=Path, default=SAMPLES)
    parser.add_argument("--pictures", type=Path, help="a folder of pictures of one size, each a row")
    parser.add_argument("--frame", type=int, default=38)
    parser.add_argument(
        "--crop", type=int, nargs=4, default=[360, 60, 640, 576], help="left top width height"
    )
    parser.add_argument("--width", type=int, default=240, help="of each small picture")
    parser.add_argument("--quality", type=int, default=80, help="of the JPEG")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    styles = [load(p) for p in names(args.samples / "styles")]
    networks = [(title, Network.parse(word)) for title, _, word in (t.rpartition("=") for t in args.networks)]
    painters = [(title or n.name, [n.stylizer(style) for style in styles]) for title, n in networks]
    rows = sheet(args, styles, painters) if args.pictures else frame(args, styles, painters)
    image = Image.fromarray(np.concatenate([np.concatenate(row, 1) for row in rows], 0))
    image.save(args.out, quality=args.quality)


def frame(args: argparse.Namespace, styles: list[Bytes], painters: list[Painters]) -> list[list[Bytes]]:
    """The styles over one row a network."""
    left, top, width, height = args.crop
    picture = next(islice(frames(args.samples / "desk.mp4"), args.frame, None)).to_ndarray()
    picture = picture[top : top + height, left : left + width]
    small = (args.width, args.width * height // width)
    rows = [[_small(picture, small), *[_small(style, small) for style in styles]]]
    for title, stylizers in painters:
        painted = [_small(paint(stylizer, picture), small) for stylizer in stylizers]
        rows.append([_named(title, small, 32), *painted])
    return rows


def sheet(args: argparse.Namespace, styles: list[Bytes], painters: list[Painters]) -> list[list[Bytes]]:
    """Each style as wide as the networks together, their names, then one row a picture."""
    pictures = [load(path) for path in names(args.pictures)]
    small = (args.width, args.width * pictures[0].shape[0] // pictures[0].shape[1])
    wide = (small[0] * len(painters), small[1] * 2)
    rows = [[_named("", (small[0], wide[1]), 8), *[_small(style, wide) for style in styles]]]
    line = (small[0], 20)
    rows.append([_named(name, line, 14) for name in ["", *[title for title, _ in painters] * len(styles)]])
    for picture in pictures:
        pairs = [stylizers[i] for i in range(len(styles)) for _, stylizers in painters]
        rows.append([_small(p, small) for p in (picture, *[paint(stylizer, picture) for stylizer in pairs])])
    return rows


def _small(picture: Bytes, size: tuple[int, int]) -> Bytes:
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def _named(name: str, size: tuple[int, int], high: int) -> Bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text(
        (high // 2, (size[1] - high) // 2), name, "black", ImageFont.load_default(high)
    )
    return np.asarray(image)


if __name__ == "__main__":
    main()
