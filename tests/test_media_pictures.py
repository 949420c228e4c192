"""Style pictures: every common kind, upright, on white, and one line for what is none."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from vidstyle.errors import InputError
from vidstyle.media import load_picture

RED, BLUE = (220, 30, 20), (20, 40, 200)


def halves(width: int = 40, height: int = 24) -> Any:
    picture = np.empty((height, width, 3), np.uint8)
    picture[:, : width // 2], picture[:, width // 2 :] = RED, BLUE
    return picture


def encode(codec: str, format: str, rgb: Any) -> bytes:
    context: Any = av.CodecContext.create(codec, "w")
    context.height, context.width = rgb.shape[:2]
    context.pix_fmt, context.time_base = format, Fraction(1, 25)
    frame = VideoFrame.from_ndarray(rgb, format="rgb24" if rgb.shape[2] == 3 else "rgba")
    full = {"dst_color_range": 2, "dst_colorspace": 5} if "yuv" in format else {}
    frame = frame.reformat(format=format, **full)
    return b"".join(bytes(p) for p in [*context.encode(frame), *context.encode(None)])


@pytest.mark.parametrize(
    ("codec", "format", "suffix", "error"),
    [
        ("png", "rgb24", "png", 0), ("mjpeg", "yuvj444p", "jpg", 12), ("bmp", "bgr24", "bmp", 0),
        ("tiff", "rgb24", "tif", 0), ("png", "rgb48be", "png", 1), ("mjpeg", "yuvj420p", "jpg", 12),
    ],
)  # fmt: skip
def test_common_kinds(tmp_path: Path, codec: str, format: str, suffix: str, error: int) -> None:
    path = tmp_path / f"100%03d a: b.{suffix}"
    path.write_bytes(encode(codec, format, halves()))
    picture = load_picture(path)
    assert picture.shape == (24, 40, 3) and picture.dtype == np.uint8
    assert np.abs(picture[:, 4:14].astype(int) - RED).max() <= error
    assert np.abs(picture[:, 26:36].astype(int) - BLUE).max() <= error


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    rgba = np.dstack([halves(), np.full((24, 40), 255, np.uint8)])
    rgba[:, :20, 3], rgba[:12, 20:, 3] = 0, 128
    path = tmp_path / "a.png"
    path.write_bytes(encode("png", "rgba", rgba))
    picture = load_picture(path)
    assert (picture[:, :20] == 255).all() and (picture[12:, 20:] == BLUE).all()
    assert np.abs(picture[:12, 20:].astype(int) - [137, 147, 227]).max() <= 1


def test_transparency_of_a_palette_too(tmp_path: Path) -> None:
    places, colours = np.zeros((24, 40), np.uint8), np.zeros((256, 4), np.uint8)
    places[:, :20], colours[0], colours[1] = 1, (255, *BLUE), (0, *RED)  # alpha first
    context: Any = av.CodecContext.create("png", "w")
    context.height, context.width, context.pix_fmt, context.time_base = 24, 40, "pal8", Fraction(1, 25)
    frame = VideoFrame.from_ndarray((places, colours), format="pal8")
    (tmp_path / "a.png").write_bytes(b"".join(map(bytes, [*context.encode(frame), *context.encode(None)])))
    picture = load_picture(tmp_path / "a.png")
    assert (picture[:, :20] == 255).all() and (picture[:, 20:] == BLUE).all()


def exif(orientation: int) -> bytes:
    """An APP1 segment with the orientation tag alone (Exif 2.3, 4.6.4)."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    stored = halves()
    stored[:8] = 128
    data = encode("mjpeg", "yuvj444p", stored)
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:2] + exif(orientation) + data[2:])
    turned = {
        1: stored, 2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1], 5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1), 7: np.rot90(stored, -1)[:, ::-1], 8: np.rot90(stored),
    }  # fmt: skip
    wanted = turned[orientation]
    if orientation == 7:
        wanted = stored[::-1, ::-1].swapaxes(0, 1)
    picture = load_picture(path)
    assert picture.shape == wanted.shape
    assert np.abs(picture.astype(int) - wanted).mean() < 6


def test_what_is_no_picture_is_one_line(tmp_path: Path) -> None:
    text, cut = tmp_path / "a.png", tmp_path / "b.png"
    text.write_text("no picture")
    cut.write_bytes(encode("png", "rgb24", halves())[:40])
    for path in (text, cut, tmp_path, tmp_path / "missing.jpg"):
        with pytest.raises(InputError) as caught:
            load_picture(path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
