"""The measuring in models/: what a word means, and figures whose value is known beforehand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))

import evaluate
import masks
import paintings

ROOT = Path(__file__).resolve().parents[1]


def test_help_names_what_it_takes() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "models" / "evaluate.py", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "NETWORK" in done.stdout and "--speed" in done.stdout


def test_a_word_is_a_network_a_side_and_a_threshold() -> None:
    plain, changed = evaluate.Network.parse("spotter"), evaluate.Network.parse("spotter@512:0.7")
    assert changed.name == "spotter@512:0.7" and changed.threshold == 0.7
    assert changed.card.graphs["model"].input.side == 512 != plain.card.graphs["model"].input.side


def test_overlap_leaves_out_what_is_not_judged() -> None:
    label = np.zeros((4, 4), np.uint8)
    label[:2], label[3] = masks.LAPTOP, masks.IGNORED
    mask = np.zeros((4, 4), bool)
    mask[1:] = True
    found = masks.Found()
    found.add(mask, label)
    assert found.ious == [pytest.approx(4 / 12)]


def test_change_is_measured_by_what_is_painted() -> None:
    first, second = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    first[:, :2], second[:, 1:3] = True, True
    assert masks.changed([first, second]) == pytest.approx(1.0)
    assert masks.changed([first, first]) == 0


def test_a_picture_that_moves_as_told_has_no_gap() -> None:
    ramp = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    moved = np.roll(ramp, (2, 3), (0, 1))
    motion = np.full((16, 16, 2), (-3.0, -2.0), np.float32)
    valid = np.zeros((16, 16), bool)
    valid[2:-2, 2:-2] = True
    assert paintings.gap(ramp, moved, motion, valid) == pytest.approx(0, abs=1e-5)
    assert paintings.gap(ramp, ramp, motion, valid) > 0.1
