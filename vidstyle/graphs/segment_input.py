"""The way into a segmentation network: 8-bit pictures to the tensor that it was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_EPSILON = 1e-5
_ONNX_TYPES = {"float32": ("float", 1), "float16": ("float16", 10), "uint8": ("uint8", 2)}


@dataclass(frozen=True, slots=True)
class Enter:
    """How pictures enter: value = sample * scale + bias, per channel in the network's order.

    canvas: the (height, width) that the network takes, None where it takes any. Pictures that are
    smaller are centred on it; without one, on the next multiple of `multiple`. pad: the sample (0..255)
    around them. dtype: NumPy's name of what the network takes.
    """

    layout: Literal["NCHW", "NHWC", "CHW"] = "NCHW"
    reverse: bool = False
    scale: tuple[float, float, float] = (1 / 255, 1 / 255, 1 / 255)
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
    canvas: tuple[int, int] | None = None
    multiple: int = 1
    letterbox: bool = False
    pad: int = 114
    dtype: str = "float32"


def enter(how: Enter) -> str:
    """The pre-graph as text.

    Input: pictures uint8 (N, h, w, 3) RGB. Outputs: `image`, and int64 pairs of height and width for
    the way back: `canvas`, the network's size; `before`, the corner of the picture on it; `extent`, the
    size of the picture.
    """
    name, number = _ONNX_TYPES.get(how.dtype, _ONNX_TYPES["float32"])
    axes = {"NCHW": "n, 3, y, x", "NHWC": "n, y, x, 3", "CHW": "3, y, x"}[how.layout]
    constants = [
        *_affine(how),
        f"float in_pad = {{{how.pad}.0}}",
        f"int64[2] in_canvas = {{{numbers(how.canvas or (0, 0))}}}",
        f"int64 in_multiple = {{{how.multiple}}}",
        "int64 in_one = {1}",
        "int64 in_two = {2}",
        "int64[2] in_none = {0, 0}",
        "int64[3] in_reversed = {2, 1, 0}",
        "int64[1] in_first = {0}",
    ]
    return f"""pre (uint8[n, h, w, 3] pictures) => ({name}[{axes}] image, int64[2] canvas, int64[2] before,
        int64[2] extent) <{", ".join(constants)}> {{
      extent = Shape<start = 1, end = 3>(pictures)
      {_placed(how)}
      in_samples = Transpose<perm = [0, 3, 1, 2]>(pictures)
      in_ordered = {"Gather<axis = 1>(in_samples, in_reversed)" if how.reverse else "Identity(in_samples)"}
      in_floats = Cast<to = 1>(in_ordered)
      {_padded(how)}
      {_normalised(how)}
      {_laid_out(how.layout)}
      image = Cast<to = {number}>(in_laid)
    }}"""


def numbers(values: Iterable[float]) -> str:
    """Numbers as a text graph writes them: `1, 2` or `0.5, 1.0`."""
    return ", ".join(repr(value) for value in values)


def _placed(how: Enter) -> str:
    if not how.letterbox:
        return "canvas = Identity(extent)\n      before = Identity(in_none)"
    if how.canvas is not None:
        size = "canvas = Identity(in_canvas)"
    else:
        size = """in_more = Add(extent, in_multiple)
      in_most = Sub(in_more, in_one)
      in_times = Div(in_most, in_multiple)
      canvas = Mul(in_times, in_multiple)"""
    return f"""{size}
      in_rest = Sub(canvas, extent)
      before = Div(in_rest, in_two)
      in_after = Sub(in_rest, before)"""


def _padded(how: Enter) -> str:
    if not how.letterbox:
        return "in_filled = Identity(in_floats)"
    return """in_pads = Concat<axis = 0>(in_none, before, in_none, in_after)
      in_filled = Pad<mode = "constant">(in_floats, in_pads, in_pad)"""


def _alike(how: Enter) -> bool:
    return len({*how.scale}) == 1 and len({*how.bias}) == 1


def _affine(how: Enter) -> list[str]:
    if _alike(how):
        return [f"float in_scale = {{{how.scale[0]!r}}}", f"float in_bias = {{{how.bias[0]!r}}}"]
    rest = f"float[3] in_mean = {{0.0, 0.0, 0.0}}, float[3] in_variance = {{{numbers([1 - _EPSILON] * 3)}}}"
    return [f"float[3] in_scale = {{{numbers(how.scale)}}}, float[3] in_bias = {{{numbers(how.bias)}}}", rest]


def _normalised(how: Enter) -> str:
    """A product and a sum where the channels are alike, else a batch normalisation of mean 0 and variance 1.

    A product with one factor per channel would be moved behind a following transposition by the runtime,
    and there (channels last) it took 14 ms instead of 0.5 for 640 x 640.
    """
    if not _alike(how):
        weights = "in_scale, in_bias, in_mean, in_variance"
        return f"in_shifted = BatchNormalization<epsilon = {_EPSILON!r}>(in_filled, {weights})"
    last = "Add(in_scaled, in_bias)" if any(how.bias) else "Identity(in_scaled)"
    return f"in_scaled = Mul(in_filled, in_scale)\n      in_shifted = {last}"


def _laid_out(layout: str) -> str:
    return {
        "NCHW": "in_laid = Identity(in_shifted)",
        "NHWC": "in_laid = Transpose<perm = [0, 2, 3, 1]>(in_shifted)",
        "CHW": "in_laid = Squeeze(in_shifted, in_first)",
    }[layout]
