"""Times for a container that has none of its own: one frame after the other at a constant rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from vidstyle.types import VideoInfo


class Pace:
    """Counts frames. `info` is the source's in ticks of one frame; `note` says where its times are lost."""

    def __init__(self, info: VideoInfo) -> None:
        rate = info.rate or Fraction(25)
        self.info = replace(info, rate=rate, time_base=1 / rate)
        self._base, self._count, self._first = info.time_base, 0, 0
        self._worst = Fraction(0)

    def __call__(self, pts: int) -> int:
        """The time of the frame whose source has `pts`."""
        if not self._count:
            self._first = pts
        wanted = (pts - self._first) * self._base
        self._worst = max(self._worst, abs(wanted - self._count * self.info.time_base))
        self._count += 1
        return self._count - 1

    @property
    def note(self) -> str | None:
        if self._worst <= max(self._base, self.info.time_base / 2):
            return None
        rate = f"{float(self.info.time_base**-1):g}"
        return (
            f"y4m holds no times: frames are {rate} a second, up to {float(self._worst):.3f} s off their own"
        )
