"""Demux and decode, damaged packets survived: pictures in presentation order, each with its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidstyle.errors import InputError
from vidstyle.media.clock import Clock, Ledger
from vidstyle.media.in_pipe import InPipe
from vidstyle.media.opening import OPEN_FAILURES, alpha_decoder, demuxed
from vidstyle.media.probe import rate_of

if TYPE_CHECKING:
    AnyPacket = Packet[Any]
else:
    AnyPacket = Packet  # generic in its stub only

_PATIENCE = 1000
"""Video packets without one picture after which a file counts as not decodable."""

_REORDERED: Final = frozenset({"h264", "hevc"})
"""Codecs of which FFmpeg does not tell from a picture alone when it is shown."""


@dataclass(slots=True)
class Picture:
    """A decoded picture: its time in ticks of the stream's time base, and the other streams' packets
    that were demuxed before it."""

    native: VideoFrame
    pts: int
    companions: tuple[AnyPacket, ...]


class Decoder:
    """One pass over one video stream. The container belongs to the caller."""

    def __init__(
        self, container: InputContainer, stream: VideoStream, path: Path | InPipe, threads: int | None
    ) -> None:
        self.container, self.stream, self.path = container, stream, path
        self.context: VideoCodecContext = stream.codec_context
        self.covers: dict[int, AnyPacket] = {}
        self.damaged = self.repeated = self.corrupt = 0
        self.truncated: str | None = None
        self.companions: list[AnyPacket] = []
        self._threads = threads
        self.numbered = is_numbered(container, self.context)
        self._configure(self.context)
        self._fed = 0
        self._last: VideoFrame | None = None
        self.restart_clock()

    def restart_clock(self) -> None:
        """Forgets times and lost packets: at the start, and after a seek."""
        self._base = self.stream.time_base or Fraction(1, 90000)
        self.clock = Clock(self._base, rate_of(self.stream))
        self._ledger = Ledger()
        self._due: deque[int] = deque()
        self._last_pts: int | None = None
        self.companions.clear()
        self.context.flush_buffers()

    def _configure(self, context: VideoCodecContext) -> None:
        context.thread_type = "AUTO"
        context.thread_count = self._threads or 0

    @property
    def name(self) -> str:
        """The decoder that is used."""
        return self.context.codec.name

    @property
    def is_clean(self) -> bool:
        """Whether all pictures so far came whole, and with times of their own."""
        clock = self.clock
        lost = self.damaged or self.corrupt or self.repeated or self.numbered
        return not (lost or clock.filled or clock.moved or clock.backwards)

    def pictures(self) -> Iterator[Picture]:
        """All pictures from here on; `companions` then holds the packets after the last one."""
        for packet in self.packets():
            if packet.stream_index == self.stream.index:
                yield from self._decode(packet)
            else:
                self._keep(packet)
        yield from self._flush()

    def packets(self) -> Iterator[AnyPacket]:
        """What is left in the file, without empty packets; ends early, with `truncated`, on an error."""
        try:
            yield from demuxed(self.container)
        except OPEN_FAILURES as error:
            self.truncated = getattr(error, "strerror", None) or str(error)

    def _keep(self, packet: AnyPacket) -> None:
        if packet.stream.disposition & Disposition.attached_pic:
            self.covers.setdefault(packet.stream_index, packet)
        else:
            self.companions.append(packet)

    def _first(self, packet: AnyPacket) -> None:
        """What only the first video packet can tell: encryption, and alpha beside VP8 and VP9."""
        if packet.has_sidedata("encryption_info") or packet.has_sidedata("encryption_init_info"):
            raise InputError(f"{self.path} is encrypted and cannot be decoded")
        alpha = alpha_decoder(self.stream) if packet.has_sidedata("matroska_block_additional") else None
        if alpha is not None:
            alpha.extradata = self.stream.codec_context.extradata
            self.context = alpha
            self._configure(alpha)

    def _decode(self, packet: AnyPacket) -> Iterator[Picture]:
        if not self._fed:
            self._first(packet)
        self._fed += 1
        if self._last is None and self._fed > _PATIENCE:
            raise InputError(f"{self.path} holds video that cannot be decoded")
        if self.numbered:
            self._queue(packet)
        if not packet.is_discard:
            self._ledger.sent(packet.pts)
        try:
            frames = self.context.decode(packet)
        except (av.error.FFmpegError, EOFError) as error:
            yield from self._bad(packet, error)
            return
        for frame in frames:
            yield from self._emit(frame)

    def _queue(self, packet: AnyPacket) -> None:
        """Forgets the pts, which follows the decoding order: every picture gets the next packet's dts."""
        packet.pts = None
        if packet.dts is not None and (packet.is_keyframe or self._due or self._last is not None):
            self._due.append(packet.dts)

    def _time(self, pts: int | None, dts: int | None) -> int:
        return self.clock(pts, self._due.popleft() if self._due else dts)

    def _bad(self, packet: AnyPacket, error: Exception) -> Iterator[Picture]:
        """A packet that cannot be decoded. Without a pts its time can be kept only here and now."""
        if isinstance(error, av.error.MemoryError):
            raise error
        self.damaged += 1
        self._ledger.damaged = True
        if packet.pts is None and self._last is not None:
            self.repeated += 1
            yield self._picture(self._last, self._time(None, packet.dts))

    def _flush(self) -> Iterator[Picture]:
        try:
            frames = self.context.decode(None)
        except (av.error.FFmpegError, EOFError):
            frames = []
        for frame in frames:
            yield from self._emit(frame)
        if self._ledger.lacks(self._last_pts):  # with several threads an error may end the flush in silence
            self.damaged += 1
            self._ledger.damaged = True
        yield from self._repeats(self._ledger.rest(self._last_pts))

    def _repeats(self, times: list[int]) -> Iterator[Picture]:
        for time in times:
            if self._last is not None:
                self.repeated += 1
                yield self._picture(self._last, self.clock(time, None))

    def _emit(self, frame: VideoFrame) -> Iterator[Picture]:
        if frame.is_corrupt:
            self.corrupt += 1
            self._ledger.damaged = True
        yield from self._repeats(self._ledger.received(frame.pts, self._last_pts))
        frame.time_base = self._base  # frames that come out of the flush have none
        self._last = frame
        yield self._picture(frame, self._time(frame.pts, frame.dts))

    def _picture(self, frame: VideoFrame, pts: int) -> Picture:
        companions, self.companions = tuple(self.companions), []
        self._last_pts = pts
        return Picture(frame, pts, companions)


def is_numbered(container: InputContainer, context: VideoCodecContext) -> bool:
    """Whether the times of the packets only number them, while their pictures are shown in another order: of
    H.264 with B-frames in AVI."""
    return container.format.name == "avi" and context.name in _REORDERED and context.has_b_frames
