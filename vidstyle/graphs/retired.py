"""Operators of 2017's experiments that files still hold (Windows ML's), in words of opset 7.

The ONNX version converter knows no schema for them, though the runtime still runs them.
"""

from __future__ import annotations

from typing import Any

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

_LAST = 2**31 - 1


def modernise(model: ModelProto) -> None:
    """Rewrites ImageScaler, Affine and Crop of opsets up to 9 in place."""
    if any(entry.domain == "" and entry.version > 9 for entry in model.opset_import):
        return
    nodes = [new for node in model.graph.node for new in _modern(node, model.graph)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _modern(node: NodeProto, graph: GraphProto) -> list[NodeProto]:
    given = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if node.op_type == "ImageScaler":  # scale * x + bias[channel]
        return _affine(node, given.get("scale", 1.0), given.get("bias", [0.0]), graph)
    if node.op_type == "Affine":
        return _affine(node, given.get("alpha", 1.0), [given.get("beta", 0.0)], graph)
    if node.op_type == "Crop":
        return [_cropped(node, given)]
    copy = NodeProto()
    copy.CopyFrom(node)
    return [copy]


def _affine(node: NodeProto, scale: float, bias: list[float], graph: GraphProto) -> list[NodeProto]:
    target, kind = node.output[0], TensorProto.FLOAT
    graph.initializer.append(helper.make_tensor(f"{target}/scale", kind, [], [scale]))
    graph.initializer.append(helper.make_tensor(f"{target}/bias", kind, [1, len(bias), 1, 1], bias))
    return [
        helper.make_node("Mul", [node.input[0], f"{target}/scale"], [f"{target}/scaled"]),
        helper.make_node("Add", [f"{target}/scaled", f"{target}/bias"], [target]),
    ]


def _cropped(node: NodeProto, given: dict[str, Any]) -> NodeProto:
    """Crop: border is left, top, right, bottom; scale, where it is given, is height, width."""
    left, top, right, bottom = given["border"]
    ends = [-bottom or _LAST, -right or _LAST]
    if "scale" in given:
        ends = [top + given["scale"][0], left + given["scale"][1]]
    return helper.make_node("Slice", node.input, node.output, axes=[2, 3], starts=[top, left], ends=ends)
