# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "pillow"]
# ///
"""Pictures for training: packed once into flat uint8 files, then cropped in memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HELD_OUT = 12


def names(folder: Path) -> list[Path]:
    """The pictures of a folder, by sorted name."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png"})


def split(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """(for training, held out): the held out ones are 12 at even distance among the sorted names."""
    held = {i * len(paths) // HELD_OUT for i in range(HELD_OUT)}
    return [p for i, p in enumerate(paths) if i not in held], [paths[i] for i in sorted(held)]


def load(path: Path, size: int | None = None) -> NDArray[np.uint8]:
    """RGB uint8 [H,W,3]; with `size`, squeezed to a square, as the style picture is at run time."""
    picture = Image.open(path).convert("RGB")
    if size is not None:
        picture = picture.resize((size, size), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.asarray(picture)


def centre(path: Path, size: int) -> NDArray[np.uint8]:
    """The largest centred square, scaled to `size`."""
    picture = Image.open(path).convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC, box=box))


class Photos:
    """Photographs packed in one file; `crop` gives random ones at random scale."""

    def __init__(self, paths: list[Path], store: Path):
        index = store.with_suffix(".json")
        if not index.exists():
            _pack(paths, store)
        self.shapes: list[tuple[int, int, int]] = [tuple(s) for s in json.loads(index.read_text())]
        self.pixels = np.memmap(store, np.uint8, "r")

    def crop(self, rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
        """[size,size,3] uint8 at 0.5 to 1.6 times the photograph's scale, mirrored half of the time."""
        start, height, width = self.shapes[rng.integers(len(self.shapes))]
        photo = self.pixels[start : start + height * width * 3].reshape(height, width, 3)
        side = min(int(size / rng.uniform(0.75, 1.6)), height, width)
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        part = Image.fromarray(photo[top : top + side, left : left + side])
        out = np.asarray(part.resize((size, size), Image.Resampling.BICUBIC))
        return _light(out[:, ::-1] if rng.random() < 0.5 else out, rng)


def _light(x: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Half of the pictures get another contrast and brightness: objects in video are dark, pale, flat."""
    if rng.random() < 0.5:
        return x
    contrast, shift = rng.uniform(0.4, 1.2), rng.uniform(-50, 50)
    return np.clip((x.astype(np.float32) - 128) * contrast + 128 + shift, 0, 255).astype(np.uint8)


def _pack(paths: list[Path], store: Path) -> None:
    shapes, start = [], 0
    with store.open("wb") as file:
        for path in paths:
            picture = load(path)
            file.write(picture.tobytes())
            shapes.append((start, *picture.shape[:2]))
            start += picture.size
    store.with_suffix(".json").write_text(json.dumps(shapes))
