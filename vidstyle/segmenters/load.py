"""From a card to a segmenter: one session of pre-graph, network and post-graph."""

from __future__ import annotations

from collections.abc import Sequence

from vidstyle.cards import Card, Output, picture_size
from vidstyle.device import Device, Session
from vidstyle.errors import ModelError, UsageError
from vidstyle.graphs import join
from vidstyle.graphs.floating import in_floats
from vidstyle.graphs.segment_input import enter
from vidstyle.segmenters import ends, posts
from vidstyle.segmenters.classes import class_indices
from vidstyle.segmenters.network import NetworkSegmenter, RecurrentSegmenter
from vidstyle.types import Port, Segmenter, Signature


def load(
    card: Card,
    device: Device,
    classes: Sequence[str],
    *,
    threshold: float | None = None,
    batch: int = 1,
    threads: int | None = None,
) -> Segmenter:
    """The segmenter of a card, for the union of some classes.

    threshold: class probability or confidence, 0 to 1; None for the card's own. batch: pictures per run
    where the network takes any number. threads: CPU threads of one run.
    Raises UsageError for an unknown class, ModelError where file and card do not fit, DeviceError where
    the network does not run on `device`.
    """
    if card.task not in posts.TASKS:
        raise UsageError(f"{card.name} is no segmenter: its task is {card.task}")
    wanted = class_indices(card, classes)
    graph = ends.graph(card)
    network = join.read(graph.path)
    if device.kind == "cuda":
        in_floats(network)
    signature = join.signature(network)
    picture = ends.image(card, signature)
    after = posts.post(card, signature, wanted, card.threshold if threshold is None else threshold)
    joined = join.join(
        network,
        enter(ends.entrance(graph.input, picture)),
        after.text,
        feeds={picture.name: "image"},
        takes=after.takes,
        keep=ends.states(graph.output),
    )
    session = Session(joined, device, threads=threads, name=card.name)
    return _segmenter(card, session, signature, picture, batch)


def _segmenter(card: Card, session: Session, signature: Signature, picture: Port, batch: int) -> Segmenter:
    graph = ends.graph(card)
    size, fixed = picture_size(graph.input, picture), ends.batch(graph.input, picture)
    ratio = _ratio(card, graph.output, signature, picture)
    if graph.output.states or ratio:
        states = graph.output.states
        return RecurrentSegmenter(card.name, session, graph.input, size, states=states, ratio=ratio)
    if fixed:
        return NetworkSegmenter(card.name, session, graph.input, size, fixed, fixed=True)
    return NetworkSegmenter(card.name, session, graph.input, size, max(1, batch))


def _ratio(card: Card, how: Output, signature: Signature, picture: Port) -> tuple[str, float | None] | None:
    """The input that is neither the picture nor a state. Raises ModelError where there are more."""
    known = {picture.name, *(before for before, _ in how.states)}
    rest = [port.name for port in signature.inputs if port.name not in known]
    if not rest:
        return None
    if rest != ["downsample_ratio"]:
        raise ModelError(
            f"{card.name}: nothing feeds its inputs {', '.join(rest)}; name its states in the card"
        )
    return rest[0], how.downsample
