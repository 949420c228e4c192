"""The painted video stream of an output: its encoder, its tags, and the times that it must end up with."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
from av.codec.context import CodecContext, Flags
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from vidstyle.errors import OutputError, UsageError
from vidstyle.media.codecs import Choice
from vidstyle.media.decode import AnyPacket
from vidstyle.media.formats import FULL, UNSPECIFIED, is_full_range, matrix_of, swscale_matrix, swscale_range
from vidstyle.media.probe import Tags
from vidstyle.media.settings import check_names, with_params
from vidstyle.media.values import check_values, heard, is_hardware
from vidstyle.types import VideoInfo

_INTERLACES = frozenset({"libx264", "mpeg2video", "mpeg4", "prores_ks", "dnxhd"})
_EARLY = Fraction(1)
"""Seconds that `go_first` takes off the first packet's dts, which Matroska does not store."""
_FAR = Fraction(3600)
"""Seconds between a packet's dts and pts that no encoder means."""
_JFIF = 5
"""BT.601's matrix, as FFmpeg's decoder of JPEG calls it."""
_EXACT = int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)


def rescale(ticks: int, source: Fraction, target: Fraction) -> int:
    """`ticks` of one time base in another, rounded to the nearest, halves away from zero (av_rescale_q)."""
    exact = ticks * source / target
    rounded = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return rounded if exact >= 0 else -rounded


@dataclass(slots=True)
class Times:
    """What is compared of a list of times, in any order and in constant memory: seconds as fractions."""

    count: int = 0
    first: int = 0
    last: int = 0
    total: int = 0
    squares: int = 0

    def add(self, ticks: int) -> None:
        """One more frame at `ticks`."""
        self.first = min(self.first, ticks) if self.count else ticks
        self.last = max(self.last, ticks) if self.count else ticks
        self.count += 1
        self.total += ticks
        self.squares += ticks * ticks


class Track:
    """Encodes frames for one stream of an output container.

    After `split` a new encoder goes on: what follows does not depend on what came before.
    """

    def __init__(
        self,
        output: OutputContainer,
        info: VideoInfo,
        tags: Tags,
        choice: Choice,
        options: dict[str, str],
    ) -> None:
        self.info, self.choice = info, choice
        self.tags = _target_tags(info, tags, choice)
        self._reformatter = VideoReformatter()
        self.shift = 0
        self._first_early = False
        self.times = Times()
        self.inexact = 0
        self._last_dts: int | None = None
        self._given = 0
        self._options = with_params(choice.encoder, options, tags)
        self.stream = self._add(output)
        self._encoder: Any = self.stream.codec_context
        self._open(options, self._options)

    def _add(self, output: OutputContainer) -> VideoStream:
        try:
            stream = output.add_stream(self.choice.encoder, rate=self.info.rate or Fraction(25))
        except ValueError as error:
            raise UsageError(f"{output.format.name} files cannot hold {self.choice.encoder} video") from error
        assert isinstance(stream, VideoStream)
        stream.time_base = self.info.time_base
        self._configure(stream.codec_context)
        if self.choice.encoder.find("265") >= 0 or "hevc" in self.choice.encoder:
            _set_hevc_tag(output, stream.codec_context)
        stream.set_display_matrix(self.tags.matrix)
        return stream

    def _configure(self, context: Any) -> None:
        context.width, context.height = self.info.width, self.info.height
        context.pix_fmt = self.choice.pixel_format
        context.time_base = self.info.time_base
        context.sample_aspect_ratio = self.info.sample_aspect_ratio
        context.thread_type = "AUTO"
        context.thread_count = encoder_threads(self.info.width, self.info.height)
        context.flags |= Flags.frame_duration
        if self.tags.interlaced and self.choice.encoder in _INTERLACES:
            context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        context.color_range, context.colorspace = self.tags.color_range, self.tags.colorspace
        context.color_primaries, context.color_trc = self.tags.primaries, self.tags.transfer

    def _open(self, given: dict[str, str], options: dict[str, str]) -> None:
        os.environ.setdefault("SVT_LOG", "1")  # SVT-AV1 writes its settings to stderr otherwise
        context = self.stream.codec_context
        check_names(context, options)
        check_values(context, options)
        context.options = dict(options)
        try:
            with heard(context.name, given):
                context.open()
        except (av.error.FFmpegError, ValueError) as error:
            raise self._refusal(given, error) from error
        if context.options:
            raise UsageError(f"{context.name} did not take the option {', '.join(context.options)}")

    def _refusal(self, options: dict[str, str], error: Exception) -> UsageError | OutputError:
        told = ", ".join(f"{key}={value}" for key, value in options.items()) or "no options"
        reason = getattr(error, "strerror", None) or str(error)
        size = f"{self.info.width}x{self.info.height} {self.choice.pixel_format}"
        if is_hardware(self.choice.encoder):
            log = getattr(error, "log", None)
            reason = log[2].strip() if log else reason
            line = f"{self.choice.encoder} is not available on this machine for {size} ({reason})"
            return OutputError(f"{line}; name another --codec")
        return UsageError(f"{self.choice.encoder} refuses {size} with {told} ({reason})")

    def start(self, first: int) -> int:
        """Told the first frame's pts; returns the ticks, `shift`, that all times are to be moved by.

        No container here keeps video before 0 (MP4 cuts it off): all streams move so that it starts at 0.
        """
        self.shift = max(0, -first)
        return self.shift

    def go_first(self) -> None:
        """Lets the first packet be muxed before any other stream's, though some begin before 0."""
        self._first_early = True

    def encode(self, native: VideoFrame, pts: int) -> list[AnyPacket]:
        """Packets that are ready after one more frame at `pts` (in the source's time base, moved)."""
        frame = self._fit(native)
        frame.pts, frame.time_base = pts, self.info.time_base
        frame.pict_type = 0  # the encoder chooses its own I, P and B
        packets = list(self._encoder.encode(frame))
        self._given += len(packets)
        return packets

    def flush(self) -> list[AnyPacket]:
        """The packets that the encoder still holds."""
        made_up = "265" in self.choice.encoder and not self._given
        self._given = 0
        return _mended(list(self._encoder.encode(None)), made_up)

    def split(self) -> None:
        """After `flush`: the next frame is a keyframe of a new encoder with the same settings."""
        opened: Any = self.stream.codec_context
        context: Any = CodecContext.create(self.choice.encoder, "w")
        self._configure(context)
        context.framerate = opened.framerate
        context.flags = opened.flags
        context.options = dict(self._options)
        context.open()
        self._encoder = context

    def count(self, pts: int) -> None:
        """A frame of this time (in the source's time base, moved) is in the output."""
        base = self.stream.time_base or self.info.time_base
        out = rescale(pts, self.info.time_base, base)
        self.inexact += out * base != pts * self.info.time_base
        self.times.add(out)

    def placed(self, packets: list[AnyPacket]) -> list[AnyPacket]:
        """Packets of any of its encoders as packets of the stream, their dts increasing across splits."""
        for packet in packets:
            packet.stream = self.stream
            if packet.dts is not None and self._last_dts is not None:
                packet.dts = max(packet.dts, self._last_dts + 1)
            self._last_dts = packet.dts
        return self._early(packets)

    def _early(self, packets: list[AnyPacket]) -> list[AnyPacket]:
        if packets and self._first_early:
            self._first_early = False
            first = packets[0]
            if first.dts is not None:
                first.dts -= round(_EARLY / first.time_base)
        return packets

    def _fit(self, native: VideoFrame) -> VideoFrame:
        format = self.info.format
        full = is_full_range(self.choice.pixel_format, self.tags.color_range)
        jpeg = self.choice.encoder == "mjpeg"
        if native.format.name == self.choice.pixel_format and not jpeg:
            return native
        source = swscale_matrix(format.matrix)
        told = jpeg or format.matrix == "rgb"
        matrix = matrix_of(self.tags.colorspace, native.width, native.height) if told else format.matrix
        out = self._reformatter.reformat(
            native, native.width, native.height, self.choice.pixel_format,
            src_colorspace=source, dst_colorspace=swscale_matrix(matrix), interpolation=_EXACT,
            src_color_range=swscale_range(format.full_range), dst_color_range=swscale_range(full), threads=1,
        )  # fmt: skip
        out.duration = native.duration
        return out


