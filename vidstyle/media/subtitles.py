"""Text subtitles in the words of another container: only the text and its times are kept, no styling."""

from __future__ import annotations

import html
import re
import struct
from fractions import Fraction
from typing import Any, Final

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from vidstyle.media.decode import AnyPacket

_TARGETS: Final = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}
_TEXT: Final = frozenset({"subrip", "srt", "mov_text", "webvtt", "ass", "ssa", "text"})
_TAGS: Final = re.compile(r"<[^<>]*>|\{[^}]*\}")


def _codec(stream: Stream) -> str:
    return stream.codec_context.codec.canonical_name if stream.codec_context is not None else ""


def can_convert(stream: Stream, muxer: str) -> bool:
    """Whether `SubtitleText` can carry a subtitle stream into a container of FFmpeg's name `muxer`."""
    return stream.type == "subtitle" and _codec(stream) in _TEXT and muxer in _TARGETS


def text_of(codec: str, data: bytes) -> str:
    """The words in one subtitle packet of FFmpeg's codec `codec`, without markup."""
    if codec == "mov_text":  # 3GPP TS 26.245: a 16-bit length, the text, style boxes
        length = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 0
        return data[2 : 2 + length].decode("utf-8", "replace")
    text = data.decode("utf-8", "replace").rstrip("\0")
    if codec in ("ass", "ssa"):  # Matroska: ReadOrder, Layer, Style, Name, three margins, Effect, Text
        text = text.split(",", 8)[-1].replace(r"\N", "\n").replace(r"\n", "\n")
    text = _TAGS.sub("", text)
    return html.unescape(text) if codec == "webvtt" else text


def data_of(codec: str, text: str) -> bytes:
    """One subtitle packet of FFmpeg's codec `codec` with these words."""
    if codec == "webvtt":
        text = html.escape(text, quote=False)
    data = text.encode()
    if codec != "mov_text":
        return data
    data = data[:65535]
    return struct.pack(">H", len(data)) + data


class SubtitleText:
    """Converts one text subtitle stream packet by packet."""

    def __init__(self, output: OutputContainer, stream: Stream, muxer: str) -> None:
        self.name = _TARGETS[muxer]
        self._codec = _codec(stream)
        self.target: Any = output.add_mux_stream(self.name)
        self.target.time_base = Fraction(1, 1000)

    def take(self, packet: AnyPacket) -> list[AnyPacket]:
        """The converted packet, with the times of `packet`; empty cues only end the one before."""
        text = text_of(self._codec, bytes(packet))
        if not text.strip():
            return []
        out: AnyPacket = Packet(data_of(self.name, text))
        out.time_base = packet.time_base
        out.pts, out.dts, out.duration = packet.pts, packet.dts, packet.duration
        out.stream = self.target
        return [out]
