"""Finished segments of one encoded stream, kept in a folder until they are joined by packet copy.

A segment is two files: `<name>-<n>.packets`, the packets one after the other, and `<name>-<n>.json`, which
says where each begins, its times, and what was painted. The second is written last, in one step: a segment
that has one is whole.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

from av.packet import Packet

from vidstyle.errors import OutputError
from vidstyle.media.decode import AnyPacket
from vidstyle.media.part_file import writing

_VERSION = 1


@dataclass(slots=True)
class Segment:
    """One segment's index. `packets` holds [size, pts, dts, duration, keyframe] of each, times in ticks of
    `time_base`; `first` and `last` are the times of its first and last frame; `crc` is the CRC-32 of all
    packets; `facts` is the caller's, anything that JSON holds."""

    frames: int = 0
    first: int = 0
    last: int = 0
    time_base: str = ""
    crc: int = 0
    packets: list[list[int]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    version: int = _VERSION

    @property
    def is_sound(self) -> bool:
        """Whether every frame that went in came out, at its time, and the first is a keyframe."""
        times = [pts for _, pts, *_ in self.packets]
        return (
            self.version == _VERSION
            and isinstance(self.facts, dict)
            and Fraction(self.time_base) > 0
            and len(times) == self.frames > 0
            and (min(times), max(times)) == (self.first, self.last)
            and bool(self.packets[0][4])
        )


class Segments:
    """The segments of the stream `name` in `folder`, by number from 0. Written by one process at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self._open: BinaryIO | None = None
        self._segment = Segment()

    def _path(self, number: int, ending: str) -> Path:
        return self.folder / f"{self.name}-{number:06d}.{ending}"

    def begin(self, number: int) -> None:
        """Starts writing a segment, over what an interrupted run left of it. Raises OutputError."""
        self.leave()
        self._path(number, "json").unlink(missing_ok=True)
        with writing(self._path(number, "packets")):
            self._open = self._path(number, "packets").open("wb")
        self._segment = Segment()

    def frame(self, pts: int) -> None:
        """A frame of this time went into the encoder."""
        segment = self._segment
        segment.first = min(segment.first, pts) if segment.frames else pts
        segment.last = max(segment.last, pts) if segment.frames else pts
        segment.frames += 1

    def add(self, packet: AnyPacket) -> None:
        """One more encoded packet. Raises OutputError."""
        assert self._open is not None
        segment, data = self._segment, bytes(packet)
        pts = packet.pts if packet.pts is not None else packet.dts or 0
        dts = packet.dts if packet.dts is not None else pts
        segment.packets.append([len(data), pts, dts, packet.duration or 0, int(packet.is_keyframe)])
        segment.time_base = str(Fraction(packet.time_base))
        segment.crc = zlib.crc32(data, segment.crc)
        with writing(Path(self._open.name)):
            self._open.write(data)

    def end(self, number: int, facts: dict[str, Any]) -> None:
        """The segment is complete: checks it, brings it to the disk, and says so in its index.

        Raises OutputError where it cannot be written or does not hold what went into the encoder.
        """
        assert self._open is not None
        segment, path = self._segment, self._path(number, "json")
        segment.facts = facts
        if not segment.is_sound:
            raise OutputError(
                f"segment {number} did not pass its check: {len(segment.packets)} packets for "
                f"{segment.frames} frames from {segment.first} to {segment.last}"
            )
        with writing(path):
            self._open.flush()
            os.fsync(self._open.fileno())
            self.leave()
            _write_whole(path, json.dumps(asdict(segment), separators=(",", ":")))

    def leave(self) -> None:
        """Closes the file of a segment that may not be complete."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def index(self, number: int) -> Segment | None:
        """What a whole segment holds; None where there is none."""
        try:
            segment = Segment(**json.loads(self._path(number, "json").read_text()))
            size = self._path(number, "packets").stat().st_size
            whole = segment.is_sound and size == sum(packet[0] for packet in segment.packets)
        except (OSError, ValueError, TypeError, ArithmeticError, LookupError):
            return None  # whatever lies there, it is no index
        return segment if whole else None

    def packets(self, number: int) -> Iterator[AnyPacket]:
        """The packets of a whole segment, as the encoder gave them. Raises OutputError where they changed."""
        segment, crc = self.index(number), 0
        path = self._path(number, "packets")
        if segment is None:
            raise OutputError(f"segment {number} is not whole: {path}")
        with writing(path), path.open("rb") as file:
            for size, pts, dts, duration, keyframe in segment.packets:
                data = file.read(size)
                crc = zlib.crc32(data, crc)
                yield _packet(data, pts, dts, duration, keyframe, Fraction(segment.time_base))
        if crc != segment.crc:
            raise OutputError(f"segment {number} is damaged; remove {path} and run the command again")


def _packet(data: bytes, pts: int, dts: int, duration: int, keyframe: int, time_base: Fraction) -> AnyPacket:
    packet = Packet(data)
    packet.pts, packet.dts, packet.duration, packet.time_base = pts, dts, duration, time_base
    packet.is_keyframe = bool(keyframe)
    return packet


def _write_whole(path: Path, text: str) -> None:
    part = path.with_suffix(".tmp")
    with part.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
