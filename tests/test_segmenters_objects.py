"""Networks that find objects one by one: exact masks of tiny networks of the published signatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networks
import numpy as np
import pytest
from gpu import needs_gpu
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import GREEN, OBJECTS, RED, covers, picture

from vidstyle import segmenters
from vidstyle.cards import PRESETS, Card
from vidstyle.device import choose
from vidstyle.errors import ModelError
from vidstyle.types import Segmenter

CPU = choose("cpu")


def load(card: Card, *names: str, threshold: float | None = None, batch: int = 1) -> Segmenter:
    return segmenters.load(card, CPU, names or ["laptop"], threshold=threshold, batch=batch)


def one(segmenter: Segmenter, pictures: np.ndarray) -> np.ndarray:
    (mask,) = segmenter.masks(pictures)
    assert mask.dtype == np.float32 and mask.min() >= 0 and mask.max() <= 1
    return mask


def yolo(folder: Path, resize: str = "stretch", side: int = 64, **how: Any) -> Card:
    layout = "NHWC" if how.get("last") else "NCHW"
    image = {"name": "images", "layout": layout, "resize": resize, "size": (side, side)}
    output = {
        "layout": layout,
        "boxes": "unit" if how.get("unit") else "pixels",
        "nms": how.get("nms", False),
    }
    network = networks.yolo(side=side, **how)
    return networks.write(folder, "yolo", network, "yolo-seg", OBJECTS, image, output, 0.25)


KINDS = [
    {},
    {"batch": "n"},
    {"rows": True},
    {"unit": True, "last": True},
    {"unit": True, "last": True, "rows": True},
    {"objectness": True},
    {"nms": True},
    {"nms": True, "unit": True},
]


@pytest.mark.parametrize("how", KINDS, ids=str)
def test_yolo_finds_the_wanted_objects(tmp_path: Path, how: dict[str, Any]) -> None:
    seen = picture(64, 64, (8, 8, 32, 24), (48, 40, 64, 64))
    seen[:, 48:, :16] = GREEN
    red, green = (seen[0] == RED).all(2), (seen[0] == GREEN).all(2)
    card = yolo(tmp_path, **how)
    assert covers(one(load(card), seen), red)
    assert covers(one(load(card, "cup"), seen), green)
    assert covers(one(load(card, "cup", "laptop"), seen), red | green)
    assert not one(load(card), picture(64, 64)).any()


def test_masks_end_at_their_box(tmp_path: Path) -> None:
    """A tenth of a cell's colour is no object, though the prototype shows it."""
    seen = picture(64, 64, (0, 0, 24, 64), (56, 0, 60, 64))
    segmenter = load(yolo(tmp_path), threshold=0.6)
    assert covers(one(segmenter, seen), (seen[0] == RED).all(2) & (np.arange(64) < 28))


def test_the_threshold_is_the_confidence(tmp_path: Path) -> None:
    seen = picture(64, 64, (16, 16, 24, 20))  # half a cell
    card = yolo(tmp_path)
    assert one(load(card, threshold=0.49), seen).max() == 1
    assert not one(load(card, threshold=0.51), seen).any()


@pytest.mark.parametrize("how", [{"batch": "n"}, {"batch": "n", "nms": True}, {"batch": "3"}, {}], ids=str)
def test_frames_of_a_batch_do_not_see_each_other(tmp_path: Path, how: dict[str, Any]) -> None:
    boxes = [[(0, 0, 64, 64)], [], [(8, 8, 16, 16), (40, 40, 56, 56)], [(32, 0, 64, 32)], []]
    seen = np.concatenate([picture(64, 64, *frame) for frame in boxes])
    masks = load(yolo(tmp_path, **how), batch=3).masks(seen)
    for mask, frame in zip(masks, seen, strict=True):
        assert covers(mask, (frame == RED).all(2))


