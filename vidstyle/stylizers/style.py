"""From style pictures to codes: once per run, before the first frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidstyle.cards import RANGES, GraphFile, ImageInput
from vidstyle.device import Device, Session
from vidstyle.errors import ModelError, UsageError
from vidstyle.stylizers.ends import picture_port
from vidstyle.types import Port

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

MOST = 1024
"""The longer side, in pixels, of a style picture whose card names no size."""


def codes(
    graph: GraphFile,
    device: Device,
    styles: Sequence[tuple[Picture, float]],
    wanted: Sequence[Port],
    threads: int | None = None,
) -> dict[str, Floats]:
    """The weighted mean of the codes of all style pictures, by input name of the apply network.

    styles: (h, w, 3) RGB pictures with weights >= 0, not all 0. wanted: inputs to fill, matched to the
    outputs of the style network by name, else in order.
    Raises UsageError for styles without a picture or weight, ModelError where the networks do not fit.
    """
    total = sum(weight for _, weight in styles)
    if not styles or total <= 0 or any(weight < 0 for _, weight in styles):
        raise UsageError("styles need one picture at least, and weights that are not negative and not all 0")
    session = Session(graph.path, device, threads=threads, name=graph.file)
    entry = picture_port(graph, session.signature)
    outputs = _matched(session, wanted, graph)
    mixed: dict[str, Floats] = {}
    for picture, weight in styles:
        found = session.run({entry.name: entering(picture, graph.input, entry.dtype)})
        for port, place in zip(wanted, outputs, strict=True):
            part = np.asarray(found[place] * (weight / total), np.float32)
            mixed[port.name] = mixed[port.name] + part if port.name in mixed else part
    return {port.name: mixed[port.name].astype(port.dtype) for port in wanted}


def _matched(session: Session, wanted: Sequence[Port], graph: GraphFile) -> list[int]:
    """For each wanted input the place of the output that fills it."""
    names = [port.name for port in session.signature.outputs]
    if all(port.name in names for port in wanted):
        return [names.index(port.name) for port in wanted]
    if len(names) < len(wanted):
        inputs = ", ".join(port.name for port in wanted)
        raise ModelError(f"{graph.file} gives {len(names)} codes, but the apply network wants {inputs}")
    return list(range(len(wanted)))


def entering(picture: Picture, card: ImageInput, dtype: str) -> NDArray[np.floating]:
    """The picture as the style network takes it: size, range, order and layout of its card."""
    low, high = RANGES[card.range]
    seen = sized(picture, card) * ((high - low) / 255) + low
    if card.channels == "BGR":
        seen = seen[..., ::-1]
    normal = (seen - np.array(card.mean)) / np.array(card.std)
    planar = normal if card.layout == "NHWC" else normal.transpose(2, 0, 1)
    batch = planar if card.layout == "CHW" else planar[None]
    return np.ascontiguousarray(batch, dtype)


def sized(picture: Picture, card: ImageInput) -> Floats:
    """(h, w, 3) scaled to the card's size, 0..255. Strokes keep their shape: a picture of another aspect
    ratio loses its ends to a fixed size (letterboxed if the card says so); otherwise its longer side
    becomes `side`, and both sides whole multiples."""
    height, width = picture.shape[:2]
    if card.size is None:
        factor = (card.side or min(MOST, max(height, width))) / max(height, width)
        rows, columns = (_whole(length * factor, card.multiple) for length in (height, width))
        return resized(picture, rows, columns)
    if card.resize == "letterbox":
        return _letterboxed(picture, card.size, card.pad)
    return resized(_centre(picture, card.size[1] / card.size[0]), *card.size)


def _whole(length: float, multiple: int) -> int:
    return max(1, round(length / multiple)) * multiple


def _centre(picture: Picture, aspect: float) -> Picture:
    """The largest centred part with width / height = aspect."""
    height, width = picture.shape[:2]
    rows, columns = min(height, max(1, round(width / aspect))), min(width, max(1, round(height * aspect)))
    top, left = (height - rows) // 2, (width - columns) // 2
    return picture[top : top + rows, left : left + columns]


def _letterboxed(picture: Picture, size: tuple[int, int], pad: int) -> Floats:
    factor = min(size[0] / picture.shape[0], size[1] / picture.shape[1])
    rows, columns = (max(1, round(length * factor)) for length in picture.shape[:2])
    canvas = np.full((*size, 3), pad, np.float32)
    top, left = (size[0] - rows) // 2, (size[1] - columns) // 2
    canvas[top : top + rows, left : left + columns] = resized(picture, rows, columns)
    return canvas


def resized(picture: Picture, rows: int, columns: int) -> Floats:
    """(h, w, 3) to (rows, columns, 3), 0..255, by a triangle filter as wide as the step (no aliasing)."""
    step = max(1, min(picture.shape[0] // rows, picture.shape[1] // columns) // 2)
    height, width = (length // step * step for length in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // step, step, width // step, step, 3)
    small = blocks.mean(axis=(1, 3), dtype=np.float32)
    across = np.einsum("ow,hwc->hoc", _triangle(small.shape[1], columns), small, optimize=True)
    return np.asarray(
        np.einsum("oh,hwc->owc", _triangle(small.shape[0], rows), across, optimize=True), np.float32
    )


def _triangle(length: int, target: int) -> Floats:
    """(target, length) weights, rows sum to 1."""
    scale = length / target
    centres = (np.arange(target)[:, None] + 0.5) * scale
    distance = np.abs(np.arange(length)[None] + 0.5 - centres) / max(scale, 1.0)
    weights = np.maximum(0.0, 1.0 - distance)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
