"""Real YOLO networks on photographs with laptops; skips where they do not lie beside the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import networks
import numpy as np
import pytest
from numpy.typing import NDArray

from vidstyle import cards, segmenters
from vidstyle.cards import PRESETS
from vidstyle.device import choose
from vidstyle.graphs import join
from vidstyle.types import Segmenter

SHARED = Path(__file__).resolve().parents[2] / "shared"
YOLO = SHARED / "models" / "yolov8n-seg"
PHOTOS = SHARED / "data" / "segmentation" / "eval"
LAPTOP, IGNORED = 2, 255

LARGE: tuple[str, dict[str, Any], dict[str, Any]] = ("yolov8n-seg", {"size": (640, 640)}, {})
SMALL: tuple[str, dict[str, Any], dict[str, Any]] = (
    "yolov8n-seg-320-nhwc",
    {"size": (320, 320), "layout": "NHWC"},
    {"layout": "NHWC", "boxes": "unit"},
)

pytestmark = pytest.mark.skipif(not (YOLO.is_dir() and PHOTOS.is_dir()), reason="the networks are not here")


def load(folder: Path, kind: tuple[str, dict[str, Any], dict[str, Any]], threshold: float) -> Segmenter:
    name, image, output = kind
    network = (YOLO / f"{name}.onnx").read_bytes()
    how = {"resize": "letterbox", **image}
    card = networks.write(folder, name, network, "yolo-seg", PRESETS["coco80"], how, output)
    return segmenters.load(card, choose("cpu"), ["laptop"], threshold=threshold)


def decoded(path: Path, kind: str, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        width, height = size or (frame.width, frame.height)
        pixels: NDArray[np.uint8] = frame.reformat(width, height, kind).to_ndarray()
        return pixels


def iou(segmenter: Segmenter, photo: Path) -> float:
    """Of the mask in the photograph's own size with COCO's annotation."""
    truth = decoded(PHOTOS / "lab" / f"{photo.stem}.png", "gray")
    height, width = truth.shape
    small = decoded(photo, "rgb24", segmenter.picture_size(width, height))
    (mask,) = segmenter.masks(small[None])
    assert mask.shape == small.shape[:2] and mask.min() >= 0 and mask.max() <= 1
    assert ((mask > 0) & (mask < 1)).mean() < 0.1
    rows, columns = (np.arange(n) * m // n for n, m in zip(truth.shape, mask.shape, strict=True))
    found, wanted, counted = mask[rows][:, columns] >= 0.5, truth == LAPTOP, truth != IGNORED
    return float((found & wanted & counted).sum() / max(1, ((found | wanted) & counted).sum()))


def photographs() -> list[Path]:
    return sorted((PHOTOS / "img").glob("*.jpg"))


@pytest.mark.parametrize(
    ("kind", "threshold", "least"), [(LARGE, 0.25, 0.83), (SMALL, 0.15, 0.79)], ids=["640", "320-nhwc"]
)
def test_laptops_are_found_where_they_are(
    tmp_path: Path, kind: tuple[str, dict[str, Any], dict[str, Any]], threshold: float, least: float
) -> None:
    """On five photographs that both networks see; over all 21: 0.52 (640) and 0.46 (320)."""
    segmenter = load(tmp_path, kind, threshold)
    found = [iou(segmenter, photographs()[index]) for index in (3, 5, 9, 13, 19)]
    assert np.mean(found) > least, found


@pytest.mark.parametrize("name", ["yolov8n-seg", "yolov8n-seg-320-nhwc"])
def test_they_need_no_card(name: str) -> None:
    path = YOLO / f"{name}.onnx"
    card = cards.infer(path, {"model": join.signature(path)})
    segmenter = segmenters.load(card, choose("cpu"), ["laptop"])
    assert iou(segmenter, photographs()[13]) > 0.8
