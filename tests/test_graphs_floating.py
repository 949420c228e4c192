"""8-bit networks as networks of floats, which is what a GPU gets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnxruntime import quantization
from style_networks import fixed_card, model

from vidstyle import cards, segmenters, stylizers
from vidstyle.device import Device, Session, choose
from vidstyle.graphs import join
from vidstyle.graphs.floating import in_floats
from vidstyle.types import PixelFormat

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))

import masks

ROOT = Path(__file__).resolve().parents[1]
CPU = choose("cpu")
Floats = NDArray[np.float32]
MIDDLE = {
    "relu": "m = Relu(a)",
    "after a sum": "b = Conv<pads = [1, 1, 1, 1]>(a, second, bias) c = Add(a, b) m = Clip(c, nil, top)",
    "both sides": "m = Clip(a, low, high)",
    "after joining": "b = Concat<axis = 0>(a) m = Relu(b)",
    "after normalising": "b = InstanceNormalization(a, ones, bias) m = Relu(b)",
    "after pooling": "b = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(a) m = Relu(b)",
}
"""Ways from `a` to `m` with a ReLU or a Clip that a quantiser leaves to the ends of its numbers."""


def weights(seed: int) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    shapes = {"first": (4, 3, 3, 3), "second": (4, 4, 3, 3), "third": (4, 4, 3, 3), "bias": (4,)}
    drawn = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    bounds = {"nil": 0.0, "top": 1.5, "low": -0.3, "high": 0.3}
    fixed = {name: np.array(bound, np.float32) for name, bound in bounds.items()}
    return drawn | fixed | {"ones": np.ones(4, np.float32)}


def parsed(text: str, opset: int = 17, **tensors: Any) -> onnx.ModelProto:
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]>\n{text}')
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, n) for n, v in tensors.items())
    return model


def network(seed: int, middle: str = MIDDLE["relu"]) -> onnx.ModelProto:
    text = f"""net (float[n, 3, h, w] x) => (float[n, 4, h, w] y) {{
        a = Conv<pads = [1, 1, 1, 1]>(x, first) {middle} y = Conv<pads = [1, 1, 1, 1]>(m, third)
    }}"""
    model = parsed(text, **weights(seed))
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


@pytest.mark.parametrize("middle", MIDDLE.values(), ids=MIDDLE)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**16), per_channel=st.booleans(), signed=st.booleans())
def test_it_gives_what_it_gave_before_it_was_quantised(
    tmp_path_factory: pytest.TempPathFactory, middle: str, seed: int, per_channel: bool, signed: bool
) -> None:
    """The quantiser leaves ReLU and Clip to the ends of its numbers: they must come back."""
    plain = network(seed, middle)
    model = quantised(plain, tmp_path_factory.mktemp("bytes"), per_channel=per_channel, signed=signed)
    assert not {"Relu", "Clip"} & set(kinds(model)) and "DequantizeLinear" in kinds(model)
    rounded = Session(model.SerializeToString(), CPU)
    in_floats(model)
    onnx.checker.check_model(model, full_check=True)
    assert not {"QuantizeLinear", "DequantizeLinear"} & set(kinds(model))
    assert {tensor.data_type for tensor in model.graph.initializer} == {onnx.TensorProto.FLOAT}
    feed = {"x": np.random.default_rng(seed + 1).random((2, 3, 16, 24), np.float32)}
    wanted, floats = (Session(m.SerializeToString(), CPU).run(feed)[0] for m in (plain, model))
    bytewise = rounded.run(feed)[0]
    assert np.abs(floats - wanted).mean() < 0.01 * float(np.ptp(wanted))
    assert np.abs(floats - wanted).mean() < np.abs(bytewise - wanted).mean()


def test_weights_are_their_numbers_times_their_scale() -> None:
    text = """net (float[n, 2, h, w] x) => (float[n, 2, h, w] y) {
        w = DequantizeLinear<axis = 0>(q, scale, zero) y = Conv(x, w)
    }"""
    numbers = np.array([[[[10]], [[-20]]], [[[30]], [[127]]]], np.int8)
    scale, zero = np.array([0.5, 0.25], np.float32), np.array([0, 7], np.int8)
    model = parsed(text, q=numbers, scale=scale, zero=zero)
    in_floats(model)
    (kept,) = model.graph.initializer
    wanted = [[[[5.0]], [[-10.0]]], [[[5.75]], [[30.0]]]]
    assert kept.name == "w" and np.array_equal(onnx.numpy_helper.to_array(kept), wanted)
    assert kinds(model) == ["Conv"]


PAIR = "q = QuantizeLinear(c, s, z) y = DequantizeLinear(q, s, z)"
ROW = "net (float[5] x) => (float[5] y)"
STEP, NIL = np.array(0.02, np.float32), np.array(0, np.uint8)
CASES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "by Constants": (
        f"{ROW} {{ s = Constant<value = float {{0.02}}>() z = Constant<value = uint8 {{0}}>()"
        f" c = Neg(x) {PAIR} }}", 17, {},
    ),
    "no zero": (f"{ROW} {{ q = QuantizeLinear(x, s) y = DequantizeLinear(q, s) }}", 17, {"s": STEP}),
    "two scales": (
        f"{ROW} {{ q = QuantizeLinear(x, s, z) y = DequantizeLinear(q, t, z) }}",
        17, {"s": STEP, "z": NIL, "t": 2 * STEP},
    ),
    "two zeros": (
        f"{ROW} {{ q = QuantizeLinear(x, s, z) y = DequantizeLinear(q, s, v) }}",
        17, {"s": STEP, "z": NIL, "v": np.array(50, np.uint8)},
    ),
    "another type by attribute": (
        f"{ROW} {{ q = QuantizeLinear<output_dtype = 3>(x, s) y = DequantizeLinear(q, s) }}", 21, {"s": STEP},
    ),
    "4 bits": (
        f"{ROW} {{ c = Neg(x) {PAIR} }}", 21,
        {"s": 10 * STEP, "z": np.array(0, onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.INT4))},
    ),
    "float8": (
        f"{ROW} {{ c = Neg(x) {PAIR} }}", 19,
        {"s": 10 * STEP, "z": np.array(0, onnx.helper.tensor_dtype_to_np_dtype(17))},
    ),
    "16 bits": (f"{ROW} {{ c = Neg(x) {PAIR} }}", 21, {"s": STEP, "z": np.array(0, np.uint16)}),
    "half floats": (
        f"{ROW} {{ h = Cast<to = 10>(x) q = QuantizeLinear(h, s, z) d = DequantizeLinear(q, s, z)"
        " y = Cast<to = 1>(d) }",
        19, {"s": STEP.astype(np.float16), "z": NIL},
    ),
    "constant that is rounded": (
        f"{ROW} {{ q = QuantizeLinear(k, s, z) d = DequantizeLinear(q, s, z) y = Add(x, d) }}",
        17, {"k": np.array([0.4, 0.6, -3, 300, 7], np.float32), "s": np.array(1, np.float32), "z": NIL},
    ),
    "blocks": (
        f"{ROW} {{ d = DequantizeLinear<axis = 0, block_size = 3>(k, s) y = Add(x, d) }}",
        21, {"k": np.array([1, 2, 3, 4, 5], np.int8), "s": np.array([1, 10], np.float32)},
    ),
    "one scale a channel": (
        "net (float[2, 3] x) => (float[2, 3] y)"
        " { q = QuantizeLinear<axis = 1>(x, s, z) y = DequantizeLinear<axis = 1>(q, s, z) }",
        17, {"s": np.array([0.01, 0.02, 0.03], np.float32), "z": np.zeros(3, np.uint8)},
    ),
    "a scale that comes in": (
        "net (float[5] x, float s) => (uint8[5] q, float[5] y) {"
        " q = QuantizeLinear(x, s, z) y = DequantizeLinear(q, s, z) }",
        17, {"z": NIL},
    ),
    "numbers that go out": (
        f"net (float[5] x) => (uint8[5] q, float[5] y) {{ c = Neg(x) {PAIR} }}", 17, {"s": STEP, "z": NIL},
    ),
    "two who take it": (
        f"net (float[5] x) => (float[5] y, float[5] v, int32[5] i) {{ c = Neg(x) {PAIR}"
        " v = DequantizeLinear(q, s, z) i = Cast<to = 6>(q) }",
        17, {"s": STEP, "z": NIL},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "opset", "tensors"), CASES.values(), ids=CASES)
def test_it_gives_what_the_rounded_network_gives(text: str, opset: int, tensors: dict[str, Any]) -> None:
    """Within a step, or exactly where the pair has to stay."""
    model = parsed(text, opset, **tensors)
    columns = model.graph.input[0].type.tensor_type.shape.dim
    shape = tuple(axis.dim_value for axis in columns)
    feed = {"x": np.linspace(-3, 9, int(np.prod(shape)), dtype=np.float32).reshape(shape)}
    feed |= {"s": np.array(0.02, np.float32)} if len(model.graph.input) == 2 else {}
    wanted = Session(model.SerializeToString(), CPU).run(feed)
    in_floats(model)
    onnx.checker.check_model(model, full_check=True)
    got = Session(model.SerializeToString(), CPU).run(feed)
    for one, other in zip(wanted, got, strict=True):
        assert one.dtype == other.dtype and np.abs(one.astype(float) - other.astype(float)).max() <= 0.0201


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_only_a_gpu_gets_floats(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[list[str]] = []

    def session(data: bytes, *_: Any, **__: Any) -> Session:
        built.append(kinds(onnx.load_from_string(data)))
        return Session(data, CPU, threads=1)

    for room in ("vidstyle.segmenters.load", "vidstyle.stylizers.paint"):
        monkeypatch.setattr(sys.modules[room], "Session", session)
    rounding = """net (float[n, 3, h, w] image) => (float[n, 3, h, w] out) <float s = {0.1}, uint8 z = {0}> {
        q = QuantizeLinear(image, s, z) out = DequantizeLinear(q, s, z)
    }"""
    segmenters.load(cards.load(ROOT / "models/spotter/spotter.toml"), Device(kind), ["laptop"])
    painter = stylizers.load(fixed_card(tmp_path, model(rounding)), Device(kind), [])
    planes = tuple(np.zeros((1, 8, 8), np.uint8) for _ in range(3))
    painter.paint(planes, np.full((1, 8, 8), 255, np.uint8), PixelFormat("yuv444p", 8, 0, 0, "bt709", False))
    assert ["QuantizeLinear" in names for names in built] == [kind == "cpu"] * 2


def test_what_only_a_branch_takes_stays() -> None:
    text = """net (float[1] x, bool more) => (float[1] y) {
        one = Constant<value = float {1.0}>() zero = Constant<value = uint8 {0}>()
        q = QuantizeLinear(x, one, zero) r = DequantizeLinear(q, one, zero)
        y = If (more) <
            then_branch = grow () => (float[1] big) { p = Cast<to = 1>(q) s = Add(p, step) big = Mul(s, r) },
            else_branch = keep () => (float[1] same) { same = Identity(r) }
        >
    }"""
    model = parsed(text, step=np.array([10.0], np.float32))
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
    """On a frame of the sample the masks differ by less than a fiftieth; the logits are floats in both."""
    card = cards.load(ROOT / "models/spotter/spotter.toml")
    model = join.read(card.graphs["model"].path)
    (last,) = (node for node in model.graph.node if "logits" in node.output)
    assert "QuantizeLinear" in kinds(model) and last.op_type != "DequantizeLinear"
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
