"""Every published kind of style network, painted through its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import style_networks as tiny
from numpy.typing import NDArray
from test_stylizers import error, random_mask, random_planes, reference_planes, reference_rgb

from vidstyle import stylizers
from vidstyle.cards import Card, ImageInput
from vidstyle.device import choose
from vidstyle.errors import ModelError, UsageError
from vidstyle.stylizers.style import resized, sized
from vidstyle.types import PixelFormat, Planes, Stylizer

YUV = PixelFormat("yuv420p", 8, 1, 1, "bt709", False)
WIDE = PixelFormat("yuv422p10", 10, 1, 0, "bt2020", False)
FULL = PixelFormat("yuv444p", 8, 0, 0, "bt709", True)
Pictures = list[tuple[NDArray[np.uint8], float]]


def load(card: Card, styles: Pictures | None = None) -> Stylizer:
    return stylizers.load(card, choose("cpu"), styles or [], threads=1)


def inverted(planes: Planes, mask: NDArray[np.uint8], format: PixelFormat, folder: Path) -> Planes:
    """What the plain network (NCHW, RGB, 0..1, float) paints."""
    return load(tiny.fixed_card(folder, tiny.fixed("invert"))).paint(planes, mask, format)


KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # name: of the network; of its input and output in the card; of its output alone
    "0..255": ({"top": 255.0}, {"range": "0..255"}, {}),
    "-1..1": ({"top": 0.0}, {"range": "-1..1"}, {}),
    "BGR 0..255": ({"top": 255.0}, {"range": "0..255", "channels": "BGR"}, {}),
    "NHWC": ({"shape": "n, h, w, 3"}, {"layout": "NHWC"}, {}),
    "CHW": ({"shape": "3, h, w"}, {"layout": "CHW"}, {}),
    "one picture a call": ({"shape": "1, 3, h, w"}, {}, {}),
    "16 bit floats": ({"dtype": "float16"}, {}, {}),
    "64 bit floats": ({"dtype": "double"}, {}, {}),
    "bytes": (
        {"dtype": "uint8", "shape": "n, h, w, 3", "top": 255.0},
        {"layout": "NHWC", "range": "0..255"},
        {},
    ),
    "fixed size": ({"shape": "n, 3, 32, 48"}, {}, {}),
}


@pytest.mark.parametrize("format", [YUV, WIDE, FULL], ids=lambda format: format.name)
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_agree(kind: str, format: PixelFormat, tmp_path: Path) -> None:
    network, both, alone = KINDS[kind]
    planes, mask = random_planes(format, 2, 32, 48), random_mask(2, 32, 48)
    card = tiny.fixed_card(tmp_path, tiny.fixed("invert", **network), both, **(both | alone))
    coarse = {"16 bit floats": 1, "bytes": 1 + 2 ** (format.depth - 8)}
    out = load(card).paint(planes, mask, format)
    assert error(out, inverted(planes, mask, format, tmp_path)) <= coarse.get(kind, 0) + (kind != "NHWC")


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_that_return_their_input_change_nothing(kind: str, tmp_path: Path) -> None:
    network, both, alone = KINDS[kind]
    planes, mask = random_planes(WIDE, 2, 32, 48), random_mask(2, 32, 48)
    card = tiny.fixed_card(tmp_path, tiny.fixed("identity", **network), both, **(both | alone))
    assert error(load(card).paint(planes, mask, WIDE), planes) <= 1


def test_opset_7_as_exporters_wrote_it(tmp_path: Path) -> None:
    planes, mask = random_planes(YUV, 2, 48, 64), random_mask(2, 48, 64)
    ends = {"range": "0..255", "channels": "BGR"}
    stylizer = load(tiny.fixed_card(tmp_path, tiny.opset7("invert"), ends, **ends))
    assert stylizer.size == (48, 64)
    assert error(stylizer.paint(planes, mask, YUV), inverted(planes, mask, YUV, tmp_path)) <= 1


def test_ranges_and_orders_of_the_two_ends_may_differ(tmp_path: Path) -> None:
    """RGB 0..255 in, BGR 0..1 out: a network that divides and turns the channels."""
    turning = tiny.model(
        "net (float[n, 3, h, w] image) => (float[n, 3, h, w] out) "
        "<float top = {255.0}, int64[3] order = {2, 1, 0}> "
        "{ small = Div(image, top) out = Gather<axis = 1>(small, order) }"
    )
    card = tiny.fixed_card(tmp_path, turning, {"range": "0..255"}, channels="BGR")
    planes = random_planes(YUV, 1, 16, 16)
    assert error(load(card).paint(planes, random_mask(1, 16, 16), YUV), planes) <= 1


def test_mean_and_std_are_the_networks(tmp_path: Path) -> None:
    undone = tiny.model(
        "net (float[n, 3, h, w] image) => (float[n, 3, h, w] out) <float[1, 3, 1, 1] std = {0.5, 0.25, 0.2}, "
        "float[1, 3, 1, 1] mean = {0.4, 0.5, 0.6}> { wide = Mul(image, std) out = Add(wide, mean) }"
    )
    ends = {"mean": (0.4, 0.5, 0.6), "std": (0.5, 0.25, 0.2)}
    planes = random_planes(YUV, 1, 16, 16)
    out = load(tiny.fixed_card(tmp_path, undone, ends)).paint(planes, random_mask(1, 16, 16), YUV)
    assert error(out, planes) <= 1


@pytest.mark.parametrize("region", [(32, 48), (64, 96), (128, 192), (80, 112), (16, 32)])
def test_a_region_is_scaled_to_a_fixed_size_and_back(region: tuple[int, int], tmp_path: Path) -> None:
    """A smooth picture survives the two scalings."""
    height, width = region
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    rgb = np.stack([0.3 + 0.4 * down, 0.3 + 0.4 * across, 0.5 + 0 * down], axis=-1)[None]
    planes = tuple(np.rint(plane).astype(np.uint8) for plane in reference_planes(rgb, YUV))
    network = tiny.fixed("invert", shape="1, 3, 32, 48")
    stylizer = load(tiny.fixed_card(tmp_path, network, {"size": (32, 48)}))
    out = stylizer.paint(planes, np.full((1, height, width), 255, np.uint8), YUV)
    wanted = reference_planes(1 - reference_rgb(planes, YUV), YUV)
    assert max(np.abs(new - plane).mean() for new, plane in zip(out, wanted, strict=True)) < 1.5


def test_regions_need_not_be_multiples(tmp_path: Path) -> None:
    halved = tiny.model(
        "net (float[n, 3, h, w] image) => (float[n, 3, h, w] out) <float[4] twice = {1.0, 1.0, 2.0, 2.0}> "
        "{ small = AveragePool<kernel_shape = [2, 2], strides = [2, 2]>(image) "
        'out = Resize<mode = "nearest">(small, , twice) }'
    )
    stylizer = load(tiny.fixed_card(tmp_path, halved, {"multiple": 8}))
    planes = random_planes(YUV, 1, 21, 19)
    out = stylizer.paint(planes, np.full((1, 21, 19), 255, np.uint8), YUV)
    assert stylizer.multiple == 8
    assert [plane.shape for plane in out] == [plane.shape for plane in planes]


def flat(red: int, green: int, blue: int, height: int = 20, width: int = 30) -> NDArray[np.uint8]:
    return np.full((height, width, 3), (red, green, blue), np.uint8)


def painted_colour(stylizer: Stylizer, count: int = 1) -> NDArray[np.float64]:
    """The mean RGB, 0..255, that a region turns into."""
    planes = tuple(np.full((count, 16, 16), 128, np.uint8) for _ in range(3))
    out = stylizer.paint(planes, np.full((count, 16, 16), 255, np.uint8), FULL)
    return np.asarray(reference_rgb(out, FULL).mean(axis=(0, 1, 2)) * 255)


@pytest.mark.parametrize(("axes", "batch"), [(2, "n"), (4, "n"), (2, "1")])
def test_arbitrary_style_paints_what_the_picture_says(axes: int, batch: str, tmp_path: Path) -> None:
    stylizer = load(tiny.arbitrary_card(tmp_path, axes, batch), [(flat(200, 100, 50), 1.0)])
    assert np.abs(painted_colour(stylizer, 3) - (200, 100, 50)).max() <= 1.5


def test_codes_mix_by_weight(tmp_path: Path) -> None:
    card = tiny.arbitrary_card(tmp_path)
    stylizer = load(card, [(flat(200, 100, 50), 3.0), (flat(100, 200, 150), 1.0)])
    assert np.abs(painted_colour(stylizer) - (175, 125, 75)).max() <= 1.5


BLUR = (
    "net (float[n, 3, h, w] image) => (float[n, 3, h, w] out) { "
    "ninth = Constant<value_float = 0.111111>() three = Constant<value_ints = [3, 1, 3, 3]>() "
    "kernel = Expand(ninth, three) out = Conv<group = 3, pads = [1, 1, 1, 1]>(image, kernel) }"
)


@pytest.mark.parametrize("format", [YUV, FULL], ids=lambda format: format.name)
@pytest.mark.parametrize(("height", "width"), [(32, 48), (31, 47), (5, 3)])
def test_a_network_that_sees_zeros_beyond_the_frame_draws_no_line_there(
    format: PixelFormat, height: int, width: int, tmp_path: Path
) -> None:
    mask = np.full((2, height, width), 255, np.uint8)
    planes = tuple(np.full_like(plane, 128) for plane in random_planes(format, 2, height, width))
    for rim, line in ((8, False), (0, True)):
        card = tiny.fixed_card(tmp_path, tiny.model(BLUR), {"rim": rim})
        assert (error(load(card).paint(planes, mask, format), planes) > 8) == line


def test_what_lies_within_the_region_is_not_reflected(tmp_path: Path) -> None:
    mask, planes = np.zeros((1, 32, 48), np.uint8), random_planes(FULL, 1, 32, 48)
    mask[:, 8:-8, 8:-8] = 255
    painted = [
        load(tiny.fixed_card(tmp_path, tiny.model(BLUR), {"rim": rim})).paint(planes, mask, FULL)
        for rim in (8, 0)
    ]
    assert error(*painted) == 0 < error(painted[0], planes)


def test_codes_are_repeated_for_a_shared_batch_axis(tmp_path: Path) -> None:
    text = (
        "apply (float[n, 3, h, w] image, float[n, 3] code) => (float[n, 3, h, w] out) "
        "<int64[4] rows = {-1, 3, 1, 1}, float nil = {0.0}> "
        "{ colour = Reshape(code, rows) black = Mul(image, nil) out = Add(black, colour) }"
    )
    card = tiny.arbitrary_card(tmp_path)
    card.graphs["apply"] = tiny.file(tmp_path, "rows.onnx", tiny.model(text), {}, {})
    stylizer = load(card, [(flat(200, 100, 50), 1.0)])
    assert np.abs(painted_colour(stylizer, 3) - (200, 100, 50)).max() <= 1.5


@pytest.mark.parametrize(
    ("picture", "shape"),
    [
        ({"size": (64, 64)}, (64, 64)),
        ({"size": (64, 96), "resize": "letterbox"}, (64, 96)),
        ({"side": 96, "multiple": 8}, (64, 96)),
        ({"multiple": 16}, (400, 608)),
        ({}, (400, 600)),
    ],
)
def test_style_pictures_get_the_size_of_the_card(picture: dict[str, Any], shape: tuple[int, int]) -> None:
    assert sized(flat(1, 2, 3, 400, 600), ImageInput(**picture)).shape == (*shape, 3)


def test_resizing_keeps_the_mean_and_does_not_alias() -> None:
    stripes = np.zeros((300, 500, 3), np.uint8)
    stripes[:, ::2] = 254
    small = resized(stripes, 60, 100)
    assert np.abs(small[:, 2:-2] - 127).max() < 4
    assert np.abs(resized(flat(9, 99, 200), 64, 80) - (9, 99, 200)).max() < 1e-3


def test_fixed_networks_refuse_style_pictures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave the style pictures out"):
        load(tiny.fixed_card(tmp_path, tiny.fixed()), [(flat(1, 2, 3), 1.0)])


@pytest.mark.parametrize("weights", [(), (0.0,), (1.0, -1.0)])
def test_styles_need_pictures_and_weights(weights: tuple[float, ...], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="weights"):
        load(tiny.arbitrary_card(tmp_path), [(flat(1, 2, 3), weight) for weight in weights])


@pytest.mark.parametrize(
    ("network", "enters", "message"),
    [
        (tiny.fixed(shape="4, 3, h, w"), {}, "takes 4 pictures"),
        (tiny.fixed(), {"name": "picture"}, "no input 'picture'; it has image"),
        (tiny.apply(), {}, "wants 'code' besides the picture"),
        (b"no network", {}, "not an ONNX model"),
    ],
)
def test_networks_that_do_not_fit_are_refused_at_once(
    network: bytes, enters: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=message):
        load(tiny.fixed_card(tmp_path, network, enters))


def test_a_segmenter_is_no_stylizer(tmp_path: Path) -> None:
    card = Card("net", "matte", "MIT", "tests", tiny.fixed_card(tmp_path, tiny.fixed()).graphs)
    with pytest.raises(ModelError, match="is a matte network"):
        load(card)
