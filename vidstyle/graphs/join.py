"""Joins a network with pre- and post-processing graphs that are written as text.

A text is one graph in the ONNX text syntax (`onnx.parser`), without the `<ir_version, opset_import>` header:

    pre (uint8[n, h, w, 3] pictures) => (float[n, 3, h, w] image) { ... }

It is read as opset 17, so the axes of ReduceMax and its like are attributes. All parts are lifted to the
highest opset among them; nothing is ever lowered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError, EncodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from vidstyle.errors import ModelError
from vidstyle.graphs.retired import keep_sampling, modernise
from vidstyle.types import Port, Signature

OPSET = 17
"""The opset that texts are written in, and the least that a joined graph has."""

_IR_VERSION = 8
_PREFIX = "net/"
_HEADER = f'<ir_version: {_IR_VERSION}, opset_import: ["": {OPSET}]>\n'


def read(source: Path | bytes | ModelProto) -> ModelProto:
    """A network made ready to join: weights are no inputs, retired operators are rewritten.

    Raises ModelError where the file cannot be read or is no ONNX model. A ModelProto is not changed.
    """
    model = ModelProto()
    if isinstance(source, ModelProto):
        model.CopyFrom(source)
    else:
        model = _load(source)
    model.ir_version = max(_IR_VERSION, model.ir_version)
    weights = {tensor.name for tensor in model.graph.initializer}
    for index in reversed(range(len(model.graph.input))):
        if model.graph.input[index].name in weights:
            del model.graph.input[index]
    modernise(model)
    return model


def _load(source: Path | bytes) -> ModelProto:
    name = "the network" if isinstance(source, bytes) else str(source)
    try:
        model = onnx.load_from_string(source) if isinstance(source, bytes) else onnx.load(source)
    except OSError as error:
        raise ModelError(f"{name} cannot be read: {error.strerror or error}") from error
    except (DecodeError, ValueError, onnx.checker.ValidationError) as error:
        raise ModelError(f"{name} is not an ONNX model") from error
    if not model.graph.node or not model.opset_import:
        raise ModelError(f"{name} is not an ONNX model")
    return model


def signature(source: Path | bytes | ModelProto) -> Signature:
    """What goes into a network (its weights left out), and what comes out. dtype is NumPy's name.

    Raises ModelError like `read`, which a ModelProto must have passed already.
    """
    model = source if isinstance(source, ModelProto) else read(source)
    inputs = tuple(_port(value) for value in model.graph.input)
    outputs = tuple(_port(value) for value in model.graph.output)
    return Signature(inputs, outputs, tuple((entry.key, entry.value) for entry in model.metadata_props))


def join(
    model: Path | bytes | ModelProto,
    pre: str | None = None,
    post: str | None = None,
    *,
    feeds: Mapping[str, str] | None = None,
    takes: Mapping[str, str] | None = None,
    keep: Iterable[str] = (),
    fixed: Mapping[str, NDArray[Any]] | None = None,
) -> bytes:
    """One model of pre-graph, network and post-graph, as the bytes that a session loads.

    feeds: network input -> value of the pre-graph (one of its outputs). takes: input of the post-graph ->
    network output. keep: network outputs that stay outputs of the whole, under their own names. fixed:
    network input -> the value that it always has, which the runtime can then fold into the weights.

    The two texts share one room of names: what the post-graph declares as an input and the pre-graph has
    as an input or output is connected by its name, so an input of the whole may feed both. Names inside
    the network cannot clash with them. Inputs of the whole are those of the pre-graph, then the
    network's that nothing feeds (under their own names), then the post-graph's that nothing gives.
    Outputs are those of the post-graph (without one, of the network; where only `pre` and `keep` are
    given, the kept ones), then the kept ones.

    Raises ModelError where the network cannot be read or lifted to the common opset.
    """
    network = read(model)
    texts = [onnx.parser.parse_model(_HEADER + text) for text in (pre, post) if text is not None]
    version = max(OPSET, *(_opset(part) for part in (network, *texts)))
    network, *texts = [_lifted(part, version) for part in (network, *texts)]
    graphs = [part.graph for part in texts]
    before = graphs[0] if pre is not None else GraphProto()
    after = graphs[-1] if post is not None else None
    _fix(network.graph, fixed or {})
    whole = _concatenated(before, network, after, feeds or {}, takes or {}, tuple(keep))
    return _saved(whole, network, version)


def _fix(network: GraphProto, fixed: Mapping[str, NDArray[Any]]) -> None:
    _require(fixed, (port.name for port in network.input), "input")
    for place in reversed(range(len(network.input))):
        if (name := network.input[place].name) in fixed:
            network.initializer.append(numpy_helper.from_array(fixed[name], name))
            del network.input[place]


def _concatenated(
    pre: GraphProto,
    network: ModelProto,
    post: GraphProto | None,
    feeds: Mapping[str, str],
    takes: Mapping[str, str],
    keep: tuple[str, ...],
) -> GraphProto:
    """The three graphs behind each other. Identity nodes carry values across the borders; the runtime
    drops them."""
    outside = signature(network)
    free = [port for port in network.graph.input if port.name not in feeds]
    kept = [port for port in network.graph.output if port.name in keep]
    if post is None and not keep:
        kept = list(network.graph.output)
    _require(feeds, (port.name for port in outside.inputs), "input")
    _require([*takes.values(), *keep], (port.name for port in outside.outputs), "output")
    into = [_wire(value, _PREFIX + name) for name, value in feeds.items()]
    into += [_wire(port.name, _PREFIX + port.name) for port in free]
    out_of = [_wire(_PREFIX + output, name) for name, output in takes.items()]
    out_of += [_wire(_PREFIX + port.name, port.name) for port in kept]
    inner = onnx.compose.add_prefix_graph(network.graph, _PREFIX)
    last = post or GraphProto()
    known = {port.name for port in (*pre.input, *pre.output, *free)} | set(takes)
    inputs = [*pre.input, *free, *(port for port in last.input if port.name not in known)]
    return helper.make_graph(
        [*pre.node, *into, *inner.node, *out_of, *last.node],
        "vidstyle",
        inputs,
        [*last.output, *kept],
        [*pre.initializer, *inner.initializer, *last.initializer],
        sparse_initializer=list(inner.sparse_initializer),
    )


def _saved(graph: GraphProto, network: ModelProto, version: int) -> bytes:
    opsets = [
        helper.make_opsetid(entry.domain, entry.version) for entry in network.opset_import if entry.domain
    ]
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", version), *opsets],
        functions=list(onnx.compose.add_prefix(network, _PREFIX).functions),
        ir_version=network.ir_version,
        producer_name="vidstyle",
    )
    try:
        return bytes(model.SerializeToString())
    except (EncodeError, ValueError) as error:
        raise ModelError("the network is larger than the 2 GB that one ONNX file can hold") from error


def _lifted(model: ModelProto, version: int) -> ModelProto:
    if _opset(model) == version:
        return model
    try:
        lifted = onnx.version_converter.convert_version(model, version)
    except (onnx.version_converter.ConvertError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else "no reason given"
        raise ModelError(
            f"the network (opset {_opset(model)}) cannot be brought to opset {version} ({reason}): "
            "export it again with a newer opset"
        ) from error
    if _opset(model) <= 10:
        keep_sampling(lifted)
    return lifted


def _opset(model: ModelProto) -> int:
    return max(
        (entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=OPSET
    )


def _port(value: ValueInfoProto) -> Port:
    kind = value.type.tensor_type
    dtype = str(helper.tensor_dtype_to_np_dtype(kind.elem_type)) if kind.elem_type else ""
    axes = kind.shape.dim if kind.HasField("shape") else ()
    return Port(value.name, dtype, tuple(axis.dim_value or axis.dim_param or None for axis in axes))


def _wire(source: str, target: str) -> NodeProto:
    return helper.make_node("Identity", [source], [target])


def _require(names: Iterable[str], known: Iterable[str], end: str) -> None:
    have = tuple(known)
    for name in names:
        if name not in have:
            raise ModelError(f"the network has no {end} {name!r}; it has {', '.join(have)}")
