"""All streams but the painted one: their packets go from container to container as they are."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final

from av.container import OutputContainer
from av.stream import Disposition, Stream

from vidstyle.media.audio import SoundEncoder
from vidstyle.media.containers import REFUSALS, can_hold, copy_stream, is_chapter_text, is_timecode
from vidstyle.media.decode import AnyPacket
from vidstyle.media.source import Source
from vidstyle.media.subtitles import SubtitleText, can_convert
from vidstyle.media.track import rescale

_STALE: Final = frozenset({
    "encoder", "duration", "rotate", "bps", "number_of_frames", "number_of_bytes", "alpha_mode", "vendor_id",
    "major_brand", "minor_version", "compatible_brands", "vidstyle", "encoding_tool",
})  # fmt: skip
"""Metadata that describes the input's own bytes, and would be wrong of the output's."""


VIDEO_ONLY: Final = frozenset({"yuv4mpegpipe"})
"""Containers of one video stream and nothing else."""


def kept_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """Metadata without what only held for the input file."""
    return {k: v for k, v in metadata.items() if k.lower() not in _STALE and not k.startswith("_STATISTICS")}


# QuickTime has its own list of languages, by older codes than MP4's (libavformat/isom.c).
_QUICKTIME: Final = {
    "deu": "ger", "nld": "dut", "ell": "gre", "isl": "ice", "zho": "chi", "fas": "per", "swe": "sve",
}  # fmt: skip


def copy_labels(target: Stream, source: Stream, muxer: str) -> None:
    """Language, title and the like, and disposition; PyAV's templates carry neither."""
    target.metadata.update(kept_metadata(source.metadata))
    if muxer == "mov" and source.language in _QUICKTIME:
        target.metadata["language"] = _QUICKTIME[source.language]
    target.disposition = source.disposition


def describe(stream: Stream) -> str:
    """A stream in words, for notes: number, kind, codec, language."""
    context = stream.codec_context
    name = context.name if context is not None else getattr(stream, "name", None)
    language = stream.metadata.get("language", "und")
    parts = [f"stream {stream.index}", f"({stream.type}", f"{name or 'of unknown codec'})"]
    return " ".join(parts) + ("" if language == "und" else f" [{language}]")


_AAC_RATES: Final = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_AAC_PROFILES: Final = {"Main": (1, 1), "LC": (2, 1), "SSR": (3, 1), "LTP": (4, 1), "HE-AAC": (2, 2)}
"""The object type, and how many times its rate the decoder gives (ISO/IEC 14496-3, 1.6.2)."""


def _describe_aac(copy: Any, context: Any) -> None:
    """Gives AAC from a transport stream, which describes itself in every packet, the one description that
    Matroska wants in its header: a stream cannot take it from the first packet later, as a file does."""
    kind, times = _AAC_PROFILES.get(context.profile or "", (0, 1))
    rate, channels = context.sample_rate // times, context.layout.nb_channels
    if (
        context.name == "aac"
        and not context.extradata
        and kind
        and rate in _AAC_RATES
        and channels in range(1, 7)
    ):
        described = kind << 11 | _AAC_RATES.index(rate) << 7 | channels << 3
        copy.codec_context.extradata = described.to_bytes(2, "big")


