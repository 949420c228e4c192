"""Semantic networks and mattes: exact masks of tiny networks of the published signatures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import networks
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import CLASSES, GRAY, GREEN, RED, covers, picture

from vidstyle import device, segmenters
from vidstyle.device import choose
from vidstyle.errors import ModelError, UsageError
from vidstyle.graphs import join, segment
from vidstyle.types import Segmenter

CPU = choose("cpu")


def semantic(folder: Path, image: dict[str, Any] | None = None, kind: str = "logits", **how: Any) -> Any:
    layout = "NHWC" if str(how.get("shape", "")).endswith("3") else "NCHW"
    network = networks.semantic(kind=kind, **how)
    given = {"layout": layout} | (image or {})
    return networks.write(
        folder, "tiny", network, "semantic", CLASSES, given, {"layout": layout, "kind": kind}
    )


def one(segmenter: Segmenter, pictures: np.ndarray) -> np.ndarray:
    (mask,) = segmenter.masks(pictures)
    assert mask.dtype == np.float32
    return mask


@pytest.mark.parametrize("kind", ["logits", "probabilities"])
@pytest.mark.parametrize("shape", ["n, 3, h, w", "1, 3, 24, 32", "n, h, w, 3", "4, 24, 32, 3"])
def test_red_is_painted_and_nothing_else(tmp_path: Path, kind: str, shape: str) -> None:
    segmenter = segmenters.load(semantic(tmp_path, kind=kind, shape=shape), CPU, ["laptop"])
    seen = picture(24, 32, (4, 6, 20, 16))
    assert covers(one(segmenter, seen), (seen[0] == RED).all(2), rim=1)


def test_labels_have_a_soft_edge_of_two_pixels(tmp_path: Path) -> None:
    segmenter = segmenters.load(semantic(tmp_path, kind="labels"), CPU, ["laptop"])
    mask = one(segmenter, picture(24, 32, (8, 0, 32, 24)))
    assert np.allclose(mask[12, 6:11], [0, 1 / 6, 5 / 6, 1, 1]) and not mask[:, :7].any()
    assert mask[:, 9:].min() == 1


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_a_coarse_network_s_edge_is_as_narrow_and_in_its_place(tmp_path: Path, stride: int) -> None:
    segmenter = segmenters.load(semantic(tmp_path, stride=stride), CPU, ["laptop"])
    mask = one(segmenter, picture(64, 96, (32, 16, 96, 64)))
    assert mask.shape == (64, 96)
    row = mask[48]
    assert not row[:30].any() and (row[34:] == 1).all()
    assert row[31] < 0.5 < row[32] and np.isclose(row[31] + row[32], 1)


def test_several_classes_are_their_union(tmp_path: Path) -> None:
    card = semantic(tmp_path)
    seen = picture(24, 32, (2, 2, 10, 10))
    seen[:, 12:20, 12:28] = GREEN
    masks = [
        one(segmenters.load(card, CPU, names), seen) for names in (["laptop"], ["cup"], ["cups", "laptop"])
    ]
    assert np.array_equal(np.maximum(*masks[:2]), masks[2]) and (masks[2] > 0.5).sum() == 64 + 128
    assert one(segmenters.load(card, CPU, CLASSES), seen).min() == 1


def test_the_threshold_is_a_probability(tmp_path: Path) -> None:
    card = semantic(tmp_path)
    seen = picture(8, 8, colour=GRAY)
    seen[:] = (200, 0, 0)  # logit 10 * 200 / 255 - 5 = 2.84 against 0 and -12.8: probability 0.945
    assert one(segmenters.load(card, CPU, ["laptop"], threshold=0.93), seen).min() == 1
    assert one(segmenters.load(card, CPU, ["laptop"], threshold=0.96), seen).max() == 0


@pytest.mark.parametrize(
    ("how", "dtype"),
    [
        ({"range": "0..255", "mean": (0.0, 0.0, 0.0), "std": (255.0, 255.0, 255.0)}, "float"),
        ({"range": "-1..1", "mean": (-1.0, -1.0, -1.0), "std": (2.0, 2.0, 2.0)}, "float"),
        ({}, "float16"),
    ],
)
def test_every_range_is_the_same_picture(tmp_path: Path, how: dict[str, Any], dtype: str) -> None:
    segmenter = segmenters.load(semantic(tmp_path, how, dtype=dtype), CPU, ["laptop"])
    seen = picture(24, 32, (4, 6, 20, 16))
    assert covers(one(segmenter, seen), (seen[0] == RED).all(2), rim=1)


def test_bgr_networks_see_blue_where_red_was(tmp_path: Path) -> None:
    segmenter = segmenters.load(semantic(tmp_path, {"channels": "BGR"}), CPU, ["laptop"])
    assert one(segmenter, picture(8, 8, (0, 0, 8, 8), colour=(0, 0, 255))).min() == 1
    assert one(segmenter, picture(8, 8, (0, 0, 8, 8))).max() == 0


def test_a_letterbox_is_filled_and_cut_away(tmp_path: Path) -> None:
    how = {"size": (32, 32), "resize": "letterbox", "pad": 0}
    segmenter = segmenters.load(semantic(tmp_path, how, shape="1, 3, 32, 32"), CPU, ["laptop"])
    assert segmenter.picture_size(1280, 720) == (32, 18) and segmenter.picture_size(90, 160) == (18, 32)
    seen = picture(18, 32, (0, 0, 16, 18))
    assert covers(one(segmenter, seen), (seen[0] == RED).all(2), rim=1)


@pytest.mark.parametrize(
    ("how", "frame", "size"),
    [
        ({"size": (360, 640)}, (1920, 1080), (640, 360)),
        ({"side": 512, "multiple": 32}, (1920, 1080), (512, 288)),
        ({"side": 512, "multiple": 32}, (1080, 1920), (288, 512)),
        ({"side": 512, "multiple": 32}, (4000, 20), (512, 32)),
        ({"multiple": 8}, (641, 355), (640, 352)),
        ({}, (641, 355), (641, 355)),
        ({"side": 512, "multiple": 32, "resize": "letterbox"}, (1920, 1080), (512, 288)),
        ({"side": 100, "multiple": 32, "resize": "letterbox"}, (200, 101), (100, 50)),
    ],
)
def test_the_picture_s_size(
    tmp_path: Path, how: dict[str, Any], frame: tuple[int, int], size: tuple[int, int]
) -> None:
    assert segmenters.load(semantic(tmp_path, how), CPU, ["laptop"]).picture_size(*frame) == size


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_letterbox_of_any_size_changes_nothing(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    size = data.draw(st.tuples(st.integers(16, 40), st.integers(16, 40)))
    frame = data.draw(st.tuples(st.integers(8, 300), st.integers(8, 300)))
    how = {"size": size, "resize": "letterbox"}
    segmenter = segmenters.load(semantic(tmp_path_factory.mktemp("card"), how), CPU, ["laptop"])
    width, height = segmenter.picture_size(*frame)
    assert width <= size[1] and height <= size[0] and (width == size[1] or height == size[0])
    seen = picture(height, width, (width // 3, height // 3, width, height))
    assert covers(one(segmenter, seen), (seen[0] == RED).all(2), rim=1)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_masks_of_noise(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """In range; more classes and lower thresholds never take a pixel away; batches change nothing."""
    card = semantic(tmp_path_factory.mktemp("card"))
    seed, count = data.draw(st.integers(0, 1000)), data.draw(st.integers(1, 5))
    low, high = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    seen = np.random.default_rng(seed).integers(0, 256, (count, 9, 13, 3), dtype=np.uint8)
    seen[:, 2:7, 3:9] = RED

    def found(names: list[str], threshold: float, batch: int = 1) -> np.ndarray:
        return segmenters.load(card, CPU, names, threshold=threshold, batch=batch).masks(seen)

    few = found(["laptop"], high)
    assert few.min() >= 0 and few.max() <= 1
    assert not ((few >= 0.5) & (found(["laptop"], low) < 0.5)).any()
    assert not ((few >= 0.5) & (found(["laptop", "cup"], high) < 0.5)).any()
    assert np.array_equal(few, found(["laptop"], high, batch=3))


def test_a_rest_is_filled_up(tmp_path: Path) -> None:
    fixed = segmenters.load(semantic(tmp_path, shape="4, 3, 8, 8"), CPU, ["laptop"])
    seen = np.concatenate([picture(8, 8, (0, 0, edge, 8)) for edge in range(7)])
    assert [(mask > 0.5).sum() for mask in fixed.masks(seen)] == [8 * edge for edge in range(7)]
    assert fixed.masks(seen[:0]).shape[0] == 0


def test_a_matte_is_itself_with_exact_ends(tmp_path: Path) -> None:
    how = {"kind": "probabilities"}
    card = networks.write(tmp_path, "m", networks.matte(), "matte", ("person",), {}, how)
    seen = picture(8, 8, (0, 0, 4, 8))
    mask = one(segmenters.load(card, CPU, ["people"]), seen)
    assert np.allclose(mask[:, :4], (0.9 - 0.05) / 0.9) and np.allclose(mask[:, 4:], (0.1 - 0.05) / 0.9)
    at = one(segmenters.load(card, CPU, ["people"], threshold=0.9), seen)
    assert np.allclose(at[:, :4], 0.5)
    above = one(segmenters.load(card, CPU, ["people"], threshold=0.1), seen)
    assert np.allclose(above[:, 4:], 0.5)
    with pytest.raises(UsageError, match="knows no class 'laptop'"):
        segmenters.load(card, CPU, ["laptop"])


def test_u2net_s_mattes_are_stretched_to_their_range_but_noise_is_not(tmp_path: Path) -> None:
    how = {"kind": "probabilities"}
    card = networks.write(tmp_path, "u", networks.matte(outputs=7), "matte", ("object",), {}, how)
    segmenter = segmenters.load(card, CPU, ["object"])
    seen = picture(8, 8, (0, 0, 4, 8))
    assert covers(one(segmenter, seen), (seen[0] == RED).all(2), rim=1)
    assert not one(segmenter, picture(8, 8)).any()


@pytest.mark.parametrize("dtype", ["float", "float16"])
def test_a_recurrent_matte_remembers_until_it_is_reset(tmp_path: Path, dtype: str) -> None:
    network, how = networks.recurrent(dtype), networks.recurrent_output(0.25)
    card = networks.write(tmp_path, "rvm", network, "matte", ("person",), {"name": "src"}, how)
    segmenter = segmenters.load(card, CPU, ["person"], batch=4)
    seen = np.concatenate([picture(8, 8, (0, 0, 4, 8))] * 3)
    expected = [(alpha - 0.05) / 0.9 for alpha in (0.5, 0.75, 0.875)]
    assert np.allclose(segmenter.masks(seen)[:, 0, 0], expected, atol=1e-3)
    assert np.isclose(segmenter.masks(seen[:1])[0, 0, 0], (0.9375 - 0.05) / 0.9, atol=1e-3)
    segmenter.reset()
    assert np.allclose(segmenter.masks(seen)[:, 0, 0], expected, atol=1e-3)
    segmenter.reset()
    assert segmenter.masks(seen[:, :, :, :])[:, :, 4:].max() == 0


def test_frames_of_a_new_size_begin_anew(tmp_path: Path) -> None:
    how = networks.recurrent_output()
    card = networks.write(tmp_path, "rvm", networks.recurrent(), "matte", ("person",), {"name": "src"}, how)
    segmenter = segmenters.load(card, CPU, ["person"])
    segmenter.masks(picture(8, 8, (0, 0, 8, 8)))
    segmenter.reset()
    assert segmenter.masks(picture(16, 8, (0, 0, 8, 16)))[0].max() == pytest.approx(0.5)


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    card = semantic(tmp_path)
    with pytest.raises(UsageError, match="tiny knows no class 'lapto'; did you mean 'laptop'"):
        segmenters.load(card, CPU, ["lapto"])
    card = networks.write(tmp_path, "odd", networks.semantic(), "semantic", CLASSES, {"name": "pixels"})
    with pytest.raises(ModelError, match=r"odd.toml: model.input.name: the network has no input 'pixels'"):
        segmenters.load(card, CPU, ["laptop"])
    how = {"names": {"matte": "pha"}}
    card = networks.write(tmp_path, "r", networks.recurrent(), "matte", ("person",), {"name": "src"}, how)
    with pytest.raises(ModelError, match="nothing feeds its inputs r1i, r2i"):
        segmenters.load(card, CPU, ["person"])


def sure(card: Any, high: float, seed: int = 1) -> Any:
    graph = card.graphs["model"]
    output = replace(graph.output, high=high, seed=seed)
    return replace(card, graphs={"model": replace(graph, output=output)})


PALE = (160, 0, 0)
"""Logit 10 * 160 / 255 - 5 = 1.27 against 0 and -12.8: probability 0.78; of `RED` 0.993."""


@pytest.mark.parametrize("kind", ["logits", "probabilities"])
def test_a_part_must_be_sure_somewhere(tmp_path: Path, kind: str) -> None:
    """A pale part goes, a pale part that touches a red one (if only by a corner) stays whole."""
    card = semantic(tmp_path, kind=kind)
    seen = picture(24, 48, (4, 4, 12, 12), colour=RED)
    seen[:, 12:20, 12:24] = PALE
    seen[:, 4:12, 32:40] = PALE
    plain = one(segmenters.load(card, CPU, ["laptop"]), seen)
    assert (plain[4:12, 32:40] > 0.5).all()
    mask = one(segmenters.load(sure(card, 0.9), CPU, ["laptop"]), seen)
    assert not mask[:, 28:].any()
    assert np.array_equal(mask[:, :28], plain[:, :28])


@pytest.mark.parametrize(("seed", "stays"), [(1, True), (4, True), (5, False)])
def test_a_part_must_be_sure_in_a_square(tmp_path: Path, seed: int, stays: bool) -> None:
    """Four by nine red pixels hold a square of four; at the picture's edge three rows hold one."""
    card = semantic(tmp_path)
    seen = picture(24, 48, (4, 4, 8, 13), colour=RED)
    seen[:, 4:20, 8:14] = PALE
    seen[:, :3, 40:] = RED
    plain = one(segmenters.load(card, CPU, ["laptop"]), seen)
    mask = one(segmenters.load(sure(card, 0.9, seed), CPU, ["laptop"]), seen)
    assert np.array_equal(mask[:, :24], plain[:, :24] if stays else np.zeros_like(plain[:, :24]))
    assert mask[0, 47] == plain[0, 47] > 0.5


