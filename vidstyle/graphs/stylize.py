"""A style network between planes: planes -> RGB -> network -> the change, blended into the planes.

One graph does all of it, so that every provider runs the same arithmetic. Every sample becomes

    out = clip(round(in + mask * from_rgb (painted - seen)), 0, top)

where `seen` is the picture that the network got (chroma repeated, clipped to the network's range). Only
the change that the network makes is added: a network that returns its input changes no sample, whatever
lies outside the RGB cube, and mask 0 changes none at all. (What luma has beyond black and white, as
overexposed camera pictures do, would shine through the paint: it fades out with the size of the change.)
The colour matrices are inputs, so one session
serves every matrix, range and depth; strength and the choice to keep colours are folded into `from_rgb`.

Chroma is repeated on the way in and box-averaged on the way back: each undoes the other exactly, and a
wrong guess of the chroma siting cancels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray
from onnx import ModelProto

from vidstyle.errors import ModelError
from vidstyle.graphs.join import join
from vidstyle.types import Port

Network = ModelProto
"""What `join.read` gives: read once, joined once for every kind of planes that comes."""

Block = tuple[int, int]
"""(rows, columns) of luma samples that share one chroma sample."""

_NUMBERS = {"float32": 1, "uint8": 2, "uint16": 4, "float16": 10, "float64": 11}
_WORDS = {"float32": "float", "uint8": "uint8", "uint16": "uint16", "float16": "float16", "float64": "double"}
_NEAREST = 'Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">'


_BEYOND = """above_black = Max(luma_in, black)
  legal = Min(above_black, white)
  beyond = Sub(luma_in, legal)
  moved = Abs(luma_free)
  steep = Mul(moved, slope)
  share = Min(steep, limit)
  dropped = Mul(beyond, share)
  luma_change = Sub(luma_free, dropped)"""


@dataclass(frozen=True, slots=True)
class End:
    """The picture that enters or leaves a style network.

    name: of the graph's input or output. dtype: NumPy's name. low, high: the values of black and white.
    mean, std: in the same units and in the network's channel order, of an input. size: (height, width)
    of a network that takes one size only.
    """

    name: str
    dtype: str = "float32"
    layout: Literal["NCHW", "NHWC", "CHW"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    low: float = 0.0
    high: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size: tuple[int, int] | None = None


def painter(
    network: Network,
    enters: End,
    leaves: End,
    codes: Sequence[Port] = (),
    *,
    fixed: Mapping[str, NDArray[Any]] | None = None,
    wide: bool = False,
    block: Block = (2, 2),
    pool: int = 1,
) -> bytes:
    """The joined graph, as bytes for a session. n is the batch (1 where the network fixes it).

    wide: samples are uint16, else uint8. block: the chroma subsampling. pool: a fixed-size network gets
    the region averaged over pool x pool pixels before the linear resize (against aliasing).
    codes: inputs of the network besides the picture; they become `code0`, `code1`, ...
    fixed: more such inputs, by name, that always have the same value.

    Inputs: y [n, h, w]; u, v [n, h / rows, w / columns]; mask uint8 [n, h, w]; the codes; and float32
    to_rgb [3, 3, 1, 1], offset [3]: seen = to_rgb (y, u, v) + offset, in the units and channel order of
    `enters`; to_luma [1, 3, 1, 1], to_chroma [2, 3, 1, 1]: the way back for differences; and, [1] each,
    top: the largest sample; black, white: of luma; slope, limit: luma beyond them is dropped by the share
    min(slope * |luma change|, limit). The way back and `limit` hold the strength, divided by 255 for the
    mask. Outputs: out_y, out_u, out_v like y, u, v.

    Raises ModelError where the network cannot be joined.
    """
    feeds = {enters.name: "image"} | {port.name: f"code{place}" for place, port in enumerate(codes)}
    samples = "uint16" if wide else "uint8"
    pre = _pre(enters, codes, samples, block, pool)
    post = _post(enters, leaves, samples, block)
    return join(network, pre, post, feeds=feeds, takes={"painted": leaves.name}, fixed=fixed)


def _pre(enters: End, codes: Sequence[Port], samples: str, block: Block, pool: int) -> str:
    extra = "".join(f", {_code(port, place)}" for place, port in enumerate(codes))
    return f"""
