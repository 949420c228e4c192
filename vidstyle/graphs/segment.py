"""The way out of a segmentation network: one soft mask of the wanted classes.

Every post-graph first makes a margin: above 0 inside, below 0 outside, at the network's own resolution.
Divided by its own slope a margin is a distance to the edge in pixels; that survives enlarging without
steps and gives an edge of the same width whatever the scale of the logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from vidstyle.graphs.segment_input import numbers

Part = tuple[list[str], str]
"""Constants and steps of a piece of a graph."""

EDGE = 1.5
"""Width of the soft edge, in pixels of the mask."""

_FULL = 4.0
"""Margins beyond are as sure as margins get: logits of a probability of 0.98."""

_FAR = 2.0
"""Distances to the edge beyond, in cells of the network's output, need not be known."""

_PLACE = "int64[2] canvas, int64[2] before, int64[2] extent"


def post(inputs: Sequence[str], constants: Sequence[str], body: str) -> str:
    """The text of a post-graph whose `body` makes `soft`, float (N, 1, y, x) of the picture alone."""
    shared = [
        "int64[1] c_channel = {1}",
        "int64[2] c_space = {2, 3}",
        "float c_zero = {0.0}",
        "float c_one = {1.0}",
    ]
    return f"""post ({", ".join([*inputs, _PLACE])}) => (float[n, y, x] mask)
    <{", ".join([*shared, *constants])}> {{
      {body}
      mask = Squeeze(soft, c_channel)
    }}"""


def semantic(
    kind: Literal["logits", "probabilities", "labels"],
    wanted: Sequence[int],
    count: int,
    threshold: float,
    *,
    high: float | None = None,
    seed: int = 1,
    dtype: str = "float",
    rank: int = 4,
    channels_last: bool = False,
) -> str:
    """From `out`, (N, C, h, w) or (N, h, w, C) logits or probabilities, or (N, h, w) or (N, 1, h, w) labels.

    wanted: class indices; count: C. Of logits z the margin is the logit of the wanted classes' softmax
    probability, logsumexp(z[wanted]) - logsumexp(z[others]), less the logit of the threshold. One class
    alone (C = 1) is a logit of its own. Of labels the edge is smoothed by the mean of 3 x 3.
    high: the probability that a part must reach somewhere, else it is left out; None keeps every part.
    seed: the side of the square of cells that must all reach it.
    """
    others = [index for index in range(count) if index not in wanted]
    constants, body = {
        "logits": _of_logits,
        "probabilities": _of_probabilities,
        "labels": _of_labels,
    }[kind](wanted, others, threshold)
    order = "Transpose<perm = [0, 3, 1, 2]>" if channels_last and rank == 4 else "Identity"
    lift = "Unsqueeze(s_out, c_channel)" if rank == 3 else "Identity(s_out)"
    first = f"s_out = {order}(out)\n      s_all = {lift}\n      s_values = Cast<to = 1>(s_all)\n      "
    if high is not None and (others or count == 1):  # of all classes together everything is sure
        scale = logit if kind == "logits" else float
        certain, only = _certain(scale(high) - scale(threshold), seed)
        constants, body = [*constants, *certain], body + only
        more, last = edge("h_limit")
    else:
        more, last = edge()
    return post([f"{dtype}[{', '.join('abcd'[:rank])}] out"], [*constants, *more], first + body + last)


def _certain(gap: float, seed: int) -> Part:
    """Hysteresis (Canny 1986): of `margin` only the connected parts (of eight neighbours) that somewhere, in
    a square of `seed` by `seed` cells or what of it lies in the picture, are more than `gap` above the edge.

    From those places on, the parts are grown inside of the edge until nothing changes any more. `h_limit`
    is what a distance to the edge may be at most: `_FAR` outside on a part that is left out and next to it,
    but for what is next to a part that stays, too.
    """
    constants = [
        f"float h_gap = {{{gap!r}}}",
        f"float h_far = {{{_FAR}}}",
        f"float h_span = {{{2 * _FAR}}}",
        "bool h_begin = {1}",
        "float h_one = {1}",
    ]
    before, behind = (seed - 1) // 2, seed // 2
    pads = [before, before, behind, behind]
    return (
        constants,
        f"""h_above = Greater(margin, c_zero)
      h_inside = Cast<to = 1>(h_above)
      h_beyond = Greater(margin, h_gap)
      h_sure = Cast<to = 1>(h_beyond)
      h_unsure = Sub(h_one, h_sure)
      h_spoiled = MaxPool<kernel_shape = [{seed}, {seed}], pads = {pads}>(h_unsure)
      h_surely = Sub(h_one, h_spoiled)
      h_seeds = Min(h_surely, h_inside)
      h_kept = Loop <body = h_grow (int64 h_step, bool h_go, float[n, 1, h, w] h_now)
        => (bool h_more, float[n, 1, h, w] h_next) {{
        h_wider = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(h_now)
        h_next = Min(h_wider, h_inside)
        h_new = Sub(h_next, h_now)
        h_most = ReduceMax<keepdims = 0>(h_new)
        h_more = Greater(h_most, c_zero)
      }}>(, h_begin, h_seeds)
      h_left = Sub(h_inside, h_kept)
      h_around = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(h_left)
      h_spared = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(h_kept)
      h_lost = Sub(h_around, h_spared)
      h_out = Max(h_lost, c_zero)
      h_down = Mul(h_out, h_span)
      h_limit = Sub(h_far, h_down)
      """,
    )


