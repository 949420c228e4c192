"""Which container: what each can hold, found by trying, and the default name of an output."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from vidstyle.errors import UsageError, nearest
from vidstyle.media.audio import named_layout
from vidstyle.media.nowhere import Nowhere, Target
from vidstyle.media.out_pipe import OutPipe
from vidstyle.media.source import Source
from vidstyle.types import PixelFormat

MUXERS: Final = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Containers that outputs get without being asked for."""

_OTHERS: Final = {
    ".avi": "avi", ".ts": "mpegts", ".mts": "mpegts", ".m2ts": "mpegts", ".m2t": "mpegts", ".flv": "flv",
    ".f4v": "f4v", ".nut": "nut", ".wmv": "asf", ".asf": "asf", ".3gp": "3gp", ".3g2": "3g2",
    ".y4m": "yuv4mpegpipe",
}  # fmt: skip
"""Containers for those who name them. FFmpeg has more: they write many files (HLS, DASH, pictures), no video
beside sound, or refuse common streams (MXF, MPEG-PS, Ogg) once the work has begun."""

_MPEGTS: Final = {
    "audio": frozenset({
        "aac", "aac_latm", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "ac3", "eac3", "dca",
        "truehd", "opus", "libopus", "s302m",
    }),
    "subtitle": frozenset({"dvbsub", "dvb_subtitle", "dvb_teletext", "libzvbi_teletextdec", "pgssub"}),
}  # fmt: skip
"""Decoders of what MPEG-TS has a stream type for."""

REFUSALS: Final = (av.error.FFmpegError, ValueError, OSError, RuntimeError)
"""What PyAV raises when a container does not take a stream."""


def muxer_for(target: Target, container: str | None) -> str:
    """FFmpeg's name of the container for a target's extension (or the one that was named, in FFmpeg's word or
    by an ending); Matroska for standard output.

    Raises UsageError where it is none that is written here as one whole file.
    """
    muxers = MUXERS | _OTHERS
    if container is not None:
        return muxer_named(container)
    if isinstance(target, OutPipe):
        return "matroska"
    path = target.target if isinstance(target, Nowhere) else target
    found = muxers.get(path.suffix.lower())
    if found is None:
        kinds = ", ".join(MUXERS)
        raise UsageError(f"{path.name!r} does not end like a video file that is written here; use {kinds}")
    return found


def muxer_named(container: str) -> str:
    """FFmpeg's name of a container that is named by an ending (mkv) or by FFmpeg's own name (matroska).

    Raises UsageError with the nearest endings.
    """
    muxers = MUXERS | _OTHERS
    named = muxers.get(f".{container.lower()}", container.lower())
    if named not in muxers.values():
        known = [suffix[1:] for suffix in muxers]
        raise UsageError(f"no container is called {container!r}{nearest(container, known)}")
    return named


def copy_stream(output: OutputContainer, stream: Stream) -> Stream:
    """A stream of `output` that takes the packets of `stream` as they are."""
    copy: Stream = output.add_stream_from_template(stream, opaque=True)
    if _is_pcm(stream) and output.format.name == "mp4":  # it must say where each channel is heard
        context: Any = copy.codec_context
        with contextlib.suppress(ValueError):
            context.layout = named_layout(context.layout)
    return copy


def _is_pcm(stream: Stream) -> bool:
    context = stream.codec_context
    return stream.type == "audio" and context is not None and context.name.startswith("pcm_")


def can_hold(muxer: str, stream: Stream) -> bool:
    """Whether a container takes the packets of `stream`: asked by writing a header into memory, and a whole
    file where it is PCM, about which MP4 complains at the end."""
    if stream.type == "attachment":
        return muxer == "matroska"
    if stream.disposition & Disposition.attached_pic:
        return muxer in ("mp4", "matroska")
    if muxer == "mpegts" and not _is_known_in_mpegts(stream):
        return False
    output = None
    try:
        output = av.open(io.BytesIO(), "w", format=muxer)
        copy = copy_stream(output, stream)
        output.start_encoding()
        if _is_pcm(stream):
            _end(output, copy)
    except REFUSALS:
        return False
    finally:
        if output is not None:
            with contextlib.suppress(*REFUSALS):
                output.close()
    return True


def _end(output: OutputContainer, pcm: Any) -> None:
    """Writes a little silence, and closes."""
    silence: Packet[Any] = Packet(bytes(24 * pcm.codec_context.channels))  # whole samples of any size
    silence.stream, silence.pts, silence.dts, silence.time_base = pcm, 0, 0, pcm.time_base
    output.mux_one(silence)
    output.close()


def _is_known_in_mpegts(stream: Stream) -> bool:
    """The muxer takes any sound and subtitles, but what it has no type for comes back as nothing."""
    known = _MPEGTS.get(stream.type)
    return known is None or (stream.codec_context is not None and stream.codec_context.name in known)


def is_timecode(stream: Stream) -> bool:
    """A QuickTime timecode track: MP4 and MOV write it anew from the video's `timecode` tag."""
    return stream.type == "data" and "timecode" in stream.metadata


def is_chapter_text(stream: Stream) -> bool:
    """The text track behind MP4 chapters, which are copied as chapters."""
    return stream.type == "data" and getattr(stream, "name", None) == "bin_data"


def _matters(stream: Stream) -> bool:
    return not is_timecode(stream) and not is_chapter_text(stream)


def _keeps_picture(muxer: str, format: PixelFormat) -> bool:
    """Whether the container's default encoders keep depth, chroma and alpha."""
    if format.alpha:
        plain = format.depth == 8 and (format.chroma_w, format.chroma_h) == (1, 1)
        return muxer == "matroska" or (muxer == "webm" and plain) or (muxer == "mov" and format.depth <= 10)
    if muxer == "webm":
        return format.depth == 8 or (format.depth == 10 and (format.chroma_w, format.chroma_h) == (1, 1))
    return muxer == "matroska" or format.depth <= 12


def choose_container(source: Source) -> str:
    """The extension of an output that nobody named: the input's own where it can be written and holds
    everything, else .mp4 or .mkv. Sound counts most, then the picture, then all other streams."""
    return best_ending(source.file or Path(), source.others, source.info.format)


def best_ending(source: Path, others: Sequence[Stream], format: PixelFormat) -> str:
    """`choose_container` by a source's name, all its streams but the painted one, and its picture."""
    own = source.suffix.lower()
    choices = [s for s in dict.fromkeys((own, ".mp4", ".mkv")) if s in MUXERS]
    if own == ".webm":
        choices = [".webm", ".mkv"]
    return max(choices, key=lambda end: (_score(MUXERS[end], others, format), -choices.index(end)))


def _score(muxer: str, others: Sequence[Stream], format: PixelFormat) -> tuple[bool, bool, int]:
    held = {s.index for s in others if can_hold(muxer, s)}
    sound = all(s.index in held for s in others if s.type == "audio")
    rest = sum(s.index not in held for s in others if _matters(s))
    return sound, _keeps_picture(muxer, format), -rest


def default_target(source: Path, opened: Source) -> Path:
    """`<stem>.vidstyle<ext>` beside the input, in a container that holds all its streams if there is one."""
    return source.with_name(f"{source.stem}.vidstyle{choose_container(opened)}")


def ending_of(container: str) -> str:
    """The ending of outputs in a container that was named as `muxer_named` takes it. Raises UsageError."""
    muxer, own = muxer_named(container), f".{container.lower()}"
    endings = [ending for ending, name in (MUXERS | _OTHERS).items() if name == muxer]
    return own if own in endings else endings[0]