pre ({_planes(samples)}, float[3, 3, 1, 1] to_rgb, float[3] offset{extra})
 => (float[n, 3, h, w] seen, {_picture(enters)} image, {_stored(samples)})
<int64[1] axis = {{1}}, float least = {{{enters.low}}}, float most = {{{enters.high}}}>
{{
  y4 = Unsqueeze(y, axis)
  u4 = Unsqueeze(u, axis)
  v4 = Unsqueeze(v, axis)
  uv = Concat<axis = 1>(u4, v4)
  {_stacked(samples, block)}
  raw = Conv(planes, to_rgb, offset)
  clear = Clip(raw, least, most)
  {_entered(enters, pool)}
}}"""


def _planes(samples: str, prefix: str = "") -> str:
    """Declares the three planes."""
    kind = _WORDS[samples]
    return f"{kind}[n, h, w] {prefix}y, {kind}[n, i, j] {prefix}u, {kind}[n, i, j] {prefix}v"


def _stored(samples: str) -> str:
    """Declares the planes as pictures, which both graphs need."""
    return f"{_WORDS[samples]}[n, 1, h, w] y4, {_WORDS[samples]}[n, 2, i, j] uv"


def _picture(end: End) -> str:
    """Type and rank of the picture at one end of the network."""
    return f"{_word(end.dtype, end.name)}[{'c, h, w' if end.layout == 'CHW' else 'b, c, d, e'}]"


def _code(port: Port, place: int) -> str:
    axes = ", ".join(f"code{place}_{axis}" for axis in range(len(port.shape)))
    return f"{_word(port.dtype, port.name)}[{axes}] code{place}"


def _word(dtype: str, name: str) -> str:
    if dtype not in _WORDS:
        raise ModelError(f"{name!r} of the style network is {dtype}; it must be {', '.join(_WORDS)}")
    return _WORDS[dtype]


def _stacked(samples: str, block: Block) -> str:
    """`planes`, float [n, 3, h, w], from y4 and uv. The runtime's nearest Resize takes bytes, which are
    cheaper to repeat than floats, but no 16-bit integers."""
    if block == (1, 1):
        return "stored = Concat<axis = 1>(y4, uv)\n  planes = Cast<to = 1>(stored)"
    scales = f"scales = Constant<value_floats = [1.0, 1.0, {block[0]}.0, {block[1]}.0]>()"
    if samples == "uint8":
        return f"""{scales}
  repeated = {_NEAREST}(uv, , scales)
  stored = Concat<axis = 1>(y4, repeated)
  planes = Cast<to = 1>(stored)"""
    return f"""{scales}
  chroma = Cast<to = 1>(uv)
  repeated = {_NEAREST}(chroma, , scales)
  luma = Cast<to = 1>(y4)
  planes = Concat<axis = 1>(luma, repeated)"""


def _entered(enters: End, pool: int) -> str:
    """From `clear` to `seen`, what the network's number type holds of the picture, and `image`, what
    the network takes."""
    steps = [_held(enters.dtype)]
    if enters.size is not None:
        steps.append(_shrunk(enters.size, pool))
    value = "seen" if enters.size is None else "sized"
    if (enters.mean, enters.std) != ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)):
        steps.append(_normalised(value, enters))
        value = "normal"
    if enters.dtype != "float32":
        steps.append(f"typed = Cast<to = {_NUMBERS[enters.dtype]}>({value})")
        value = "typed"
    steps.append(_laid_out(enters.layout, value))
    return "\n  ".join(steps)


def _held(dtype: str) -> str:
    if dtype == "float16":
        return "half = Cast<to = 10>(clear)\n  seen = Cast<to = 1>(half)"
    return f"seen = {'Round' if dtype == 'uint8' else 'Identity'}(clear)"


def _shrunk(size: tuple[int, int], pool: int) -> str:
    mean = f"AveragePool<kernel_shape = [{pool}, {pool}], strides = [{pool}, {pool}]>"
    return f"""pooled = {mean if pool > 1 else "Identity"}(seen)
  outer = Shape<start = 0, end = 2>(pooled)
  inner = Constant<value_ints = [{size[0]}, {size[1]}]>()
  sizes = Concat<axis = 0>(outer, inner)
  sized = Resize<mode = "linear">(pooled, , , sizes)"""


def _normalised(value: str, enters: End) -> str:
    shape = "shape = Constant<value_ints = [1, 3, 1, 1]>()"
    mean, std = (f"Constant<value_floats = [{', '.join(map(str, v))}]>()" for v in (enters.mean, enters.std))
    return f"""{shape}
  mean3 = {mean}
  mean = Reshape(mean3, shape)
  std3 = {std}
  std = Reshape(std3, shape)
  centred = Sub({value}, mean)
  normal = Div(centred, std)"""


def _laid_out(layout: str, value: str) -> str:
    if layout == "CHW":
        return f"first = Constant<value_ints = [0]>()\n  image = Squeeze({value}, first)"
    return f"image = {'Transpose<perm = [0, 2, 3, 1]>' if layout == 'NHWC' else 'Identity'}({value})"


def _planar(layout: str) -> str:
    """`planar`, NCHW, from `real`."""
    if layout == "CHW":
        return "outside = Constant<value_ints = [0]>()\n  planar = Unsqueeze(real, outside)"
    return f"planar = {'Transpose<perm = [0, 3, 1, 2]>' if layout == 'NHWC' else 'Identity'}(real)"


def _left(enters: End, leaves: End) -> str:
    """From `painted` to `whole`: float, NCHW, size, units and channel order of `seen`."""
    steps = ["real = Cast<to = 1>(painted)", _planar(leaves.layout)]
    value = "planar"
    if enters.size is not None:
        steps.append(f'size = Shape(seen)\n  full = Resize<mode = "linear">({value}, , , size)')
        value = "full"
    if (enters.low, enters.high) != (leaves.low, leaves.high):
        gain = (enters.high - enters.low) / (leaves.high - leaves.low)
        steps.append(_affine(value, gain, enters.low - leaves.low * gain))
        value = "scaled"
    if enters.channels != leaves.channels:
        order = "order = Constant<value_ints = [2, 1, 0]>()"
        steps.append(f"{order}\n  swapped = Gather<axis = 1>({value}, order)")
        value = "swapped"
    return "\n  ".join([*steps, f"whole = Identity({value})"])


def _affine(value: str, gain: float, low: float) -> str:
    return f"""gain = Constant<value_float = {gain!r}>()
  low = Constant<value_float = {low!r}>()
  gained = Mul({value}, gain)
  scaled = Add(gained, low)"""


def _post(enters: End, leaves: End, samples: str, block: Block) -> str:
    whole = block == (1, 1)
    window = f"kernel_shape = [{block[0]}, {block[1]}], strides = [{block[0]}, {block[1]}]"
    mean = "Identity" if whole else f"AveragePool<{window}>"
    return f"""
