"""Painting with a style network: one fixed style, or any picture's style through two graphs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidstyle.cards import Card, GraphFile
from vidstyle.device import Device
from vidstyle.errors import ModelError, UsageError
from vidstyle.graphs.floating import in_floats
from vidstyle.stylizers.ends import Ends, ends
from vidstyle.stylizers.paint import Painter
from vidstyle.stylizers.style import codes
from vidstyle.types import Stylizer

__all__ = ["load"]


def load(
    card: Card,
    device: Device,
    styles: Sequence[tuple[NDArray[np.uint8], float]],
    *,
    threads: int | None = None,
) -> Stylizer:
    """The stylizer of a card, with its style chosen.

    styles: (h, w, 3) RGB pictures and their weights, which need not sum to 1; the codes are mixed. They
    go through the style network here, once. A network with one fixed style takes none.
    Raises ModelError where a file does not fit its card, UsageError for styles that cannot be meant.
    """
    graph, found, mixed = _chosen(card, device, styles, threads)
    if device.kind == "cuda":
        in_floats(found.network)
    return Painter(
        card.name,
        found,
        mixed,
        device,
        multiple=graph.input.multiple,
        margin=graph.input.margin,
        rim=graph.input.rim,
        threads=threads,
    )


def _chosen(
    card: Card, device: Device, styles: Sequence[tuple[NDArray[np.uint8], float]], threads: int | None
) -> tuple[GraphFile, Ends, dict[str, NDArray[np.float32]]]:
    """The network that paints, its ends, and what its inputs besides the picture are fed."""
    if card.task == "style-arbitrary":
        found = ends(card, "apply")
        return card.graphs["apply"], found, codes(card.graphs["style"], device, styles, found.codes, threads)
    if card.task != "style-fixed":
        raise ModelError(
            f"{card.name} is a {card.task} network; a stylizer is style-fixed or style-arbitrary"
        )
    if styles:
        raise UsageError(f"{card.name} has one style of its own: leave the style pictures out")
    graph, found = card.graphs["model"], ends(card, "model")
    if found.codes:
        raise ModelError(f"{graph.file} wants {found.codes[0].name!r} besides the picture")
    return graph, found, {}
