"""Which input of a graph takes the picture, and which output plays which role."""

from __future__ import annotations

from collections.abc import Callable

from vidstyle.cards.schema import Card, GraphFile, ImageInput, Task, roles
from vidstyle.errors import ModelError, nearest
from vidstyle.types import Port, Signature

Test = Callable[[Port], bool]

_AXES = {"NCHW": (1, 2, 3), "NHWC": (3, 1, 2), "CHW": (0, 1, 2)}


def axes(layout: str) -> tuple[int, int, int]:
    """Places of channel, height and width in a shape of that layout."""
    return _AXES[layout]


def rank(layout: str) -> int:
    """Number of axes of that layout."""
    return 3 if layout == "CHW" else 4


def fits(axis: int | str | None, wanted: int) -> bool:
    """Whether an axis may have that length: it has, or it is free."""
    return not isinstance(axis, int) or axis == wanted


def has_rank(port: Port, *ranks: int) -> bool:
    """Whether a port has one of these numbers of axes; a port that does not say (no shape) may have any."""
    return not port.shape or len(port.shape) in ranks


def whole(port: Port) -> bool:
    """Whether a port's values are integers of 32 or 64 bit."""
    return port.dtype in ("int32", "int64")


def takes_picture(port: Port, layout: str) -> bool:
    """Whether a port has the shape of a picture in that layout."""
    return len(port.shape) == rank(layout) and fits(port.shape[axes(layout)[0]], 3)


def image_port(image: ImageInput, signature: Signature) -> Port | None:
    """The input that takes the picture: the named one, else the first with the shape of a picture."""
    if image.name is not None:
        return next((port for port in signature.inputs if port.name == image.name), None)
    shaped = (port for port in signature.inputs if takes_picture(port, image.layout))
    return next(shaped, signature.inputs[0] if signature.inputs else None)


def picture_size(image: ImageInput, port: Port) -> tuple[int, int] | None:
    """(height, width) of the picture that a network takes: the card's, else the file's; None where it takes
    any."""
    if image.size is not None or len(port.shape) != rank(image.layout):
        return image.size
    height, width = (port.shape[axis] for axis in axes(image.layout)[1:])
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _channels(port: Port, count: int) -> bool:
    """Whether a picture-like output has that many channels, first or last."""
    return len(port.shape) == 3 or count in (*port.shape[1:2], *port.shape[-1:])


def _four(port: Port) -> bool:
    return bool(port.shape) and fits(port.shape[-1], 4)


_TESTS: dict[tuple[str, str], Test] = {
    ("semantic", "out"): lambda port: has_rank(port, 3, 4),
    ("matte", "matte"): lambda port: has_rank(port, 3, 4) and _channels(port, 1),
    ("yolo-seg", "detections"): lambda port: has_rank(port, 3),
    ("yolo-seg", "prototypes"): lambda port: has_rank(port, 4),
    ("mask-rcnn", "boxes"): lambda port: has_rank(port, 2) and _four(port) and not whole(port),
    ("mask-rcnn", "labels"): lambda port: has_rank(port, 1) and whole(port),
    ("mask-rcnn", "scores"): lambda port: has_rank(port, 1) and not whole(port),
    ("mask-rcnn", "masks"): lambda port: has_rank(port, 3, 4),
    ("rf-detr-seg", "boxes"): lambda port: has_rank(port, 3) and _four(port),
    ("rf-detr-seg", "labels"): lambda port: has_rank(port, 3),
    ("rf-detr-seg", "masks"): lambda port: has_rank(port, 4),
}

_ALIASES: dict[str, tuple[str, ...]] = {
    "out": ("out", "logits", "output"),
    "matte": ("pha", "alpha", "matte"),
    "boxes": ("boxes", "dets", "pred_boxes"),
    "labels": ("labels", "pred_logits", "logits"),
    "scores": ("scores",),
    "masks": ("masks", "pred_masks"),
}


def outputs(card: Card, graph: str, signature: Signature) -> dict[str, Port]:
    """Outputs by role (see `schema.roles`): those that the card names, the others by name and shape.

    Raises ModelError that names the card's field where an output is missing.
    """
    named = card.graphs[graph].output.names
    found: dict[str, Port] = {}
    for role, name in named.items():
        found[role] = _named(card, graph, role, name, signature)
    for role in roles(card.task, graph):
        if role not in found:
            free = [port for port in signature.outputs if port not in found.values()]
            found[role] = _told(card, graph, role, free)
    return found


def _named(card: Card, graph: str, role: str, name: str, signature: Signature) -> Port:
    where = f"{graph}.output.names.{role}"
    known = roles(card.task, graph)
    if role not in known:
        raise mismatch(card, where, f"unknown role{nearest(role, known) or '; known: ' + ', '.join(known)}")
    for port in signature.outputs:
        if port.name == name:
            return port
    raise mismatch(card, where, f"the network has no output {name!r}; it has {listed(signature.outputs)}")


def _told(card: Card, graph: str, role: str, free: list[Port]) -> Port:
    found = guess(card.task, role, free)
    if found is None and role == "matte":  # some give background and foreground
        found = next((port for port in free if not port.shape or _channels(port, 2)), None)
    if found is None:
        what = f"none of the network's outputs looks like it ({listed(free) or 'none left'}): name it"
        raise mismatch(card, f"{graph}.output.names.{role}", what)
    return found


def guess(task: Task, role: str, free: list[Port]) -> Port | None:
    """The output among `free` that plays `role`: by a usual name, else the first of the right shape."""
    test = _TESTS.get((task, role))
    right = [port for port in free if test is None or test(port)]
    for alias in _ALIASES.get(role, ()):
        for port in right:
            if port.name == alias:
                return port
    return right[0] if right else None


def listed(ports: tuple[Port, ...] | list[Port]) -> str:
    """Ports as an error line shows them: `image float32[1,3,h,w], code float32[1,694]`."""
    return ", ".join(f"{port.name} {port.dtype}[{_shape(port)}]" for port in ports)


def _shape(port: Port) -> str:
    return ",".join("?" if axis is None else str(axis) for axis in port.shape)


def mismatch(card: Card, field: str, what: str) -> ModelError:
    """The error about a graph that does not fit its card: file, field, fact."""
    graph: GraphFile = card.graphs.get(field.split(".", 1)[0]) or next(iter(card.graphs.values()))
    return ModelError(f"{card.origin or graph.path}: {field}: {what}")
