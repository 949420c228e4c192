"""What the ends of a network are: how a picture enters, and of which size."""

from __future__ import annotations

from vidstyle.cards import RANGES, Card, GraphFile, ImageInput, Output, ports
from vidstyle.graphs.segment_input import Enter
from vidstyle.types import Port, Signature


def graph(card: Card) -> GraphFile:
    """The only graph of a segmenter's card."""
    return card.graphs["model"]


def image(card: Card, signature: Signature) -> Port:
    """The input that takes the picture. Raises ModelError where there is none."""
    how = graph(card).input
    port = ports.image_port(how, signature)
    if port is None:
        has = ports.listed(signature.inputs)
        raise ports.mismatch(card, "model.input.name", f"the network has no input {how.name!r}; it has {has}")
    return port


def batch(how: ImageInput, port: Port) -> int | None:
    """How many pictures one run takes; None where that is free."""
    if how.layout == "CHW":
        return 1
    return axis(port, 0)


def entrance(how: ImageInput, port: Port) -> Enter:
    """The pre-graph's parameters: value = ((sample / 255 * span + low) - mean) / std."""
    low, high = RANGES[how.range]
    scale = [(high - low) / 255 / deviation for deviation in how.std]
    bias = [(low - mean) / deviation for mean, deviation in zip(how.mean, how.std, strict=True)]
    return Enter(
        layout=how.layout,
        reverse=how.channels == "BGR",
        scale=(scale[0], scale[1], scale[2]),
        bias=(bias[0], bias[1], bias[2]),
        canvas=ports.picture_size(how, port),
        multiple=how.multiple,
        letterbox=how.resize == "letterbox",
        pad=how.pad,
        dtype=port.dtype,
    )


def picture_size(how: ImageInput, size: tuple[int, int] | None, width: int, height: int) -> tuple[int, int]:
    """(width, height) of the picture that the network wants to see of a width x height frame.

    size: (height, width) of a fixed network. "stretch" fills it; "letterbox" fits into it. A free network
    takes the frame with its longer side at `side`, rounded to `multiple` where it is stretched.
    """
    if size is not None:
        scale = min(size[1] / width, size[0] / height)
        fitted = min(size[1], _whole(width * scale)), min(size[0], _whole(height * scale))
        return (size[1], size[0]) if how.resize == "stretch" else fitted
    scale = how.side / max(width, height) if how.side else 1.0
    step = how.multiple if how.resize == "stretch" else 1
    return _whole(width * scale, step), _whole(height * scale, step)


def _whole(length: float, step: int = 1) -> int:
    return max(1, round(length / step)) * step


def text_type(port: Port) -> str:
    """The element type as text graphs name it."""
    return {"float32": "float", "float64": "double"}.get(port.dtype, port.dtype or "float")


def axis(port: Port, place: int) -> int | None:
    """The size of one axis where it is fixed."""
    value = port.shape[place] if place < len(port.shape) else None
    return value if isinstance(value, int) else None


def states(how: Output) -> tuple[str, ...]:
    """Outputs that the next frame needs."""
    return tuple(after for _, after in how.states)
