"""Small masks to region masks: the box holds all paint, feathering is symmetric, regions obey the stride."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vidstyle.pipeline.masks import painted_boxes, parts, region_mask, shows_match, without_faint
from vidstyle.pipeline.regions import MOST_WASTE, Regions, union
from vidstyle.types import Region

small_masks = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.sampled_from([0.0, 0.0, 0.0, 0.25, 0.5, 1.0]),
)
sizes = st.tuples(st.integers(1, 90), st.integers(1, 90))
feathers = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.7, 9.0])


def whole(mask: np.ndarray, width: int, height: int, feather: float) -> np.ndarray:
    return region_mask(mask, Region(0, 0, width, height), width, height, feather)


@given(small_masks, sizes, feathers)
def test_outside_the_box_nothing_is_painted(mask: np.ndarray, size: tuple[int, int], feather: float) -> None:
    width, height = size
    painted = whole(mask, width, height, feather)
    for box in painted_boxes(mask, width, height, feather):
        assert 0 <= box.x <= box.x + box.width <= width
        assert 0 <= box.y <= box.y + box.height <= height
        painted[box.y : box.y + box.height, box.x : box.x + box.width] = 0
    assert not painted.any()


@given(small_masks, sizes, feathers, st.data())
def test_a_region_holds_the_same_values_as_the_whole_frame(
    mask: np.ndarray, size: tuple[int, int], feather: float, data: st.DataObject
) -> None:
    width, height = size
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    region = Region(x, y, data.draw(st.integers(1, 100)), data.draw(st.integers(1, 100)))
    full = np.pad(whole(mask, width, height, feather), ((0, 100), (0, 100)), mode="edge")
    expected = full[y : y + region.height, x : x + region.width].astype(int)
    got = region_mask(mask, region, width, height, feather).astype(int)
    assert np.abs(got - expected).max() <= 1  # the order of a float sum may differ


@given(st.integers(1, 12), st.integers(1, 12), sizes, feathers)
def test_a_full_mask_paints_every_pixel_fully(
    rows: int, columns: int, size: tuple[int, int], feather: float
) -> None:
    painted = whole(np.ones((rows, columns), np.float32), *size, feather)
    assert (painted == 255).all()
    assert not whole(np.zeros((rows, columns), np.float32), *size, feather).any()


def test_enlarging_is_bilinear_with_aligned_pixel_centres() -> None:
    painted = whole(np.array([[0.0, 1.0]], np.float32), 4, 1, 0.0)
    assert painted.tolist() == [[0, 64, 191, 255]]


@pytest.mark.parametrize("feather", [0.0, 1.0, 2.0, 5.0, 16.0])
def test_feather_fades_the_same_way_on_both_sides_and_no_further(feather: float) -> None:
    step = np.repeat(np.array([[0.0, 1.0]], np.float32), 64, axis=1)
    line = whole(step, 128, 1, feather)[0].astype(int)
    assert np.abs(line + line[::-1] - 255).max() <= 1
    changed = np.flatnonzero((line > 0) & (line < 255))
    assert changed.size <= 2 * max(feather, 1)
    assert (np.diff(line) >= 0).all()


@given(small_masks)
def test_a_match_is_a_pixel_at_the_threshold(mask: np.ndarray) -> None:
    assert shows_match(mask) == bool((mask >= 0.5).any())
    assert not shows_match(np.zeros((0, 3), np.float32))


boxes = st.tuples(st.integers(0, 1900), st.integers(0, 1060), st.integers(1, 1920), st.integers(1, 1080))


@settings(max_examples=200)
@given(st.lists(boxes, min_size=1, max_size=8), st.sampled_from([1, 4, 8, 32]), st.sampled_from([0, 16, 40]))
def test_regions_hold_box_and_margin_on_the_stride(
    drawn: list[tuple[int, int, int, int]], multiple: int, margin: int
) -> None:
    regions = Regions(1920, 1080, multiple=multiple, margin=margin)
    for x, y, width, height in drawn:
        box = Region(x, y, min(width, 1920 - x), min(height, 1080 - y))
        region = regions.around([box])[0]
        assert region.x <= max(0, x - margin) and region.y <= max(0, y - margin)
        assert region.x + region.width >= min(1920, x + box.width + margin)
        assert region.y + region.height >= min(1080, y + box.height + margin)
        assert all(value % multiple == 0 and value % 16 == 0 for value in region)
        assert region.width <= 1920 + 2 * multiple and region.height <= 1088 + 2 * multiple


def test_sizes_are_few() -> None:
    widths = {
        Regions(3840, 2160, multiple=8, margin=16).around([Region(0, 0, width, 99)])[0].width
        for width in range(1, 3841)
    }
    assert len(widths) <= 48


def test_a_region_stays_until_it_no_longer_fits_or_is_much_too_large() -> None:
    regions = Regions(1280, 720, multiple=8, margin=16)
    first = regions.around([Region(400, 300, 200, 150)])[0]
    assert regions.around([Region(404, 297, 198, 152)])[0] == first
    moved = regions.around([Region(700, 300, 200, 150)])[0]
    assert moved != first
    tiny = regions.around([Region(760, 340, 20, 20)])[0]
    assert tiny.width * tiny.height * MOST_WASTE < moved.width * moved.height


@given(boxes, st.sampled_from([1.0, 16 / 9, 0.5, 0.2]), st.sampled_from([0, 16]))
def test_a_network_of_one_size_gets_its_aspect_ratio(
    drawn: tuple[int, int, int, int], aspect: float, margin: int
) -> None:
    x, y, width, height = drawn
    box = Region(x, y, min(width, 1920 - x), min(height, 1080 - y))
    region = Regions(1920, 1080, multiple=1, margin=margin, aspect=aspect).around([box])[0]
    assert abs(region.width - aspect * region.height) <= 16
    assert region.x + region.width >= x + box.width and region.y + region.height >= y + box.height


def test_a_tall_network_sees_the_right_end_of_a_box_that_starts_off_the_stride() -> None:
    box = Region(1055, 0, 34, 9)
    region = Regions(1920, 1080, multiple=1, margin=0, aspect=0.2).around([box])[0]
    assert region.x <= box.x and region.x + region.width >= box.x + box.width


@given(st.lists(boxes, min_size=1, max_size=5))
def test_union_holds_every_box_and_touches_its_sides(drawn: list[tuple[int, int, int, int]]) -> None:
    given_boxes = [Region(*box) for box in drawn]
    held = union(given_boxes)
    assert held.x == min(box.x for box in given_boxes)
    assert held.x + held.width == max(box.x + box.width for box in given_boxes)
    assert held.y == min(box.y for box in given_boxes)
    assert held.y + held.height == max(box.y + box.height for box in given_boxes)


@given(small_masks)
def test_parts_hold_everything_once_and_have_no_empty_side(mask: np.ndarray) -> None:
    covered = np.zeros(mask.shape, int)
    for part in parts(mask):
        covered[part] += 1
        assert mask[part].any(axis=1).all() and mask[part].any(axis=0).all()
    assert covered.max(initial=0) <= 1
    assert not mask[covered == 0].any()


def test_a_part_that_nowhere_reaches_the_threshold_is_dropped() -> None:
    mask = np.zeros((6, 9), np.float32)
    mask[1:3, 1:3], mask[1:3, 6:8] = 0.9, 0.4
    kept = without_faint(mask)
    assert (kept[1:3, 1:3] == np.float32(0.9)).all() and not kept[:, 5:].any()
    assert mask[1, 6] == np.float32(0.4)
    assert without_faint(kept) is kept


@settings(max_examples=100)
@given(st.lists(boxes, min_size=1, max_size=12), st.sampled_from([None, 1.0, 16 / 9]))
def test_regions_hold_every_box_and_never_overlap(
    drawn: list[tuple[int, int, int, int]], aspect: float | None
) -> None:
    wanted = [Region(x, y, min(w // 6 + 1, 1920 - x), min(h // 6 + 1, 1080 - y)) for x, y, w, h in drawn]
    regions = Regions(1920, 1080, multiple=8, margin=16, aspect=aspect)
    for _ in range(2):
        chosen = regions.around(wanted)
        painted = np.zeros((2400, 4400), np.int8)
        for region in chosen:
            painted[region.y : region.y + region.height, region.x : region.x + region.width] += 1
        assert painted.max() == 1
        for box in wanted:
            assert painted[box.y : box.y + box.height, box.x : box.x + box.width].all()
    assert sorted(regions.around(wanted)) == sorted(chosen)


def test_things_far_apart_get_regions_of_their_own() -> None:
    regions = Regions(1920, 1080, multiple=8, margin=16)
    left, right = Region(40, 400, 200, 200), Region(1600, 420, 200, 200)
    two = regions.around([left, right])
    assert len(two) == 2 and sum(each.width * each.height for each in two) < 0.15 * 1920 * 1080
    assert len(regions.around([left, Region(250, 400, 200, 200)])) == 1
