"""Painting planes: what must not change, what must, for every pixel format."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from style_networks import fixed, fixed_card

from vidstyle import stylizers
from vidstyle.device import choose
from vidstyle.types import Matrix, PixelFormat, Planes, Stylizer

KR_KB = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
MATRICES: list[tuple[Matrix, bool]] = [("bt601", False), ("bt709", False), ("bt709", True), ("bt2020", False)]
YUV = [
    PixelFormat(f"{depth} bit {w}{h}", depth, w, h, matrix, full)
    for depth in (8, 10, 12)
    for w, h in ((1, 1), (1, 0), (0, 0), (0, 1), (2, 0))
    for matrix, full in MATRICES
]
FORMATS = [*YUV, *(PixelFormat(f"gbrp{d}", d, 0, 0, "rgb", True) for d in (8, 9, 10, 14, 16))]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stylizer]:
    folder = tmp_path_factory.mktemp("networks")
    made = {}
    for kind in ("identity", "invert"):
        card = fixed_card(folder, fixed(kind))
        made[kind] = stylizers.load(card, choose("cpu"), [], threads=1)
    return made


def shapes(format: PixelFormat, count: int, height: int, width: int) -> list[tuple[int, int, int]]:
    shared = (count, -(-height // 2**format.chroma_h), -(-width // 2**format.chroma_w))
    return [(count, height, width), shared, shared]


def random_planes(format: PixelFormat, count: int, height: int, width: int, seed: int = 0) -> Planes:
    """Any code value, far outside the RGB cube too."""
    values = np.random.default_rng(seed)
    return tuple(
        values.integers(0, 2**format.depth, shape).astype(format.dtype)
        for shape in shapes(format, count, height, width)
    )


def random_mask(count: int, height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    values = np.random.default_rng(seed + 1)
    mask = values.integers(0, 256, (count, height, width)).astype(np.uint8)
    mask[values.random(mask.shape) < 0.3] = 0
    mask[:, : height // 2, : width // 2] = 0
    return mask


def error(a: Planes, b: Planes) -> float:
    return max(float(np.abs(x.astype(float) - y.astype(float)).max()) for x, y in zip(a, b, strict=True))


def covering(mask: NDArray[np.uint8], format: PixelFormat) -> NDArray[np.float64]:
    """Box average of the mask at the chroma samples, 0..1; the edge is repeated where sizes are odd."""
    rows, columns = 2**format.chroma_h, 2**format.chroma_w
    height, width = (-(-mask.shape[1] // rows) * rows, -(-mask.shape[2] // columns) * columns)
    grown = np.pad(mask, ((0, 0), (0, height - mask.shape[1]), (0, width - mask.shape[2])), mode="edge")
    blocks = grown.reshape(len(mask), height // rows, rows, width // columns, columns)
    return np.asarray(blocks.mean(axis=(2, 4)) / 255)


def scales(format: PixelFormat) -> tuple[float, float, float, float]:
    """luma scale, luma offset, chroma scale, chroma offset after ITU-T H.273."""
    unit, top = 2 ** (format.depth - 8), 2**format.depth - 1
    if format.full_range:
        return top, 0, top, 2 ** (format.depth - 1)
    return 219 * unit, 16 * unit, 224 * unit, 128 * unit


def reference_rgb(planes: Planes, format: PixelFormat) -> NDArray[np.float64]:
    """(N, h, w, 3), not clipped, solved from the definitions of Y, Cb and Cr; chroma repeated."""
    ls, lo, cs, co = scales(format)
    if format.matrix == "rgb":
        g, b, r = ((plane.astype(float) - lo) / ls for plane in planes)
        return np.stack([r, g, b], axis=-1)
    kr, kb = KR_KB[format.matrix]
    y = (planes[0].astype(float) - lo) / ls
    cb, cr = ((plane.astype(float) - co) / cs for plane in planes[1:])
    cb, cr = (np.repeat(np.repeat(c, 2**format.chroma_h, 1), 2**format.chroma_w, 2) for c in (cb, cr))
    cb, cr = (c[:, : y.shape[1], : y.shape[2]] for c in (cb, cr))
    r, b = y + 2 * (1 - kr) * cr, y + 2 * (1 - kb) * cb
    return np.asarray(np.stack([r, (y - kr * r - kb * b) / (1 - kr - kb), b], axis=-1))


def reference_planes(rgb: NDArray[np.float64], format: PixelFormat) -> list[NDArray[np.float64]]:
    """Planes as floats of (N, h, w, 3) with even sides; chroma box-averaged."""
    ls, lo, cs, co = scales(format)
    r, g, b = np.moveaxis(rgb, -1, 0)
    if format.matrix == "rgb":
        return [plane * ls + lo for plane in (g, b, r)]
    kr, kb = KR_KB[format.matrix]
    y = kr * r + (1 - kr - kb) * g + kb * b
    rows, columns = 2**format.chroma_h, 2**format.chroma_w
    n, h, w = y.shape
    shared = [
        c.reshape(n, h // rows, rows, w // columns, columns).mean(axis=(2, 4))
        for c in ((b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr)))
    ]
    return [y * ls + lo, *(c * cs + co for c in shared)]


def beyond(luma: NDArray[Any], change: NDArray[np.float64], format: PixelFormat) -> NDArray[np.float64]:
    """What luma has beyond black and white, as far as it fades with the change."""
    scale, black, _, _ = scales(format)
    over = luma - luma.astype(float).clip(black, black + scale)
    return np.asarray(over * np.minimum(1, np.abs(change) * 16 / scale))


many = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
some = st.integers(1, 40)


@many
@given(st.sampled_from(FORMATS), st.integers(1, 3), some, some, st.integers(0, 99), st.booleans())
def test_a_network_that_returns_its_input_changes_no_sample(
    networks: dict[str, Stylizer], format: PixelFormat, n: int, h: int, w: int, seed: int, keep: bool
) -> None:
    planes, mask = random_planes(format, n, h, w, seed), random_mask(n, h, w, seed)
    out = networks["identity"].paint(planes, mask, format, preserve_color=keep)
    assert [plane.dtype for plane in out] == [plane.dtype for plane in planes]
    assert [plane.shape for plane in out] == [plane.shape for plane in planes]
    assert error(out, planes) <= 1


@many
@given(st.sampled_from(FORMATS), st.integers(1, 3), some, some, st.integers(0, 99))
def test_where_the_mask_is_zero_samples_are_bit_identical(
    networks: dict[str, Stylizer], format: PixelFormat, n: int, h: int, w: int, seed: int
) -> None:
    planes, mask = random_planes(format, n, h, w, seed), random_mask(n, h, w, seed)
    out = networks["invert"].paint(planes, mask, format)
    assert np.array_equal(out[0][mask == 0], planes[0][mask == 0])
    outside = covering(mask, format) == 0
    for new, old in zip(out[1:], planes[1:], strict=True):
        assert np.array_equal(new[outside], old[outside])


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_inverting_network_inverts_as_the_recommendations_say(
    networks: dict[str, Stylizer], format: PixelFormat
) -> None:
    planes, mask = random_planes(format, 2, 16, 24, 7), random_mask(2, 16, 24, 7)
    seen = reference_rgb(planes, format).clip(0, 1)
    before, after = reference_planes(seen, format), reference_planes(1 - seen, format)
    luma = mask / 255
    weights = [luma, luma, luma] if format.matrix == "rgb" else [luma, *[covering(mask, format)] * 2]
    out = networks["invert"].paint(planes, mask, format)
    if format.matrix != "rgb":
        after[0] = after[0] - beyond(planes[0], after[0] - before[0], format)
    for new, old, a, b, weight in zip(out, planes, before, after, weights, strict=True):
        wanted = (old + weight * (b - a)).clip(0, 2**format.depth - 1)
        assert np.abs(new - wanted).max() <= (0.51 if format.depth < 16 else 0.6)


@pytest.mark.parametrize("format", FORMATS[:8] + FORMATS[-2:], ids=str)
def test_in_gamut_pictures_become_the_networks_picture(
    networks: dict[str, Stylizer], format: PixelFormat
) -> None:
    """At full mask nothing of the source remains: planes of the inverted picture, within rounding."""
    base = np.random.default_rng(3).uniform(0.3, 0.7, (1, 16, 16, 3))
    planes = tuple(np.rint(plane).astype(format.dtype) for plane in reference_planes(base, format))
    out = networks["invert"].paint(planes, np.full((1, 16, 16), 255, np.uint8), format)
    wanted = reference_planes(1 - reference_rgb(planes, format), format)
    assert max(np.abs(new - plane).max() for new, plane in zip(out, wanted, strict=True)) <= 0.51


@pytest.mark.parametrize("format", [YUV[0], YUV[22], FORMATS[-3]], ids=str)
@pytest.mark.parametrize("strength", [0.0, 0.25, 0.5, 1.0])
def test_strength_is_linear(networks: dict[str, Stylizer], format: PixelFormat, strength: float) -> None:
    planes = tuple(plane // 2 + 2 ** (format.depth - 2) for plane in random_planes(format, 1, 16, 16))
    mask = np.full((1, 16, 16), 255, np.uint8)
    full = networks["invert"].paint(planes, mask, format)
    part = networks["invert"].paint(planes, mask, format, strength=strength)
    for new, old, most in zip(part, planes, full, strict=True):
        inside = (most > 0) & (most < 2**format.depth - 1)
        wanted = old + strength * (most.astype(float) - old)
        assert np.abs(new - wanted)[inside].max() <= 1
    assert strength > 0 or error(part, planes) == 0


def test_overexposed_luma_does_not_shine_through_the_paint(networks: dict[str, Stylizer]) -> None:
    planes = (np.full((1, 8, 8), 255, np.uint8), *(np.full((1, 4, 4), 128, np.uint8) for _ in range(2)))
    mask = np.full((1, 8, 8), 255, np.uint8)
    assert (networks["invert"].paint(planes, mask, YUV[0])[0] == 16).all()
    assert (networks["identity"].paint(planes, mask, YUV[0])[0] == 255).all()
    half = networks["invert"].paint(planes, mask, YUV[0], strength=0.5)[0]
    assert np.abs(half - 135.5).max() <= 0.5


def test_strength_and_mask_mean_the_same(networks: dict[str, Stylizer]) -> None:
    planes = random_planes(YUV[0], 1, 16, 16)
    half = networks["invert"].paint(planes, np.full((1, 16, 16), 51, np.uint8), YUV[0])
    also = networks["invert"].paint(planes, np.full((1, 16, 16), 255, np.uint8), YUV[0], strength=0.2)
    assert error(half, also) <= 1


@pytest.mark.parametrize("format", YUV[:20], ids=str)
def test_preserved_colour_is_the_sources_chroma(networks: dict[str, Stylizer], format: PixelFormat) -> None:
    planes, mask = random_planes(format, 1, 16, 16), np.full((1, 16, 16), 255, np.uint8)
    kept = networks["invert"].paint(planes, mask, format, preserve_color=True)
    free = networks["invert"].paint(planes, mask, format)
    assert np.array_equal(kept[0], free[0])
    assert error(kept[1:], planes[1:]) == 0


def test_preserved_colour_of_rgb_planes_moves_them_together(networks: dict[str, Stylizer]) -> None:
    format = PixelFormat("gbrp", 8, 0, 0, "rgb", True)
    planes = tuple(plane // 4 + 96 for plane in random_planes(format, 1, 16, 16))
    mask = np.full((1, 16, 16), 255, np.uint8)
    out = networks["invert"].paint(planes, mask, format, preserve_color=True)
    moved = [new.astype(float) - old for new, old in zip(out, planes, strict=True)]
    g, b, r = (plane.astype(float) for plane in planes)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    assert np.abs(moved[0] - (255 - 2 * luma)).max() <= 0.51
    assert error((out[0],), (planes[0] + moved[1],)) == 0 == error((out[2],), (planes[2] + moved[0],))


def test_rotated_planes_are_told_by_their_shapes(networks: dict[str, Stylizer]) -> None:
    """4:2:2 lying on its side is painted as 4:4:0."""
    format = PixelFormat("yuv422p", 8, 1, 0, "bt709", False)
    planes, mask = random_planes(format, 2, 16, 32), random_mask(2, 16, 32)
    straight = networks["invert"].paint(planes, mask, format)
    turned: Any = tuple(np.rot90(plane, axes=(1, 2)) for plane in planes)
    out = networks["invert"].paint(turned, np.rot90(mask, axes=(1, 2)), format)
    assert error(tuple(np.rot90(plane, -1, axes=(1, 2)) for plane in out), straight) <= 1


def test_a_batch_is_its_pictures(networks: dict[str, Stylizer]) -> None:
    planes, mask = random_planes(YUV[0], 3, 16, 16), random_mask(3, 16, 16)
    whole = networks["invert"].paint(planes, mask, YUV[0])
    for index in range(3):
        one = tuple(plane[index : index + 1] for plane in planes)
        alone = networks["invert"].paint(one, mask[index : index + 1], YUV[0])
        assert error(alone, tuple(plane[index : index + 1] for plane in whole)) == 0


def test_sources_are_not_written_to(networks: dict[str, Stylizer]) -> None:
    planes, mask = random_planes(YUV[0], 1, 16, 16), random_mask(1, 16, 16)
    for array in (*planes, mask):
        array.setflags(write=False)
    out = networks["invert"].paint(planes, mask, YUV[0])
    assert all(not np.shares_memory(new, old) for new, old in zip(out, planes, strict=True))
