# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "pillow", "onnxruntime", "av"]
# ///
"""Does the painting hold still where the scene does? Warping error on samples/desk.mp4 along its true motion.

Each frame and the one before it are painted on their own; the earlier one is fetched along the true motion
and compared, at valid points, with the later: mean absolute difference in code values (0..255). Lower is
steadier; a dull painting is steadier too, so its contrast (mean absolute gradient) is printed beside it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import av
import numpy as np
from data import load
from evaluate import Model, planes

REPOSITORY = Path(__file__).resolve().parents[2]


def frames(clip: Path, wanted: set[int]) -> dict[int, np.ndarray]:
    """The wanted frames as float [1,3,H,W], 0..1."""
    with av.open(str(clip)) as source:
        decoded = enumerate(source.decode(video=0))
        return {i: planes(f.to_ndarray(format="rgb24")) for i, f in decoded if i in wanted}


def truth(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Motion [T,h,w,2] in pixels to the right and down, and where it is valid [T,h,w]."""
    with np.load(path) as file:
        parts = [np.cumsum(file[k], axis=2, dtype=np.int16) / file["unit"] for k in ("motion_x", "motion_y")]
        return np.stack(parts, -1), np.unpackbits(file["valid"], axis=2).astype(bool)


def fetched(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[3,H,W] at points, bilinear: [3,h,w]."""
    height, width = picture.shape[1:]
    x, y = x.clip(0, width - 1.01), y.clip(0, height - 1.01)
    column, row = x.astype(int), y.astype(int)
    u, v = x - column, y - row
    above = picture[:, row, column] * (1 - u) + picture[:, row, column + 1] * u
    below = picture[:, row + 1, column] * (1 - u) + picture[:, row + 1, column + 1] * u
    return above * (1 - v) + below * v


def gap(before: np.ndarray, after: np.ndarray, motion: np.ndarray, valid: np.ndarray) -> float:
    """Mean absolute difference, in code values, between two pictures [3,H,W] along the motion."""
    i, j = np.mgrid[0 : motion.shape[0], 0 : motion.shape[1]]
    y, x = 4.0 * i + 2, 4.0 * j + 2
    moved = fetched(before, x + motion[..., 0], y + motion[..., 1])
    here = after[:, (4 * i + 2), (4 * j + 2)]
    return float(255 * np.abs(moved - here).mean(0)[valid].mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", action="append", required=True, help="NAME=STYLE.onnx,APPLY.onnx")
    parser.add_argument("--samples", type=Path, default=REPOSITORY / "samples")
    parser.add_argument("--styles", nargs="+", default=["starry", "waves"])
    parser.add_argument("--every", type=int, default=8, help="measure one pair of frames in so many")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    motion, valid = truth(args.samples / "desk_motion.npz")
    later = list(range(1, len(motion), args.every))
    pictures = frames(args.samples / "desk.mp4", {t - k for t in later for k in (0, 1)})
    bare = np.mean([gap(pictures[t - 1][0], pictures[t][0], motion[t], valid[t]) for t in later])
    print(f"the clip itself: {bare:.2f}", flush=True)
    for name, _, files in (text.partition("=") for text in args.model):
        model = Model(name, *(Path(f) for f in files.split(",")), args.threads)
        for style in args.styles:
            code = model.code(load(args.samples / "styles" / f"{style}.jpg", 256))
            pairs = [(model(pictures[t - 1], code)[0], model(pictures[t], code)[0]) for t in later]
            error = np.mean([gap(a, b, motion[t], valid[t]) for t, (a, b) in zip(later, pairs, strict=True)])
            busy = np.mean([255 * np.abs(np.diff(b, axis=2)).mean() for _, b in pairs])
            print(f"{name}, {style}: warping error {error:.2f}, gradient {busy:.2f}", flush=True)


if __name__ == "__main__":
    main()