def test_everything_is_sure(tmp_path: Path) -> None:
    seen = picture(24, 32, (4, 6, 20, 16))
    assert one(segmenters.load(sure(semantic(tmp_path), 0.999), CPU, CLASSES), seen).min() == 1


@pytest.mark.parametrize("gap", [1, 2])
def test_what_is_left_out_does_not_eat_into_what_stays(tmp_path: Path, gap: int) -> None:
    card = semantic(tmp_path, stride=4)
    seen = picture(48, 96, (16, 16, 40, 32))
    alone = one(segmenters.load(card, CPU, ["laptop"]), seen)
    seen[:, 16:32, 40 + 4 * gap : 80] = PALE
    mask = one(segmenters.load(sure(card, 0.9), CPU, ["laptop"]), seen)
    assert np.array_equal(mask[:, :42], alone[:, :42]) and not (mask[:, 44:] > 0.5).any()


@pytest.mark.parametrize("opset", [18, 21])
def test_hysteresis_is_lifted_with_the_network(opset: int) -> None:
    """The loop of the post-graph passes the version converter and loads."""
    network = onnx.version_converter.convert_version(onnx.load_from_string(networks.semantic()), opset)
    text = segment.semantic("logits", [1], 3, 0.5, high=0.9)
    joined = join.join(network, None, text, takes={"out": "out"})
    assert [port.name for port in join.signature(joined).outputs] == ["mask"]
    device.Session(joined, CPU)


