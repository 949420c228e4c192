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
from vidstyle.media.part import NoFrameError, Part
from vidstyle.media.planes import view
from vidstyle.media.probe import Tags, read_info, tags_of, with_container
from vidstyle.media.resume import Mark, digest
from vidstyle.types import Frame, VideoInfo


class Source:
    """A video file, opened and probed by decoding its first picture. One pass; a context manager.

    start, end: a part, in seconds from the first frame (see `Part`: it then starts at time 0).
    threads: decoding threads, None for one per core.
    `before` holds, once they went by, times and last digest of the frames before the mark that `go_on` was
    told. `info` is what the frames are; `notes` are lines that a user should read, complete once the last
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
        self._span, self._threads = (start or None, end), threads
        self._mark: Mark | None = None
        self._until: int | None = None
        self.before: tuple[tuple[int, ...], int] | None = None
        self._next = 0
        self._trailing: tuple[AnyPacket, ...] = ()
        self._container = open_input(self.path)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        self.notes: list[str] = []
        self._probe()
        self._part = self._cut(*self._span)

    def _probe(self) -> None:
        self.stream = video_stream(self._container, self.path)
        self._decoder = Decoder(self._container, self.stream, self.path, self._threads)
        self._pictures = self._decoder.pictures()
        first = self._first_picture()
        self.tags: Tags = with_container(tags_of(first.native), self.stream.codec_context)
        self.info: VideoInfo = read_info(
            self._container, self.stream, first.native, self.tags, self._decoder.name
        )
        self._normalize = Normalizer(self.info.width, self.info.height, self.info.format)
        self._origin = first.pts
        self._pending: Picture | None = first
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
        part = Part(self._origin, self.info.time_base, start, end)
        if (
            self.file
            and part.seek_to is not None
            and part.seek_to > self._origin
            and not (self._decoder.clock.filled or self._decoder.numbered)
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
        self._pending = None
        self._pictures = self._decoder.pictures()

    def go_on(self, mark: Mark) -> None:
        """Lets `frames` begin with the frames just before the mark, as `lead`. Call it before `frames`."""
        self._mark = mark
        self._part.begins_at(mark.first)
        self._next = mark.frames - len(mark.times)
        lead = self._found(mark) if mark.seekable else None
        if lead is not None:
            self._pictures = itertools.chain(lead, self._pictures)
            return
        # The place is not where the times say: all that comes before it is decoded again.
        self.close()
        self._container = open_input(self.path)
        self._begin()
        inside = (picture for picture in self._pictures if not self._part.before(picture))
        self._pictures = self._behind(self._next, inside)
        self._part.begins_at(mark.first)

    def _behind(self, count: int, pictures: Iterator[Picture]) -> Iterator[Picture]:
        for picture in itertools.islice(pictures, count):
            self._normalize.fits(picture.native)  # counted, as by an uninterrupted run
        yield from pictures

    def stop_at(self, index: int) -> None:
        """Lets `frames` end before the frame of this index. Call it before `frames`."""
        self._until = index

    def _found(self, mark: Mark) -> list[Picture] | None:
        """The pictures at the mark's times, where exactly these lie there; else None."""
        begin = mark.times[0] + (0 if self._part.whole else mark.first)
        ticks = begin - int(1 / self.info.time_base)  # a second early, as seeking goes by decoding times
        if ticks > self._origin:
            self._seek(ticks)
        late = (picture for picture in self._pictures if picture.pts >= begin)
        lead = list(itertools.islice(late, len(mark.times)))
        if tuple(self._part.pts(picture) for picture in lead) != mark.times:
            return None
        planes = view(self._normalize(lead[-1].native), self.info.format)
        return lead if mark.digest in (None, digest(planes)) else None

    def _no_frame(self) -> NoFrameError:
        return NoFrameError(f"{self.path} has no frame between --start and --end")

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
    def first(self) -> int:
        """The first frame's pts."""
        return self._origin if self._part.whole else 0

    @property
    def origin(self) -> int:
        """The first frame's time in the source's own ticks; of a part, once its first frame was taken."""
        return self._origin if self._part.whole else self._part.begin

    @property
    def is_clean(self) -> bool:
        """Whether all frames so far came whole, in one size and with times of their own: seeking finds them
        again, and nothing is to be noted of them."""
        return self._decoder.is_clean and not self._normalize.scaled

    @property
    def part(self) -> Part:
        """Which part of the input is read."""
        return self._part

    def frames(self, picture_size: tuple[int, int] | None = None) -> Iterator[Frame]:
        """Every frame in presentation order. Closing the generator closes the file.

        picture_size: (width, height) of the upright RGB `picture` that each frame gets; None for none.
        Raises NoFrameError when a part holds none.
        """
        thumbnail = Thumbnailer(self.info, picture_size) if picture_size else None
        index = self._next
        waiting: tuple[AnyPacket, ...] = ()
        try:
            for picture in self._pictures:
                waiting += picture.companions
                if self._part.before(picture):
                    waiting = tuple(p for p in waiting if not self._part.is_early(p))
                    continue
                if self._part.after(picture):
                    break
                if index == self._until:
                    return
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
        frame = Frame(index, pts, view(native, self.info.format), small, native, companions)
        if self._mark is not None and index < self._mark.frames:
            self._lead_in(frame, self._mark)
        return frame

    def _lead_in(self, frame: Frame, mark: Mark) -> None:
        frame.lead = True
        if frame.pts != mark.times[frame.index - self._next]:
            raise InputError(f"{self.path} cannot be cut here: frame {frame.index} is not where it should be")
        if frame.index == mark.frames - 1:
            self.before = mark.times, digest(frame.planes)

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

    def beside(self, first: int) -> Iterator[AnyPacket]:
        """The packets of the other streams, without decoding: instead of `frames`, where these are kept.

        first: the source's own time of the first frame (`Mark.first`).
        """
        self._part.begins_at(first)
        sound = {s.index for s in self._container.streams.audio}
        done: set[int] = set()
        for packet in self._all_packets():
            painted = packet.stream_index == self.stream.index
            if self._part.is_over(packet) if painted else self._part.is_past(packet):
                done.add(packet.stream_index)
                if {*sound, self.stream.index} <= done:
                    return
            if not painted:
                yield from self._part.packets((packet,))

    def _all_packets(self) -> Iterator[AnyPacket]:
        """Those that came before the first picture, then the rest of the file (covers left out)."""
        if self._pending is not None:
            yield from self._pending.companions
        yield from self._decoder.companions
        self._decoder.companions.clear()
        yield from (p for p in self._decoder.packets() if p.stream_index not in self._decoder.covers)

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
