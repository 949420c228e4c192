# /// script
# requires-python = ">=3.11"
# dependencies = ["av>=18.1,<19", "numpy"]
# ///
"""Check the clip against its truth: the same frames at the same instants, motion that explains the picture.

uv run samples/check.py
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent


def decoded(path: Path, pixels: str) -> tuple[list[Fraction], list[NDArray[np.uint8]]]:
    """The instants in seconds and the pictures of a video."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [f.pts * f.time_base for f in frames], [f.to_ndarray(format=pixels) for f in frames]


def load_motion(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_], int]:
    """Motion (T, H, W, 2) in pixels, validity (T, H, W) and the step of the grid."""
    with np.load(path) as file:
        parts = [np.cumsum(file[k], axis=2, dtype=np.int16) / file["unit"] for k in ("motion_x", "motion_y")]
        return np.stack(parts, -1), np.unpackbits(file["valid"], axis=2).astype(bool), int(file["step"])


def fetched(image: NDArray[np.uint8], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bilinear samples of `image` at (x, y)."""
    height, width, _ = image.shape
    x, y = x.clip(0, width - 1.001), y.clip(0, height - 1.001)
    column, row = x.astype(int), y.astype(int)
    u, v = (x - column)[..., None], (y - row)[..., None]
    above = image[row, column] * (1 - u) + image[row, column + 1] * u
    return above * (1 - v) + v * (image[row + 1, column] * (1 - u) + image[row + 1, column + 1] * u)


def motion_errors(
    pictures: list[NDArray[np.uint8]], motion: NDArray[np.float64], valid: NDArray[np.bool_], step: int
) -> NDArray[np.float64]:
    """Mean absolute differences to the frame before: unmoved, moved by the truth, and moved the wrong way."""
    height, width, _ = pictures[0].shape
    y, x = np.mgrid[step // 2 : height : step, step // 2 : width : step].astype(np.float64)
    rows = []
    for t in range(1, len(pictures)):
        here = pictures[t][step // 2 :: step, step // 2 :: step].astype(np.float64)
        contrast = _contrast(pictures[t])[step // 2 :: step, step // 2 :: step]
        moved = [
            fetched(pictures[t - 1], x + s * motion[t, ..., 0], y + s * motion[t, ..., 1]) for s in (0, 1, -1)
        ]
        gaps = [np.abs(picture - here).mean(-1) for picture in moved]
        edges = valid[t] & (contrast > 24)
        rows.append([*(g[valid[t]].mean() for g in gaps), *(g[edges].mean() for g in gaps)])
    return np.array(rows).mean(0)


def _contrast(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    down, right = np.gradient(picture.mean(-1))
    return 2 * np.hypot(down, right)


def main() -> None:
    """Print what was found; an assertion says what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=HERE, help="where the clip and its truth lie (default: samples)"
    )
    folder = parser.parse_args().folder
    times, pictures = decoded(folder / "desk.mp4", "rgb24")
    mask_times, masks = decoded(folder / "desk_mask.mkv", "gray")
    motion, valid, step = load_motion(folder / "desk_motion.npz")
    assert times == mask_times, "the mask's instants are not the clip's"
    assert len(motion) == len(pictures), "the motion file has another number of frames"
    coverage = [mask.mean() / 255 for mask in masks]
    print(f"{len(pictures)} frames, laptop {min(coverage):.1%} to {max(coverage):.1%} of the picture")
    print(f"motion up to {np.abs(motion).max():.1f} pixels, {valid[1:].mean():.1%} valid")
    errors = motion_errors(pictures, motion, valid, step)
    for name, (still, warped, wrong) in (("all valid points", errors[:3]), ("points on edges", errors[3:])):
        print(
            f"{name}: {still:.2f} unmoved, {warped:.2f} moved by the truth, {wrong:.2f} moved the wrong way"
        )


if __name__ == "__main__":
    main()
