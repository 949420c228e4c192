"""In real time: frames are dropped rather than kept waiting, and their time on the way is measured."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from vidstyle import media
from vidstyle.flow import owning, prefetch
from vidstyle.types import Frame

WAITING = 2
"""Frames that wait for the networks: the newest. One more is painted, one waits for the encoder and one is in
it, so that never more than five lie between the decoder and the muxer."""
_NAP = 0.05
"""Seconds after which a wait for a frame's time looks whether it is still wanted."""


@dataclass(slots=True)
class Realtime:
    """What happens to the frames of one job in real time. `latency` is the longest so far, in seconds."""

    dropped: int = 0
    taken: int = 0
    muxed: int = 0
    latency: float = 0.0
    _inside: deque[float] = field(default_factory=deque)
    _stopped: bool = False

    def newest(self, video: media.Source, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """The frames that there is time for, in order. What is recorded comes at the pace of its own times; a
        pipe and a camera set the pace themselves."""
        paced = self._paced(video, frames) if video.is_recorded else frames
        return prefetch(self._stamped(paced), WAITING, "decode", self._stop, self._drop)

    def _stop(self) -> None:
        self._stopped = True

    def _paced(self, video: media.Source, frames: Iterable[Frame]) -> Iterator[Frame]:
        begin: float | None = None
        with owning(frames) as incoming:
            for frame in incoming:
                moment = float(frame.pts * video.info.time_base)
                begin = time.perf_counter() - moment if begin is None else begin
                while (left := begin + moment - time.perf_counter()) > 0 and not self._stopped:
                    time.sleep(min(left, _NAP))
                yield frame

    def _stamped(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        with owning(frames) as incoming:
            for frame in incoming:
                frame.decoded = time.perf_counter()
                self.taken += 1
                yield frame

    def _drop(self, oldest: Frame, newer: Frame) -> Frame:
        """The packets that rode with a dropped frame ride with the next one."""
        self.dropped += 1
        newer.companions = oldest.companions + newer.companions
        return newer

    def written(self, frame: Frame, muxed: int) -> None:
        """A frame went into the encoder; `muxed` is how many have left it for the muxer so far."""
        self._inside.append(frame.decoded)
        self.left(muxed)

    def left(self, muxed: int) -> None:
        """So many frames have reached the muxer."""
        now = time.perf_counter()
        for _ in range(self.muxed, muxed):
            self.latency = max(self.latency, now - self._inside.popleft())
        self.muxed = muxed

    @property
    def note(self) -> str:
        share = self.dropped / self.taken if self.taken else 0
        return (
            f"{self.dropped} frame{'s' if self.dropped != 1 else ''} dropped to keep up ({share:.0%}); "
            f"latency at most {self.latency:.2f} s"
        )
