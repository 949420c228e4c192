"""What the ends of a network are: which output plays which role, and how a picture enters."""

from __future__ import annotations

from collections.abc import Callable

from vidstyle.cards import Card, GraphFile, ImageInput, Output
from vidstyle.errors import ModelError
from vidstyle.graphs.segment_input import Enter
from vidstyle.types import Port, Signature

_SPANS = {"0..1": (0.0, 1.0), "0..255": (0.0, 255.0), "-1..1": (-1.0, 2.0)}
_HINTS = {
    "matte": ("pha", "alpha", "matte"),
    "detections": ("output0", "detections"),
    "prototypes": ("output1", "protos", "prototypes"),
    "boxes": ("boxes", "dets"),
    "labels": ("labels", "logits"),
    "scores": ("scores",),
    "masks": ("masks",),
}
_LOOKS: dict[tuple[str, str], Callable[[Port], bool]] = {
    ("yolo-seg", "detections"): lambda port: len(port.shape) == 3,
    ("yolo-seg", "prototypes"): lambda port: len(port.shape) == 4,
    ("mask-rcnn", "boxes"): lambda port: len(port.shape) == 2,
    ("mask-rcnn", "labels"): lambda port: len(port.shape) == 1 and "int" in port.dtype,
    ("mask-rcnn", "scores"): lambda port: len(port.shape) == 1 and "float" in port.dtype,
    ("mask-rcnn", "masks"): lambda port: len(port.shape) == 4,
    ("rf-detr-seg", "boxes"): lambda port: len(port.shape) == 3 and port.shape[2] == 4,
    ("rf-detr-seg", "labels"): lambda port: len(port.shape) == 3 and port.shape[2] != 4,
    ("rf-detr-seg", "masks"): lambda port: len(port.shape) == 4,
}


def output(card: Card, signature: Signature, role: str) -> Port:
    """The output that plays a role: by the card, else by its name, else by its shape, else the first.

    Raises ModelError where that cannot be told.
    """
    how = graph(card).output
    named = how.names.get(role)
    ports = [port for port in signature.outputs if port.name not in {after for _, after in how.states}]
    if named is not None:
        return _one([port for port in ports if port.name == named], card, role)
    hinted = [port for port in ports if port.name.lower() in _HINTS.get(role, ())]
    looks = _LOOKS.get((card.task, role))
    if looks is None:
        return (hinted or ports)[0]
    return _one(hinted or [port for port in ports if looks(port)], card, role)


def _one(ports: list[Port], card: Card, role: str) -> Port:
    if len(ports) != 1:
        raise ModelError(
            f"{_where(card)}: which output is {role!r}? Name it in the card: [model.output.names]"
        )
    return ports[0]


def graph(card: Card) -> GraphFile:
    """The only graph of a segmenter's card."""
    return card.graphs["model"]


def image(card: Card, signature: Signature) -> Port:
    """The input that takes pictures: the card's, else the first with three or four axes."""
    name = graph(card).input.name
    for port in signature.inputs:
        if port.name == name or (name is None and len(port.shape) in (0, 3, 4)):
            return port
    raise ModelError(
        f"{_where(card)}: no input {name or 'that takes a picture'}; name it in the card: [model.input] name"
    )


def canvas(how: ImageInput, port: Port) -> tuple[int, int] | None:
    """(height, width) that the network takes: the card's, else the file's, None where both are free."""
    places = {"NCHW": (2, 3), "NHWC": (1, 2), "CHW": (1, 2)}[how.layout]
    axes = [port.shape[place] for place in places if place < len(port.shape)]
    if how.size is not None:
        return how.size
    if len(axes) == 2 and isinstance(axes[0], int) and isinstance(axes[1], int):
        return axes[0], axes[1]
    return None


def batch(how: ImageInput, port: Port) -> int | None:
    """How many pictures one run takes; None where that is free."""
    if how.layout == "CHW":
        return 1
    return port.shape[0] if port.shape and isinstance(port.shape[0], int) else None


def entrance(how: ImageInput, port: Port) -> Enter:
    """The pre-graph's parameters: value = ((sample / 255 * span + low) - mean) / std."""
    low, span = _SPANS[how.range]
    size = canvas(how, port)
    scale = [span / 255 / deviation for deviation in how.std]
    bias = [(low - mean) / deviation for mean, deviation in zip(how.mean, how.std, strict=True)]
    return Enter(
        layout=how.layout,
        reverse=how.channels == "BGR",
        scale=(scale[0], scale[1], scale[2]),
        bias=(bias[0], bias[1], bias[2]),
        canvas=size,
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


def _where(card: Card) -> str:
    return f"{card.name} ({graph(card).file})"
