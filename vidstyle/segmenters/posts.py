"""One post-graph per kind of output: what a card and a file say, in the parameters of `graphs`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from vidstyle.cards import Card, ports
from vidstyle.errors import ModelError
from vidstyle.graphs import segment, segment_instances, segment_matte, segment_yolo
from vidstyle.segmenters import ends
from vidstyle.types import Port, Signature

_BOX_SIDE = 64
"""Masks of a fixed side up to this are of the box, others of the picture."""


class Post(NamedTuple):
    """The text of a post-graph, and which network output each of its inputs takes."""

    text: str
    takes: dict[str, str]


def post(card: Card, signature: Signature, wanted: list[int], threshold: float) -> Post:
    """The post-graph of a segmenter's card. Raises ModelError where file and card do not fit."""
    return _POSTS[card.task](card, signature, wanted, threshold)


def _semantic(card: Card, signature: Signature, wanted: list[int], threshold: float) -> Post:
    out, how = ports.outputs(card, "model", signature)["out"], ends.graph(card).output
    text = segment.semantic(
        how.kind,
        wanted,
        len(card.classes),
        threshold,
        high=_high(card, threshold),
        seed=how.seed,
        dtype=ends.text_type(out),
        rank=len(out.shape) or 4,
        channels_last=how.layout == "NHWC",
    )
    return Post(text, {"out": out.name})


def _high(card: Card, threshold: float) -> float | None:
    """The card's higher threshold, as far above another one, in log-odds, as above the card's own."""
    high = ends.graph(card).output.high
    if high is None or threshold == card.threshold:
        return high
    logit = segment.logit
    return 1 / (1 + math.exp(-(logit(threshold) + logit(high) - logit(card.threshold))))


def _matte(card: Card, signature: Signature, wanted: list[int], threshold: float) -> Post:  # noqa: ARG001
    out, how = ports.outputs(card, "model", signature)["matte"], ends.graph(card).output
    last = how.layout == "NHWC"
    channels = (ends.axis(out, 3 if last else 1) if len(out.shape) == 4 else 1) or 1
    text = segment_matte.matte(
        how.kind,
        threshold,
        channel=1 if channels == 2 else 0,
        channels=channels,
        dtype=ends.text_type(out),
        rank=len(out.shape) or 4,
        channels_last=last,
        normalise=_stacked(signature, how.states),
    )
    return Post(text, {"out": out.name})


def _stacked(signature: Signature, states: tuple[tuple[str, str], ...]) -> bool:
    """Whether it is of U2-Net's kind: the matte first, then those of its stages."""
    return not states and len(signature.outputs) > 2


def _yolo(card: Card, signature: Signature, wanted: list[int], threshold: float) -> Post:
    told = ports.outputs(card, "model", signature)
    found, drawn = told["detections"], told["prototypes"]
    how, count = ends.graph(card).output, len(card.classes)
    coefficients = ends.axis(drawn, 3 if how.layout == "NHWC" else 1) or 32
    features, last = _features(card, found, coefficients)
    text = segment_yolo.yolo(
        wanted,
        threshold,
        classes=count,
        coefficients=coefficients,
        features_last=last,
        objectness=features == 5 + count + coefficients,
        nms=how.nms,
        unit=how.boxes == "unit",
        prototypes_last=how.layout == "NHWC",
        dtype=ends.text_type(found),
    )
    return Post(text, {"detections": found.name, "prototypes": drawn.name})


def _features(card: Card, found: Port, coefficients: int) -> tuple[int, bool]:
    """How many numbers a detection has, and whether they lie on the last axis."""
    right = [6 + coefficients] if ends.graph(card).output.nms else []
    right = right or [4 + len(card.classes) + coefficients, 5 + len(card.classes) + coefficients]
    sizes = {place: ends.axis(found, place) for place in (1, 2)}
    for place, size in sizes.items():
        if size in right:
            return size, place == 2
    if None in sizes.values():
        return right[0], ends.graph(card).output.nms
    raise ModelError(
        f"{card.name}: detections of shape {list(found.shape)} do not hold {right[0]} numbers each, "
        f"as {len(card.classes)} classes and {coefficients} coefficients would; "
        "correct the card's classes or nms"
    )


def _rcnn(card: Card, signature: Signature, wanted: list[int], threshold: float) -> Post:
    told = ports.outputs(card, "model", signature)
    side = ends.axis(told["masks"], 3)
    text = segment_instances.mask_rcnn(
        wanted,
        threshold,
        box_sized=side is not None and side <= _BOX_SIDE,
        dtype=ends.text_type(told["masks"]),
        integer=ends.text_type(told["labels"]),
    )
    return Post(text, {role: port.name for role, port in told.items()})


def _detr(card: Card, signature: Signature, wanted: list[int], threshold: float) -> Post:
    told = ports.outputs(card, "model", signature)
    text = segment_instances.rf_detr(wanted, threshold, dtype=ends.text_type(told["masks"]))
    return Post(text, {role: told[role].name for role in ("labels", "masks")})


_POSTS: dict[str, Callable[[Card, Signature, list[int], float], Post]] = {
    "semantic": _semantic,
    "matte": _matte,
    "yolo-seg": _yolo,
    "mask-rcnn": _rcnn,
    "rf-detr-seg": _detr,
}

TASKS = frozenset(_POSTS)
"""The tasks of segmenters."""
