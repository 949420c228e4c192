"""Which encoder, and in which pixel format: the names users know, and the default for a container."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from typing import Final

import av
from av.codec import Codec
from av.codec.codec import PixFmtLoss, UnknownCodecError, find_best_pix_fmt_of_list
from av.video.format import VideoFormat

from vidstyle.errors import UsageError, nearest
from vidstyle.media.formats import has_alpha
from vidstyle.types import PixelFormat, VideoInfo

SHORT_NAMES: Final = {
    "h264": "libx264", "avc": "libx264", "x264": "libx264", "h265": "libx265", "hevc": "libx265",
    "x265": "libx265", "av1": "libsvtav1", "svtav1": "libsvtav1", "vp9": "libvpx-vp9", "vp8": "libvpx",
    "prores": "prores_ks", "nvenc": "h264_nvenc",
}  # fmt: skip
"""Short names of `--codec` beside FFmpeg's own names of encoders."""

_DEFAULTS: Final = {
    "webm": ("libvpx-vp9", "libsvtav1"),
    "matroska": ("libx264", "libx265", "libvpx-vp9", "ffv1"),
    "mov": ("libx264", "libx265", "prores_ks"),
    "mp4": ("libx264", "libx265", "libvpx-vp9"),
    "avi": ("libx264", "ffv1"),
    "yuv4mpegpipe": ("rawvideo",),
}
_ANY: Final = ("libx264", "libx265", "mpeg4")
_KEEPS_RGB: Final = frozenset({"ffv1", "utvideo", "libx264rgb", "png", "qtrle", "rawvideo", "gif", "apng"})
_EVEN_ONLY: Final = frozenset({"libx264", "libx265", "h264_nvenc", "hevc_nvenc", "av1_nvenc"})
"""Encoders that refuse subsampled chroma in pictures of odd width or height."""
_STORED: Final = {
    "yuv4mpegpipe": (
        "yuv411p", "yuva444p",
        *(f"yuv{c}p{d}" for c in (420, 422, 444) for d in ("", "9le", "10le", "12le", "14le", "16le")),
    ),
}  # fmt: skip
"""Pixel formats of containers that have a list of their own (libavformat/yuv4mpegenc.c)."""
_LOSSES: Final = {
    PixFmtLoss.RESOLUTION: "chroma resolution",
    PixFmtLoss.DEPTH: "bit depth",
    PixFmtLoss.ALPHA: "transparency",
    PixFmtLoss.CHROMA: "colour",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An encoder, FFmpeg's name of the pixel format it is given, and what the user should know of it."""

    encoder: str
    pixel_format: str
    note: str | None = None


def encoders() -> list[str]:
    """FFmpeg's names of all video encoders in this build. Asked for only where one is wrong: hundreds of
    errors are raised inside PyAV on the way, and a signal that comes meanwhile may be lost there."""
    return [name for name in av.codecs_available if is_encoder(name)]


@functools.cache
def is_encoder(name: str) -> bool:
    """Whether this build has a video encoder of that very name."""
    try:
        codec = Codec(name, "w")
    except UnknownCodecError:
        return False
    return codec.name == name and codec.type == "video" and codec.is_encoder


def encoder_named(name: str) -> str:
    """FFmpeg's encoder for a `--codec` word; UsageError with the nearest names when there is none."""
    word = name.strip().lower()
    found = SHORT_NAMES.get(word, word)
    if not is_encoder(found):
        known = [*SHORT_NAMES, *encoders()]
        raise UsageError(f"no video encoder is called {name!r}{nearest(word, known)}")
    return found


def holds(muxer: str, encoder: str) -> bool:
    """Whether FFmpeg knows nothing against an encoder's video in a container."""
    if muxer == "yuv4mpegpipe":
        return encoder == "rawvideo"
    with av.open(io.BytesIO(), "w", format=muxer) as output:
        try:
            output.add_stream(encoder)
        except ValueError:
            return False
    return True


def _software(formats: list[VideoFormat] | None) -> list[str]:
    # Hardware formats have no components; `yuvj*` is written as `yuv*` with the range tagged.
    return [f.name for f in formats or [] if f.components and not f.name.startswith("yuvj")]


def formats_of(encoder: str) -> list[str]:
    """FFmpeg's names of the pixel formats an encoder takes; empty when it takes any."""
    taken = _software(Codec(encoder, "w").video_formats)
    # x265 lists alpha, and refuses it unless it was built for it.
    return [name for name in taken if not has_alpha(name)] if encoder == "libx265" else taken


def _wanted(encoder: str, format: PixelFormat, odd: tuple[bool, bool]) -> str:
    """RGB is written as 4:4:4 YUV of its depth by codecs whose players expect YUV, and so are odd sizes
    by those that cannot halve them."""
    rgb = format.matrix == "rgb" and encoder not in _KEEPS_RGB
    halved = (odd[0] and format.chroma_w > 0) or (odd[1] and format.chroma_h > 0)
    if not rgb and not (halved and encoder in _EVEN_ONLY):
        return format.name
    depth = "" if format.depth == 8 else f"{format.depth}le"
    return f"yuv{'a' if format.alpha else ''}444p{depth}"


def _fit(encoder: str, format: PixelFormat, odd: tuple[bool, bool], muxer: str) -> tuple[str, PixFmtLoss]:
    wanted, taken = _wanted(encoder, format, odd), list(_STORED.get(muxer, ())) or formats_of(encoder)
    if not taken or wanted in taken:
        return wanted, PixFmtLoss.NONE
    best, loss = find_best_pix_fmt_of_list(taken, wanted, has_alpha=format.alpha)
    if best is None:
        raise UsageError(f"{encoder} takes no pixel format near {format.name}")
    return best.name, loss


def _note(encoder: str, format: PixelFormat, taken: str, loss: PixFmtLoss) -> str | None:
    lost = [text for flag, text in _LOSSES.items() if loss & flag]
    if format.alpha and not has_alpha(taken) and "transparency" not in lost:
        lost.append("transparency")
    if lost:
        return f"{encoder} takes {taken}, not {format.name}: {', '.join(lost)} is reduced"
    if taken != format.name:
        return f"{encoder} is given {taken} for {format.name}"
    return None


def _choice(encoder: str, format: PixelFormat, odd: tuple[bool, bool], muxer: str) -> Choice:
    taken, loss = _fit(encoder, format, odd, muxer)
    return Choice(encoder, taken, _note(encoder, format, taken, loss))


def _order(muxer: str, format: PixelFormat) -> tuple[str, ...]:
    """Encoders to try for a container, best first: HEVC before H.264 above 8 bit, as hardware plays that."""
    names = _DEFAULTS.get(muxer, _ANY)
    if format.depth > 8 and "libx265" in names:
        return ("libx265", *(n for n in names if n != "libx265"))
    return names


def choose_codec(requested: str | None, info: VideoInfo, muxer: str) -> Choice:
    """The encoder and its pixel format.

    requested: a `--codec` word, or None for the default: the first encoder that the container's players
    expect and that takes the frames (their format and size) unchanged, else the one that loses least.
    muxer: FFmpeg's name of the container. Raises UsageError when it does not hold the one asked for.
    """
    format, odd = info.format, (info.width % 2 == 1, info.height % 2 == 1)
    if requested is not None:
        encoder = encoder_named(requested)
        if not holds(muxer, encoder):
            raise UsageError(f"{muxer} files cannot hold {requested} video; name another -o or --codec")
        return _choice(encoder, format, odd, muxer)
    names = [n for n in _order(muxer, format) if is_encoder(n) and holds(muxer, n)]
    if not names:
        raise UsageError(f"no encoder is known for {muxer} files; name one with --codec")
    choices = [(n, *_fit(n, format, odd, muxer)) for n in names]
    best = min(choices, key=lambda choice: (_weight(choice[2]), _stretched(choice[1], format)))
    return Choice(best[0], best[1], _note(best[0], format, best[1], best[2]))


def _stretched(taken: str, format: PixelFormat) -> bool:
    """Whether YUV would be encoded in another format, for its odd size: another codec is better then."""
    return format.matrix != "rgb" and taken != format.name


def _weight(loss: PixFmtLoss) -> int:
    """What a conversion loses, as one number: nothing, then colour, transparency, depth, resolution."""
    order = (
        PixFmtLoss.COLORSPACE,
        PixFmtLoss.RESOLUTION,
        PixFmtLoss.DEPTH,
        PixFmtLoss.ALPHA,
        PixFmtLoss.CHROMA,
    )
    return sum(1 << index for index, flag in enumerate(order) if loss & flag)
