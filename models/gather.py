# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=1.26", "opencv-python-headless>=4.8"]
# ///
"""Takes pictures out of clones of the public repositories that hold them.

`python gather.py spotter/found.csv --clones DIR --out DIR` reads DIR/OWNER+NAME, a clone with or without a
work tree, for each repository, and writes NAME.jpg, the longer side at most 512 pixels, or with --shorter the
shorter one at most so many. What a clone lacks is named and left out. `spotter/found.csv` names photographs
with laptops, over which `spotter/outline.py --found` lays the outlines of `spotter/found.txt`;
`spotter/empty.csv` some without, for `spotter/data.py --empty`; `brush/styles.csv` paintings, for
`brush/train.py --more-styles`.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 512


def read(clone: Path, commit: str, path: str) -> bytes:
    """A file of a commit; empty where the clone has none."""
    folder = clone / ".git" if (clone / ".git").exists() else clone
    command = ["git", "--git-dir", str(folder), "show", f"{commit}:{path}"]
    return subprocess.run(command, capture_output=True, check=False).stdout


def scaled(data: bytes, turned: bool, shorter: int = 0) -> NDArray[np.uint8] | None:
    """The picture, its longer side at most SIDE pixels (or the shorter one as said); turned as its camera
    says, or not."""
    flags = cv2.IMREAD_COLOR if turned else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if picture is None:
        return None
    sides = picture.shape[1::-1]
    scale = min(1.0, shorter / min(sides) if shorter else SIDE / max(sides))
    size = [max(1, round(v * scale)) for v in sides]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    """Take them out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("list", type=Path, help="one of the three named above")
    parser.add_argument("--clones", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shorter", type=int, default=0, help="bound the shorter side instead, in pixels")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for row in csv.DictReader(options.list.open()):
        clone = options.clones / row["repository"].replace("/", "+")
        picture = scaled(read(clone, row["commit"], row["path"]), row["turned"] == "yes", options.shorter)
        if picture is None:
            print(f"{row['repository']}: no {row['path']} at {row['commit']}", flush=True)
        else:
            cv2.imwrite(str(options.out / f"{row['name']}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])


if __name__ == "__main__":
    main()
