"""An 8-bit network as the network of floats that it stands for.

A network quantised with QuantizeLinear and DequantizeLinear around its operators runs about twice as fast
on a CPU, where ONNX Runtime turns each such neighbourhood into one 8-bit operator. It has none of these for
CUDA: there the pairs would be operators of their own, which cost time and precision and give nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

_LINEAR = frozenset(("Add", "Conv", "ConvTranspose", "Gemm", "MatMul"))
"""Operators whose ReLU or Clip a quantiser leaves to the bounds of the 8-bit numbers behind them."""


def in_floats(model: ModelProto) -> None:
    """Replaces 8-bit weights by their values and takes out the pairs that round activations, in place.

    Where a pair stood for a ReLU or a Clip as well (its least number is 0, and a linear operator comes
    before it), a Clip takes its place. A network without such pairs stays as it is.
    """
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    written = {name: node for node in graph.node for name in node.output}
    kept: list[NodeProto] = []
    for node in graph.node:
        rounding = written.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
        if rounding is None and _known(node, stored):
            value = _value(node, *(numpy_helper.to_array(stored[name]) for name in node.input))
            graph.initializer.append(numpy_helper.from_array(value, node.output[0]))
        elif rounding is not None and rounding.op_type == "QuantizeLinear":
            before = written.get(rounding.input[0])
            kept.append(_passed(node, rounding, before, stored, model))
        else:
            kept.append(node)
    _keep(graph, kept)


def _keep(graph: GraphProto, nodes: list[NodeProto]) -> None:
    """The graph with these nodes, without roundings and constants that nothing takes any more."""
    before = set(_taken(graph.node))
    taken = {*_taken(nodes), *(port.name for port in graph.output)}
    nodes = [node for node in nodes if node.op_type != "QuantizeLinear" or node.output[0] in taken]
    taken = {*_taken(nodes), *(port.name for port in graph.output)}
    tensors = [t for t in graph.initializer if t.name in taken or t.name not in before]
    copies = [[type(part).FromString(part.SerializeToString()) for part in rest] for rest in (nodes, tensors)]
    for field, rest in zip((graph.node, graph.initializer), copies, strict=True):
        del field[:]
        field.extend(rest)


def _taken(nodes: Iterable[NodeProto]) -> Iterator[str]:
    """Names that nodes take, those inside their branches and bodies, too."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from (port.name for port in inner.output)
                yield from _taken(inner.node)


def _known(node: NodeProto, stored: dict[str, TensorProto]) -> bool:
    """Whether it is a constant that has one scale, or one for each channel (not one for each block)."""
    if node.op_type != "DequantizeLinear" or any(name not in stored for name in node.input):
        return False
    return len(stored[node.input[1]].dims) <= 1


def _value(
    node: NodeProto,
    numbers: NDArray[np.generic],
    scale: NDArray[np.generic],
    zero: NDArray[np.generic] | None = None,
) -> NDArray[np.float32]:
    """(number - zero) * scale, along the node's axis where the scale has one for each channel."""
    if scale.size == 1:
        scale, zero = scale.reshape(()), None if zero is None else zero.reshape(())
    else:
        given = {attribute.name: attribute.i for attribute in node.attribute}
        shape = [1] * numbers.ndim
        shape[given.get("axis", 1)] = -1
        scale, zero = scale.reshape(shape), None if zero is None else zero.reshape(shape)
    about = numbers.astype(np.float64) - (0 if zero is None else zero.astype(np.float64))
    return np.asarray(about * scale.astype(np.float64), np.float32)


def _passed(
    node: NodeProto,
    rounding: NodeProto,
    before: NodeProto | None,
    stored: dict[str, TensorProto],
    model: ModelProto,
) -> NodeProto:
    """What stands in the place of a pair."""
    source, target = rounding.input[0], node.output[0]
    least = _bounds(rounding, stored)
    if before is None or before.op_type not in _LINEAR or least is None or least[0] != 0.0:
        return helper.make_node("Identity", [source], [target])
    names = [f"{target}/least", f"{target}/most"]
    for name, bound in zip(names, least, strict=True):
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, [], [bound]))
    return helper.make_node("Clip", [source, *names], [target])


def _bounds(rounding: NodeProto, stored: dict[str, TensorProto]) -> tuple[float, float] | None:
    """The least and the largest number that a QuantizeLinear of one scale lets through; None where that is
    not known beforehand."""
    if not all(name in stored for name in rounding.input[1:]):
        return None
    scale, *zeros = (numpy_helper.to_array(stored[name]) for name in rounding.input[1:])
    if scale.size != 1:
        return None
    zero = zeros[0] if zeros else np.zeros((), np.uint8)
    span = np.iinfo(zero.dtype)
    ends = [(bound - float(zero.item())) * float(scale.item()) for bound in (span.min, span.max)]
    return ends[0], ends[1]
