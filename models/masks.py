"""How well a segmenter finds laptops: on photographs, on a clip with exact masks, on any clip.

Every network runs through vidstyle's own adapter, so these are the masks that the tool would paint.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vidstyle.types import Segmenter

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
LAPTOP, IGNORED = 2, 255
FALSE_SHARE = 0.001
"""A photograph without a laptop counts as painted from this share of its pixels on."""


def frames(path: Path, kind: str = "rgb24") -> Iterator[VideoFrame]:
    """The frames of a clip, or the one frame of a picture, as `kind`."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.reformat(format=kind)


def mask_of(segmenter: Segmenter, frame: VideoFrame) -> Mask:
    """What it finds, in the frame's own size: the soft mask, enlarged, at 0.5 or more."""
    width, height = segmenter.picture_size(frame.width, frame.height)
    small = frame.reformat(width, height, "rgb24", interpolation="AREA").to_ndarray()
    soft = segmenter.masks(small[None])[0]
    grey = VideoFrame.from_ndarray(np.ascontiguousarray(soft * 255).astype(np.uint8), "gray")
    large = grey.reformat(frame.width, frame.height, interpolation="BILINEAR").to_ndarray()
    return np.asarray(large >= 128)


@dataclass
class Found:
    """What a segmenter does on photographs with and without laptops."""

    ious: list[float] = field(default_factory=list)
    both: int = 0
    either: int = 0
    false: list[float] = field(default_factory=list)

    def add(self, mask: Mask, label: Bytes) -> None:
        """A photograph with a laptop."""
        laptop, counted = label == LAPTOP, label != IGNORED
        both, either = int((mask & laptop).sum()), int(((mask & counted) | laptop).sum())
        self.both, self.either = self.both + both, self.either + either
        self.ious.append(both / max(either, 1))

    def cells(self) -> list[str]:
        """Mean and aggregate IoU, hits, false pixels, photographs with them."""
        hits = np.mean([iou >= 0.5 for iou in self.ious])
        wrong = np.mean([share > FALSE_SHARE for share in self.false])
        first = f"{np.mean(self.ious):.3f} {self.both / max(self.either, 1):.3f} {hits:.2f}".split()
        return [*first, f"{100 * np.mean(self.false):.2f} %", f"{100 * wrong:.0f} %"]


def photographs(segmenter: Segmenter, root: Path) -> Found:
    """Over `root`/eval (photographs and label maps) and `root`/eval_negative."""
    found = Found()
    for path in sorted((root / "eval" / "img").iterdir()):
        label = next(frames(root / "eval" / "lab" / f"{path.stem}.png", "gray")).to_ndarray()
        found.add(mask_of(segmenter, next(frames(path))), label)
    for path in sorted((root / "eval_negative").glob("*.jpg")):
        found.false.append(float(mask_of(segmenter, next(frames(path))).mean()))
    return found


def clip(segmenter: Segmenter, video: Path, truth: Path) -> list[str]:
    """Mean and least IoU with the exact mask, and how much of the mask changes beyond what truly changes."""
    segmenter.reset()
    found = [mask_of(segmenter, frame) for frame in frames(video)]
    exact = [frame.to_ndarray() > 127 for frame in frames(truth, "gray")]
    ious = [(m & t).sum() / max((m | t).sum(), 1) for m, t in zip(found, exact, strict=True)]
    return [f"{np.mean(ious):.3f}", f"{np.min(ious):.3f}", f"{100 * (changed(found) - changed(exact)):.1f} %"]


def changed(masks: list[Mask]) -> float:
    """Pixels that differ between neighbouring frames by pixels painted; true motion is in it."""
    stack = np.stack(masks)
    return float((stack[1:] ^ stack[:-1]).mean() / max(float(stack.mean()), 1e-9))


def unknown_clip(segmenter: Segmenter, video: Path, count: int) -> list[str]:
    """Of a clip without a known mask: its name, the share painted, and how much of that changes."""
    segmenter.reset()
    found = [mask_of(segmenter, frame) for frame in islice(frames(video), count)]
    return [video.stem, f"{100 * np.mean(found):.1f} %", f"{100 * changed(found):.1f} %"]


def milliseconds(segmenter: Segmenter, width: int, height: int) -> float:
    """Of one frame of that size, its small picture and its mask included."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    frame = VideoFrame.from_ndarray(pixels, "rgb24")
    begun = time.perf_counter()
    size = segmenter.picture_size(width, height)
    segmenter.masks(frame.reformat(*size, "rgb24", interpolation="AREA").to_ndarray()[None])
    return 1000 * (time.perf_counter() - begun)
