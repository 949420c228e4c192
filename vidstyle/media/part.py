"""A part of the video: which pictures and packets lie in it, and how their times are moved."""

from __future__ import annotations

from fractions import Fraction

from vidstyle.errors import InputError
from vidstyle.media.decode import AnyPacket, Picture


class NoFrameError(InputError):
    """A part that lies beside all frames."""


class Part:
    """Pictures from `start` to before `end` (seconds from the first picture); the first kept one gets
    time 0 and everything else moves by the same amount, rounded to the tick of its own stream.
    `begin`: that picture's time in the source's ticks.

    Other streams are cut to the same span. A subtitle that is already showing at the start begins there,
    where the container's seeking finds it (MP4's does, Matroska's does not).
    """

    def __init__(self, first: int, time_base: Fraction, start: Fraction | None, end: Fraction | None) -> None:
        origin = first * time_base
        self.start = None if start is None else origin + start
        self.end = None if end is None else origin + end
        self._base = time_base
        self.whole = start is None and end is None
        self._offset: Fraction | None = Fraction(0) if self.whole else None
        self.begin = 0

    @property
    def seek_to(self) -> int | None:
        """Where to look for a keyframe (ticks): a second early, as seeking goes by decoding times."""
        if self.start is None or self.whole:
            return None
        return int((self.start - 1) / self._base)

    @property
    def late(self) -> Fraction:
        """Seconds by which the first kept picture lies behind `start`; known once it was asked for."""
        return Fraction(0) if self.start is None or self._offset is None else self._offset - self.start

    def before(self, picture: Picture) -> bool:
        """Whether the picture lies before the part."""
        return self.start is not None and picture.pts * self._base < self.start

    def after(self, picture: Picture) -> bool:
        """Whether the picture lies behind the part."""
        return self.end is not None and picture.pts * self._base >= self.end

    def begins_at(self, pts: int) -> None:
        """Told the time (source's ticks) of the part's first picture, which becomes 0."""
        if self._offset is None:
            self.begin = pts
            self._offset = pts * self._base

    def pts(self, picture: Picture) -> int:
        """The picture's time in the part. The first one that is asked for becomes 0."""
        self.begins_at(picture.pts)
        return picture.pts - self.begin

    def packets(self, packets: tuple[AnyPacket, ...]) -> tuple[AnyPacket, ...]:
        """Those packets of other streams that lie in the part, moved in place."""
        if self.whole:
            return packets
        return tuple(packet for packet in packets if self._move(packet))

    def _move(self, packet: AnyPacket) -> bool:
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None or self._offset is None:
            return False
        start = round(self._offset / packet.time_base)
        if not _begin_at(packet, start) or self.is_past(packet):
            return False
        packet.pts = None if packet.pts is None else packet.pts - start
        packet.dts = None if packet.dts is None else packet.dts - start
        return True

    def is_early(self, packet: AnyPacket) -> bool:
        """Whether a packet that was not moved yet ends before the part."""
        time = packet.pts if packet.pts is not None else packet.dts
        end = (time or 0) + (packet.duration or 0)
        return self.start is not None and time is not None and end * packet.time_base < self.start

    def is_over(self, packet: AnyPacket) -> bool:
        """Whether no picture of the part comes with a packet of the painted stream, or behind it: pictures
        are decoded before they are shown, so that one behind the part says nothing of those that follow."""
        time = packet.dts if packet.dts is not None else packet.pts
        return self.end is not None and time is not None and time * packet.time_base >= self.end

    def is_past(self, packet: AnyPacket) -> bool:
        """Whether a packet that was not moved yet lies behind the part."""
        time = packet.pts if packet.pts is not None else packet.dts
        return self.end is not None and time is not None and time * packet.time_base >= self.end


def _begin_at(packet: AnyPacket, start: int) -> bool:
    time = packet.pts if packet.pts is not None else packet.dts
    assert time is not None
    if time >= start:
        return True
    end = time + (packet.duration or 0)
    if packet.stream.type != "subtitle" or end <= start:
        return False
    packet.pts, packet.dts, packet.duration = start, start, end - start
    return True
