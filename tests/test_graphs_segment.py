"""Joining graphs, rewriting retired operators, and the edge that all masks share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper

from vidstyle.device import Session, choose
from vidstyle.errors import ModelError
from vidstyle.graphs import segment, segment_input
from vidstyle.graphs.join import join, read, signature

CPU = choose("cpu")
DOUBLE = "net (float[n] x, float[1] gain) => (float[n] y, float[n] z) { y = Mul(x, gain) z = Add(x, gain) }"


def model(text: str, opset: int = 17) -> onnx.ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]>\n{text}')


def run(data: bytes, **feeds: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    return Session(data, CPU).run(feeds)


@pytest.mark.parametrize("opset", [9, 13, 17, 21])
def test_pre_network_and_post_share_inputs(opset: int) -> None:
    pre = "pre (uint8[n] p) => (float[n] x, int64[1] size) { x = Cast<to = 1>(p) size = Shape(p) }"
    post = """post (float[n] y, uint8[n] p, int64[1] size, float[1] bias) => (float[n] out) {
        q = Cast<to = 1>(p) s = Cast<to = 1>(size) a = Add(y, q) b = Add(a, s) c = Add(b, bias)
        m = ReduceMax<axes = [0], keepdims = 1>(c) out = Add(m, c) }"""
    data = join(model(DOUBLE, opset), pre, post, feeds={"x": "x"}, takes={"y": "y"}, keep=["z"])
    told = signature(data)
    assert [port.name for port in told.inputs] == ["p", "gain", "bias"]
    assert [port.name for port in told.outputs] == ["out", "z"]
    p, gain, bias = np.array([1, 2], np.uint8), np.array([10], np.float32), np.array([0.5], np.float32)
    out, z = run(data, p=p, gain=gain, bias=bias)
    assert np.array_equal(out, np.array([13.5, 24.5]) + 24.5) and np.array_equal(z, [11, 12])


def test_without_texts_a_network_is_itself() -> None:
    told = signature(join(model(DOUBLE)))
    assert [port.name for port in told.inputs] == ["x", "gain"]
    assert [(port.name, port.dtype, port.shape) for port in told.outputs] == [
        ("y", "float32", ("n",)),
        ("z", "float32", ("n",)),
    ]


def test_names_inside_do_not_clash() -> None:
    pre = "pre (float[n] x) => (float[n] out) { y = Neg(x) out = Neg(y) }"
    post = "post (float[n] z) => (float[n] x2) { weight = Neg(z) x2 = Neg(weight) }"
    data = join(model(DOUBLE), pre, post, feeds={"x": "out"}, takes={"z": "y"})
    one = np.ones(2, np.float32)
    assert np.array_equal(run(data, x=one, gain=one[:1] * 3)[0], [3, 3])


def test_what_cannot_be_joined_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no input 'image'; it has x, gain"):
        join(model(DOUBLE), "pre (float[n] a) => (float[n] b) { b = Neg(a) }", feeds={"image": "b"})
    with pytest.raises(ModelError, match="no output 'w'; it has y, z"):
        join(model(DOUBLE), keep=["w"])
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    with pytest.raises(ModelError, match=r"text\.onnx is not an ONNX model"):
        read(text)
    with pytest.raises(ModelError, match=r"none\.onnx cannot be read"):
        read(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match="is not an ONNX model"):
        read(b"")


def test_what_cannot_be_lifted_is_said() -> None:
    nodes = [helper.make_node("GRUUnit", ["x"], ["y"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "old", ends[:1], ends[1:])
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 7)])
    with pytest.raises(ModelError, match=r"opset 7\) cannot be brought to opset 17 .* newer opset$"):
        join(old)


def test_a_new_operator_s_network_is_not_lowered() -> None:
    data = join(model(DOUBLE, 20), "pre (float[n] a) => (float[n] b) { b = Neg(a) }", feeds={"x": "b"})
    assert onnx.load_from_string(data).opset_import[0].version == 20


def test_operators_of_2017_are_rewritten() -> None:
    nodes = [
        helper.make_node("ImageScaler", ["x"], ["s"], scale=2.0, bias=[1.0, 2.0, 3.0]),
        helper.make_node("Crop", ["s"], ["c"], border=[1, 2, 0, 1]),
        helper.make_node("Affine", ["c"], ["y"], alpha=3.0, beta=0.5),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, None, None])
        for name in ("x", "y", "weight")
    ]
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [1, 3, 1, 1], [0.0, 0.0, 0.0])
    graph = helper.make_graph(nodes, "old", [ends[0], ends[2]], [ends[1]], [weight])
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 7)], ir_version=3)
    data = join(
        old, post="post (float[a, b, c, d] y) => (float[a, b, c, d] out) { out = Neg(y) }", takes={"y": "y"}
    )
    assert [port.name for port in signature(data).inputs] == ["x"]
    x = np.random.default_rng(0).random((1, 3, 6, 5), np.float32)
    bias = np.array([1, 2, 3], np.float32)[:, None, None]
    assert np.allclose(run(data, x=x)[0], -((2 * x + bias)[:, :, 2:-1, 1:] * 3 + 0.5), atol=1e-5)


@pytest.mark.parametrize("mode", ["linear", "nearest"])
@pytest.mark.parametrize(("operator", "opset"), [("Upsample", 9), ("Resize", 10)])
def test_old_enlarging_takes_its_samples_where_it_did(mode: str, operator: str, opset: int) -> None:
    old = model(
        f"""net (float[1, 1, 4, 5] x) => (float[1, 1, y, z] out) {{
        by = Constant<value = float[4] {{1.0, 1.0, 2.0, 3.0}}>()
        out = {operator}<mode = "{mode}">(x, by) }}""",
        opset,
    )
    x = np.random.default_rng(0).random((1, 1, 4, 5), np.float32)
    expected = Session(old.SerializeToString(), CPU).run({"x": x})[0]
    assert np.array_equal(run(join(old), x=x)[0], expected)


IDENTITY = "net (float[a, b, c, d] image) => (float[a, b, c, d] out) { out = Identity(image) }"


def entered(how: segment_input.Enter, pictures: NDArray[np.uint8]) -> list[NDArray[np.generic]]:
    axes = "e, f, g" if how.layout == "CHW" else "a, e, f, g"
    dtype = {"float32": "float"}.get(how.dtype, how.dtype)
    place = "int64[2] canvas, int64[2] before, int64[2] extent"
    network = model(f"net ({dtype}[{axes}] image) => ({dtype}[{axes}] out) {{ out = Identity(image) }}")
    post = f"""post ({dtype}[{axes}] out, {place})
        => ({dtype}[{axes}] o, int64[2] c, int64[2] b, int64[2] x) {{
        o = Identity(out) c = Identity(canvas) b = Identity(before) x = Identity(extent) }}"""
    data = join(network, segment_input.enter(how), post, feeds={"image": "image"}, takes={"out": "out"})
    return run(data, pictures=pictures)


@settings(max_examples=20, deadline=None)
@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    layout=st.sampled_from(["NCHW", "NHWC", "CHW"]),
    reverse=st.booleans(),
    multiple=st.sampled_from([1, 8, 32]),
    fixed=st.booleans(),
)
def test_pictures_enter_as_the_card_says(
    size: tuple[int, int], layout: str, reverse: bool, multiple: int, fixed: bool
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, *size, 3), dtype=np.uint8)
    how = segment_input.Enter(
        layout=layout,  # type: ignore[arg-type]
        reverse=reverse,
        scale=(0.5, 1.0, 2.0),
        bias=(-1.0, 0.0, 1e-7),
        canvas=(20, 20) if fixed else None,
        multiple=multiple,
        letterbox=True,
    )
    image, canvas, before, extent = entered(how, pixels)
    high, wide = (20, 20) if fixed else (-(-side // multiple) * multiple for side in size)
    assert canvas.tolist() == [high, wide] and extent.tolist() == list(size)
    top, left = (high - size[0]) // 2, (wide - size[1]) // 2
    assert before.tolist() == [top, left]
    full = np.full((high, wide, 3), 114, np.float32)
    full[top : top + size[0], left : left + size[1]] = pixels[0, :, :, ::-1] if reverse else pixels[0]
    expected = full * np.float32((0.5, 1, 2)) + np.float32((-1, 0, 1e-7))
    turned = {
        "NHWC": expected[None],
        "NCHW": expected.transpose(2, 0, 1)[None],
        "CHW": expected.transpose(2, 0, 1),
    }
    assert np.allclose(image, turned[layout], atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "uint8"])
def test_other_types_enter_too(dtype: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3), dtype=np.uint8)
    image, *_ = entered(segment_input.Enter(layout="NHWC", scale=(1.0, 1.0, 1.0), dtype=dtype), pixels)
    assert image.dtype == dtype and np.array_equal(image, pixels)


def left(out: NDArray[np.float32], size: tuple[int, int], text: str) -> NDArray[np.generic]:
    """The mask of a picture of that size, from what a network gave."""
    network = model(IDENTITY)
    pre = """pre (float[a, b, c, d] seen, int64[2] size) => (float[a, b, c, d] image, int64[2] canvas,
        int64[2] before, int64[2] extent) <int64[2] none = {0, 0}>
        { image = Identity(seen) canvas = Identity(size) extent = Identity(size) before = Identity(none) }"""
    data = join(network, pre, text, feeds={"image": "image"}, takes={"out": "out"})
    return run(data, seen=out, size=np.array(size, np.int64))[0]


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2])
def test_an_edge_is_as_wide_whatever_the_scale_of_the_logits(scale: float, angle: float) -> None:
    y, x = np.mgrid[:24, :32].astype(np.float32)
    logits = scale * ((x - 16) * np.cos(angle) + (y - 12) * np.sin(angle))
    mask = left(logits[None, None].astype(np.float32), (96, 128), segment.semantic("logits", [0], 1, 0.5))[0]
    length = 96 / np.cos(angle) if angle < 0.8 else 128 / np.sin(angle)
    assert 1 <= ((mask > 0) & (mask < 1)).sum() / length <= 3
    v, u = (np.mgrid[:96, :128] + 0.5) / 4 - 0.5
    distance = (u - 16) * np.cos(angle) + (v - 12) * np.sin(angle)
    assert (mask[distance > 0.6] == 1).all() and (mask[distance < -0.6] == 0).all()
    assert ((mask >= 0.5) == (distance >= 0))[np.abs(distance) > (0.5 if scale > 1 else 0.13)].all()


def test_logits_are_compared_as_softmax_does() -> None:
    logits = np.random.default_rng(1).normal(0, 3, (2, 7, 5, 6)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    for threshold in (0.2, 0.5, 0.9):
        mask = left(logits, (5, 6), segment.semantic("logits", [1, 4], 7, threshold))
        odds = left(
            shares.astype(np.float32), (5, 6), segment.semantic("probabilities", [1, 4], 7, threshold)
        )
        expected = shares[:, [1, 4]].sum(1) > threshold
        assert np.array_equal(mask > 0.5, expected) and np.array_equal(odds > 0.5, expected)