def _of_logits(wanted: Sequence[int], others: Sequence[int], threshold: float) -> Part:
    constants = [f"float s_cut = {{{logit(threshold)!r}}}"]
    if not others and len(wanted) == 1:
        return constants, "margin = Sub(s_values, s_cut)\n      "
    if not others:
        return [f"float s_sure = {{{_FULL}}}"], _everything()
    constants += [_indices("s_wanted", wanted), _indices("s_others", others)]
    return (
        constants,
        """s_mine = Gather<axis = 1>(s_values, s_wanted)
      s_theirs = Gather<axis = 1>(s_values, s_others)
      s_for = ReduceLogSumExp<axes = [1], keepdims = 1>(s_mine)
      s_against = ReduceLogSumExp<axes = [1], keepdims = 1>(s_theirs)
      s_odds = Sub(s_for, s_against)
      margin = Sub(s_odds, s_cut)
      """,
    )


def _everything() -> str:
    return """s_any = ReduceMax<axes = [1], keepdims = 1>(s_values)
      s_nothing = Mul(s_any, c_zero)
      margin = Add(s_nothing, s_sure)
      """


def _of_probabilities(wanted: Sequence[int], others: Sequence[int], threshold: float) -> Part:  # noqa: ARG001
    return (
        [f"float s_cut = {{{float(threshold)!r}}}", _indices("s_wanted", wanted)],
        """
      s_mine = Gather<axis = 1>(s_values, s_wanted)
      s_share = ReduceSum<keepdims = 1>(s_mine, c_channel)
      margin = Sub(s_share, s_cut)
      """,
    )


def _of_labels(wanted: Sequence[int], others: Sequence[int], threshold: float) -> Part:  # noqa: ARG001
    constants = [
        f"float[1, {len(wanted)}, 1, 1] s_wanted = {{{numbers(map(float, wanted))}}}",
        "float s_half = {0.5}",
    ]
    return (
        constants,
        """s_round = Round(s_values)
      s_same = Equal(s_round, s_wanted)
      s_each = Cast<to = 1>(s_same)
      s_hard = ReduceMax<axes = [1], keepdims = 1>(s_each)
      s_smooth = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(s_hard)
      margin = Sub(s_smooth, s_half)
      """,
    )


def edge(limit: str | None = None) -> Part:
    """From `margin`, (N, 1, h, w), to `soft`: clip(1/2 + distance to the edge / EDGE, 0, 1).

    The slope is the largest step to one of the eight neighbours: right where the margin is straight and
    where it jumps, so that either way the edge lies where bilinear interpolation is 0. limit: a value that
    no distance may exceed.
    """
    within = f"Min(e_clipped, {limit})" if limit else "Identity(e_clipped)"
    constants = [
        f"float e_low = {{{-_FULL}}}",
        f"float e_high = {{{_FULL}}}",
        "float e_flat = {0.001}",
        "float e_half = {0.5}",
        f"float e_near = {{{-_FAR}}}",
        f"float e_far = {{{_FAR}}}",
        f"float e_width = {{{EDGE}}}",
    ]
    return (
        constants,
        f"""e_bounded = Clip(margin, e_low, e_high)
      e_top = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(e_bounded)
      e_turned = Neg(e_bounded)
      e_bottom = MaxPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(e_turned)
      e_rise = Sub(e_top, e_bounded)
      e_fall = Add(e_bottom, e_bounded)
      e_slope = Max(e_rise, e_fall, e_flat)
      e_distance = Div(e_bounded, e_slope)
      e_clipped = Clip(e_distance, e_near, e_far)
      small = {within}
      {enlarged()}
      e_size = Shape<start = 2, end = 4>(small)
      e_from = Cast<to = 1>(e_size)
      e_to = Cast<to = 1>(canvas)
      e_factors = Div(e_to, e_from)
      e_factor = ReduceMean<keepdims = 0>(e_factors)
      e_larger = Max(e_factor, c_one)
      e_gain = Div(e_larger, e_width)
      e_scaled = Mul(large, e_gain)
      e_middle = Add(e_scaled, e_half)
      soft = Clip(e_middle, c_zero, c_one)""",
    )


def enlarged() -> str:
    """`small` (N, 1, h, w) to `large`: bilinear to the canvas, then the letterbox cut away."""
    return """r_batch = Shape<start = 0, end = 2>(small)
      r_sizes = Concat<axis = 0>(r_batch, canvas)
      r_canvas = Resize<mode = "linear", coordinate_transformation_mode = "half_pixel">(small, , , r_sizes)
      r_end = Add(before, extent)
      large = Slice(r_canvas, before, r_end, c_space)"""


def logit(probability: float) -> float:
    """log(p / (1 - p)), finite at 0 and 1."""
    inside = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def _indices(name: str, values: Sequence[int]) -> str:
    return f"int64[{len(values)}] {name} = {{{numbers(values)}}}"
