"""Does a network fit its card? Shapes and names only; nothing is run."""

from __future__ import annotations

from collections.abc import Mapping

from vidstyle.cards import ports
from vidstyle.cards.ports import fits, mismatch
from vidstyle.cards.schema import Card, GraphFile, Output
from vidstyle.types import Port, Signature


def check(card: Card, signatures: Mapping[str, Signature]) -> None:
    """Raises ModelError, naming the card and the field, where a graph is not what the card says.

    signatures: by the names of the card's graphs. Compared are the number of inputs, layout, channels and
    fixed size of the picture, names of outputs and states, and the number of classes.
    """
    for name, graph in card.graphs.items():
        if name not in signatures:
            raise mismatch(card, name, "its network was not read")
        _check_graph(card, name, graph, signatures[name])
    if card.task == "style-arbitrary":
        _check_code(card, signatures["style"], signatures["apply"])


def _check_graph(card: Card, name: str, graph: GraphFile, signature: Signature) -> None:
    picture = _check_picture(card, name, graph, signature)
    _check_states(card, name, graph.output, signature)
    _check_inputs(card, name, graph, signature, picture)
    roles = ports.outputs(card, name, signature)
    _check_classes(card, name, graph.output, roles)
    if "picture" in roles:
        _check_painted(card, name, graph.output, roles["picture"])


def _check_picture(card: Card, name: str, graph: GraphFile, signature: Signature) -> Port:
    image, has = graph.input, ports.listed(signature.inputs)
    port = ports.image_port(image, signature)
    if port is None:
        raise mismatch(card, f"{name}.input.name", f"the network has no input {image.name!r}; it has {has}")
    if not ports.has_rank(port, ports.rank(image.layout)):
        raise mismatch(card, f"{name}.input.layout", f"{image.layout} does not fit {ports.listed([port])}")
    if port.shape:
        _check_shape(card, name, graph, port)
    if port.dtype == "uint8" and (
        image.range != "0..255" or image.mean != (0, 0, 0) or image.std != (1, 1, 1)
    ):
        raise mismatch(card, f"{name}.input.range", "the network takes uint8: 0..255 without mean and std")
    return port


def _check_shape(card: Card, name: str, graph: GraphFile, port: Port) -> None:
    channel, *plane = ports.axes(graph.input.layout)
    if not fits(port.shape[channel], 3):
        what = f"{graph.input.layout} puts {port.shape[channel]} channels into {ports.listed([port])}, not 3"
        raise mismatch(card, f"{name}.input.layout", what)
    fixed = [port.shape[axis] for axis in plane]
    wanted = graph.input.size or (None, None)
    for axis, length, said in zip(plane, fixed, wanted, strict=True):
        if isinstance(length, int) and length != said:
            says = list(wanted) if said else "free"
            what = f"is {says}, but axis {axis} of {ports.listed([port])} is {length}"
            raise mismatch(card, f"{name}.input.size", what)


def _check_states(card: Card, name: str, output: Output, signature: Signature) -> None:
    inputs = {port.name for port in signature.inputs}
    results = {port.name for port in signature.outputs}
    for taken, given in output.states:
        if taken not in inputs or given not in results:
            what = f"the network has no state from output {given!r} to input {taken!r}"
            raise mismatch(card, f"{name}.output.states", what)


def _check_inputs(card: Card, name: str, graph: GraphFile, signature: Signature, picture: Port) -> None:
    """Every input is the picture, a state, a recurrent matte's downsample ratio, or a code for "apply"."""
    known = {picture.name, *(taken for taken, _ in graph.output.states)}
    if graph.output.states or graph.output.downsample is not None:
        known.add("downsample_ratio")
    rest = [port for port in signature.inputs if port.name not in known]
    if bool(rest) != (name == "apply"):
        what = f"has {len(signature.inputs)} inputs, too many or too few for {card.task}: "
        raise mismatch(card, f"{name}.input", what + ports.listed(signature.inputs))


def _check_classes(card: Card, name: str, output: Output, roles: dict[str, Port]) -> None:
    count = class_count(card, output, roles)
    if card.task == "yolo-seg" and count == len(card.classes) + 1:
        return  # YOLOv5 has one score more, for there being an object at all
    if count is not None and count != len(card.classes):
        what = f"the card lists {len(card.classes)}, the network tells {count} apart"
        raise mismatch(card, "classes", what)
    out = roles.get("out")
    if out and ports.whole(out) != (output.kind == "labels"):
        raise mismatch(card, f"{name}.output.kind", f"{output.kind} does not fit {ports.listed([out])}")


def class_count(card: Card, output: Output, roles: dict[str, Port]) -> int | None:
    """How many classes the network tells apart, or None where its shapes do not say."""
    if card.task == "semantic" and output.kind != "labels":
        out = roles["out"]
        place = 3 if output.layout == "NHWC" else -3
        return _length(out, place) if len(out.shape) >= 3 else None
    if card.task == "rf-detr-seg":
        return _length(roles["labels"], -1)
    if card.task == "yolo-seg" and not output.nms:
        return yolo_classes(roles["detections"], roles["prototypes"], output.layout)
    return None


def yolo_classes(detections: Port, prototypes: Port, layout: str) -> int | None:
    """4 box numbers, a score for each class, a coefficient for each prototype: the shorter axis of (1, F, N)
    or (1, N, F) counts them."""
    lengths = [axis for axis in detections.shape[1:] if isinstance(axis, int)]
    masks = _length(prototypes, 3 if layout == "NHWC" else -3)
    return min(lengths) - 4 - masks if lengths and masks else None


def _length(port: Port, axis: int) -> int | None:
    length = port.shape[axis] if port.shape else None
    return length if isinstance(length, int) else None


def _check_painted(card: Card, name: str, output: Output, port: Port) -> None:
    channel = ports.axes(output.layout)[0]
    if port.shape and not (len(port.shape) == ports.rank(output.layout) and fits(port.shape[channel], 3)):
        what = f"{output.layout} with 3 channels does not fit {ports.listed([port])}"
        raise mismatch(card, f"{name}.output.layout", what)


def _check_code(card: Card, style: Signature, apply: Signature) -> None:
    """Codes go from one graph to the other by name, else in order."""
    picture = ports.image_port(card.graphs["apply"].input, apply)
    taken = [port for port in apply.inputs if port != picture]
    given = {port.name: port for port in style.outputs}
    if not all(port.name in given for port in taken):
        given = {port.name: code for port, code in zip(taken, style.outputs, strict=False)}
    for port in taken:
        code = given.get(port.name)
        if code is None or not _alike(code, port):
            gives = ports.listed(style.outputs)
            raise mismatch(card, "apply.input", f"takes {ports.listed([port])}, but style gives {gives}")


def _alike(given: Port, taken: Port) -> bool:
    """Whether an array of the one shape may enter where the other is asked for."""
    if not given.shape or not taken.shape:
        return True
    pairs = zip(given.shape, taken.shape, strict=False)
    return len(given.shape) == len(taken.shape) and all(
        fits(left, right) for left, right in pairs if isinstance(right, int)
    )
