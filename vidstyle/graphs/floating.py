"""An 8-bit network as the network of floats that it stands for.

A network quantised with QuantizeLinear and DequantizeLinear around its operators is fast on a CPU, where
ONNX Runtime turns each such neighbourhood into one 8-bit operator. It has none of these for CUDA: there the
pairs would be operators of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

Array = NDArray[Any]

_SCALES = (TensorProto.FLOAT, TensorProto.FLOAT16)
_NUMBERS = (np.uint8, np.int8, np.uint16, np.int16)


@dataclass(frozen=True, slots=True)
class _Steps:
    """value = (number - zero) * scale: one of each, or one for each place along `axis`."""

    scale: Array
    zero: Array
    axis: int

    @property
    def ends(self) -> Array:
        """The least and the largest number."""
        span = np.iinfo(self.zero.dtype)
        return np.array([span.min, span.max])

    def same(self, other: _Steps | None) -> bool:
        """Whether the two undo each other."""
        return (
            other is not None
            and self.zero.dtype == other.zero.dtype
            and np.array_equal(self.scale, other.scale)
            and np.array_equal(self.zero, other.zero)
            and (self.scale.size == 1 or self.axis == other.axis)
        )

    def values(self, numbers: Array) -> Array:
        """What numbers stand for."""
        scale, zero = self._over(numbers)
        return np.asarray((numbers.astype(np.float64) - zero) * scale, self.scale.dtype)

    def rounded(self, values: Array) -> Array:
        """Values after rounding, and within the ends."""
        scale, zero = self._over(values)
        return self.values(np.clip(np.rint(values / scale) + zero, *self.ends))

    def _over(self, numbers: Array) -> tuple[Array, Array]:
        shape = [1] * numbers.ndim
        if self.scale.size > 1:
            shape[self.axis] = -1
        return self.scale.reshape(shape).astype(np.float64), self.zero.reshape(shape).astype(np.float64)


def in_floats(model: ModelProto) -> None:
    """Replaces 8-bit weights by their values and takes out the pairs that round activations, in place.

    A pair also keeps values within what its numbers can say, and a quantiser leaves ReLU and Clip to that:
    a Clip takes its place. What stays as it is: pairs of two scales or of scales that are not known
    beforehand, blocks, roundings to other than 8 or 16 bits of an integer, branches, bodies and functions.
    """
    graph = model.graph
    stored = _stored(graph)
    written = {name: node for node in graph.node for name in node.output}
    kept: list[NodeProto] = []
    for node in graph.node:
        steps = _steps(node, "DequantizeLinear", stored)
        target = node.output[0] if steps else ""
        source = _source(written.get(node.input[0]), steps, stored) if steps else None
        if steps and node.input[0] in stored:
            value = steps.values(numpy_helper.to_array(stored[node.input[0]]))
            graph.initializer.append(numpy_helper.from_array(value, target))
        elif steps and source in stored:
            value = steps.rounded(numpy_helper.to_array(stored[source]))
            graph.initializer.append(numpy_helper.from_array(value, target))
        elif steps and source and steps.scale.size == 1:
            names = [f"{target}/least", f"{target}/most"]
            for name, end in zip(names, steps.ends, strict=True):
                graph.initializer.append(numpy_helper.from_array(steps.values(end).reshape(()), name))
            kept.append(helper.make_node("Clip", [source, *names], [target]))
        else:
            kept.append(node)
    _keep(graph, kept)


def _stored(graph: GraphProto) -> dict[str, TensorProto]:
    """Tensors known beforehand, by name: initializers, and Constants as some exporters write them."""
    constants = [node for node in graph.node if node.op_type == "Constant"]
    given = {node.output[0]: part.t for node in constants for part in node.attribute if part.name == "value"}
    return {tensor.name: tensor for tensor in graph.initializer} | given


def _steps(node: NodeProto | None, kind: str, stored: dict[str, TensorProto]) -> _Steps | None:
    """None for another kind of node, and where they are not known or of a kind that stays."""
    if node is None or node.op_type != kind:
        return None
    given = {attribute.name: attribute.i for attribute in node.attribute}
    names = [name for name in node.input[1:] if name]
    if given.get("block_size") or given.get("output_dtype") or any(name not in stored for name in names):
        return None
    if stored[names[0]].data_type not in _SCALES:
        return None
    scale, *zeros = (numpy_helper.to_array(stored[name]) for name in names)
    if scale.ndim > 1:
        return None
    zero = zeros[0] if zeros else np.zeros_like(scale, np.uint8)
    return _Steps(scale, zero, given.get("axis", 1))


def _source(rounding: NodeProto | None, steps: _Steps, stored: dict[str, TensorProto]) -> str | None:
    """What a QuantizeLinear of these steps rounds; None for another node."""
    before = _steps(rounding, "QuantizeLinear", stored)
    if rounding is None or steps.zero.dtype not in _NUMBERS or not steps.same(before):
        return None
    return str(rounding.input[0])


def _keep(graph: GraphProto, nodes: list[NodeProto]) -> None:
    """The graph with these nodes, without roundings and constants that nothing takes any more."""
    before = set(_taken(graph.node))
    taken = {*_taken(nodes), *(port.name for port in graph.output)}
    nodes = [node for node in nodes if node.op_type != "QuantizeLinear" or node.output[0] in taken]
    taken = {*_taken(nodes), *(port.name for port in graph.output)}
    tensors = [t for t in graph.initializer if t.name in taken or t.name not in before]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(tensors)


def _taken(nodes: Iterable[NodeProto]) -> Iterator[str]:
    """Names that nodes take, those inside their branches and bodies, too."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from (port.name for port in inner.output)
                yield from _taken(inner.node)
