"""Sound that the output's container cannot hold as it is: decoded and encoded in a codec that it can."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import Any, Final

import av
from av.container import OutputContainer

from vidstyle.media.decode import AnyPacket

_CODECS: Final = {"mp4": "aac", "mov": "aac", "webm": "libopus", "matroska": "flac", "avi": "libmp3lame"}
_OPUS_RATES: Final = (8000, 12000, 16000, 24000, 48000)


_LAYOUTS: Final = {
    1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1",
}  # fmt: skip


def named_layout(layout: Any) -> Any:
    """A layout that encoders and MP4 know: PCM often says only how many channels it has."""
    return _LAYOUTS.get(layout.nb_channels, layout) if layout.name.endswith(" channels") else layout


class SoundEncoder:
    """Decodes and encodes one audio stream, its times kept. Raises ValueError where that cannot be."""

    def __init__(self, output: OutputContainer, stream: Any, muxer: str) -> None:
        self.name = _CODECS.get(muxer, "aac")
        self._source: Any = stream.codec_context
        if self._source is None or not (self._source.sample_rate and self._source.layout.nb_channels):
            raise ValueError("nothing tells its codec, rate or channels")
        rate = self._source.sample_rate
        if self.name == "libopus" and rate not in _OPUS_RATES:
            rate = 48000
        self.target: Any = output.add_stream(self.name, rate=rate)
        context: Any = self.target.codec_context
        with contextlib.suppress(ValueError):
            context.layout = named_layout(self._source.layout)
        if self.name != "flac":
            context.bit_rate = 96000 * max(1, context.layout.nb_channels)
        self._shift = Fraction(0)
        self._first: Any = None
        self._other: Any = None
        self._base: Fraction | None = None
        self._begin: Fraction | None = None
        self._end = Fraction(0)

    def take(self, packet: AnyPacket, shift: Fraction) -> list[AnyPacket]:
        """Encoded packets that are ready after one more packet of the source's stream."""
        self._shift = shift
        try:
            frames = self._source.decode(packet)
        except (av.error.FFmpegError, EOFError):
            return []
        return [out for frame in frames for out in self._encode(frame)]

    def _encode(self, frame: Any) -> list[AnyPacket]:
        self._retime(frame)
        return [packet for alike in self._alike(frame) for packet in self.target.encode(alike)]

    def _retime(self, frame: Any) -> None:
        """Moves a frame. One without a time, or behind whose time there was one already, as in damaged files,
        follows right on the one before. All get the first one's time base: PyAV takes it for granted."""
        begin = None if frame.pts is None else frame.pts * frame.time_base + self._shift
        if begin is None or (self._begin is not None and begin <= self._begin):
            begin = self._end
        self._base = self._base or frame.time_base or Fraction(1, frame.sample_rate)
        frame.time_base, frame.pts = self._base, round(begin / self._base)
        self._begin, self._end = begin, begin + Fraction(frame.samples, frame.sample_rate)

    def _alike(self, frame: Any) -> list[Any]:
        """The frame with the channels, rate and samples of the first one: broadcasts change them midway."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._first is None:
            self._first = kind
        if kind == self._first:
            return [frame]
        if self._other is None or self._other[0] != kind:
            self._other = kind, av.AudioResampler(*self._first)
        alike: list[Any] = self._other[1].resample(frame)
        for part in alike:
            part.time_base, part.pts = self._base, round(part.pts * part.time_base / self._base)
        return alike

    def flush(self) -> list[AnyPacket]:
        """What the decoder and the encoder still hold."""
        left: list[AnyPacket] = []
        with contextlib.suppress(av.error.FFmpegError, EOFError):
            left += [out for frame in self._source.decode(None) for out in self._encode(frame)]
        return left + list(self.target.encode(None))
