"""Tiny style networks of the published signatures, for tests: exact arithmetic, no weights to load.

A fixed network is `image -> out`; an arbitrary pair is `style -> code` and `image, code -> out`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import onnx

from vidstyle.cards.schema import Card, GraphFile, ImageInput, Output

Kind = Literal["identity", "invert"]


def model(text: str) -> bytes:
    """Bytes of a network written as ONNX text."""
    proto = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]>\n{text}')
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def fixed(
    kind: Kind = "identity", *, top: float = 1.0, shape: str = "n, 3, h, w", dtype: str = "float"
) -> bytes:
    """A network with one style: its input, or `top` - its input (Johnson's kind: top 1 or 255)."""
    body = "out = Identity(image)"
    if kind == "invert":
        body = f"t = Constant<value_float = {top}>() like = CastLike(t, image) out = Sub(like, image)"
    return model(f"net ({dtype}[{shape}] image) => ({dtype}[{shape}] out) {{ {body} }}")


def opset7(kind: Kind = "identity", *, top: float = 255.0, shape: str = "n, 3, 48, 64") -> bytes:
    """The same as exporters wrote opset 7: IR 3, weights listed as inputs, pads and slices as attributes."""
    body = (
        'scaled = Mul(image, by) padded = Pad<pads = [0, 0, 1, 1, 0, 0, 1, 1], mode = "reflect">(scaled) '
        "moved = Slice<axes = [2, 3], starts = [1, 1], ends = [-1, -1]>(padded) out = Add(moved, plus)"
    )
    by, plus = (1.0, 0.0) if kind == "identity" else (-1.0, top)
    proto = onnx.parser.parse_model(
        f'<ir_version: 3, opset_import: ["": 7]>\nnet (float[{shape}] image) => (float[{shape}] out) '
        f"<float[1] by = {{{by}}}, float[1] plus = {{{plus}}}> {{ {body} }}"
    )
    for tensor in proto.graph.initializer:
        proto.graph.input.append(
            onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        )
    return bytes(proto.SerializeToString())


def style(axes: int = 2) -> bytes:
    """style -> code: the mean colour, [1, 3] or [1, 3, 1, 1]."""
    last = (
        "code = GlobalAveragePool(style)" if axes == 4 else "m = GlobalAveragePool(style) code = Flatten(m)"
    )
    shape = "1, 3, 1, 1" if axes == 4 else "1, 3"
    return model(f"style (float[1, 3, h, w] style) => (float[{shape}] code) {{ {last} }}")


def apply(axes: int = 2, batch: str = "n") -> bytes:
    """image, code -> the code's colour everywhere."""
    shape = "1, 3, 1, 1" if axes == 4 else "1, 3"
    return model(
        f"apply (float[{batch}, 3, h, w] image, float[{shape}] code) => (float[{batch}, 3, h, w] out) "
        "<int64[4] flat = {1, 3, 1, 1}, float nil = {0.0}> "
        "{ colour = Reshape(code, flat) black = Mul(image, nil) out = Add(black, colour) }"
    )


def file(folder: Path, name: str, data: bytes, enters: dict[str, Any], leaves: dict[str, Any]) -> GraphFile:
    """Writes one network of a card."""
    path = folder / name
    path.write_bytes(data)
    return GraphFile(
        name, hashlib.sha256(data).hexdigest(), path, ImageInput(**enters), Output(**leaves), bytes=len(data)
    )


def fixed_card(folder: Path, data: bytes, enters: dict[str, Any] | None = None, **leaves: Any) -> Card:
    """A card for a network with one style."""
    graph = file(folder, "fixed.onnx", data, enters or {}, leaves)
    return Card("tiny", "style-fixed", "MIT", "tests", {"model": graph})


def arbitrary_card(folder: Path, axes: int = 2, batch: str = "n", **picture: Any) -> Card:
    """A card for the arbitrary pair; `picture` describes the style picture's input."""
    graphs = {
        "style": file(folder, "style.onnx", style(axes), picture, {}),
        "apply": file(folder, "apply.onnx", apply(axes, batch), {}, {}),
    }
    return Card("tiny-pair", "style-arbitrary", "MIT", "tests", graphs)