post (float[n, 3, h, w] seen, {_picture(leaves)} painted, {_stored(samples)}, uint8[n, h, w] mask,
      float[1, 3, 1, 1] to_luma, float[2, 3, 1, 1] to_chroma, float[1] top,
      float[1] black, float[1] white, float[1] slope, float[1] limit)
 => ({_planes(samples, "out_")})
<int64[1] channel = {{1}}, float lowest = {{{enters.low}}}, float highest = {{{enters.high}}}>
{{
  {_left(enters, leaves)}
  bounded = Clip(whole, lowest, highest)
  change = Sub(bounded, seen)
  mask4 = Unsqueeze(mask, channel)
  weight = Cast<to = 1>(mask4)
  luma_in = Cast<to = 1>(y4)
  luma_free = Conv(change, to_luma)
  {_BEYOND}
  {_blended("luma", "weight", samples)}
  out_y = Squeeze(luma_out, channel)
  shared_change = {mean}(change)
  shared_weight = {mean}(weight)
  chroma_change = Conv(shared_change, to_chroma)
  chroma_in = Cast<to = 1>(uv)
  {_blended("chroma", "shared_weight", samples)}
  u_out, v_out = Split<axis = 1>(chroma_out)
  out_u = Squeeze(u_out, channel)
  out_v = Squeeze(v_out, channel)
}}"""


def _blended(name: str, weight: str, kind: str) -> str:
    """`<name>_out`: <name>_in + weight * <name>_change, rounded and clipped."""
    return f"""{name}_part = Mul({name}_change, {weight})
  {name}_sum = Add({name}_in, {name}_part)
  {name}_round = Round({name}_sum)
  {name}_floor = Relu({name}_round)
  {name}_legal = Min({name}_floor, top)
  {name}_out = Cast<to = {_NUMBERS[kind]}>({name}_legal)"""
