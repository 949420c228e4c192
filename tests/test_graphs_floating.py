"""8-bit networks as networks of floats, which is what a GPU gets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnxruntime import quantization

from vidstyle import cards, segmenters
from vidstyle.device import Session, choose
from vidstyle.graphs import join
from vidstyle.graphs.floating import in_floats

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))

import masks

ROOT = Path(__file__).resolve().parents[1]
CPU = choose("cpu")
Floats = NDArray[np.float32]
NETWORK = """net (float[n, 3, h, w] x) => (float[n, 4, h, w] y) {
    low = Constant<value = float {0.0}>() six = Constant<value = float {1.5}>()
    a = Conv<pads = [1, 1, 1, 1]>(x, first) b = Relu(a)
    c = Conv<pads = [1, 1, 1, 1]>(b, second, bias) d = Add(c, b) e = Clip(d, low, six)
    f = Conv<pads = [1, 1, 1, 1]>(e, third) y = Add(f, e)
}"""


def weights(seed: int) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    shapes = {"first": (4, 3, 3, 3), "second": (4, 4, 3, 3), "third": (4, 4, 3, 3), "bias": (4,)}
    return {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def network(seed: int) -> onnx.ModelProto:
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]>\n{NETWORK}')
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, n) for n, v in weights(seed).items())
    for place, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}{place}"
    return model


class Pictures(quantization.CalibrationDataReader):
    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.rest: Iterator[Floats] = iter(rng.random((8, 1, 3, 16, 24), np.float32))

    def get_next(self) -> dict[str, Floats] | None:
        picture = next(self.rest, None)
        return None if picture is None else {"x": picture}


def quantised(model: onnx.ModelProto, folder: Path, *, per_channel: bool, signed: bool) -> onnx.ModelProto:
    onnx.save(model, folder / "floats.onnx")
    quantization.quantize_static(
        folder / "floats.onnx",
        folder / "bytes.onnx",
        Pictures(1),
        per_channel=per_channel,
        activation_type=quantization.QuantType.QInt8 if signed else quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    return onnx.load(folder / "bytes.onnx")


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), per_channel=st.booleans(), signed=st.booleans())
def test_it_gives_what_it_gave_before_it_was_quantised(
    tmp_path_factory: pytest.TempPathFactory, seed: int, per_channel: bool, signed: bool
) -> None:
    """The quantiser leaves ReLU and Clip to the bounds of the bytes: they must come back."""
    plain = network(seed)
    model = quantised(plain, tmp_path_factory.mktemp("bytes"), per_channel=per_channel, signed=signed)
    assert "Relu" not in kinds(model) and "DequantizeLinear" in kinds(model)
    rounded = Session(model.SerializeToString(), CPU)
    in_floats(model)
    onnx.checker.check_model(model, full_check=True)
    assert not {"QuantizeLinear", "DequantizeLinear"} & set(kinds(model))
    assert not [
        tensor.name for tensor in model.graph.initializer if tensor.data_type != onnx.TensorProto.FLOAT
    ]
    feed = {"x": np.random.default_rng(seed + 1).random((2, 3, 16, 24), np.float32)}
    sessions = (Session(m.SerializeToString(), CPU) for m in (plain, model))
    wanted, floats = (session.run(feed)[0] for session in sessions)
    bytewise = rounded.run(feed)[0]
    span = float(np.ptp(wanted))
    assert np.abs(floats - wanted).mean() < 0.01 * span
    assert np.abs(floats - wanted).mean() < np.abs(bytewise - wanted).mean()


def test_weights_are_their_numbers_times_their_scale() -> None:
    text = """net (float[n, 2, h, w] x) => (float[n, 2, h, w] y) {
        w = DequantizeLinear<axis = 0>(q, scale, zero) y = Conv(x, w)
    }"""
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]>\n{text}')
    numbers = np.array([[[[10]], [[-20]]], [[[30]], [[127]]]], np.int8)
    scale, zero = np.array([0.5, 0.25], np.float32), np.array([0, 7], np.int8)
    given = {"q": numbers, "scale": scale, "zero": zero}
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, n) for n, v in given.items())
    in_floats(model)
    (kept,) = model.graph.initializer
    wanted = [[[[5.0]], [[-10.0]]], [[[5.75]], [[30.0]]]]
    assert kept.name == "w" and np.array_equal(onnx.numpy_helper.to_array(kept), wanted)
    assert kinds(model) == ["Conv"]


def test_a_rounding_that_is_an_output_or_has_a_scale_of_its_own_stays_what_it_is() -> None:
    text = """net (float[n] x, float s) => (uint8[n] rounded, float[n] y) {
        zero = Constant<value = uint8 {0}>() rounded = QuantizeLinear(x, s, zero)
        y = DequantizeLinear(rounded, s, zero)
    }"""
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]>\n{text}')
    in_floats(model)
    onnx.checker.check_model(model, full_check=True)
    feed = {"x": np.array([0.3, 2.6], np.float32), "s": np.array(1.0, np.float32)}
    rounded, y = Session(model.SerializeToString(), CPU).run(feed)
    assert rounded.tolist() == [0, 3] and np.array_equal(y, feed["x"])


def test_what_only_a_branch_takes_stays() -> None:
    text = """net (float[1] x, bool more) => (float[1] y) {
        one = Constant<value = float {1.0}>() zero = Constant<value = uint8 {0}>()
        q = QuantizeLinear(x, one, zero) r = DequantizeLinear(q, one, zero)
        y = If (more) <
            then_branch = grow () => (float[1] big) { p = Cast<to = 1>(q) s = Add(p, step) big = Mul(s, r) },
            else_branch = keep () => (float[1] same) { same = Identity(r) }
        >
    }"""
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]>\n{text}')
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([10.0], np.float32), "step"))
    in_floats(model)
    feed = {"x": np.array([2.2], np.float32)}
    session = Session(model.SerializeToString(), CPU)
    assert np.allclose(session.run(feed | {"more": np.array(True)})[0], 12 * 2.2)
    assert np.allclose(session.run(feed | {"more": np.array(False)})[0], 2.2)


def test_a_network_of_floats_stays_as_it_is() -> None:
    model = network(0)
    before = model.SerializeToString(deterministic=True)
    in_floats(model)
    assert model.SerializeToString(deterministic=True) == before


def test_the_built_in_segmenter_sees_the_same_in_floats(tmp_path: Path) -> None:
    """On a frame of the sample the masks of both, over laptop and all else, are a few thousandths apart."""
    card = cards.load(ROOT / "models/spotter/spotter.toml")
    model = join.read(card.graphs["model"].path)
    assert "QuantizeLinear" in kinds(model)
    in_floats(model)
    assert not {"QuantizeLinear", "DequantizeLinear"} & set(kinds(model))
    onnx.save(model, tmp_path / "spotter.onnx")
    lines = (ROOT / "models/spotter/spotter.toml").read_text().splitlines()
    (tmp_path / "spotter.toml").write_text("\n".join(x for x in lines if not x.startswith("sha256")))
    frame = next(iter(masks.frames(ROOT / "samples/desk.mp4")))
    found = [
        masks.mask_of(segmenters.load(c, CPU, ["laptop"]), frame)
        for c in (card, cards.load(tmp_path / "spotter.toml"))
    ]
    both, either = (found[0] & found[1]).sum(), (found[0] | found[1]).sum()
    assert both / either > 0.98
