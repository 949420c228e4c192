"""Signals, on their way through the `finally` blocks that remove unfinished files."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

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


def stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    """The handler. The first signal stops; an impatient second would cut the clearing up short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)


def listen() -> None:
    """From here on a signal raises `Stopped`; one that was ignored stays so, as under nohup."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
