"""The networks that come with vidstyle: small enough for the wheel, sound, and able to do their work."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from vidstyle import cards, segmenters
from vidstyle.device import choose

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))

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
        assert (found & exact).sum() / (found | exact).sum() > 0.8


def test_a_picture_of_nothing_holds_no_laptop() -> None:
    segmenter = segmenters.load(cards.load(ROOT / "models/spotter/spotter.toml"), choose("cpu"), ["laptop"])
    size = segmenter.picture_size(640, 360)
    ramp = np.linspace(0, 255, size[0]).astype(np.uint8)
    picture = np.broadcast_to(ramp[None, None, :, None], (1, size[1], size[0], 3))
    assert segmenter.masks(np.ascontiguousarray(picture)).max() < 0.5
