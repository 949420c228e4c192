# /// script
# requires-python = ">=3.11"
# dependencies = ["vidstyle", "numpy", "pillow", "av"]
# ///
"""The picture of the model card: what networks find in the pictures of a folder.

    python show.py spotter yolov8n-seg.onnx --pictures DIR --out masks.jpg

DIR holds img/ and lab/, as `render.py` writes them, pictures of one size. One row a picture: the picture
itself, then what each network would paint, in green where it is a laptop, in red where it is none, and in
blue the laptop that it misses. Networks as for models/evaluate.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evaluate import Network
from masks import LAPTOP, frames, mask_of

Bytes = NDArray[np.uint8]
GREEN, RED, BLUE = (60, 220, 90), (240, 60, 50), (60, 90, 250)


def judged(picture: Bytes, found: NDArray[np.bool_], laptop: NDArray[np.bool_]) -> Bytes:
    """The picture [H,W,3], dimmed, with what was found, wrongly found and missed in colours."""
    out = picture.astype(np.float32) * 0.6
    for colour, where in ((GREEN, found & laptop), (RED, found & ~laptop), (BLUE, laptop & ~found)):
        out[where] = 0.45 * picture[where] + 0.55 * np.array(colour)
    return out.astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="NETWORK")
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--columns", type=int, default=2, help="rows that lie beside each other")
    parser.add_argument("--width", type=int, default=220, help="of each small picture")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    segmenters = [Network.parse(word).segmenter() for word in args.networks]
    rows = []
    for path in sorted((args.pictures / "img").glob("*.jpg")):
        frame = next(frames(path))
        laptop = next(frames(args.pictures / "lab" / f"{path.stem}.png", "gray")).to_ndarray() == LAPTOP
        picture = frame.to_ndarray()
        shown = [picture, *(judged(picture, mask_of(s, frame), laptop) for s in segmenters)]
        size = (args.width, args.width * picture.shape[0] // picture.shape[1])
        small = [np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BOX)) for p in shown]
        rows.append(np.concatenate(small, 1))
    rows = rows[: len(rows) // args.columns * args.columns]
    lines = [np.concatenate(rows[i : i + args.columns], 1) for i in range(0, len(rows), args.columns)]
    Image.fromarray(np.concatenate(lines, 0)).save(args.out, quality=80)


if __name__ == "__main__":
    main()
