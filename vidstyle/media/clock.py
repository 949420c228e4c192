"""One increasing time for every frame, and the packets whose pictures never came."""

from __future__ import annotations

from fractions import Fraction


class Clock:
    """Gives every decoded frame its pts.

    The rule: the frame's own pts; where it is missing, or has run backwards more often than the dts has
    (AVI and RealMedia number pictures in decoding order), the dts; where both are missing, the time
    after the last frame at the stream's rate. A time that does not lie after the last frame's is moved
    one tick behind it. `filled` and `moved` count the last two cases, `backwards` the pts that ran so.
    """

    def __init__(self, time_base: Fraction, rate: Fraction | None) -> None:
        self._step = 1 / (rate or Fraction(25)) / time_base
        self._last: int | None = None
        self._last_pts: int | None = None
        self._last_dts: int | None = None
        self.backwards = self._faulty_dts = 0
        self._anchor = Fraction(0)
        self.filled = self.moved = 0

    def __call__(self, pts: int | None, dts: int | None) -> int:
        """The time of the next frame in presentation order, in ticks of the stream's time base."""
        self._judge(pts, dts)
        chosen = self._choose(pts, dts)
        if chosen is None:
            self.filled += 1
            chosen = self._next()
        elif self._last is not None and chosen <= self._last:
            self.moved += 1
            chosen = self._last + 1
            self._anchor = Fraction(chosen)
        else:
            self._anchor = Fraction(chosen)
        self._last = chosen
        return chosen

    def _judge(self, pts: int | None, dts: int | None) -> None:
        if pts is not None:
            self.backwards += self._last_pts is not None and pts <= self._last_pts
            self._last_pts = pts
        if dts is not None:
            self._faulty_dts += self._last_dts is not None and dts <= self._last_dts
            self._last_dts = dts

    def _choose(self, pts: int | None, dts: int | None) -> int | None:
        trusted = pts is not None and (self.backwards <= self._faulty_dts or dts is None)
        return pts if trusted else dts

    def _next(self) -> int:
        """The tick after the last frame; fractions of a tick add up, so that no drift does."""
        if self._last is not None:
            self._anchor += self._step
        return max(round(self._anchor), -(2**62) if self._last is None else self._last + 1)


class Ledger:
    """Which packets were given to the decoder and have not come back as a picture.

    Codecs may hide pictures on purpose, so a packet counts as lost only after the decoder has reported
    damage in this file. Constant memory: what lies long behind the newest picture is forgotten.
    """

    def __init__(self) -> None:
        self._waiting: set[int] = set()
        self._hides = self.damaged = False

    def sent(self, pts: int | None) -> None:
        """A packet that should give a picture at `pts` went to the decoder."""
        if pts is not None:
            self._waiting.add(pts)

    def received(self, pts: int | None, after: int | None) -> list[int]:
        """A picture of time `pts` came: the times between `after` and it that were lost, in order."""
        if pts is None:
            return []
        behind = {p for p in self._waiting if p <= pts}
        self._waiting -= behind
        behind -= {pts}
        self._hides |= bool(behind) and not self.damaged
        return self._between(behind, after)

    def lacks(self, after: int | None) -> bool:
        """At the end of the stream: whether pictures after the last one should have come, in a file that hid
        none before."""
        return after is not None and not self._hides and any(time > after for time in self._waiting)

    def rest(self, after: int | None) -> list[int]:
        """At the end of the stream: the times after the last picture that were lost."""
        behind, self._waiting = self._waiting, set()
        return self._between(behind, after)

    def _between(self, times: set[int], after: int | None) -> list[int]:
        if not self.damaged or after is None:
            return []
        return sorted(t for t in times if t > after)
