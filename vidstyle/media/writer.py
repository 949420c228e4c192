"""An output file with one encoded video stream: opened, written, checked and named. Sinks build on it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from av.container import OutputContainer
from av.video.frame import VideoFrame

from vidstyle.errors import OutputError, UsageError
from vidstyle.media.codecs import Choice
from vidstyle.media.containers import REFUSALS
from vidstyle.media.decode import AnyPacket
from vidstyle.media.out_pipe import OutPipe
from vidstyle.media.part_file import place, writing
from vidstyle.media.probe import Tags
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

    Leaving the with-block without `finish` (or `prepare` and `commit`) removes what was written.
    """

    def __init__(self, target: Path | OutPipe, source: Source, muxer: str, *, overwrite: bool) -> None:
        self.target, self.muxer = target, muxer
        self.notes: list[str] = []
        self._file = place(target, source.file, overwrite=overwrite)
        self.muxed = 0
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
        with writing(self.target):
            try:
                self._output.start_encoding()
                self._file.send()
            except (ValueError, RuntimeError) as error:  # FFmpeg's own are among the first
                reason = getattr(error, "strerror", None) or str(error)
                raise OutputError(f"{self.muxer} files do not take these streams ({reason})") from error

    def _start(self, first: int) -> Fraction:
        """Before the first frame: the seconds that all times move by."""
        self._started = True
        moved = self.track.start(first)
        seconds = moved * self.track.info.time_base
        if moved:
            self.notes.append(
                f"{self.muxer} files cannot start before 0: everything is {float(seconds):.3f} s later"
            )
        return seconds

    def _encode(self, native: VideoFrame, pts: int) -> None:
        with writing(self.target):
            self._mux(self.track.encode(native, pts))

    def _mux(self, packets: list[AnyPacket]) -> None:
        with writing(self.target):
            for packet in packets:
                video = packet.stream is self.track.stream
                self._output.mux_one(packet)
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
        """Puts what `prepare` left in the target's place, in one step. Raises OutputError."""
        assert self._prepared
        self._file.commit()

    def _close(self, counts: list[tuple[str, int]]) -> None:
        if not self._started:
            raise OutputError(f"nothing was written to {self.target}: no frame came")
        base = self.track.stream.time_base or self.track.info.time_base
        with writing(self.target):
            self._mux(self.track.flush())
            self._output.close()
            self._file.send()
        if self.track.inexact:
            self.notes.append(f"{self.track.inexact} times are rounded to the {self.muxer} clock of {base} s")
        self.notes += self._file.check(self.track.times, base, counts, self.muxed)
        self._prepared = True

    def _abandon(self) -> None:
        self._file.discard()  # first: then closing does not rewrite it to move the index to its front
        with contextlib.suppress(*REFUSALS):
            self._output.close()
        self._file.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandon()
