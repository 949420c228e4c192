"""Signals, on their way through the `finally` blocks that remove unfinished files."""

from __future__ import annotations

import signal
import sys
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(BaseException):
    """A signal came. `so_far`: what is there of what was wanted."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        self.word = "interrupted" if number == signal.SIGINT else "terminated"
        self.so_far = "nothing was written"


def behind(error: BaseException | None) -> Stopped | None:
    """The signal in whose wake an error was raised: what is stopped amid its work may fail on its way out."""
    while error is not None and not isinstance(error, Stopped):
        error = error.__context__
    return error


def stop(number: int, frame: FrameType | None) -> None:
    """The handler. The first signal stops; an impatient second would cut the clearing up short.

    Amid an import it is sent again a little later: some extension modules crash where an error comes as they
    begin.
    """
    if _importing(frame) and sys.platform != "win32":
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(number))
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        return
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None


def listen() -> None:
    """From here on a signal raises `Stopped`; one that was ignored stays so, as under nohup."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
