# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pillow"]
# ///
"""Paint the built-in style pictures. All of it is drawn by this code; nothing is taken from a picture.

uv run samples/paint_styles.py            # all of them, into samples/styles
uv run samples/paint_styles.py starry ink # some
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import prints
import starry
import strokes
from brush import Array, Rng
from PIL import Image, ImageOps

STYLES: dict[str, tuple[Callable[[Rng], Array], int]] = {
    "starry": (starry.paint, 11),
    "waves": (prints.waves, 21),
    "mosaic": (prints.mosaic, 31),
    "bauhaus": (prints.bauhaus, 41),
    "ink": (strokes.ink, 51),
    "meadow": (strokes.meadow, 61),
}
"""Name: (painter, seed)."""


def save(picture: Array, path: Path) -> None:
    """Write a picture as JPEG of at most 200 kB: quality 90 where that fits."""
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    for quality in range(90, 60, -3):
        image.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= 200_000:
            return


def sheet(folder: Path, path: Path, height: int = 150) -> None:
    """Write all styles of a folder side by side in two rows, for the README."""
    tiles = [Image.open(folder / f"{name}.jpg") for name in STYLES]
    width = height * 4 // 3
    page = Image.new("RGB", (3 * width, 2 * height))
    for place, tile in enumerate(tiles):
        small = ImageOps.fit(tile, (width, height), Image.Resampling.LANCZOS)
        page.paste(small, (place % 3 * width, place // 3 * height))
    page.save(path, quality=88, optimize=True)


def main() -> None:
    """Paint what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which to paint: {', '.join(STYLES)} (default: all)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).resolve().parent / "styles", help="folder to write to"
    )
    parser.add_argument("--sheet", type=Path, help="instead, show all of them in one picture, written here")
    args = parser.parse_args()
    if args.sheet:
        sheet(args.out, args.sheet)
        return
    unknown = set(args.names) - set(STYLES)
    if unknown:
        parser.error(f"no style called {', '.join(sorted(unknown))}; there are {', '.join(STYLES)}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or STYLES:
        painter, seed = STYLES[name]
        save(painter(np.random.default_rng(seed)), args.out / f"{name}.jpg")
        print(args.out / f"{name}.jpg", flush=True)


if __name__ == "__main__":
    main()