def _mended(packets: list[AnyPacket], made_up: bool) -> list[AnyPacket]:
    """The same packets, with decoding times that can be meant: x265 makes some up where it gets fewer frames
    than it looks ahead, and then gives all of them at its flush (`made_up`; by luck they look right)."""
    times = [packet.pts for packet in packets if packet.pts is not None]
    decoded = [packet.dts for packet in packets if packet.dts is not None]
    if not packets or not len(times) == len(decoded) == len(packets):
        return packets
    far = int(_FAR / packets[0].time_base)
    in_order = not made_up and all(one < other for one, other in pairwise(decoded))
    if in_order and all(0 <= pts - dts < far for pts, dts in zip(times, decoded, strict=True)):
        return packets
    order = sorted(times)
    late = max(due - pts for due, pts in zip(order, times, strict=True))
    for packet, due in zip(packets, order, strict=True):
        packet.dts = due - late
    return packets


def encoder_threads(width: int, height: int) -> int:
    """Threads of an encoder: by the size of the picture alone, because x264, x265 and FFV1 write other bits
    with other numbers, and a video must not depend on the machine that a segment of it was made on."""
    return 4 if width * height < 640 * 480 else 8 if width * height <= 1920 * 1088 else 16


def _set_hevc_tag(output: OutputContainer, context: Any) -> None:
    # Apple's players only open HEVC in MP4 and MOV under this name.
    if output.format.name in ("mp4", "mov"):
        context.codec_tag = "hvc1"


def _target_tags(info: VideoInfo, tags: Tags, choice: Choice) -> Tags:
    """The source's tags; full range is always said, as is the matrix of what was RGB and no longer is. JPEG
    has one matrix and one range (JFIF), whatever its container says."""
    tags = replace(tags, primaries=tags.primaries or UNSPECIFIED, transfer=tags.transfer or UNSPECIFIED)
    rgb = info.format.matrix == "rgb"
    if not rgb and tags.colorspace == 0:
        tags = replace(tags, colorspace=UNSPECIFIED)
    if choice.encoder == "mjpeg":
        return replace(tags, colorspace=_JFIF, color_range=FULL)
    if rgb and choice.pixel_format.startswith("yuv"):
        colorspace = tags.colorspace if tags.colorspace not in (0, UNSPECIFIED) else 1
        return replace(tags, colorspace=colorspace, color_range=1)
    if info.format.full_range and not rgb:
        return replace(tags, color_range=FULL)
    return tags