class Copier:
    """Copies the other streams of a source into an output. What the container refuses is in `notes`."""

    def __init__(self, source: Source, output: OutputContainer, muxer: str) -> None:
        self.notes: list[str] = []
        self._output, self._muxer = output, muxer
        self._streams: dict[int, Stream] = {}
        self._sound: dict[int, SoundEncoder] = {}
        self._texts: dict[int, SubtitleText] = {}
        self._covers: list[AnyPacket] = []
        self._last_dts: dict[int, int] = {}
        self._shift = Fraction(0)
        self._counts: dict[int, int] = {}
        if muxer in VIDEO_ONLY:
            self.notes += [f"{describe(s)} is left out: y4m holds video only" for s in source.others]
            return
        for stream in source.others:
            self._add(source, stream)
        self._copy_container(source)

    def _add(self, source: Source, stream: Stream) -> None:
        if stream.disposition & Disposition.attached_pic:
            self._add_cover(source, stream)
        elif stream.type == "attachment":
            self._add_attachment(stream)
        elif can_hold(self._muxer, stream):
            self._add_copy(stream)
        elif stream.type == "audio":
            self._add_sound(stream)
        elif can_convert(stream, self._muxer):
            self._add_text(stream)
        elif not (is_timecode(stream) or is_chapter_text(stream)):
            self.notes.append(f"{describe(stream)} is left out: {self._muxer} files cannot hold it")

    def _add_copy(self, stream: Stream) -> None:
        if is_chapter_text(stream) or (is_timecode(stream) and self._muxer in ("mp4", "mov")):
            return
        copy = copy_stream(self._output, stream)
        is_stream = self._output.file is not None
        if is_stream and self._muxer == "matroska" and stream.type == "audio":
            _describe_aac(copy, stream.codec_context)
        copy_labels(copy, stream, self._muxer)
        self._streams[stream.index] = copy
        self._counts[copy.index] = 0

    def _add_sound(self, stream: Any) -> None:
        """Sound that the container does not take is encoded anew; it is never dropped in silence."""
        try:
            sound = SoundEncoder(self._output, stream, self._muxer)
        except REFUSALS as error:
            self.notes.append(f"{describe(stream)} is left out: it cannot be encoded ({error})")
            return
        copy_labels(sound.target, stream, self._muxer)
        self._sound[stream.index] = sound
        self.notes.append(
            f"{describe(stream)} is encoded as {sound.name}: {self._muxer} files cannot hold it as it is"
        )

    def _add_text(self, stream: Stream) -> None:
        text = SubtitleText(self._output, stream, self._muxer)
        copy_labels(text.target, stream, self._muxer)
        self._texts[stream.index] = text
        self.notes.append(
            f"{describe(stream)} is converted to {text.name}: {self._muxer} files cannot hold it as it is"
        )

    def _add_cover(self, source: Source, stream: Stream) -> None:
        packet = source.covers.get(stream.index)
        if packet is None or not can_hold(self._muxer, stream):
            self.notes.append(f"the cover picture is left out: {self._muxer} files cannot hold it")
        elif self._muxer == "matroska":
            kind = stream.codec_context.name
            name = stream.metadata.get("filename", f"cover.{'png' if kind == 'png' else 'jpg'}")
            mime = stream.metadata.get("mimetype", f"image/{'png' if kind == 'png' else 'jpeg'}")
            self._output.add_attachment(name, mime, bytes(packet))
        else:
            copy = copy_stream(self._output, stream)
            copy_labels(copy, stream, self._muxer)
            self._streams[stream.index] = copy
            self._covers.append(packet)

    def _add_attachment(self, stream: Any) -> None:
        if not can_hold(self._muxer, stream):
            self.notes.append(f"attachment {stream.name} is left out: {self._muxer} files hold none")
            return
        self._output.add_attachment(stream.name or "attachment", stream.mimetype or "", stream.data)

    def _copy_container(self, source: Source) -> None:
        self._output.metadata.update(kept_metadata(source.container.metadata))
        chapters = source.container.chapters()
        if chapters and source.part.whole:
            self._output.set_chapters(chapters)
        elif chapters:
            self.notes.append("chapters are left out: only a part of the video was asked for")

    def start(self, shift: Fraction) -> list[AnyPacket]:
        """Told the seconds that all times move by; returns the cover pictures, which come first."""
        self._shift = shift
        return [packet for cover in self._covers for packet in self.take(cover)]

    def take(self, packet: AnyPacket) -> list[AnyPacket]:
        """What goes into the output for one packet of another stream."""
        sound = self._sound.get(packet.stream_index)
        if sound is not None:
            return sound.take(packet, self._shift)
        text = self._texts.get(packet.stream_index)
        target = text.target if text else self._streams.get(packet.stream_index)
        if target is None:
            return []
        self._retime(packet, target)
        if text:
            return text.take(packet)
        packet.stream = target
        if target.index in self._counts:
            self._counts[target.index] += 1
        return [packet]

    @property
    def counts(self) -> list[tuple[str, int]]:
        """Kind and packets so far of every stream that is copied as it is, in their order."""
        streams = sorted(self._streams.values(), key=lambda stream: stream.index)
        return [(s.type, self._counts[s.index]) for s in streams if s.index in self._counts]

    def flush(self) -> list[AnyPacket]:
        """What the sound encoders still hold."""
        return [packet for sound in self._sound.values() for packet in sound.flush()]

    def _retime(self, packet: AnyPacket, target: Stream) -> None:
        """Moves a packet and keeps its dts increasing, in the container's clock too, which it insists on.

        Nothing is asked of `packet.stream` here: the input may be closed by now.
        """
        move = rescale(1, self._shift, packet.time_base) if self._shift else 0
        packet.pts = None if packet.pts is None else packet.pts + move
        packet.dts = packet.pts if packet.dts is None else packet.dts + move
        if packet.dts is None:
            return
        base, clock = packet.time_base, target.time_base or packet.time_base
        last = self._last_dts.get(target.index)
        if target.type != "subtitle":
            if last is not None and rescale(packet.dts, base, clock) <= rescale(last, base, clock):
                packet.dts = last + math.ceil(clock / base)
            if packet.pts is not None:
                packet.pts = max(packet.pts, packet.dts)
        self._last_dts[target.index] = packet.dts
