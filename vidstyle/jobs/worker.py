"""A worker: a process that does one job after another, so that a death in a codec costs only one file.

It gets jobs and tells what becomes of them through one connection, in small pickled values. It ends when
that connection does: no worker outlives its parent.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import FrameType
from typing import NoReturn

from vidstyle.errors import VidstyleError
from vidstyle.jobs import one
from vidstyle.jobs.plan import Planned
from vidstyle.types import Outcome, Plan


@dataclass(frozen=True, slots=True)
class Began:
    """The first frame follows."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Advanced:
    """So many more frames are encoded."""

    frames: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The job is over; the next one may come."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Refused:
    """The networks cannot be loaded, which no other job with these settings will change."""

    error: VidstyleError


Message = Began | Advanced | Ended | Refused


class Stopped(BaseException):
    """Told to stop, or left alone: on its way through the `finally` blocks that remove unfinished files."""


def main(connection: Connection) -> None:
    """The whole life of the process. Signals of the terminal are for its parent, which then stops it."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with suppress(Stopped):
        signal.signal(signal.SIGTERM, _stop)
        serve(connection)


def _stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would cut the clearing up short
    raise Stopped


def serve(connection: Connection) -> None:
    """Does the jobs that come until no more can. Raises Stopped where nobody listens any longer."""
    kept, parent = one.Kept(), Parent(connection)
    while True:
        try:
            planned: Planned = connection.recv()
        except (EOFError, OSError):
            return
        parent.tell(_answer(planned, kept, parent))


def _answer(planned: Planned, kept: one.Kept, parent: Parent) -> Ended | Refused:
    try:
        return Ended(one.do(planned, kept, parent))
    except one.UnloadableError as error:
        return Refused(error.reason)


class Parent:
    """Who started this process, told as the job's Watcher; its death is noticed at the next frame."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, plan: Plan) -> None:
        self.tell(Began(plan))

    def advance(self, frames: int) -> None:
        self.tell(Advanced(frames))

    def tell(self, message: Message) -> None:
        """Raises Stopped where nobody is left to hear it."""
        try:
            self._connection.send(message)
        except OSError as error:
            raise Stopped from error
