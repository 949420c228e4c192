"""Pipes and cameras: how a job opens them, and how a wait for them ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

from vidstyle import media
from vidstyle.flow import apart
from vidstyle.pipeline.networks import Networks
from vidstyle.types import Job

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def streamed(job: Job) -> Job:
    """The job without segments where there is nothing to come back to: streams, and real time."""
    once = media.is_stream(job.source) or job.target == media.STANDARD or job.realtime
    return replace(job, segment=None) if once else job


def opened(job: Job) -> media.Source:
    """The job's source. A stream is waited for in another thread: this one hears signals meanwhile."""
    # In real time with one thread: several keep a frame each before they give the first.
    threads = 1 if job.realtime else job.threads
    if not media.is_stream(job.source):
        return media.Source(job.source, start=job.start, end=job.end, threads=threads)
    pipe = media.pipe_of(str(job.source))
    try:
        return apart(
            lambda: media.Source(pipe, start=job.start, end=job.end, threads=threads), pipe.interrupt
        )
    except BaseException:
        pipe.close()
        raise


def interrupt(video: media.Source, networks: Networks) -> Callable[[], None]:
    """What ends whatever the chain waits for: more of the input, or a network."""

    def both() -> None:
        video.interrupt()
        networks.interrupt()

    return both


@contextmanager
def ended_by_signal(job: Job, video: media.Source) -> Iterator[None]:
    """Inside, the first SIGINT, SIGTERM or SIGHUP ends an endless source, not the program: what was recorded
    is then finished as at any other end. The next signal does what it did before.

    Python hears signals in the main thread only; in others nothing changes, nor for sources that end.
    """
    before: dict[int, Any] = {}

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        _restore(before)
        video.notes.append("ended by a signal")
        video.interrupt()

    if _is_endless(job):
        _hear(before, end)
    try:
        yield
    finally:
        _restore(before)


def _is_endless(job: Job) -> bool:
    """Whether only a signal ends the source: a camera, or a pipe that stands for one."""
    return media.is_live(job.source) or (job.realtime and media.is_stream(job.source))


def _hear(before: dict[int, Any], end: Callable[[int, FrameType | None], None]) -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            try:
                before[number] = signal.signal(number, end)
            except ValueError:  # not the main thread
                return


def _restore(before: dict[int, Any]) -> None:
    while before:
        signal.signal(*before.popitem())
