"""Which rectangle of the frame the stylizer sees: few sizes, still positions.

Things far apart get regions of their own, which never overlap. A region holds the painted box and the
stylizer's margin, on a small set of sizes (ONNX Runtime plans memory and picks algorithms per shape), with
its corner on the network's stride (what holds still in the frame then meets the same phase of the strides,
whatever the region does). It stays where it is for as long as it fits, so that a network with frame
statistics sees few jumps.
"""

from __future__ import annotations

from itertools import combinations
from math import ceil, lcm

from vidstyle.types import Region

MOST_WASTE = 1.8
"""A kept region may hold this many times the pixels of a fresh one."""


MOST_PARTS = 8
"""More separate things than this share one region."""
CALL = 96 * 96
"""What one more call of the stylizer costs, in pixels."""


class Regions:
    """Chooses regions for the consecutive frames of one video; keeps the last choice.

    multiple, margin: the stylizer's, in pixels. aspect: width / height that every region must have
    (a network of one fixed size), or None.
    """

    def __init__(
        self, width: int, height: int, *, multiple: int, margin: int, aspect: float | None = None
    ) -> None:
        self._frame = (width, height)
        self._step = lcm(multiple, 16)  # 16 also keeps chroma samples whole in every subsampling
        self._margin = margin
        self._aspect = aspect
        self._last: list[Region] = []

    def forget(self) -> None:
        """The next choice does not depend on the ones before it."""
        self._last = []

    def around(self, boxes: list[Region]) -> list[Region]:
        """Regions that do not overlap and hold every box (inside the frame, none empty) with its margin.

        Boxes share a region where one costs less than two.
        """
        groups = boxes if len(boxes) <= MOST_PARTS else [union(boxes)]
        chosen = [self._held(group) for group in groups]
        while pair := self._worth_joining(chosen):
            first, second = pair
            groups = [*_without(groups, pair), union([groups[first], groups[second]])]
            chosen = [self._held(group) for group in groups]
        self._last = chosen
        return chosen

    def _held(self, box: Region) -> Region:
        """The last region that still fits the box, or a fresh one."""
        wanted = self._grown(box)
        fresh = self._fresh(wanted)
        fits = [
            last for last in self._last if _holds(last, wanted) and _area(last) <= MOST_WASTE * _area(fresh)
        ]
        return min(fits, key=_area, default=fresh)

    def _worth_joining(self, chosen: list[Region]) -> tuple[int, int] | None:
        for first, second in combinations(range(len(chosen)), 2):
            one, other = chosen[first], chosen[second]
            joined = self._fresh(union([one, other]))
            if _overlap(one, other) or _area(joined) <= _area(one) + _area(other) + CALL:
                return first, second
        return None

    def _grown(self, box: Region) -> Region:
        left, top = max(0, box.x - self._margin), max(0, box.y - self._margin)
        right = min(self._frame[0], box.x + box.width + self._margin)
        bottom = min(self._frame[1], box.y + box.height + self._margin)
        return Region(left, top, right - left, bottom - top)

    def _fresh(self, wanted: Region) -> Region:
        width, height = self._lengths(wanted.width, wanted.height)
        x = self._corner(wanted.x, wanted.width, width, self._frame[0])
        y = self._corner(wanted.y, wanted.height, height, self._frame[1])
        return Region(x, y, width, height)

    def _lengths(self, width: int, height: int) -> tuple[int, int]:
        if self._aspect is None:
            whole_width, whole_height = (self._whole(length) for length in self._frame)
            return min(self._bucket(width), whole_width), min(self._bucket(height), whole_height)
        # Both sides need a stride more than they hold, also the one that follows from the aspect.
        across = ceil((width + self._step) / self._aspect) - self._step
        tall = self._bucket(max(height, across))
        return self._whole(round(tall * self._aspect)), tall

    def _corner(self, begin: int, wanted: int, length: int, frame: int) -> int:
        """The first pixel on one axis: on the stride, with room on both sides where the frame has it."""
        begin -= begin % self._step
        spare = (length - wanted) // 2 // self._step * self._step
        return max(0, min(begin - spare, self._whole(frame) - length))

    def _whole(self, length: int) -> int:
        return ceil(length / self._step) * self._step

    def _bucket(self, length: int) -> int:
        """The next of a few lengths, each about an eighth above the one before, on the stride; one stride
        more than `length` needs, so that a corner on the stride cannot cut it off."""
        size = self._step
        while size < length + self._step:
            size += max(self._step, size // 8 // self._step * self._step)
        return size


def _holds(outer: Region, inner: Region) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and outer.x + outer.width >= inner.x + inner.width
        and outer.y + outer.height >= inner.y + inner.height
    )


def _overlap(one: Region, other: Region) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def _without(groups: list[Region], places: tuple[int, int]) -> list[Region]:
    return [group for place, group in enumerate(groups) if place not in places]


def _area(region: Region) -> int:
    return region.width * region.height


def union(boxes: list[Region]) -> Region:
    """The smallest rectangle that holds them all; `boxes` is not empty."""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    bottom = max(box.y + box.height for box in boxes)
    return Region(left, top, right - left, bottom - top)
