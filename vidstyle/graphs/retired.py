"""What the ONNX version converter cannot lift, in words that it can.

It knows no schema for operators of 2017's experiments that files still hold (Windows ML's), though the
runtime still runs them, and it forgets where Upsample and the first Resize took their samples.
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


def keep_sampling(model: ModelProto) -> None:
    """Up to opset 10 resizing was asymmetric (x / scale, rounded down); 11 made half_pixel the default.
    Says the former, in place, in a model that was lifted from there."""
    for node in model.graph.node:
        known = {attribute.name for attribute in node.attribute}
        if node.op_type == "Resize" and "coordinate_transformation_mode" not in known:
            asymmetric = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
            node.attribute.extend(helper.make_attribute(key, value) for key, value in asymmetric.items())


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
