"""Pixel formats: which planar format frames are handled in, and what their samples mean.

Rules, in one place:

- Planar YUV (4:2:0, 4:2:2, 4:4:4, 4:4:0, 4:1:1) and planar RGB (gbrp) of 8 to 16 bit, with or without alpha,
  stay as they are. `yuvj*` is the same samples called full range; big-endian samples are byte-swapped; gray
  gets neutral 4:2:0 chroma and keeps its luma bit for bit. Anything else (packed, paletted, semi-planar)
  goes to the nearest of those formats by FFmpeg's own score: RGB to gbrp, NV12 to yuv420p, P010 to
  yuv420p10le, YUYV to yuv422p.
- The matrix is the one that the frame is tagged with. Untagged video is what players take it for: BT.709 from
  1280 columns or 577 lines on, else BT.601; limited range, but gray and `yuvj*` are full range. Tags are
  never invented: untagged video stays untagged in the output.
"""

from __future__ import annotations

import re
from typing import Final

from av.codec.codec import find_best_pix_fmt_of_list
from av.video.format import VideoFormat

from vidstyle.types import Matrix, PixelFormat

UNSPECIFIED: Final = 2
"""AVCOL_SPC_UNSPECIFIED, AVCOL_PRI_UNSPECIFIED and AVCOL_TRC_UNSPECIFIED."""

FULL, LIMITED, UNKNOWN_RANGE = 2, 1, 0
"""AVCOL_RANGE_JPEG, AVCOL_RANGE_MPEG and AVCOL_RANGE_UNSPECIFIED."""

_YUV = re.compile(r"yuv(?P<alpha>a?)(?P<chroma>420|422|444|440|411)p(?P<depth>\d*)(?:le|be)?")
_RGB = re.compile(r"gbr(?P<alpha>a?)p(?P<depth>\d*)(?:le|be)?")
_GRAY = re.compile(r"gray(?P<depth>\d*)(?:le|be)?")
_SHIFTS: Final = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1), "411": (2, 0)}
_MATRICES: Final[dict[int, Matrix]] = {
    0: "rgb", 1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601", 7: "bt709",
    9: "bt2020", 10: "bt2020", 14: "bt2020",
}  # fmt: skip
_SWSCALE: Final[dict[Matrix, int]] = {"bt601": 5, "bt709": 1, "bt2020": 9, "rgb": 1}


def _existing(name: str) -> bool:
    try:
        VideoFormat(name)
    except ValueError:
        return False
    return True


def _names() -> tuple[str, ...]:
    depths = ("", "9le", "10le", "12le", "14le", "16le")
    yuv = [f"yuv{a}{c}p{d}" for c in _SHIFTS for a in ("", "a") for d in depths]
    rgb = [f"gbr{a}p{d}" for a in ("", "a") for d in depths]
    return tuple(name for name in (*yuv, *rgb) if _existing(name))


PLANAR: Final = _names()
"""Every format that frames are handled in."""


def _little_endian(name: str) -> str:
    return f"{name[:-2]}le" if name.endswith("be") else name


def planar(name: str, *, alpha: bool = True) -> str:
    """The planar format in which frames of FFmpeg's format `name` are handled (see the rules above).

    With alpha=False the answer has no alpha plane even where `name` has one.
    """
    plain = _little_endian(name).replace("yuvj", "yuv")
    gray = _GRAY.fullmatch(plain)
    if gray:
        plain = f"yuv420p{_depth_suffix(gray['depth'])}"
    if not alpha and (_YUV.fullmatch(plain) or _RGB.fullmatch(plain)):
        plain = plain.replace("yuva", "yuv").replace("gbrap", "gbrp")
    if plain in PLANAR:
        return plain
    choices = [n for n in PLANAR if alpha or not has_alpha(n)]
    best, _ = find_best_pix_fmt_of_list(choices, name, has_alpha=alpha and has_alpha(name))
    return best.name if best is not None else "yuv420p"


def _depth_suffix(depth: str) -> str:
    return "" if depth in ("", "8") else f"{depth}le"


def has_alpha(name: str) -> bool:
    """Whether FFmpeg's pixel format `name` carries alpha."""
    return any(component.is_alpha for component in VideoFormat(name).components)


def same_samples(source: str, target: str) -> bool:
    """Whether `target` is `source` with a new name, another byte order, or neutral chroma beside gray."""
    plain = _little_endian(source).replace("yuvj", "yuv")
    return plain == target or (bool(_GRAY.fullmatch(plain)) and planar(source) == target)


def is_full_range(name: str, color_range: int) -> bool:
    """Whether samples use the whole range: by the tag, else by the format (`yuvj*`, gray and RGB do)."""
    if "yuvj" in name or _is_rgb(name):
        return True
    if color_range in (FULL, LIMITED):
        return color_range == FULL
    return bool(_GRAY.fullmatch(name))


def _is_rgb(name: str) -> bool:
    return VideoFormat(name).is_rgb or name == "pal8"


def matrix_of(colorspace: int, width: int, height: int) -> Matrix:
    """The matrix of a YUV picture: its tag (AVColorSpace), else the rule for untagged video above."""
    tagged = _MATRICES.get(colorspace)
    if tagged is not None and tagged != "rgb":
        return tagged
    return "bt709" if width >= 1280 or height > 576 else "bt601"


def describe(
    source: str, *, colorspace: int, color_range: int, width: int, height: int, alpha: bool = True
) -> PixelFormat:
    """The planar format that pictures of `source` (FFmpeg's name) with these tags are handled in."""
    name = planar(source, alpha=alpha)
    full = is_full_range(source, color_range)
    rgb = _RGB.fullmatch(name)
    if rgb:
        return PixelFormat(name, int(rgb["depth"] or 8), 0, 0, "rgb", True, rgb["alpha"] == "a")
    yuv = _YUV.fullmatch(name)
    assert yuv is not None
    matrix = matrix_of(colorspace, width, height)
    return PixelFormat(
        name, int(yuv["depth"] or 8), *_SHIFTS[yuv["chroma"]], matrix, full, yuv["alpha"] == "a"
    )


def is_known_matrix(colorspace: int) -> bool:
    """Whether a tagged matrix (AVColorSpace) is one that frames are painted with, or none is tagged."""
    return colorspace in (0, 1, UNSPECIFIED, 5, 6, 9)


def swscale_matrix(matrix: Matrix) -> int:
    """swscale's number (SWS_CS_*) of a matrix."""
    return _SWSCALE[matrix]


def swscale_range(full: bool) -> int:
    """AVColorRange of full or limited range."""
    return FULL if full else LIMITED
