"""An output file with one encoded video stream: opened, written, checked and named. Sinks build on it.

A video is one segment or several, each by an encoder of its own. They are muxed as they come, or kept in a
folder (`Segments`) and joined at the end.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, Final, Self

import av
from av.container import OutputContainer
from av.video.frame import VideoFrame

from vidstyle.errors import OutputError, UsageError
from vidstyle.media.codecs import Choice
from vidstyle.media.containers import REFUSALS
from vidstyle.media.decode import AnyPacket
from vidstyle.media.fingerprint import metadata, sidecar, write_sidecar
from vidstyle.media.nowhere import Target
from vidstyle.media.part_file import PartFile, place, writing
from vidstyle.media.probe import Tags
from vidstyle.media.segments import Segments
from vidstyle.media.source import Source
from vidstyle.media.track import Track
from vidstyle.types import VideoInfo

_FASTSTART: Final = {"movflags": "+faststart"}
_AS_IT_IS: Final = {"avoid_negative_ts": "disabled"}
# Matroska stores times relative to a cluster, so sound may begin before 0 (AAC does) if the first cluster
# does not: moving every stream, as FFmpeg does by default, would change every frame's time.
_CONTAINER_OPTIONS: Final = {
    "mp4": _FASTSTART, "mov": _FASTSTART, "matroska": _AS_IT_IS, "webm": _AS_IT_IS,
}  # fmt: skip
_LARGEST_CLOCK: Final = 1_000_000
_HEAD: Final = 16
"""Packets of the other streams among which one that begins before 0 is looked for."""


def container_options(muxer: str, clocks: list[int]) -> dict[str, str]:
    """Options of a container. clocks: ticks per second of its streams, the video's first.

    MP4 stores when a stream begins in ticks of the whole movie: 1000 a second by default, here a number
    that every stream's clock divides, or the video's own where that number is large.
    """
    options = dict(_CONTAINER_OPTIONS.get(muxer, {}))
    if muxer in ("mp4", "mov"):
        common = math.lcm(*clocks)
        options["movie_timescale"] = str(common if common <= _LARGEST_CLOCK else clocks[0])
    return options


class Writer:
    """Base of `Sink` and `MaskWriter`: a context manager whose file appears whole, or not at all.

    Leaving the with-block without `finish` (or `prepare` and `commit`) removes what was written; what `kept`
    holds stays.
    """

    def __init__(
        self,
        target: Target,
        source: Source,
        muxer: str,
        *,
        overwrite: bool,
        kept: Segments | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self.target, self.muxer, self.kept = target, muxer, kept
        self._fingerprint = fingerprint
        self.notes: list[str] = []
        self._first = source.first
        self._spent = False
        self._file = place(target, source.file, overwrite=overwrite)
        self.muxed = self._refused = 0
        self._track: Track | None = None
        self._started = self._prepared = False
        try:
            with writing(target):
                options = container_options(muxer, source.clocks)
                self._output: OutputContainer = self._file.open(muxer, options)
        except (ValueError, OutputError) as error:
            self._file.discard()
            if isinstance(error, OutputError):
                raise
            raise UsageError(f"no container is called {muxer!r}") from error

    @property
    def track(self) -> Track:
        """The video stream that is written."""
        assert self._track is not None
        return self._track

    @property
    def codec(self) -> str:
        """The encoder in use, FFmpeg's name."""
        return self.track.choice.encoder

    def _add_track(self, info: VideoInfo, tags: Tags, choice: Choice, options: dict[str, str]) -> None:
        self._track = Track(self._output, info, tags, choice, options)
        if choice.note:
            self.notes.append(choice.note)

    def _write_header(self) -> None:
        if self._fingerprint:
            self._output.metadata.update(metadata(self._fingerprint, self.muxer))
        with writing(self.target):
            try:
                self._output.start_encoding()
                self._file.send()
            except (ValueError, RuntimeError) as error:  # FFmpeg's own are among the first
                reason = getattr(error, "strerror", None) or str(error)
                raise OutputError(f"{self.muxer} files do not take these streams ({reason})") from error

    def begin(self, number: int) -> None:
        """The frames that follow, up to `end`, are segment `number`. Raises OutputError."""
        with writing(self.target):
            if self._spent:
                self.track.split()
        self._spent = False
        if self.kept is not None:
            self.kept.begin(number)

    def end(self, number: int, facts: dict[str, Any]) -> None:
        """All frames of segment `number` were written; `facts` are kept with it. Raises OutputError."""
        self._flush()
        if self.kept is not None:
            self.kept.end(number, facts)

    def _flush(self) -> None:
        if not self._spent:
            self._spent = True
            with writing(self.target):
                self._take(self.track.flush())

    def _start(self) -> Fraction:
        """Before the first frame: the seconds that all times move by."""
        self._started = True
        moved = self.track.start(self._first)
        seconds = moved * self.track.info.time_base
        if moved:
            self.notes.append(
                f"{self.muxer} files cannot start before 0: everything is {float(seconds):.3f} s later"
            )
        return seconds

    def _encode(self, native: VideoFrame, pts: int) -> None:
        moved = pts + self.track.shift
        if self.kept is None:
            self.track.count(moved)
        else:
            self.kept.frame(moved)
        with writing(self.target):
            self._take(self.track.encode(native, moved))

    def _take(self, packets: list[AnyPacket]) -> None:
        if self.kept is None:
            self._mux(self.track.placed(packets))
            return
        for packet in packets:
            self.kept.add(packet)

    def join(self, count: int, beside: Iterable[AnyPacket] = ()) -> None:
        """Muxes the first `count` kept segments, and `beside`: the packets of the other streams.

        Raises OutputError where a segment is missing or damaged.
        """
        packets = iter(beside)
        head = list(itertools.islice(packets, _HEAD))
        self._open_streams(head)
        others = _others(itertools.chain(head, packets))
        for video, packet in heapq.merge(self._kept_packets(count), others, key=_time):
            if video:
                self.track.count(packet.pts if packet.pts is not None else packet.dts or 0)
                self._mux(self.track.placed([packet]))
            else:
                self._copy([packet])

    def _open_streams(self, beside: Sequence[AnyPacket]) -> None:  # noqa: ARG002 - for `Sink`
        """What comes before the first packet. beside: the first packets of the other streams."""
        if not self._started:
            self._start()

    def _copy(self, packets: Sequence[AnyPacket]) -> None:
        """Writes packets of other streams; a plain `Writer` has none."""

    def _kept_packets(self, count: int) -> Iterator[tuple[bool, AnyPacket]]:
        assert self.kept is not None
        for number in range(count):
            for packet in self.kept.packets(number):
                yield True, packet

    def _mux(self, packets: list[AnyPacket]) -> None:
        with writing(self.target):
            for packet in packets:
                video = packet.stream is self.track.stream
                try:
                    self._output.mux_one(packet)
                except av.error.InvalidDataError:
                    if video:
                        raise
                    self._refused += 1  # damaged sound, which the container would have to understand
                self._file.send()
                self.muxed += video

    def finish(self, trailing: Sequence[Any] = ()) -> None:
        """`prepare`, then `commit`. Raises OutputError."""
        self.prepare(trailing)
        self.commit()

    def prepare(self, trailing: Sequence[Any] = ()) -> None:  # noqa: ARG002 - for `Sink`
        """Flushes, closes and checks; the file stays hidden. Raises OutputError.

        trailing: `Source.trailing()`, of which only a `Sink` writes anything.
        """
        self._close([])

    def commit(self) -> None:
        """Puts what `prepare` left in the target's place, in one step, and its fingerprint beside it where it
        cannot carry one. Raises OutputError."""
        assert self._prepared
        if isinstance(self._file, PartFile):
            self._leave_word(self._file)
        self._file.commit()

    def _leave_word(self, file: PartFile) -> None:
        if self._fingerprint and not metadata(self._fingerprint, self.muxer):
            write_sidecar(file.target, self._fingerprint, file.path.stat().st_size)
        else:
            sidecar(file.target).unlink(missing_ok=True)

    def _close(self, counts: list[tuple[str, int]]) -> None:
        if not self._started:
            raise OutputError(f"nothing was written to {self.target}: no frame came")
        base = self.track.stream.time_base or self.track.info.time_base
        if self.kept is None:
            self._flush()
        with writing(self.target):
            self._output.close()
            self._file.send()
        if self.track.inexact:
            self.notes.append(f"{self.track.inexact} times are rounded to the {self.muxer} clock of {base} s")
        if self._refused:
            packets = f"packet{'s' if self._refused != 1 else ''}"
            self.notes.append(f"{self._refused} damaged {packets} of the other streams left out")
        self.notes += self._file.check(self.track.times, base, counts, self.muxed)
        self._prepared = True

    def _abandon(self) -> None:
        if self.kept is not None:
            self.kept.leave()
        self._file.discard()  # first: then closing does not rewrite it to move the index to its front
        with contextlib.suppress(*REFUSALS):
            self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandon()


def _others(beside: Iterable[AnyPacket]) -> Iterator[tuple[bool, AnyPacket]]:
    for packet in beside:
        yield False, packet


def _time(item: tuple[bool, AnyPacket]) -> Fraction:
    """Seconds, by decoding time, as muxers want packets."""
    packet = item[1]
    ticks = packet.dts if packet.dts is not None else packet.pts or 0
    return ticks * Fraction(packet.time_base)
