# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=1.26", "opencv-python-headless>=4.8"]
# ///
"""Outlines laptops in photographs that have no masks.

`python outline.py --photos DIR --out DIR` writes img/ and lab/ for the photographs named lapB_, lapC_ and
lapM_, in order of name, whose outline by GrabCut (Rother et al. 2004) was found to be right by eye (`GOOD`).
`--drawn DIR` gets the photographs of everyday scenes that were outlined by hand (`drawn.txt`), `--found DIR`
those that `gather.py` took from public repositories into `--gathered` (`found.txt`). A few pixels along
the rim are labelled 255, not judged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
LAPTOP, REST, IGNORE = 2, 254, 255
GOOD = frozenset(
    (0, 2, 5, 6, 9, 13, 14, 15, 16, 17, 18, 21, 26, 27, 29, 30, 34, 39, 44, 45, 47, 48, 51, 52, 53, 55,
     56, 57, 58, 59, 64, 66, 67, 68, 69, 70, 73, 74, 77, 83, 85, 87, 89, 91, 93, 94, 95, 96, 97, 99, 101,
     104, 108, 110, 111, 112, 113, 114, 118, 120, 123, 125, 127, 128, 133, 138, 140, 142, 144, 145, 146,
     149, 150, 151, 153, 154, 155, 156, 158, 159, 162, 164, 165, 166, 167, 168, 169, 170, 171, 172, 176,
     178, 183, 184, 187, 190, 191, 192, 194, 198, 200, 201, 202, 204, 206, 207, 208, 209, 212, 213, 214,
     215, 217, 218, 220, 221, 223)
)  # fmt: skip


def grab(picture: Bytes, side: int = 240) -> Bytes:
    """1 where the thing in the middle is, at the size of the picture [H,W]."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    small = cv2.resize(picture, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_AREA)
    h, w = small.shape[:2]
    x, y = int(w * 0.04) + 1, int(h * 0.04) + 1
    state, back, front = np.zeros((h, w), np.uint8), np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, state, (x, y, w - 2 * x, h - 2 * y), back, front, 5, cv2.GC_INIT_WITH_RECT)
    found = np.isin(state, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return cv2.resize(filled(found), (width, height), interpolation=cv2.INTER_NEAREST)


def filled(found: Bytes) -> Bytes:
    """The largest part, without holes."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(found)
    if count > 1:
        found = (parts == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    outside = cv2.copyMakeBorder(found, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(outside, None, (0, 0), 2)
    return (outside[1:-1, 1:-1] != 2).astype(np.uint8)


def label(mask: Bytes) -> Bytes:
    """Laptop inside, rest outside, and a rim of 2 % of the width that is not judged."""
    wide = np.ones((max(3, mask.shape[1] // 50) | 1,) * 2, np.uint8)
    inner, outer = cv2.erode(mask, wide), cv2.dilate(mask, wide)
    return np.where(inner > 0, LAPTOP, np.where(outer > 0, IGNORE, REST)).astype(np.uint8)


def drawn(line: str, size: tuple[int, int]) -> tuple[str, Bytes]:
    """Name and label map [H,W] of one line of `drawn.txt`."""
    name, _, rest = line.partition(":")
    mask, skip = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for part in filter(None, (p.strip() for p in rest.split("|"))):
        kind, *corners = part.split()
        points = np.array([[float(v) for v in c.split(",")] for c in corners]) * max(size) / 100
        cv2.fillPoly(skip if kind == "I" else mask, [points.round().astype(np.int32)], int(kind != "R"))
    return name, np.where((skip > 0) & (mask == 0), IGNORE, label(mask)).astype(np.uint8)


def write_drawn(photos: Path, outlines: str, out: Path) -> None:
    """The photographs named in a file of outlines, with their labels, as far as they are there."""
    for folder in ("img", "lab"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    lines = Path(__file__).with_name(outlines).read_text().splitlines()
    for line in (found for found in lines if not found.startswith("#")):
        picture = cv2.imread(str(photos / f"{line.partition(':')[0]}.jpg"))
        if picture is None:
            continue
        name, marks = drawn(line, picture.shape[:2])
        cv2.imwrite(str(out / "lab" / f"{name}.png"), marks)
        cv2.imwrite(str(out / "img" / f"{name}.png"), picture)


def main() -> None:
    """Outline the chosen photographs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--drawn", type=Path, required=True, help="folder for those outlined by hand")
    parser.add_argument("--gathered", type=Path, help="folder written by gather.py")
    parser.add_argument("--found", type=Path, help="folder for the gathered ones, outlined by hand")
    options = parser.parse_args()
    for folder in ("img", "lab"):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    write_drawn(options.photos, "drawn.txt", options.drawn)
    if options.gathered and options.found:
        write_drawn(options.gathered, "found.txt", options.found)
    cv2.setNumThreads(1)
    paths = [p for p in sorted(options.photos.iterdir()) if p.stem.startswith(("lapB_", "lapC_", "lapM_"))]
    for path in (p for i, p in enumerate(paths) if i in GOOD):
        picture = cv2.imread(str(path))
        cv2.imwrite(str(options.out / "lab" / f"{path.stem}.png"), label(grab(picture)))
        cv2.imwrite(str(options.out / "img" / f"{path.stem}.png"), picture)


if __name__ == "__main__":
    main()
