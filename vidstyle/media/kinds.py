"""What a file is, told quickly: its ending, its first bytes, then FFmpeg. Nothing is decoded here."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from av.container import InputContainer
from av.video.stream import VideoStream

from vidstyle.errors import InputError
from vidstyle.media.containers import MUXERS, best_ending
from vidstyle.media.formats import describe
from vidstyle.media.opening import OPEN_FAILURES, alpha_decoder, demuxed, open_input, video_stream

Kind = Literal["video", "sound", "picture", "other"]

VIDEO_ENDINGS: Final = frozenset({
    ".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".divx", ".wmv", ".asf", ".flv", ".f4v", ".mpg",
    ".mpeg", ".mpe", ".m1v", ".m2v", ".mpv", ".vob", ".ts", ".mts", ".m2ts", ".m2t", ".tod", ".mod", ".3gp",
    ".3g2", ".ogv", ".ogm", ".rm", ".rmvb", ".mxf", ".dv", ".nut", ".y4m", ".ivf", ".h264", ".264", ".h265",
    ".265", ".hevc", ".mjpg", ".mjpeg", ".obu", ".wtv", ".gxf",
})  # fmt: skip
"""Endings of files that are meant to be video, whatever is in them."""

_ALSO_TEXT: Final = frozenset({".ts", ".mts", ".mod"})
"""Video endings that belong to source code too (TypeScript, Go)."""

_HEAD: Final = 4096
"""Bytes that are looked at before FFmpeg is asked."""

_MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"YUV4MPEG2 ", "video"),
    (b"\x1aE\xdf\xa3", "video"),  # Matroska, also of sound only: FFmpeg is asked
    (b"\xff\xd8\xff", "picture"),
    (b"8BPS", "picture"),
    (b"II*\0", "picture"),
    (b"MM\0*", "picture"),
    (b"v/1\x01", "picture"),
    (b"\0\0\1\0", "picture"),
    (b"\0\0\0\x0cjP  ", "picture"),
    (b"\0\0\0\x0cJXL ", "picture"),
    (b"\xff\x0a", "picture"),
    (b"ID3", "sound"),
    (b"fLaC", "sound"),
    (b"MThd", "sound"),
    (b"#!AMR", "sound"),
    (b"PK\3\4", "other"),
    (b"\x1f\x8b", "other"),
    (b"BZh", "other"),
    (b"\xfd7zXZ", "other"),
    (b"7z\xbc\xaf", "other"),
    (b"Rar!", "other"),
    (b"\x28\xb5\x2f\xfd", "other"),
    (b"%PDF", "other"),
    (b"\x7fELF", "other"),
    (b"\x93NUMPY", "other"),
    (b"SQLite format 3", "other"),
)
"""First bytes. What FFmpeg would open as a video of one frame is a picture here."""

_RIFF: Final[dict[bytes, Kind]] = {b"WEBP": "picture", b"WAVE": "sound"}
_FORM: Final[dict[bytes, Kind]] = {b"AIFF": "sound", b"AIFC": "sound"}
_BRANDS: Final[dict[bytes, Kind]] = {
    b"avif": "picture", b"heic": "picture", b"heix": "picture", b"heim": "picture", b"heis": "picture",
    b"mif1": "picture", b"M4A ": "sound", b"M4B ": "sound", b"M4P ": "sound", b"crx ": "picture",
}  # fmt: skip

_NO_CONTAINER: Final = frozenset({"tty", "bin", "xbin", "adf", "idf", "ico", "image2", "image2pipe"})
"""Demuxers that take nearly anything, or single pictures."""

_LOOPS: Final = frozenset({"gif", "apng"})
"""Pictures that may move."""


def kind(path: Path) -> Kind:
    """What a regular file is. One that ends like a video is one, readable or not: its job will tell.

    Never raises: what cannot be opened or understood is "other".
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return "video" if ends_like_video(path) else "other"
    if ends_like_video(path) and not (path.suffix.lower() in _ALSO_TEXT and _is_text(head)):
        return "video"
    return _by_magic(head) or _by_streams(path)


def ends_like_video(path: Path) -> bool:
    """Whether a name is meant to be that of a video."""
    return path.suffix.lower() in VIDEO_ENDINGS


def _by_magic(head: bytes) -> Kind | None:
    """None where FFmpeg has to be asked."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return None if found == "video" else found
    if head.startswith(b"\x89PNG"):
        return None if b"acTL" in head else "picture"
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM":
        return _FORM.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    return "other" if not head or _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """UTF-8 (cut anywhere) without control characters that no text has. No bytes are no text."""
    if not head or b"\0" in head:
        return False
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\n\r\f\x1b\ufeff" for character in text)


def _by_streams(path: Path) -> Kind:
    try:
        with open_input(path) as container:
            return _of(container, path)
    except (InputError, *OPEN_FAILURES):
        return "other"


def _of(container: InputContainer, path: Path) -> Kind:
    names = set(container.format.name.split(","))
    if names & _NO_CONTAINER or any(name.endswith("_pipe") for name in names):
        return "other"
    try:
        video_stream(container, path)
    except InputError:
        return "sound" if container.streams.audio else "other"
    return "picture" if names & _LOOPS and not _moves(container) else "video"


def _moves(container: InputContainer) -> bool:
    packets = demuxed(container, container.streams.video[0])
    return next(packets, None) is not None and next(packets, None) is not None


def ending_for(path: Path) -> str:
    """The ending of an output that nobody named: `choose_container`'s choice, found without decoding. Where
    the samples are not described, its own ending, if that is written here, else .mp4.

    Raises InputError for a file that cannot be opened or holds no video.
    """
    with open_input(path) as container:
        stream = video_stream(container, path)
        try:
            return _ending(container, stream, path)
        except (InputError, *OPEN_FAILURES):
            return path.suffix.lower() if path.suffix.lower() in MUXERS else ".mp4"


def _ending(container: InputContainer, stream: VideoStream, path: Path) -> str:
    decoder = alpha_decoder(stream)
    name = stream.codec_context.pix_fmt
    if name is None:
        raise InputError(f"{path} does not say how its samples lie")
    opaque = stream.codec_context.codec.canonical_name == "gif"
    format = describe(
        "yuva420p" if decoder is not None else name,
        colorspace=2, color_range=0, width=stream.width, height=stream.height, alpha=not opaque,
    )  # fmt: skip
    return best_ending(path, [s for s in container.streams if s.index != stream.index], format)
