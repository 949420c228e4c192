"""Third-party style networks and the built-in one on a real frame: what the graph paints is what the bare
network says of the same RGB picture."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from test_stylizers import beyond, random_mask, reference_planes, reference_rgb

from vidstyle import stylizers
from vidstyle.cards import Card, load
from vidstyle.device import Session, choose
from vidstyle.stylizers.style import entering
from vidstyle.types import PixelFormat, Planes

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
CLIP = SHARED / "media" / "laptops" / "typing_1280x720_25fps_aac.mp4"
FORMAT = PixelFormat("yuv420p", 8, 1, 1, "bt601", False)

HEAD = 'name = "{name}"\ntask = "{task}"\nlicence = "third party"\nsource = "tests"\n'
PAIR = """
[style]
file = "{style}"
sha256 = "{style_hash}"
[style.input]
{picture}
[apply]
file = "{apply}"
sha256 = "{apply_hash}"
[apply.input]
multiple = {multiple}
"""
WINML = """
[model]
file = "{file}"
sha256 = "{hash}"
[model.input]
channels = "BGR"
range = "0..255"
size = [720, 720]
[model.output]
channels = "BGR"
range = "0..255"
"""


def linked(folder: Path, source: Path) -> str:
    """Puts the network beside its card; returns its hash."""
    if not source.exists():
        pytest.skip(f"{source.name} is not here")
    (folder / source.name).symlink_to(source)
    return hashlib.sha256(source.read_bytes()).hexdigest()


def pair(folder: Path, name: str, files: tuple[str, str], picture: str, multiple: int) -> Card:
    style, apply = (SHARED / "models" / name / file for file in files)
    hashes = {"style_hash": linked(folder, style), "apply_hash": linked(folder, apply)}
    text = HEAD.format(name=name, task="style-arbitrary") + PAIR.format(
        style=style.name, apply=apply.name, picture=picture, multiple=multiple, **hashes
    )
    (folder / f"{name}.toml").write_text(text)
    return load(folder / f"{name}.toml")


def winml(folder: Path, name: str) -> Card:
    source = SHARED / "models" / "winml" / f"winml_{name}.onnx"
    text = WINML.format(file=source.name, hash=linked(folder, source))
    (folder / f"{name}.toml").write_text(HEAD.format(name=name, task="style-fixed") + text)
    return load(folder / f"{name}.toml")


def region(height: int, width: int) -> Planes:
    """Planes of the middle of a real frame, 4:2:0, (1, h, w)."""
    if not CLIP.exists():
        pytest.skip("the clip is not here")
    with av.open(str(CLIP)) as container:
        frame = next(container.decode(video=0))
    whole = frame.to_ndarray(format="yuv420p")
    sizes = [(720, 1280), (360, 640), (360, 640)]
    flat = np.split(whole.reshape(-1), np.cumsum([h * w for h, w in sizes])[:2])
    planes = [plane.reshape(size) for plane, size in zip(flat, sizes, strict=True)]
    top, left = (720 - height) // 4 * 2, (1280 - width) // 4 * 2
    cut = [planes[0][top : top + height, left : left + width]]
    cut += [p[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2] for p in planes[1:]]
    return tuple(plane[None] for plane in cut)


def picture() -> NDArray[np.uint8]:
    """Waves of blue and gold."""
    down, across = np.mgrid[0:200, 0:260]
    wave = np.sin(across / 9 + 3 * np.sin(down / 17)) + np.sin(down / 7)
    return (
        np.stack([60 + 80 * wave, 80 + 50 * np.sin(2 * wave), 130 - 60 * wave], -1)
        .clip(0, 255)
        .astype(np.uint8)
    )


def check(
    planes: Planes, painted: NDArray[Any], card: Card, styles: list[tuple[NDArray[np.uint8], float]]
) -> None:
    """Paints `planes` under a random mask; `painted` is the bare network's RGB, (1, 3, h, w) in 0..1."""
    mask = random_mask(1, *planes[0].shape[1:])
    out = stylizers.load(card, choose("cpu"), styles).paint(planes, mask, FORMAT)
    seen = reference_rgb(planes, FORMAT).clip(0, 1)
    before = reference_planes(seen, FORMAT)
    after = reference_planes(painted.clip(0, 1).transpose(0, 2, 3, 1).astype(float), FORMAT)
    change = after[0] - before[0] - beyond(planes[0], after[0] - before[0], FORMAT)
    wanted = (planes[0] + mask / 255 * change).clip(0, 255)
    assert np.abs(out[0] - wanted).max() <= 0.6
    assert np.array_equal(out[0][mask == 0], planes[0][mask == 0])
    assert np.abs(out[0].astype(int) - planes[0]).mean() > 2


PAIRS = {
    "magenta": (("style.onnx", "apply.onnx"), "size = [256, 256]", 4),
    "microast": (("microast_style.onnx", "microast_apply.onnx"), "side = 256\nmultiple = 8", 8),
}


@pytest.mark.parametrize("name", PAIRS)
def test_arbitrary_pairs(name: str, tmp_path: Path) -> None:
    card = pair(tmp_path, name, *PAIRS[name])
    planes = region(128, 192)
    styles = [(picture(), 1.0)]
    bare(card, planes, styles)


def test_the_built_in_network() -> None:
    path = ROOT / "models" / "brush" / "brush.toml"
    if not (path.parent / "apply.onnx").exists():
        pytest.skip("the built-in style network is not here")
    bare(load(path), region(128, 192), [(picture(), 1.0)])


def bare(card: Card, planes: Planes, styles: list[tuple[NDArray[np.uint8], float]]) -> None:
    """The pair without our graph, with the code found by hand."""
    style, apply = (Session(card.graphs[part].path, choose("cpu")) for part in ("style", "apply"))
    entry = entering(styles[0][0], card.graphs["style"].input, "float32")
    code = style.run({style.signature.inputs[0].name: entry})[0]
    image, other = (port.name for port in apply.signature.inputs)
    rgb = reference_rgb(planes, FORMAT).clip(0, 1).transpose(0, 3, 1, 2).astype(np.float32)
    rim = card.graphs["apply"].input.rim
    wide = np.pad(rgb, ((0, 0), (0, 0), (rim, rim), (rim, rim)), mode="symmetric")
    painted = apply.run({image: wide, other: code})[0]
    check(planes, painted[:, :, rim : rim + 128, rim : rim + 192], card, styles)


@pytest.mark.parametrize("name", ["candy", "mosaic"])
def test_windows_ml_networks(name: str, tmp_path: Path) -> None:
    """BGR, 0..255, 720x720, opset 7, with operators that were retired since."""
    card = winml(tmp_path, name)
    planes = region(720, 720)
    rgb = reference_rgb(planes, FORMAT).clip(0, 1).transpose(0, 3, 1, 2)
    network = Session(card.graphs["model"].path, choose("cpu"))
    bgr = (rgb[:, ::-1] * 255).astype(np.float32)
    check(planes, network.run({network.signature.inputs[0].name: bgr})[0][:, ::-1] / 255, card, [])
