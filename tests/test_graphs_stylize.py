"""The joined graph: its ends, what it takes, and how it grows with the network's opset."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from style_networks import fixed

from vidstyle.device import Session, choose
from vidstyle.errors import ModelError
from vidstyle.graphs import join
from vidstyle.graphs.stylize import Block, End, painter
from vidstyle.types import Port

BLOCKS: list[Block] = [(1, 1), (2, 2), (1, 2), (2, 1), (1, 4), (4, 4)]


def built(network: bytes, wide: bool = False, block: Block = (2, 2), **enters: Any) -> Session:
    ends = End("image", **enters), End("out")
    model = painter(join.read(network), *ends, wide=wide, block=block)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    return Session(model, choose("cpu"), threads=1)


def feeds(wide: bool, block: Block, height: int = 8, width: int = 16) -> dict[str, NDArray[Any]]:
    values = np.random.default_rng(0)
    kind, top = (np.uint16, 1023) if wide else (np.uint8, 255)

    def plane(rows: int, columns: int) -> NDArray[np.generic]:
        return values.integers(0, top + 1, (2, height // rows, width // columns)).astype(kind)

    return {
        "y": plane(1, 1),
        "u": plane(*block),
        "v": plane(*block),
        "mask": np.full((2, height, width), 255, np.uint8),
        "to_rgb": (np.eye(3, dtype=np.float32) / top)[:, :, None, None],
        "offset": np.zeros(3, np.float32),
        "to_luma": (np.eye(3, dtype=np.float32) * top / 255)[:1, :, None, None],
        "to_chroma": (np.eye(3, dtype=np.float32) * top / 255)[1:, :, None, None],
        **{name: np.array([top], np.float32) for name in ("top", "white")},
        **{name: np.zeros(1, np.float32) for name in ("black", "slope", "limit")},
    }


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("block", BLOCKS)
def test_every_subsampling_and_width(block: Block, wide: bool) -> None:
    session = built(fixed("invert"), wide, block)
    given = feeds(wide, block)
    out = session.run(given)
    assert [port.name for port in session.signature.outputs] == ["out_y", "out_u", "out_v"]
    for name, plane in zip("yuv", out, strict=True):
        assert plane.dtype == (np.uint16 if wide else np.uint8)
        assert np.array_equal(plane, (1023 if wide else 255) - np.asarray(given[name]))


@pytest.mark.parametrize("opset", range(8, onnx.defs.onnx_opset_version() + 1))
def test_networks_of_every_opset_are_joined(opset: int) -> None:
    model = onnx.parser.parse_model(
        f'<ir_version: 4, opset_import: ["": {opset}]>\n'
        "net (float[n, 3, h, w] image) => (float[n, 3, h, w] out) { out = Relu(image) }"
    )
    data = painter(join.read(model), End("image"), End("out", layout="NCHW"))
    assert max(17, opset) == onnx.load_from_string(data).opset_import[0].version


def test_runs_at_the_newest_opset_of_the_runtime() -> None:
    model = onnx.load_from_string(fixed("invert"))
    model = onnx.version_converter.convert_version(model, 22)
    session = built(model.SerializeToString(), size=(4, 8), mean=(0.1, 0.2, 0.3), low=0.0, high=1.0)
    assert len(session.run(feeds(False, (2, 2)))) == 3


def test_a_code_keeps_its_type_and_rank() -> None:
    network = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 17]>\n'
        "net (float[n, 3, h, w] image, float16[1, 7, 1, 1] y) => (float[n, 3, h, w] out) "
        "{ out = Relu(image) }"
    )
    code = Port("y", "float16", (1, 7, 1, 1))
    data = painter(join.read(network), End("image"), End("out"), [code])
    found = {port.name: port for port in join.signature(onnx.load_from_string(data)).inputs}
    assert found["code0"].dtype == "float16"
    assert len(found["code0"].shape) == 4
    assert found["y"].dtype == "uint8"


def test_a_fixed_code_is_no_input_and_gives_the_same() -> None:
    network = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 17]>\n'
        "net (float[n, 3, h, w] image, float[1, 3, 1, 1] code) => (float[n, 3, h, w] out) "
        "<float[3, 3, 1, 1] mix = {0.5, 0.2, 0.1, 0.3, 0.4, 0.0, 0.1, 0.1, 0.6}> "
        "{ mixed = Conv(image, mix) out = Mul(mixed, code) }"
    )
    code = np.array([0.5, 1.0, 0.25], np.float32).reshape(1, 3, 1, 1)
    port, ends = Port("code", "float32", (1, 3, 1, 1)), (End("image"), End("out"))
    free = Session(painter(network, *ends, [port]), choose("cpu"))
    bound = Session(painter(network, *ends, fixed={"code": code}), choose("cpu"))
    given = feeds(False, (2, 2))
    assert "code0" not in {port.name for port in bound.signature.inputs}
    for one, other in zip(free.run(given | {"code0": code}), bound.run(given), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(ModelError, match="no input 'colour'"):
        painter(network, *ends, fixed={"colour": code})


def test_a_type_that_no_picture_has_is_refused() -> None:
    with pytest.raises(ModelError, match="'image' of the style network is int64"):
        painter(join.read(fixed()), End("image", dtype="int64"), End("out"))


def test_a_wrong_name_is_refused() -> None:
    with pytest.raises(ModelError, match="no output 'picture'"):
        painter(join.read(fixed()), End("image"), End("picture"))
