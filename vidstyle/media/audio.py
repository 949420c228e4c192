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
    """Decodes and encodes one audio stream, its times kept."""

    def __init__(self, output: OutputContainer, stream: Any, muxer: str) -> None:
        self.name = _CODECS.get(muxer, "aac")
        self._source: Any = stream.codec_context
        rate = stream.codec_context.sample_rate
        if self.name == "libopus" and rate not in _OPUS_RATES:
            rate = 48000
        self.target: Any = output.add_stream(self.name, rate=rate)
        context: Any = self.target.codec_context
        with contextlib.suppress(ValueError):
            context.layout = named_layout(stream.codec_context.layout)
        if self.name != "flac":
            context.bit_rate = 96000 * max(1, context.layout.nb_channels)
        self._shift = Fraction(0)
        self._base = stream.time_base

    def take(self, packet: AnyPacket, shift: Fraction) -> list[AnyPacket]:
        """Encoded packets that are ready after one more packet of the source's stream."""
        self._shift = shift
        try:
            frames = self._source.decode(packet)
        except (av.error.FFmpegError, EOFError):
            return []
        return [out for frame in frames for out in self._encode(frame)]

    def _encode(self, frame: Any) -> list[AnyPacket]:
        if frame.pts is not None and self._shift:
            frame.pts += round(self._shift / frame.time_base)
        return list(self.target.encode(frame))

    def flush(self) -> list[AnyPacket]:
        """What the decoder and the encoder still hold."""
        left: list[AnyPacket] = []
        with contextlib.suppress(av.error.FFmpegError, EOFError):
            left += [out for frame in self._source.decode(None) for out in self._encode(frame)]
        return left + list(self.target.encode(None))
