"""The way in: one pass over a video, every frame with its time, its planes and the packets beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.stream import Stream

from vidstyle.errors import InputError
from vidstyle.media.convert import Normalizer, Thumbnailer
from vidstyle.media.decode import AnyPacket, Decoder, Picture
from vidstyle.media.formats import is_known_matrix, same_samples
from vidstyle.media.in_pipe import InPipe
from vidstyle.media.opening import OPEN_FAILURES, open_input, video_stream
from vidstyle.media.part import Part
from vidstyle.media.planes import view
from vidstyle.media.probe import Tags, read_info, tags_of, with_container
from vidstyle.types import Frame, VideoInfo


class Source:
    """A video file, opened and probed by decoding its first picture. One pass; a context manager.

    start, end: a part, in seconds from the first frame (see `Part`: it then starts at time 0).
    threads: decoding threads, None for one per core.
    `info` is what the frames are; `notes` are lines that a user should read, complete once the last
    frame was taken. `tags`, `covers`, `streams` and `metadata` are for the sink.
    Raises InputError: missing, unreadable, empty, no media file, no video, encrypted, not decodable.

    Frames keep the source's pts exactly. The rule for missing and backward times is `Clock`'s; a picture
    that was lost to damage is replaced by the one before it at the lost packet's time.
    """

    def __init__(
        self,
        path: Path | str | InPipe,
        *,
        start: Fraction | None = None,
        end: Fraction | None = None,
        threads: int | None = None,
    ) -> None:
        self.path = path if isinstance(path, InPipe) else Path(path)
        self.notes: list[str] = []
        self._container = open_input(self.path)
        try:
            self._probe(threads)
            self._part = self._cut(start, end)
        except BaseException:
            self._container.close()
            raise

    def _probe(self, threads: int | None) -> None:
        self.stream = video_stream(self._container, self.path)
        self._decoder = Decoder(self._container, self.stream, self.path, threads)
        self._pictures = self._decoder.pictures()
        first = self._first_picture()
        self.tags: Tags = with_container(tags_of(first.native), self.stream.codec_context)
        self.info: VideoInfo = read_info(
            self._container, self.stream, first.native, self.tags, self._decoder.name
        )
        self._normalize = Normalizer(self.info.width, self.info.height, self.info.format)
        self._origin = first.pts
        self._pictures = itertools.chain([first], self._pictures)
        self._note_conversion()

    def _first_picture(self) -> Picture:
        try:
            first = next(self._pictures, None)
        except OPEN_FAILURES as error:
            raise InputError(f"{self.path} holds video that cannot be decoded ({error})") from error
        if first is None:
            raise InputError(f"{self.path} holds no picture that can be decoded")
        return first

    def _note_conversion(self) -> None:
        source, format = self.info.source_format, self.info.format
        if not same_samples(source, format.name):
            self.notes.append(f"pixel format {source} is handled as {format.name}")
        if not is_known_matrix(self.tags.colorspace):
            self.notes.append(f"its colour matrix is rare; it is painted as {format.matrix}")
        if source.startswith("gray"):
            self.notes.append(f"gray video ({source}) becomes {format.name}, its luma unchanged")

    def _cut(self, start: Fraction | None, end: Fraction | None) -> Part:
        part = Part(self._origin, self.info.time_base, start or None, end)
        if (
            self.file
            and part.seek_to is not None
            and part.seek_to > self._origin
            and not self._decoder.clock.filled
        ):
            self._seek(part.seek_to)
        return part

    def _seek(self, ticks: int) -> None:
        try:
            self._container.seek(ticks, stream=self.stream)
        except OverflowError:
            raise self._no_frame() from None
        except OPEN_FAILURES:
            return  # not seekable: everything before the part is decoded and dropped
        self._decoder.restart_clock()
        self._pictures = self._decoder.pictures()

    def _no_frame(self) -> InputError:
        return InputError(f"{self.path} has no frame between --start and --end")

    @property
    def covers(self) -> dict[int, AnyPacket]:
        """Cover pictures by stream index."""
        return self._decoder.covers

    @property
    def others(self) -> list[Stream]:
        """All streams but the painted one."""
        return [s for s in self._container.streams if s.index != self.stream.index]

    @property
    def container(self) -> av.container.InputContainer:
        """The open container, for what the sink copies before the first frame."""
        return self._container

    @property
    def clocks(self) -> list[int]:
        """Ticks per second of all streams, the painted one first."""
        bases = [self.info.time_base, *(s.time_base for s in self.others)]
        return [base.denominator for base in bases if base]

    @property
    def part(self) -> Part:
        """Which part of the input is read."""
        return self._part

    def frames(self, picture_size: tuple[int, int] | None = None) -> Iterator[Frame]:
        """Every frame in presentation order. Closing the generator closes the file.

        picture_size: (width, height) of the upright RGB `picture` that each frame gets; None for none.
        Raises InputError when a part holds no frame.
        """
        thumbnail = Thumbnailer(self.info, picture_size) if picture_size else None
        index = 0
        waiting: tuple[AnyPacket, ...] = ()
        try:
            for picture in self._pictures:
                waiting += picture.companions
                if self._part.before(picture):
                    waiting = tuple(p for p in waiting if not self._part.is_early(p))
                    continue
                if self._part.after(picture):
                    break
                yield self._frame(index, picture, waiting, thumbnail)
                index, waiting = index + 1, ()
            self._end(index, waiting)
        finally:
            self._count_up()
            self.close()

    def _frame(
        self, index: int, picture: Picture, waiting: tuple[AnyPacket, ...], thumbnail: Thumbnailer | None
    ) -> Frame:
        native = self._normalize(picture.native)
        pts = self._part.pts(picture)
        small = thumbnail(native) if thumbnail else None
        companions = self._part.packets(waiting)
        return Frame(index, pts, view(native, self.info.format), small, native, companions)

    def _end(self, frames: int, waiting: tuple[AnyPacket, ...]) -> None:
        if not frames:
            raise self._no_frame()
        rest = waiting + tuple(self._decoder.companions)
        self._trailing = self._part.packets(rest)
        if self._part.end is not None:
            self._trailing += self._rest_of_part({p.stream_index for p in rest if self._part.is_past(p)})

    def _rest_of_part(self, done: set[int]) -> tuple[AnyPacket, ...]:
        """Packets of the part that lie behind its last picture in the file (sound often trails)."""
        sound = {s.index for s in self._container.streams.audio}
        found: list[AnyPacket] = []
        packets = self._decoder.packets()
        while not sound <= done and (packet := next(packets, None)) is not None:
            if packet.stream_index == self.stream.index:
                continue
            if self._part.is_past(packet):
                done.add(packet.stream_index)
            else:
                found += self._part.packets((packet,))
        return tuple(found)

    _trailing: tuple[AnyPacket, ...] = ()

    def trailing(self) -> tuple[AnyPacket, ...]:
        """The packets of other streams behind the last frame; call it after the last frame was taken."""
        return self._trailing

    def _count_up(self) -> None:
        decoder, clock = self._decoder, self._decoder.clock
        counted = [
            (decoder.damaged, "damaged packet{} skipped"),
            (decoder.repeated, "frame{} repeated, to keep the time of lost ones"),
            (decoder.corrupt, "frame{} decoded from damaged data"),
            (clock.filled, "frame{} without a time placed by the frame rate"),
            (clock.moved, "frame{} whose time did not increase moved behind the one before"),
            (self._normalize.scaled, f"frame{{}} of another size scaled to {self._size}"),
        ]
        self.notes += [f"{n} {text.format('s' if n != 1 else '')}" for n, text in counted if n]
        if decoder.truncated:
            self.notes.append(f"the input ends early: {decoder.truncated}")

    @property
    def _size(self) -> str:
        return f"{self.info.width}x{self.info.height}"

    @property
    def file(self) -> Path | None:
        """The file that is read; None for a stream, which cannot be sought."""
        return self.path if isinstance(self.path, Path) else None

    @property
    def is_recorded(self) -> bool:
        """Whether all of it is there already: a file, named or on standard input."""
        return not isinstance(self.path, InPipe) or self.path.seekable()

    def interrupt(self) -> None:
        """From any thread or a signal: a stream ends here, even where one waits for more of it."""
        if isinstance(self.path, InPipe):
            self.path.interrupt()

    def close(self) -> None:
        """Closes the file; may be called twice."""
        self._container.close()
        if isinstance(self.path, InPipe):
            self.path.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
