"""In real time: frames are dropped rather than kept waiting, and their time on the way is measured."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from vidstyle import media
from vidstyle.flow import owning, prefetch
from vidstyle.types import Frame

JITTER = 1.0
"""Seconds that a frame may be kept so that frames which come in bursts (a container's clusters, a network's
packets) are painted evenly. A source that comes evenly is not kept at all."""
LATE = 0.1
"""Seconds that a frame may be behind its time when the networks are free for it; a later one is dropped. One
is painted meanwhile, one waits for the encoder, and one is in it: together they bound the latency."""
WAITING = 32
"""Decoded frames that are kept at most."""
_MEMORY = 5.0
"""Seconds over which it is looked how evenly frames come."""
_NAP = 0.05
"""Seconds after which a wait for a frame's time looks whether it is still wanted."""


@dataclass(slots=True)
class Realtime:
    """What happens to the frames of one job in real time. `latency` is the longest so far, in seconds."""

    taken: int = 0
    crowded: int = 0
    late: int = 0
    muxed: int = 0
    latency: float = 0.0
    _inside: deque[float] = field(default_factory=deque)
    _stopped: bool = False
    _arrivals: deque[tuple[float, float]] = field(default_factory=deque)
    _base: float = 0.0

    @property
    def dropped(self) -> int:
        """Frames that were left out: there was no room for them, or they were late."""
        return self.crowded + self.late

    def newest(self, video: media.Source, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """The frames that there is time for, in order. What is recorded comes at the pace of its own times; a
        pipe and a camera set the pace themselves."""
        paced = self._paced(video, frames) if video.is_recorded else frames
        base = video.info.time_base
        waiting = prefetch(self._stamped(paced, base), WAITING, "decode", self._stop, self._crowd_out)
        return self._timely(waiting, base)

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

    def _stamped(self, frames: Iterable[Frame], base: Fraction) -> Iterator[Frame]:
        with owning(frames) as incoming:
            for frame in incoming:
                frame.decoded = time.perf_counter()
                self._arrived(frame.decoded, float(frame.pts * base))
                self.taken += 1
                yield frame

    def _arrived(self, now: float, moment: float) -> None:
        """Sets when time 0 is due: as late as the latest of the last frames asks for, at most `JITTER` after
        what the earliest asks for."""
        self._arrivals.append((now, now - moment))
        while self._arrivals[0][0] < now - _MEMORY:
            self._arrivals.popleft()
        behind = [each for _, each in self._arrivals]
        self._base = min(max(behind), min(behind) + JITTER)

    def _timely(self, frames: Iterable[Frame], base: Fraction) -> Generator[Frame, None, None]:
        """Each frame when it is due; those that are late are left out, but for the last."""
        held: Frame | None = None
        with owning(frames) as incoming:
            for frame in incoming:
                if held is not None:
                    self.late += 1
                    frame = _merged(held, frame)
                held = frame if self._wait(float(frame.pts * base)) > LATE else None
                if held is None:
                    yield frame
            if held is not None:
                yield held

    def _wait(self, moment: float) -> float:
        """Until a frame is due: the seconds that it is late then."""
        while (left := self._base + moment - time.perf_counter()) > 0 and not self._stopped:
            time.sleep(min(left, _NAP))
        return -left

    def _crowd_out(self, oldest: Frame, newer: Frame) -> Frame:
        self.crowded += 1
        return _merged(oldest, newer)

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


def _merged(dropped: Frame, newer: Frame) -> Frame:
    """The packets that rode with a dropped frame ride with the next one."""
    newer.companions = dropped.companions + newer.companions
    return newer
