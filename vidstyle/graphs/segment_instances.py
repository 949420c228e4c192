"""The way out of networks that find objects one by one: the union of the wanted objects' masks.

All of them first say how sure they are of each candidate (`kept`, (N, Q), 0 where it is not wanted or not
sure enough). The best few are taken, their masks become margins, the union is the largest margin.
"""

from __future__ import annotations

from collections.abc import Sequence

from vidstyle.graphs.segment import Part, edge, post
from vidstyle.graphs.segment_input import numbers

MOST = 100
"""Objects per frame that are looked at, as in COCO's evaluation."""


def rf_detr(wanted: Sequence[int], threshold: float, *, dtype: str = "float") -> str:
    """From RF-DETR's `labels` (N, Q, C) logits and `masks` (N, Q, h, w) logits (Robinson et al. 2025).

    Each query is one object: there is nothing to suppress and no box to cut with.
    """
    more, choice = chosen()
    last, finish = edge()
    constants = [
        *more,
        *last,
        f"int64[{len(wanted)}] d_wanted = {{{numbers(wanted)}}}",
        f"float d_threshold = {{{float(threshold)!r}}}",
        "int64[1] d_class = {2}",
    ]
    body = f"""d_labels = Cast<to = 1>(labels)
      d_logits = Gather<axis = 2>(d_labels, d_wanted)
      d_each = Sigmoid(d_logits)
      d_scores = ReduceMax<axes = [2], keepdims = 0>(d_each)
      d_over = Greater(d_scores, d_threshold)
      d_sure = Cast<to = 1>(d_over)
      kept = Mul(d_scores, d_sure)
      {choice}d_masks = Cast<to = 1>(masks)
      d_picked = GatherND<batch_dims = 1>(d_masks, index)
      d_shifted = Add(d_picked, absent)
      margin = ReduceMax<axes = [1], keepdims = 1>(d_shifted)
      {finish}"""
    return post([f"{dtype}[a, b, c] labels", f"{dtype}[a, b, e, f] masks"], constants, body)


def mask_rcnn(
    wanted: Sequence[int], threshold: float, *, box_sized: bool, dtype: str = "float", integer: str = "int64"
) -> str:
    """From Mask R-CNN's `boxes` (n, 4), `labels` (n,), `scores` (n,), `masks` (He et al. 2017), one picture.

    masks: probabilities, (n, 1, h, w) of the canvas, or box_sized, (n, 1, 28, 28) of the box. Boxes are
    x1, y1, x2, y2 in pixels of the canvas. n may be 0: an object without a score is put in front.
    """
    more, choice = chosen()
    paste_constants, paste = _paste() if box_sized else ([], "r_pasted = Identity(r_shapes)\n      ")
    last, finish = edge()
    constants = [
        *more, *paste_constants, *last,
        f"float[{len(wanted)}, 1] r_wanted = {{{numbers(map(float, wanted))}}}",
        f"float r_threshold = {{{float(threshold)!r}}}",
        "float[1] r_nothing = {0.0}", "float[1, 4] r_nowhere = {0.0, 0.0, 1.0, 1.0}", "float r_half = {0.5}",
        "int64[1] r_front = {0}", "int64[1] r_flat = {-1}", "int64[3] r_square = {1, 2, 3}",
        "int64[8] r_before = {1, 0, 0, 0, 0, 0, 0, 0}",
    ]  # fmt: skip
    body = f"""r_scored = Cast<to = 1>(scores)
      r_numbers = Cast<to = 1>(labels)
      r_drawn = Cast<to = 1>(masks)
      r_framed = Cast<to = 1>(boxes)
      r_scores = Concat<axis = 0>(r_nothing, r_scored)
      r_labels = Concat<axis = 0>(r_nothing, r_numbers)
      r_masks = Pad(r_drawn, r_before)
      r_boxes = Concat<axis = 0>(r_nowhere, r_framed)
      {kept("r_labels", "r_scores", "r_wanted", "r_threshold", name="r_kept", axis=0)}
      kept = Unsqueeze(r_kept, r_front)
      {choice}r_index = Reshape(index, r_flat)
      r_chosen = Gather(r_masks, r_index)
      r_shapes = Squeeze(r_chosen, c_channel)
      {paste}r_margins = Sub(r_pasted, r_half)
      r_absent = Squeeze(absent, r_front)
      r_each = Add(r_margins, r_absent)
      r_union = ReduceMax<axes = [0], keepdims = 1>(r_each)
      margin = Unsqueeze(r_union, r_front)
      {finish}"""
    inputs = [
        f"{dtype}[a, b] boxes",
        f"{integer}[a] labels",
        f"{dtype}[a] scores",
        f"{dtype}[a, c, d, e] masks",
    ]
    return post(inputs, constants, body)


