"""The way out of a matting network: the matte itself, its ends made exact."""

from __future__ import annotations

from typing import Literal

from vidstyle.graphs.segment import enlarged, post

_CUT = 0.05
"""A matte below it is 0, above one minus it 1."""

_LEAST_RANGE = 0.5
"""U2-Net's mattes are stretched to their own range, but never from less than this: in a picture without
an object that would make an object of noise."""


def matte(
    kind: Literal["logits", "probabilities", "labels"],
    threshold: float,
    *,
    channel: int = 0,
    dtype: str = "float",
    rank: int = 4,
    channels: int = 1,
    channels_last: bool = False,
    normalise: bool = False,
) -> str:
    """From `out`, (N, C, h, w) or (N, h, w), to the mask.

    channel: which of two or more channels is the matte (their softmax, where `kind` is "logits").
    normalise: (a - min) / (max - min) per frame, as U2-Net's authors do (Qin et al. 2020).
    The threshold becomes 1/2 on a line that stays straight on both sides and keeps 0 and 1.
    """
    steps = [
        f"m_out = {'Transpose<perm = [0, 3, 1, 2]>' if channels_last and rank == 4 else 'Identity'}(out)",
        f"m_all = {'Unsqueeze(m_out, c_channel)' if rank == 3 else 'Identity(m_out)'}",
        "m_values = Cast<to = 1>(m_all)",
        f"m_shares = {_shares(kind, channels)}",
        "m_alpha = Gather<axis = 1>(m_shares, m_channel)",
        _normalised() if normalise else "small = Identity(m_alpha)",
        enlarged(),
        _centred(threshold),
    ]
    middle = min(max(threshold, 0.01), 0.99)
    constants = [
        f"int64[1] m_channel = {{{channel}}}",
        f"float m_least = {{{_LEAST_RANGE}}}",
        f"float m_middle = {{{middle!r}}}",
        f"float m_below = {{{0.5 / middle!r}}}",
        f"float m_above = {{{0.5 / (1 - middle)!r}}}",
        "float m_half = {0.5}",
        f"float m_cut = {{{_CUT}}}",
        f"float m_span = {{{1 - 2 * _CUT!r}}}",
    ]
    return post([f"{dtype}[{', '.join('abcd'[:rank])}] out"], constants, "\n      ".join(steps))


def _shares(kind: str, channels: int) -> str:
    if kind != "logits":
        return "Identity(m_values)"
    return "Sigmoid(m_values)" if channels == 1 else "Softmax<axis = 1>(m_values)"


def _normalised() -> str:
    return """m_top = ReduceMax<axes = [1, 2, 3], keepdims = 1>(m_alpha)
      m_bottom = ReduceMin<axes = [1, 2, 3], keepdims = 1>(m_alpha)
      m_range = Sub(m_top, m_bottom)
      m_enough = Max(m_range, m_least)
      m_raised = Sub(m_alpha, m_bottom)
      small = Div(m_raised, m_enough)"""


def _centred(threshold: float) -> str:
    return f"""m_under = Mul(large, m_below)
      m_beyond = Sub(large, m_middle)
      m_rest = Mul(m_beyond, m_above)
      m_over = Add(m_rest, m_half)
      m_bent = {"Min" if threshold <= 0.5 else "Max"}(m_under, m_over)
      m_lowered = Sub(m_bent, m_cut)
      m_stretched = Div(m_lowered, m_span)
      soft = Clip(m_stretched, c_zero, c_one)"""
