"""The stages between decode and encode: generators over batches of consecutive frames."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidstyle import media
from vidstyle.device.batches import a_call, filled
from vidstyle.flow import Clock, mapped, owning
from vidstyle.pipeline import track
from vidstyle.pipeline.masks import Mask, painted_boxes, region_mask, shows_match, without_faint
from vidstyle.pipeline.regions import Regions
from vidstyle.types import Frame, Orientation, Planes, Region, Samples, Segmenter, Stylizer, VideoInfo

Batches = Iterable[list["Masked"]]
Stage = Generator[list["Masked"], None, None]

EVERYTHING: Mask = np.ones((1, 1), np.float32)


@dataclass(slots=True)
class Masked:
    """A frame and its small mask (any size, covering the frame), upright until `stored`, None where
    nothing is to be painted. `blocks` and `cut` are what `track` remembers of the small picture; `found`
    says whether the class is in it."""

    frame: Frame
    mask: Mask | None
    blocks: Mask | None = None
    cut: bool = False
    found: bool = True


@dataclass(slots=True)
class Painted:
    """A frame on its way to the encoder, whether the class was found in it, and the regions with the
    8-bit masks that it was painted by (none: untouched). Regions do not overlap."""

    frame: Frame
    found: bool
    masks: tuple[tuple[Region, NDArray[np.uint8]], ...] = ()


def everything(batches: Iterable[list[Frame]]) -> Stage:
    """Masks every frame as a whole: the class "all"."""
    return mapped(lambda batch: [Masked(frame, EVERYTHING) for frame in batch], batches)


def segment(batches: Iterable[list[Frame]], segmenter: Segmenter, clock: Clock) -> Stage:
    """Finds the masks, scene by scene: the segmenter forgets at a cut."""
    last: Mask | None = None
    with owning(batches) as incoming:
        for batch in incoming:
            with clock.busy("segment"):
                found: list[Masked] = []
                for frame in batch:
                    now = track.blocks(_picture(frame))
                    found.append(Masked(frame, None, now, frame.fresh or track.is_cut(last, now)))
                    last = now
                for scene in _scenes(found):
                    _find(scene, segmenter)
            yield found


def _picture(frame: Frame) -> NDArray[np.uint8]:
    if frame.picture is None:
        raise ValueError(f"frame {frame.index} came without a small picture")
    return frame.picture


def _scenes(batch: list[Masked]) -> list[list[Masked]]:
    scenes: list[list[Masked]] = []
    for masked in batch:
        if masked.cut or not scenes:
            scenes.append([])
        scenes[-1].append(masked)
    return scenes


def _find(scene: list[Masked], segmenter: Segmenter) -> None:
    if scene[0].cut:
        segmenter.reset()
    pictures = np.stack([_picture(masked.frame) for masked in scene])
    for masked, mask in zip(scene, segmenter.masks(pictures), strict=True):
        masked.mask = mask


def steady(batches: Batches, clock: Clock) -> Stage:
    """Holds masks still where the picture holds still (see `track`)."""
    memory = track.Steady()
    with owning(batches) as incoming:
        for batch in incoming:
            with clock.busy("track"):
                for masked in batch:
                    if masked.mask is not None and masked.blocks is not None:
                        masked.mask = memory.next(masked.mask, masked.blocks, cut=masked.cut)
            yield batch


def stored(batches: Batches, orientation: Orientation, invert: bool) -> Stage:
    """Turns masks to the stored picture, inverts them if asked, and drops those that show no match."""

    def turned(batch: list[Masked]) -> list[Masked]:
        for masked in batch:
            if masked.mask is not None:
                masked.found = shows_match(masked.mask)
                seen = without_faint(masked.mask)
                mask = orientation.stored(1.0 - seen if invert else seen)
                masked.mask = np.ascontiguousarray(mask) if shows_match(mask) else None
        return batch

    return mapped(turned, batches)


@dataclass(frozen=True, slots=True)
class Brush:
    """How regions are painted: the stylizer and the numbers that go with it."""

    stylizer: Stylizer
    strength: float
    preserve_color: bool
    feather: float
    batch: int


def paint(
    batches: Batches, brush: Brush, info: VideoInfo, clock: Clock
) -> Generator[list[Painted], None, None]:
    """Paints the masked frames of each batch, all in the same regions; the others pass untouched."""
    regions = _regions(brush.stylizer, info)
    with owning(batches) as incoming:
        for batch in incoming:
            with clock.busy("stylize"):
                if batch[0].frame.fresh:
                    regions.forget()
                if batch[0].frame.lead:
                    _look(batch, brush, info, regions)
                    continue
                matched = [masked for masked in batch if masked.mask is not None]
                painted = iter(_painted(matched, brush, info, regions) if matched else [])
                out = [
                    Painted(masked.frame, masked.found) if masked.mask is None else next(painted)
                    for masked in batch
                ]
            yield out


def _regions(stylizer: Stylizer, info: VideoInfo) -> Regions:
    aspect = None
    if stylizer.size is not None:
        height, width = stylizer.size
        aspect = height / width if info.orientation.turns % 2 else width / height
    return Regions(info.width, info.height, multiple=stylizer.multiple, margin=stylizer.margin, aspect=aspect)


def _look(batch: list[Masked], brush: Brush, info: VideoInfo, regions: Regions) -> None:
    """Chooses the regions of frames that are not painted here, for the ones that follow."""
    small = [masked.mask for masked in batch if masked.mask is not None]
    if small:
        regions.around(painted_boxes(np.maximum.reduce(small), info.width, info.height, brush.feather))


def _painted(matched: list[Masked], brush: Brush, info: VideoInfo, regions: Regions) -> list[Painted]:
    small = [masked.mask for masked in matched if masked.mask is not None]
    boxes = painted_boxes(np.maximum.reduce(small), info.width, info.height, brush.feather)
    patches: list[list[tuple[Region, Planes]]] = [[] for _ in matched]
    masks: list[list[tuple[Region, NDArray[np.uint8]]]] = [[] for _ in matched]
    for region in regions.around(boxes):
        large = [region_mask(mask, region, info.width, info.height, brush.feather) for mask in small]
        crops = [media.crop(masked.frame, info, region) for masked in matched]
        for index, planes in enumerate(_run(crops, large, brush, info)):
            patches[index].append((region, planes))
            masks[index].append((region, large[index]))
    return [
        Painted(media.repaint(masked.frame, info, patch), masked.found, tuple(mask))
        for masked, patch, mask in zip(matched, patches, masks, strict=True)
    ]


def _run(crops: list[Planes], masks: list[NDArray[np.uint8]], brush: Brush, info: VideoInfo) -> list[Planes]:
    """One batch through the stylizer, in as few calls as have room for it."""
    most = a_call(brush.batch, crops[0][0].size)
    parts = [slice(start, start + most) for start in range(0, len(crops), most)]
    return [painted for part in parts for painted in _call(crops[part], masks[part], brush, info, most)]


def _call(
    crops: list[Planes], masks: list[NDArray[np.uint8]], brush: Brush, info: VideoInfo, most: int
) -> list[Planes]:
    """One call of the stylizer, upright; a short batch is filled up with its last frame, because mixed batch
    sizes make the runtime plan and allocate anew."""
    orientation, count = info.orientation, len(crops)
    fill = filled(count, most) - count
    batch = tuple(
        _stacked([crop[plane] for crop in crops], orientation, fill) for plane in range(len(crops[0]))
    )
    painted = brush.stylizer.paint(
        batch,
        _stacked(masks, orientation, fill),
        info.format,
        strength=brush.strength,
        preserve_color=brush.preserve_color,
    )
    return [tuple(orientation.stored(plane[index]) for plane in painted) for index in range(count)]


def _stacked(pictures: list[Samples], orientation: Orientation, fill: int) -> Samples:
    upright = [orientation.upright(picture) for picture in pictures]
    return np.stack(upright + upright[-1:] * fill)


def frame_mask(painted: Painted, width: int, height: int) -> NDArray[np.uint8]:
    """The mask of the whole frame, (height, width), 0 where it was left alone."""
    whole = np.zeros((height, width), np.uint8)
    for (x, y, _, _), mask in painted.masks:
        inside = mask[: height - y, : width - x]
        whole[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
    return whole


def share(painted: Painted, width: int, height: int) -> float:
    """The painted share of the frame, 0 to 1, soft pixels in proportion."""
    inside = (mask[: height - y, : width - x] for (x, y, _, _), mask in painted.masks)
    return sum(float(mask.sum(dtype=np.int64)) for mask in inside) / (255 * width * height)