@settings(max_examples=15, deadline=None)
@given(
    frame=st.tuples(st.integers(20, 200), st.integers(20, 200)), last=st.booleans(), seed=st.integers(0, 99)
)
def test_a_letterboxed_yolo_finds_what_a_square_shows(
    tmp_path_factory: pytest.TempPathFactory, frame: tuple[int, int], last: bool, seed: int
) -> None:
    """Whatever the frame's size: the mask lies where the object lies, more classes only add to it."""
    card = yolo(tmp_path_factory.mktemp("card"), "letterbox", last=last, unit=last)
    width, height = load(card).picture_size(*frame)
    assert max(width, height) == 64
    x, y = np.random.default_rng(seed).integers(0, (max(1, width - 24), max(1, height - 24)))
    seen = picture(height, width, (x, y, x + 24, y + 24))
    mask, both = one(load(card), seen), one(load(card, "cup", "laptop"), seen)
    assert mask.shape == (height, width) and (both >= mask).all()
    assert covers(mask, (seen[0] == RED).all(2), rim=5)


def test_detections_that_do_not_fit_the_classes(tmp_path: Path) -> None:
    network = networks.yolo()
    card = networks.write(tmp_path, "y", network, "yolo-seg", PRESETS["coco80"], {"size": (64, 64)})
    with pytest.raises(ModelError, match=r"detections of shape \[1, 8, 64\] do not hold 86 numbers"):
        load(card)


def zoo(folder: Path, **how: Any) -> Card:
    image = {
        "layout": "CHW", "channels": "BGR", "range": "0..255", "mean": (102.9801, 115.9465, 122.7717), **how,
    }  # fmt: skip
    return networks.write(folder, "rcnn", networks.mask_rcnn_zoo(), "mask-rcnn", ("", *OBJECTS), image)


def test_mask_rcnn_of_the_zoo(tmp_path: Path) -> None:
    segmenter = load(zoo(tmp_path))
    seen = picture(112, 112, (16, 16, 40, 96), (64, 32, 112, 112))
    mask = one(segmenter, seen)
    assert covers(mask, mask >= 0.5) and np.mean((mask >= 0.5) != (seen[0] == RED).all(2)) < 0.02
    assert not one(segmenter, picture(112, 112)).any()
    assert not one(load(zoo(tmp_path), "cup"), seen).any()


def test_mask_rcnn_takes_frames_of_any_size_padded_to_a_multiple(tmp_path: Path) -> None:
    segmenter = load(zoo(tmp_path, side=128, multiple=32, resize="letterbox"))
    width, height = segmenter.picture_size(1280, 720)
    assert (width, height) == (128, 72)
    seen = np.concatenate([picture(height, width, (8, 8, 56, 64)), picture(height, width)])
    masks = segmenter.masks(seen)
    assert masks.shape == (2, 72, 128) and not masks[1].any()
    assert np.mean((masks[0] >= 0.5) != (seen[0] == RED).all(2)) < 0.02


def test_mask_rcnn_of_torchvision(tmp_path: Path) -> None:
    network = networks.mask_rcnn_torchvision()
    card = networks.write(tmp_path, "tv", network, "mask-rcnn", ("", *OBJECTS), {"layout": "CHW"})
    seen = picture(40, 56, (4, 4, 50, 30))
    assert covers(one(load(card), seen), (seen[0] == RED).all(2), rim=1)
    assert not one(load(card), picture(40, 56)).any()


def test_rf_detr(tmp_path: Path) -> None:
    classes = PRESETS["coco91"]
    network = networks.rf_detr(laptop=classes.index("laptop"), cup=classes.index("cup"))
    card = networks.write(tmp_path, "detr", network, "rf-detr-seg", classes, {"size": (48, 48)})
    seen = picture(48, 48, (8, 8, 24, 40))
    seen[:, :, 32:] = GREEN
    red, green = (seen[0] == RED).all(2), (seen[0] == GREEN).all(2)
    assert covers(one(load(card), seen), red)
    assert covers(one(load(card, "mug"), seen), green)
    assert covers(one(load(card, "mug", "laptop"), seen), red | green)
    assert not one(load(card, "people"), seen).any()
    assert not one(load(card), picture(48, 48)).any()
    assert not one(load(card, threshold=0.999), seen).any()


@needs_gpu
@pytest.mark.parametrize("how", KINDS, ids=str)
def test_the_gpu_finds_the_same(tmp_path: Path, how: dict[str, Any]) -> None:
    card = yolo(tmp_path, **how)
    seen = np.concatenate([picture(64, 64, (8, 8, 32, 24), (48, 40, 64, 64)), picture(64, 64)])
    found = segmenters.load(card, choose("cuda"), ["laptop"]).masks(seen)
    np.testing.assert_allclose(found, load(card).masks(seen), atol=0.02)