def test_the_higher_threshold_moves_along(tmp_path: Path) -> None:
    """Log-odds of 0.5 to 0.9 are 2.2; of 0.3 to 0.79 too, so that what is 0.78 stays out until 0.28."""
    card, seen = sure(semantic(tmp_path), 0.9), picture(24, 32, (4, 6, 20, 16), colour=PALE)
    masks = [one(segmenters.load(card, CPU, ["laptop"], threshold=t), seen) for t in (0.5, 0.3, 0.27)]
    assert [mask.any() for mask in masks] == [False, False, True]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), high=st.floats(0.5, 1), count=st.integers(1, 3), square=st.integers(1, 4))
def test_hysteresis_of_noise(
    tmp_path_factory: pytest.TempPathFactory, seed: int, high: float, count: int, square: int
) -> None:
    """Just the parts of the lower mask that reach the higher threshold, whatever stands in the batch."""
    card = semantic(tmp_path_factory.mktemp("card"))
    rng = np.random.default_rng(seed)
    seen = np.zeros((count, 16, 20, 3), np.uint8)
    shades, shares = [0, 140, 160, 190, 255], [0.6, 0.1, 0.1, 0.1, 0.1] if square == 1 else [0.2] * 5
    seen[..., 0] = rng.choice(shades, (count, 16, 20), p=shares)

    def found(**how: Any) -> np.ndarray:
        return segmenters.load(how.pop("card", card), CPU, ["laptop"], **how).masks(seen) > 0.5

    low, sure_at = found(), found(threshold=high)
    got = segmenters.load(sure(card, high, square), CPU, ["laptop"], batch=3).masks(seen) > 0.5
    for mask, seeds, kept in zip(low, sure_at, got, strict=True):
        assert np.array_equal(grown(firm(seeds, square) & mask, mask), kept)


def firm(seeds: np.ndarray, square: int) -> np.ndarray:
    """Where all of a square around a place, as far as it lies in the picture, is a seed."""
    before, behind = (square - 1) // 2, square // 2
    padded = np.pad(seeds, (before, behind), constant_values=True)
    return np.lib.stride_tricks.sliding_window_view(padded, (square, square)).all((2, 3))


def grown(seeds: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The eight-connected parts of `mask` that hold a seed, by flooding."""
    out, todo = np.zeros_like(mask), list(zip(*np.nonzero(seeds), strict=True))
    while todo:
        y, x = todo.pop()
        if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x] and not out[y, x]:
            out[y, x] = True
            todo += [(y + j, x + i) for j in (-1, 0, 1) for i in (-1, 0, 1)]
    return out
