"""The way out of YOLO networks with prototype masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vidstyle.graphs.segment import Part, edge, post
from vidstyle.graphs.segment_input import numbers
from vidstyle.graphs.segment_instances import MOST, chosen, kept


def yolo(
    wanted: Sequence[int],
    threshold: float,
    *,
    classes: int,
    coefficients: int,
    features_last: bool = False,
    objectness: bool = False,
    nms: bool = False,
    unit: bool = False,
    prototypes_last: bool = False,
    dtype: str = "float",
    iou: float = 0.7,
) -> str:
    """From YOLO's `detections` and `prototypes` (Jocher et al. 2023; prototypes: Bolya et al. 2019).

    detections: (N, F, A) or, features_last, (N, A, F); F is x, y, w, h of the box (pixels of the canvas,
    or `unit`), [objectness,] class scores, coefficients. nms: rows (N, A, 6 + coefficients) of a graph
    that has suppressed already: x1, y1, x2, y2, score, class, coefficients. prototypes: (N, coefficients,
    h, w) or, prototypes_last, (N, h, w, coefficients). iou: of suppression within one class.
    """
    constants, read = _yolo_rows(wanted) if nms else _yolo_head(wanted, objectness, iou)
    order = "Transpose<perm = [0, 2, 1]>" if nms or features_last else "Identity"
    proto = "Transpose<perm = [0, 3, 1, 2]>" if prototypes_last else "Identity"
    start = f"""y_found = Cast<to = 1>(detections)
      y_columns = {order}(y_found)
      y_drawn = Cast<to = 1>(prototypes)
      y_protos = {proto}(y_drawn)
      """
    more, choice = chosen()
    boxed, cut = _yolo_masks(unit)
    last, finish = edge()
    first = 6 if nms else 4 + int(objectness) + classes
    constants = [
        *constants, *more, *boxed, *last,
        f"float y_threshold = {{{float(threshold)!r}}}",
        "int64[1] y_axis = {1}", "int64[1] y_zero = {0}", "int64[1] y_four = {4}",
        f"int64[1] y_first = {{{first}}}", f"int64[1] y_last = {{{first + coefficients}}}",
    ]  # fmt: skip
    inputs = [f"{dtype}[a, b, c] detections", f"{dtype}[a, d, e, f] prototypes"]
    return post(inputs, constants, start + read + choice + cut + finish)


def _yolo_head(wanted: Sequence[int], objectness: bool, iou: float) -> Part:
    """`boxes` (N, A, 4) as centre and size, `coefficients` (N, A, M), `kept` (N, A), of a bare head.

    Suppression sees each class by itself, so one more class never takes an object away.
    """
    offset = 4 + int(objectness)
    constants = [
        f"int64[{len(wanted)}] y_wanted = {{{numbers(offset + index for index in wanted)}}}",
        "int64[1] y_object = {4}",
        f"int64 y_most = {{{MOST}}}",
        f"float y_iou = {{{iou!r}}}",
        "int64[2] y_pair = {0, 2}",
    ]
    certain = "Gather<axis = 1>(y_columns, y_object)" if objectness else ""
    scores = f"y_certain = {certain}\n      y_scores = Mul(y_classes, y_certain)"
    return (
        constants,
        f"""y_corners = Slice(y_columns, y_zero, y_four, y_axis)
      boxes = Transpose<perm = [0, 2, 1]>(y_corners)
      y_weights = Slice(y_columns, y_first, y_last, y_axis)
      coefficients = Transpose<perm = [0, 2, 1]>(y_weights)
      y_classes = Gather<axis = 1>(y_columns, y_wanted)
      {scores if objectness else "y_scores = Identity(y_classes)"}
      y_picked = NonMaxSuppression<center_point_box = 1>(boxes, y_scores, y_most, y_iou, y_threshold)
      y_pairs = Gather<axis = 1>(y_picked, y_pair)
      y_best = ReduceMax<axes = [1], keepdims = 0>(y_scores)
      y_none = Mul(y_best, c_zero)
      y_sure = GatherND(y_best, y_pairs)
      kept = ScatterND(y_none, y_pairs, y_sure)
      """,
    )


def _yolo_rows(wanted: Sequence[int]) -> Part:
    """The same three of rows that the graph has suppressed."""
    constants = [
        f"float[1, {len(wanted)}, 1] y_wanted = {{{numbers(map(float, wanted))}}}",
        "int64[1] y_two = {2}", "int64 y_score = {4}", "int64[1] y_class = {5}", "float y_half = {0.5}",
    ]  # fmt: skip
    return (
        constants,
        f"""y_low = Slice(y_columns, y_zero, y_two, y_axis)
      y_high = Slice(y_columns, y_two, y_four, y_axis)
      y_sum = Add(y_low, y_high)
      y_centre = Mul(y_sum, y_half)
      y_size = Sub(y_high, y_low)
      y_corners = Concat<axis = 1>(y_centre, y_size)
      boxes = Transpose<perm = [0, 2, 1]>(y_corners)
      y_weights = Slice(y_columns, y_first, y_last, y_axis)
      coefficients = Transpose<perm = [0, 2, 1]>(y_weights)
      y_scores = Gather<axis = 1>(y_columns, y_score)
      y_named = Gather<axis = 1>(y_columns, y_class)
      {kept("y_named", "y_scores", "y_wanted", "y_threshold", axis=1)}""",
    )


def _yolo_masks(unit: bool) -> Part:
    """`margin`: mask logits, or twice the distance (in prototype pixels) into the box where that is less."""
    constants = [
        "int64[1] b_rows = {2}", "int64[1] b_columns = {3}", "int64[3] b_flat = {0, 0, -1}",
        "int64 b_zero = {0}", "int64 b_step = {1}",
        "int64 b_x = {0}", "int64 b_y = {1}", "int64 b_w = {2}", "int64 b_h = {3}",
        "float b_half = {0.5}", "float b_gain = {2.0}",
    ]  # fmt: skip
    scale = "c_one" if unit else "b_canvas"
    return (
        constants,
        f"""b_coefficients = GatherND<batch_dims = 1>(coefficients, index)
      b_boxes = GatherND<batch_dims = 1>(boxes, index)
      b_shape = Shape<start = 2, end = 4>(y_protos)
      b_plain = Reshape(y_protos, b_flat)
      b_products = MatMul(b_coefficients, b_plain)
      b_front = Shape<start = 0, end = 2>(b_products)
      b_full = Concat<axis = 0>(b_front, b_shape)
      b_logits = Reshape(b_products, b_full)
      b_size = Cast<to = 1>(b_shape)
      b_canvas = Cast<to = 1>(canvas)
      b_per = Div(b_size, {scale})
      {_within("x", "b_w", 1)}
      {_within("y", "b_h", 0)}
      b_rx = Unsqueeze(b_in_x, b_rows)
      b_ry = Unsqueeze(b_in_y, b_columns)
      b_inside = Min(b_rx, b_ry)
      b_box = Mul(b_inside, b_gain)
      b_cut = Min(b_logits, b_box)
      b_each = Add(b_cut, absent)
      margin = ReduceMax<axes = [1], keepdims = 1>(b_each)
      """,
    )


def _within(axis: Literal["x", "y"], size: str, place: int) -> str:
    """`b_in_<axis>` (N, k, pixels): how far each pixel's centre lies inside the box along one axis."""
    v = axis
    return f"""b_count_{v} = Gather(b_shape, {"b_y" if place else "b_x"})
      b_steps_{v} = Range(b_zero, b_count_{v}, b_step)
      b_floats_{v} = Cast<to = 1>(b_steps_{v})
      b_at_{v} = Add(b_floats_{v}, b_half)
      b_scale_{v} = Gather(b_per, {"b_y" if place else "b_x"})
      b_lone_{v} = Gather<axis = 2>(b_boxes, b_{v})
      b_long_{v} = Gather<axis = 2>(b_boxes, {size})
      b_mid_{v} = Mul(b_lone_{v}, b_scale_{v})
      b_wide_{v} = Mul(b_long_{v}, b_scale_{v})
      b_reach_{v} = Mul(b_wide_{v}, b_half)
      b_centre_{v} = Unsqueeze(b_mid_{v}, t_last)
      b_limit_{v} = Unsqueeze(b_reach_{v}, t_last)
      b_off_{v} = Sub(b_at_{v}, b_centre_{v})
      b_away_{v} = Abs(b_off_{v})
      b_in_{v} = Sub(b_limit_{v}, b_away_{v})"""
