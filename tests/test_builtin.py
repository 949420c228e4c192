"""The networks that come with vidstyle: small enough for the wheel, sound, and able to do their work."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from vidstyle import cards, segmenters
from vidstyle.device import choose

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))

import half
import masks

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("spotter", "brush")


def files(name: str) -> list[Path]:
    card = cards.load(ROOT / "models" / name / f"{name}.toml")
    return [graph.path for graph in card.graphs.values()]


def test_they_take_12_megabytes_together_at_most() -> None:
    assert sum(path.stat().st_size for name in NAMES for path in files(name)) <= 12_000_000


@pytest.mark.parametrize("name", NAMES)
def test_their_files_are_those_of_their_cards(name: str) -> None:
    cards.verify(cards.load(ROOT / "models" / name / f"{name}.toml"))


def test_the_sample_clip_s_laptop_is_found_and_little_else() -> None:
    """Every tenth frame: overlap with the exact mask, which misses none that a person would not."""
    segmenter = segmenters.load(cards.load(ROOT / "models/spotter/spotter.toml"), choose("cpu"), ["laptop"])
    clip = zip(
        masks.frames(ROOT / "samples/desk.mp4"),
        masks.frames(ROOT / "samples/desk_mask.mkv", "gray"),
        strict=True,
    )
    for frame, truth in list(clip)[::10]:
        found, exact = masks.mask_of(segmenter, frame), truth.to_ndarray() > 127
        assert (found & exact).sum() / (found | exact).sum() > 0.88


def test_a_picture_of_nothing_holds_no_laptop() -> None:
    segmenter = segmenters.load(cards.load(ROOT / "models/spotter/spotter.toml"), choose("cpu"), ["laptop"])
    size = segmenter.picture_size(640, 360)
    ramp = np.linspace(0, 255, size[0]).astype(np.uint8)
    picture = np.broadcast_to(ramp[None, None, :, None], (1, size[1], size[0], 3))
    assert segmenter.masks(np.ascontiguousarray(picture)).max() < 0.5


def test_weights_in_16_bits_take_half_the_bytes_and_come_back(tmp_path: Path) -> None:
    """Large constants are stored short, small ones stay; the graph gives the same within their rounding."""
    weight = np.random.default_rng(0).normal(0, 0.1, (32, 3, 3, 3)).astype(np.float32)
    bias = np.linspace(0, 1, 32, dtype=np.float32)
    kept = [onnx.numpy_helper.from_array(v, n) for n, v in (("weight", weight), ("bias", bias))]
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 16, 16] x) => (float[1, 32, 14, 14] y)'
        " { y = Conv(x, weight, bias) }"
    )
    model.graph.initializer.extend(kept)
    short = onnx.ModelProto()
    short.CopyFrom(model)
    half.store(short.graph)
    onnx.checker.check_model(short, full_check=True)
    path = tmp_path / "short.onnx"
    onnx.save(short, path)
    read = half.read(path)
    assert read.keys() == {"weight", "bias"} and np.array_equal(read["bias"], bias)
    assert np.array_equal(read["weight"], weight.astype(np.float16).astype(np.float32))
    assert path.stat().st_size < 0.65 * len(model.SerializeToString())
    feed = {"x": np.random.default_rng(1).random((1, 3, 16, 16), np.float32)}
    providers = ["CPUExecutionProvider"]
    runs = [onnxruntime.InferenceSession(m.SerializeToString(), providers=providers) for m in (model, short)]
    plain, shortened = (run.run(None, feed)[0] for run in runs)
    assert 0 < np.abs(plain - shortened).max() < 2e-3
