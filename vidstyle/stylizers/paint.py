"""One stylizer for all style networks: it feeds the joined graph and keeps its sessions."""

from __future__ import annotations

from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidstyle.device import Device, Session
from vidstyle.graphs import stylize
from vidstyle.stylizers.colour import conversion, keeping_colour
from vidstyle.stylizers.ends import Ends
from vidstyle.types import PixelFormat, Planes, Samples

Feeds = dict[str, NDArray[Any]]

FADE = 16.0
"""Luma beyond black and white (overexposed highlights) is gone where the network changes luma by a
sixteenth of its range or more. It stays where the picture stays."""

_Key = tuple[bool, stylize.Block, int]


class Painter:
    """A `Stylizer` over a network that is painted with as it is, or with the codes it was given.

    A session is built when samples of a new width or a new chroma subsampling first come, and kept. Codes
    are part of its network, where the runtime folds them into the weights (a quarter of the time of `brush`),
    unless the network wants one for each picture of a batch.
    Regions of any size are taken; those that are no multiple of `multiple` are padded inside by
    repeating their last row and column. Fixed-size networks see the region scaled to their size.
    """

    def __init__(
        self,
        name: str,
        ends: Ends,
        codes: dict[str, NDArray[Any]],
        device: Device,
        *,
        multiple: int,
        margin: int,
        rim: int = 0,
        threads: int | None = None,
    ) -> None:
        self.name = name
        self.multiple = multiple
        self.margin = margin
        self.size = ends.enters.size
        step = lcm(multiple, 4)  # chroma samples stay whole in every subsampling
        self._rim = -(-rim // step) * step if self.size is None else 0
        self._ends = ends
        self._codes = [(port, codes[port.name]) for port in ends.codes if port.name in ends.repeat]
        self._fixed = {name: code for name, code in codes.items() if name not in ends.repeat}
        self._device = device
        self._threads = threads
        self._sessions: dict[_Key, Session] = {}

    def paint(
        self,
        planes: Planes,
        mask: NDArray[np.uint8],
        format: PixelFormat,
        *,
        strength: float = 1.0,
        preserve_color: bool = False,
    ) -> Planes:
        """Paints a batch of regions, see `Stylizer.paint`.

        strength: 0 leaves everything, 1 paints in full; the change is linear in it. preserve_color: only
        the luma changes. The chroma subsampling is read off the planes, which may be rotated.
        """
        block = subsampling(planes)
        height, width = planes[0].shape[1:]
        if strength == 0 or not len(mask):
            return planes
        rim = self._rim if _reaches_edge(mask, self._rim) else 0  # as it does at the frame's edges only
        whole, covered = _reflected(*_padded(planes, mask, block, self.multiple), block, rim)
        session = self._session(planes[0].dtype == np.uint16, block, self._pool(height, width))
        constant = self._colours(format, strength, preserve_color)
        out = self._run(session, {"y": whole[0], "u": whole[1], "v": whole[2], "mask": covered}, constant)
        return tuple(
            new[:, y : y + old.shape[1], x : x + old.shape[2]]
            for new, old, (y, x) in zip(out, planes, _offsets(rim, block), strict=True)
        )

    def interrupt(self) -> None:
        """Ends a call that runs in another thread."""
        for session in tuple(self._sessions.values()):
            session.interrupt()

    def _run(self, session: Session, batch: Feeds, constant: Feeds) -> list[Samples]:
        if not self._ends.single:
            return session.run(batch | constant | self._rows(len(batch["mask"])))
        constant |= self._rows(1)
        singles = (
            {key: value[index : index + 1] for key, value in batch.items()}
            for index in range(len(batch["mask"]))
        )
        parts = [session.run(single | constant) for single in singles]
        return [np.concatenate(plane) for plane in zip(*parts, strict=True)]

    def _rows(self, count: int) -> Feeds:
        """The codes that each picture needs, under the joined graph's names."""
        return {f"code{place}": np.repeat(code, count, axis=0) for place, (_, code) in enumerate(self._codes)}

    def _session(self, wide: bool, block: stylize.Block, pool: int) -> Session:
        key = (wide, block, pool)
        if key not in self._sessions:
            ends = self._ends
            ports = [port for port, _ in self._codes]
            model = stylize.painter(
                ends.network, ends.enters, ends.leaves, ports, fixed=self._fixed, wide=wide, block=block,
                pool=pool,
            )  # fmt: skip
            self._sessions[key] = Session(model, self._device, threads=self._threads, name=self.name)
        return self._sessions[key]

    def _pool(self, height: int, width: int) -> int:
        """The largest power of two (up to 16) by which the region exceeds the network's fixed size."""
        if self.size is None:
            return 1
        excess = min(height / self.size[0], width / self.size[1])
        return max(pool for pool in (1, 2, 4, 8, 16) if pool <= max(1.0, excess))

    def _colours(self, format: PixelFormat, strength: float, preserve_color: bool) -> Feeds:
        """The matrices of one pixel format, in the network's units and channel order."""
        enters, colours = self._ends.enters, conversion(format)
        order = [0, 1, 2] if enters.channels == "RGB" else [2, 1, 0]
        span = enters.high - enters.low
        to_rgb = colours.to_rgb[order] * span
        away = keeping_colour(format, colours.from_rgb) if preserve_color else colours.from_rgb
        from_rgb = away[:, order] * (strength / (255 * span))
        black, white = colours.luma
        levels = {"top": colours.top, "black": black, "white": white}
        levels |= {"slope": FADE / (white - black), "limit": strength / 255}
        return {
            "to_rgb": _kernel(to_rgb),
            "offset": (enters.low - to_rgb @ colours.offset).astype(np.float32),
            "to_luma": _kernel(from_rgb[:1]),
            "to_chroma": _kernel(from_rgb[1:]),
            **{name: np.array([value], np.float32) for name, value in levels.items()},
        }


def _kernel(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    return matrix.astype(np.float32)[:, :, None, None]


def subsampling(planes: Planes) -> stylize.Block:
    """(rows, columns) of luma samples for one chroma sample, each 1, 2 or 4; chroma is rounded up."""
    full, shared = planes[0].shape[1:], planes[1].shape[1:]
    rows, columns = (next(n for n in (1, 2, 4) if -(-a // n) == b) for a, b in zip(full, shared, strict=True))
    return rows, columns


def _reaches_edge(mask: NDArray[np.uint8], rim: int) -> bool:
    inner = mask[:, rim : mask.shape[1] - rim, rim : mask.shape[2] - rim]
    return bool(rim and np.count_nonzero(inner) < np.count_nonzero(mask))


def _padded(
    planes: Planes, mask: NDArray[np.uint8], block: stylize.Block, multiple: int
) -> tuple[Planes, NDArray[np.uint8]]:
    """Planes and mask with both sides whole multiples, by repeating the last row and column."""
    height, width = mask.shape[1:]
    steps = lcm(multiple, block[0]), lcm(multiple, block[1])
    rows, columns = (-(-length // step) * step for length, step in zip((height, width), steps, strict=True))
    if (rows, columns) == (height, width):
        return planes, mask
    scales = ((1, 1), block, block)
    grown = tuple(
        _grown(plane, rows // y, columns // x) for plane, (y, x) in zip(planes, scales, strict=True)
    )
    return grown, _grown(mask, rows, columns)


def _grown(plane: Samples, rows: int, columns: int) -> Samples:
    return np.pad(plane, ((0, 0), (0, rows - plane.shape[1]), (0, columns - plane.shape[2])), mode="edge")


def _reflected(
    planes: Planes, mask: NDArray[np.uint8], block: stylize.Block, rim: int
) -> tuple[Planes, NDArray[np.uint8]]:
    """Planes with `rim` pixels of reflection past every side, where nothing is painted."""
    if not rim:
        return planes, mask
    grown = tuple(
        np.pad(plane, ((0, 0), (y, y), (x, x)), mode="symmetric")
        for plane, (y, x) in zip(planes, _offsets(rim, block), strict=True)
    )
    return grown, np.pad(mask, ((0, 0), (rim, rim), (rim, rim)))


def _offsets(rim: int, block: stylize.Block) -> tuple[tuple[int, int], ...]:
    """(rows, columns) of each plane that `rim` pixels are."""
    shared = (rim // block[0], rim // block[1])
    return (rim, rim), shared, shared