def _paste() -> Part:
    """Box-sized masks `r_shapes` (k, s, s) to `r_pasted` (k, h, w), at half the canvas.

    Bilinear sampling with zeros around is separable: rows @ mask @ columns, where a row of weights holds
    max(0, 1 - |place in the mask - column|). Two products of matrices instead of a gather per pixel.
    """
    constants = [
        "int64[1] p_rows = {1}", "int64[1] p_columns = {2}", "int64 p_zero = {0}", "int64 p_one = {1}",
        "int64 p_x1 = {0}", "int64 p_y1 = {1}", "int64 p_x2 = {2}", "int64 p_y2 = {3}",
        "int64 p_two = {2}", "float p_double = {2.0}", "float p_half = {0.5}", "float p_least = {0.01}",
    ]  # fmt: skip
    return (
        constants,
        f"""p_taken = Gather(r_boxes, r_index)
      p_more = Add(canvas, p_one)
      p_size = Div(p_more, p_two)
      p_square = Shape<start = 1, end = 3>(r_shapes)
      {_tent("y", "p_zero")}
      {_tent("x", "p_one")}
      p_across = Transpose<perm = [0, 2, 1]>(p_tent_x)
      p_high = MatMul(p_tent_y, r_shapes)
      r_pasted = MatMul(p_high, p_across)
      """,
    )


def _tent(v: str, place: str) -> str:
    """`p_tent_<v>` (k, pixels, s): the weight of each mask row (or column) in each pixel row (column)."""
    return f"""p_count_{v} = Gather(p_size, {place})
      p_cells_{v} = Gather(p_square, {place})
      p_whole_{v} = Gather(canvas, {place})
      p_length_{v} = Cast<to = 1>(p_whole_{v})
      p_pixels_{v} = Cast<to = 1>(p_count_{v})
      p_per_{v} = Div(p_length_{v}, p_pixels_{v})
      p_range_{v} = Range(p_zero, p_count_{v}, p_one)
      p_steps_{v} = Cast<to = 1>(p_range_{v})
      p_centres_{v} = Add(p_steps_{v}, p_half)
      p_at_{v} = Mul(p_centres_{v}, p_per_{v})
      p_low_{v} = Gather<axis = 1>(p_taken, p_{v}1)
      p_high_{v} = Gather<axis = 1>(p_taken, p_{v}2)
      p_long_{v} = Sub(p_high_{v}, p_low_{v})
      p_wide_{v} = Max(p_long_{v}, p_least)
      p_start_{v} = Unsqueeze(p_low_{v}, p_rows)
      p_span_{v} = Unsqueeze(p_wide_{v}, p_rows)
      p_off_{v} = Sub(p_at_{v}, p_start_{v})
      p_share_{v} = Div(p_off_{v}, p_span_{v})
      p_side_{v} = Cast<to = 1>(p_cells_{v})
      p_spot_{v} = Mul(p_share_{v}, p_side_{v})
      p_place_{v} = Sub(p_spot_{v}, p_half)
      p_lone_{v} = Unsqueeze(p_place_{v}, p_columns)
      p_order_{v} = Range(p_zero, p_cells_{v}, p_one)
      p_index_{v} = Cast<to = 1>(p_order_{v})
      p_gap_{v} = Sub(p_lone_{v}, p_index_{v})
      p_away_{v} = Abs(p_gap_{v})
      p_near_{v} = Sub(c_one, p_away_{v})
      p_tent_{v} = Max(p_near_{v}, c_zero)"""


def kept(labels: str, scores: str, wanted: str, threshold: str, *, axis: int, name: str = "kept") -> str:
    """`kept`, or `name`: the score where the label is wanted and the score is above the threshold."""
    return f"""k_round = Round({labels})
      k_same = Equal(k_round, {wanted})
      k_each = Cast<to = 1>(k_same)
      k_wanted = ReduceMax<axes = [{axis}], keepdims = 0>(k_each)
      k_over = Greater({scores}, {threshold})
      k_sure = Cast<to = 1>(k_over)
      k_both = Mul(k_wanted, k_sure)
      {name} = Mul(k_both, {scores})
      """


def chosen() -> Part:
    """From `kept` to `index` (N, k, 1) of the best candidates and `absent` (N, k, 1, 1), 0 for one that
    is there and far below 0 for one that only fills up. k is the most that any frame of the batch has,
    at least 1."""
    constants = ["int64[1] t_last = {-1}", "int64[1] t_least = {1}", f"int64[1] t_most = {{{MOST}}}"]
    constants += ["float t_away = {-1000.0}", "int64[2] t_flat = {2, 3}"]
    return (
        constants,
        """t_present = Greater(kept, c_zero)
      t_ones = Cast<to = 7>(t_present)
      t_counts = ReduceSum<keepdims = 0>(t_ones, c_channel)
      t_count = ReduceMax<keepdims = 0>(t_counts)
      t_some = Max(t_count, t_least)
      t_few = Min(t_some, t_most)
      t_scores, t_index = TopK<axis = 1>(kept, t_few)
      index = Unsqueeze(t_index, t_last)
      t_there = Greater(t_scores, c_zero)
      t_shift = Where(t_there, c_zero, t_away)
      absent = Unsqueeze(t_shift, t_flat)
      """,
    )
