"""What a card and a graph say of a style network, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vidstyle.cards import GraphFile
from vidstyle.errors import ModelError
from vidstyle.graphs import join
from vidstyle.graphs.stylize import End, Network
from vidstyle.types import Port, Signature

RANGES: dict[str, tuple[float, float]] = {"0..1": (0.0, 1.0), "0..255": (0.0, 255.0), "-1..1": (-1.0, 1.0)}
"""Black and white of the card's words."""


@dataclass(frozen=True, slots=True)
class Ends:
    """network: as it was read. enters, leaves: the picture. codes: the other inputs. single: the graph
    takes one picture a call. repeat: codes that need one row per picture, because they share the
    picture's batch axis."""

    network: Network
    enters: End
    leaves: End
    codes: tuple[Port, ...]
    single: bool
    repeat: frozenset[str]


def ends(graph: GraphFile) -> Ends:
    """Reads the network's file. Raises ModelError where it does not fit its card."""
    network = join.read(graph.path)
    known = join.signature(network)
    image = _image(known, graph)
    codes = tuple(port for port in known.inputs if port is not image)
    batch = None if graph.input.layout == "CHW" or not image.shape else image.shape[0]
    if isinstance(batch, int) and batch != 1:
        raise ModelError(f"{graph.file} takes {batch} pictures a call; export it for one or for any number")
    shared = (port.name for port in codes if isinstance(batch, str) and port.shape[:1] == (batch,))
    single = batch == 1 or graph.input.layout == "CHW"
    return Ends(network, _enters(image, graph), _leaves(known, graph), codes, single, frozenset(shared))


def _image(known: Signature, graph: GraphFile) -> Port:
    """The picture among the inputs: the one that the card names, else the first with three channels."""
    wanted = graph.input.name
    for port in known.inputs:
        if port.name == wanted or (wanted is None and _channels(port, graph.input.layout) == 3):
            return port
    if wanted is None and known.inputs:
        return known.inputs[0]
    have = ", ".join(port.name for port in known.inputs)
    raise ModelError(f"{graph.file} has no input {wanted!r}; it has {have}: put one of them under input.name")


def _channels(port: Port, layout: str) -> int | str | None:
    axis = {"NCHW": 1, "NHWC": 3, "CHW": 0}[layout]
    return port.shape[axis] if len(port.shape) == (3 if layout == "CHW" else 4) else None


def _enters(port: Port, graph: GraphFile) -> End:
    card = graph.input
    low, high = RANGES[card.range]
    size = card.size or _fixed(port, card.layout)
    return End(port.name, port.dtype, card.layout, card.channels, low, high, card.mean, card.std, size)


def _fixed(port: Port, layout: Literal["NCHW", "NHWC", "CHW"]) -> tuple[int, int] | None:
    start = {"NCHW": 2, "NHWC": 1, "CHW": 1}[layout]
    sides = port.shape[start : start + 2]
    height, width = sides if len(sides) == 2 else (None, None)
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _leaves(known: Signature, graph: GraphFile) -> End:
    card = graph.output
    name = next(iter(card.names.values()), known.outputs[0].name)
    for port in known.outputs:
        if port.name == name:
            return End(name, port.dtype, card.layout, card.channels, *RANGES[card.range])
    have = ", ".join(port.name for port in known.outputs)
    raise ModelError(
        f"{graph.file} has no output {name!r}; it has {have}: put one of them under output.names"
    )
