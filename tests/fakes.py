"""A segmenter and a stylizer without a network: quick, and exact to the pixel."""

from __future__ import annotations

import numpy as np

from vidstyle.types import PixelFormat, Planes


class RedThings:
    """A segmenter that finds red pixels."""

    name = "red things"

    def __init__(self) -> None:
        self.resets = 0

    def picture_size(self, width: int, height: int) -> tuple[int, int]:
        return max(8, width // 2), max(8, height // 2)

    def masks(self, pictures: np.ndarray) -> np.ndarray:
        red, green = pictures[..., 0].astype(int), pictures[..., 1].astype(int)
        return np.clip((red - green - 60) / 40, 0, 1).astype(np.float32)

    def reset(self) -> None:
        self.resets += 1

    def interrupt(self) -> None:
        pass


class Bleach:
    """A stylizer that turns the brightest code value on wherever the mask is set."""

    name, multiple, margin, size = "bleach", 8, 4, None

    def __init__(self) -> None:
        self.shapes: set[tuple[int, ...]] = set()

    def paint(
        self, planes: Planes, mask: np.ndarray, format: PixelFormat, *, strength: float, preserve_color: bool
    ) -> Planes:
        assert strength == 1.0 and not preserve_color
        self.shapes.add(planes[0].shape)
        top = (1 << format.depth) - 1
        luma = planes[0].astype(float)
        painted = np.round(luma + (top - luma) * mask / 255).astype(planes[0].dtype)
        return (painted, *planes[1:])

    def interrupt(self) -> None:
        pass


class Lasting(RedThings):
    """Like `RedThings`, but half of each mask is what it remembers of those before: a recurrent network."""

    def __init__(self) -> None:
        super().__init__()
        self.memory: np.ndarray | None = None

    def masks(self, pictures: np.ndarray) -> np.ndarray:
        found = []
        for mask in super().masks(pictures):
            self.memory = mask if self.memory is None else (mask + self.memory) / 2
            found.append(self.memory)
        return np.stack(found)

    def reset(self) -> None:
        super().reset()
        self.memory = None
