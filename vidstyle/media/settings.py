"""Encoder options: `--crf`, `--preset` and `-e key=value` in each encoder's own words, checked.

Defaults are those of someone who wants the untouched part to look untouched: quality just below visually
lossless, at a speed that does not hold up the networks.
"""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from av.video.codeccontext import VideoCodecContext

from vidstyle.errors import UsageError, nearest
from vidstyle.media.probe import Tags
from vidstyle.types import EncodeOptions


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one encoder calls quality and speed, and its defaults."""

    crf: str | None = None
    quality: str | None = None
    preset: str | None = None
    speed: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


_X264: Final = Dialect("crf", "18", "preset", "veryfast")
_NVENC: Final = Dialect("cq", "19", "preset", "p5", {"rc": "vbr", "b": "0"})
_QSCALE: Final = Dialect(None, None, None, None, {"flags": "+qscale", "global_quality": "236"})
_DIALECTS: Final = {
    "libx264": _X264,
    "libx264rgb": _X264,
    "libx265": Dialect("crf", "20", "preset", "veryfast"),
    "libsvtav1": Dialect("crf", "24", "preset", "8"),
    "libvpx-vp9": Dialect("crf", "24", "cpu-used", "5", {"b": "0", "row-mt": "1", "tile-columns": "2"}),
    "libvpx": Dialect("crf", "10", "cpu-used", "4", {"b": "20000000"}),
    "h264_nvenc": _NVENC,
    "hevc_nvenc": _NVENC,
    "av1_nvenc": _NVENC,
    "h264_qsv": Dialect("global_quality", "20", "preset", "medium"),
    "hevc_qsv": Dialect("global_quality", "20", "preset", "medium"),
    "mpeg4": _QSCALE,
    "mpeg2video": _QSCALE,
    "mjpeg": _QSCALE,
    "ffv1": Dialect(None, None, None, None, {"level": "3", "slicecrc": "1", "g": "1"}),
}
_RATES: Final = frozenset({"b", "qp", "crf", "cq", "global_quality", "rc"})
_ALIASES: Final = {"b:v": "b", "bitrate": "b", "g:v": "g"}


def settings_for(encoder: str, encode: EncodeOptions, *, muxer: str, alpha: bool) -> dict[str, str]:
    """The encoder's options: its defaults, then `--crf` and `--preset`, then `-e` (which wins).

    Raises UsageError for a crf or preset that means nothing to the encoder.
    """
    dialect = _DIALECTS.get(encoder, Dialect())
    chosen = dict(dialect.extra)
    chosen |= _one(encoder, "--crf", dialect.crf, dialect.quality, encode.crf)
    chosen |= _one(encoder, "--preset", dialect.preset, dialect.speed, encode.preset)
    if alpha and encoder.startswith("libvpx"):
        chosen["auto-alt-ref"] = "0"  # libvpx cannot code alpha beside hidden frames
    own = {_ALIASES.get(key, key): value for key, value in encode.options.items()}
    if encode.crf is None and not _RATES.isdisjoint(own):
        chosen.pop(dialect.crf or "", None)  # the user steers the quality another way
    if muxer == "avi":
        chosen["bf"] = "0"  # AVI numbers frames in decoding order
    return chosen | own


_PROMPT: Final = {
    "libx264": {"tune": "zerolatency"}, "libx264rgb": {"tune": "zerolatency"},
    "libx265": {"tune": "zerolatency"},
    "libvpx": {"lag-in-frames": "0", "deadline": "realtime"},
    "libvpx-vp9": {"lag-in-frames": "0", "deadline": "realtime"},
    "h264_nvenc": {"delay": "0", "zerolatency": "1"}, "hevc_nvenc": {"delay": "0", "zerolatency": "1"},
}  # fmt: skip


def prompt(encoder: str) -> dict[str, str]:
    """Options with which an encoder gives each frame's packet before it takes the next frame."""
    return _PROMPT.get(encoder, {})


def _one(
    encoder: str, flag: str, option: str | None, default: str | None, given: float | str | None
) -> dict[str, str]:
    if option is None:
        if given is not None:
            raise UsageError(f"{flag} means nothing to {encoder}; leave it out")
        return {}
    value = default if given is None else _plain(given)
    return {} if value is None else {option: value}


def _plain(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def check_names(context: VideoCodecContext, names: dict[str, str]) -> None:
    """Raises UsageError for an option that the encoder does not have, with the nearest names."""
    options = context.supported_options
    known = {option.name for option in (*options.private, *options.generic)}
    for name in names:
        if name not in known:
            raise UsageError(f"{context.name} has no option {name!r}{nearest(name, known)}")


def _ratios(data: bytes) -> list[tuple[int, int]]:
    numbers = struct.unpack_from("=20i", data)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _scaled(ratio: tuple[int, int], unit: int) -> int:
    return round(ratio[0] * unit / ratio[1]) if ratio[1] else 0


def mastering_string(data: bytes) -> str | None:
    """AVMasteringDisplayMetadata as x265 and x264 write it: G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min).

    Chromaticities in steps of 0.00002, luminance in 0.0001 cd/m2 (SMPTE ST 2086, H.265 D.2.28).
    """
    if len(data) < 88 or struct.unpack_from("=2i", data, 80) != (1, 1):
        return None
    r, g, b, white = (tuple(_scaled(p, 50000) for p in _ratios(data)[i : i + 2]) for i in (0, 2, 4, 6))
    low, high = (_scaled(p, 10000) for p in _ratios(data)[8:10])
    points = "".join(f"{n}({p[0]},{p[1]})" for n, p in (("G", g), ("B", b), ("R", r), ("WP", white)))
    return f"{points}L({high},{low})"


def _hdr_parts(encoder: str, tags: Tags) -> list[str]:
    """Mastering display and content light level in the words of x265 and x264."""
    mastering = mastering_string(tags.mastering) if tags.mastering else None
    light = struct.unpack_from("=2I", tags.light) if tags.light and len(tags.light) >= 8 else None
    words = ("master-display", "max-cll") if encoder == "libx265" else ("mastering-display", "cll")
    parts = [f"{words[0]}={mastering}"] if mastering else []
    return parts + ([f"{words[1]}={light[0]},{light[1]}"] if light else [])


def keeps_hdr_data(encoder: str) -> bool:
    """Whether static HDR metadata can be handed to an encoder."""
    return encoder in ("libx264", "libx265")


def with_params(encoder: str, options: dict[str, str], tags: Tags) -> dict[str, str]:
    """`options` with the source's HDR side data, without chatter on stderr, and so that the same frames
    always give the same bits; what the user gave wins."""
    key = {"libx264": "x264-params", "libx264rgb": "x264-params", "libx265": "x265-params"}.get(encoder)
    if key is None:
        return options
    ours = ["log-level=none"] if encoder == "libx265" else _same_bits()
    hdr = _hdr_parts(encoder, tags) if keeps_hdr_data(encoder) else []
    params = ":".join([*ours, *hdr, *filter(None, [options.get(key)])])
    return options | ({key: params} if params else {})


@functools.cache
def _same_bits() -> list[str]:
    """What x264 needs for the same output every time: its AVX-512 code gives other bits from run to run (seen
    at 480x270 with macroblock trees on), at no gain in speed here. Naming a set of instructions that the
    CPU lacks would crash, so only a CPU that says it has AVX-512 is told to use AVX2."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    return ["asm=avx2"] if " avx512bw" in flags and " avx2" in flags else []
