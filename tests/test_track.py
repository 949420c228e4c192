"""Masks hold still on still pictures, follow moving ones without lag, and forget at cuts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstyle.pipeline.track import BLOCK, KEEP, Steady, blocks, enlarged, is_cut

SHAPE = (72, 128)


def picture(seed: int, noise: float = 0.0) -> np.ndarray:
    """A picture of soft random light, upright RGB; `noise` code values of sensor noise on top."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (9, 16, 3))
    smooth = np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1).astype(float)
    if noise:
        smooth += np.random.default_rng(None if noise < 0 else seed + 1).normal(0, noise, smooth.shape)
    return np.clip(smooth, 0, 255).astype(np.uint8)


def flicker(masks: list[np.ndarray]) -> float:
    return float(np.mean([np.abs(a - b).mean() for a, b in pairwise(masks)]))


def test_noise_of_the_mask_falls_where_the_picture_stands_still() -> None:
    rng = np.random.default_rng(0)
    still = blocks(picture(1))
    raw = [np.clip(0.5 + rng.normal(0, 0.2, SHAPE), 0, 1).astype(np.float32) for _ in range(40)]
    steady = Steady()
    held = [steady.next(mask.copy(), still, cut=index == 0) for index, mask in enumerate(raw)]
    assert flicker(held[5:]) < 0.35 * flicker(raw[5:])


def test_sensor_noise_does_not_count_as_motion() -> None:
    rng = np.random.default_rng(0)
    base = picture(1).astype(float)
    steady = Steady()
    raw = [np.clip(0.5 + rng.normal(0, 0.2, SHAPE), 0, 1).astype(np.float32) for _ in range(40)]
    held = []
    for index, mask in enumerate(raw):
        noisy = np.clip(base + rng.normal(0, 5, base.shape), 0, 255).astype(np.uint8)
        held.append(steady.next(mask.copy(), blocks(noisy), cut=index == 0))
    assert flicker(held[5:]) < 0.5 * flicker(raw[5:])


def test_a_moving_thing_never_drags_its_mask_behind_it() -> None:
    steady = Steady()
    for step in range(0, 64, 4):
        frame = np.full((*SHAPE, 3), 60, np.uint8)
        frame[20:50, step : step + 40] = 200
        mask = np.zeros(SHAPE, np.float32)
        mask[20:50, step : step + 40] = 1.0
        held = steady.next(mask.copy(), blocks(frame), cut=step == 0)
        assert np.abs(held - mask).max() < 0.02


def test_a_mask_that_ends_fades_to_exactly_nothing() -> None:
    still, steady = blocks(picture(2)), Steady()
    steady.next(np.ones(SHAPE, np.float32), still, cut=True)
    for _ in range(40):
        held = steady.next(np.zeros(SHAPE, np.float32), still, cut=False)
    assert not held.any()


def test_a_cut_forgets() -> None:
    steady = Steady()
    steady.next(np.ones(SHAPE, np.float32), blocks(picture(3)), cut=True)
    nothing = np.zeros(SHAPE, np.float32)
    assert not steady.next(nothing, blocks(picture(3)), cut=True).any()


def test_a_new_mask_size_starts_over() -> None:
    steady = Steady()
    steady.next(np.ones((8, 8), np.float32), blocks(picture(3)), cut=True)
    assert steady.next(np.zeros(SHAPE, np.float32), blocks(picture(3)), cut=False).shape == SHAPE


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=8), st.integers(0, 50))
def test_masks_stay_in_range(values: list[float], seed: int) -> None:
    steady = Steady()
    for index, value in enumerate(values):
        mask = np.full((6, 7), value, np.float32)
        held = steady.next(mask, blocks(picture(seed + index % 2)), cut=index == 0)
        assert held.shape == (6, 7) and held.min() >= 0 and held.max() <= 1


def test_cuts_are_new_scenes_and_not_motion_or_noise() -> None:
    here = picture(4)
    assert is_cut(None, blocks(here))
    assert is_cut(blocks(here), blocks(255 - here))
    assert not is_cut(blocks(here), blocks(np.roll(here, 3, axis=1)))
    assert not is_cut(blocks(here), blocks(np.clip(here.astype(int) + 12, 0, 255).astype(np.uint8)))
    assert is_cut(blocks(here), blocks(here[: 5 * BLOCK]))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (72, 128)])
def test_enlarged_repeats_the_nearest(shape: tuple[int, int]) -> None:
    small = np.arange(6, dtype=np.float32).reshape(2, 3)
    big = enlarged(small, shape)
    assert big.shape == shape
    assert (
        big[0, 0] == 0
        and big[-1, -1] == small[(shape[0] - 1) * 2 // shape[0], (shape[1] - 1) * 3 // shape[1]]
    )


def test_keep_is_a_share() -> None:
    assert 0 < KEEP < 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 640), (640, 3), (3, 4)])
def test_pictures_thinner_than_a_block_have_blocks_too(shape: tuple[int, int]) -> None:
    now = blocks(np.full((*shape, 3), 77, np.uint8))
    assert now.shape == tuple(max(1, length // BLOCK) for length in shape) and (now == 77).all()
    steady = Steady()
    for cut in (True, False):
        mask = steady.next(np.ones(shape, np.float32), now, cut=cut)
    assert mask.shape == shape and (mask == 1).all() and not is_cut(now, now)
