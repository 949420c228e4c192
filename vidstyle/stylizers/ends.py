"""What a card and a graph say of a style network, put together."""

from __future__ import annotations

from dataclasses import dataclass

from vidstyle import cards
from vidstyle.cards import Card, GraphFile
from vidstyle.errors import ModelError
from vidstyle.graphs import join
from vidstyle.graphs.stylize import End, Network
from vidstyle.types import Port, Signature


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


def ends(card: Card, name: str) -> Ends:
    """Reads the network `name` of a card. Raises ModelError where it does not fit its card."""
    graph = card.graphs[name]
    network = join.read(graph.path)
    known = join.signature(network)
    image = picture_port(graph, known)
    codes = tuple(port for port in known.inputs if port is not image)
    batch = None if graph.input.layout == "CHW" or not image.shape else image.shape[0]
    if isinstance(batch, int) and batch != 1:
        raise ModelError(f"{graph.file} takes {batch} pictures a call; export it for one or for any number")
    shared = (port.name for port in codes if isinstance(batch, str) and port.shape[:1] == (batch,))
    single = batch == 1 or graph.input.layout == "CHW"
    leaves = next(iter(cards.outputs(card, name, known).values()))
    return Ends(network, _enters(image, graph), _leaves(leaves, graph), codes, single, frozenset(shared))


def picture_port(graph: GraphFile, known: Signature) -> Port:
    """The input that takes the picture. Raises ModelError where the card names another."""
    port = cards.image_port(graph.input, known)
    if port is None:
        have = ", ".join(port.name for port in known.inputs)
        raise ModelError(f"{graph.file} has no input {graph.input.name!r}; it has {have}: mend input.name")
    return port


def _enters(port: Port, graph: GraphFile) -> End:
    card = graph.input
    low, high = cards.RANGES[card.range]
    size = cards.picture_size(card, port)
    return End(port.name, port.dtype, card.layout, card.channels, low, high, card.mean, card.std, size)


def _leaves(port: Port, graph: GraphFile) -> End:
    card = graph.output
    return End(port.name, port.dtype, card.layout, card.channels, *cards.RANGES[card.range])
