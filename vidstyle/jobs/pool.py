"""Worker processes side by side: jobs in, outcomes out in the order in which they come about."""

from __future__ import annotations

import contextlib
import signal
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from multiprocessing import connection, get_context
from typing import Any

from vidstyle.errors import BUG, DeviceError
from vidstyle.jobs import one, worker
from vidstyle.jobs.plan import Planned
from vidstyle.jobs.shares import Share
from vidstyle.types import BatchWatcher, Outcome

PATIENCE = 10.0
"""Seconds that stopped workers have for removing their unfinished files before they are killed."""

_CRASHED = "; the file may be broken in a way that its decoder does not survive"
_HINTS = {4: _CRASHED, 6: _CRASHED, 7: _CRASHED, 8: _CRASHED, 11: _CRASHED,
          9: "; the memory may have run out: try fewer --jobs"}  # fmt: skip
"""By signal: what codecs die of (SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV), and SIGKILL."""

_SPAWN = get_context("spawn")  # a forked one would share the locks of the codecs' and the networks' threads


def outcomes(
    planned: Iterable[Planned], shared: Share, watcher: BatchWatcher
) -> Generator[Outcome, None, None]:
    """Does what is planned in processes. Close it to stop what runs: unfinished files are then removed.

    Raises what `pipeline.load` raises: networks that one job cannot load, none can.
    """
    waiting = deque(planned)
    size = min(shared.at_once, len(waiting))
    with _workers() as workers:
        while waiting or any(each.task for each in workers.values()):
            for place in [place for place in range(size) if place not in workers or not workers[place].task]:
                yield from _done_already(waiting)
                if waiting:
                    task = _placed(waiting.popleft(), shared, place)
                    workers[place] = _given(workers.get(place), task)
            for each in _ready([each for each in workers.values() if each.task]):
                outcome = each.listen(watcher)
                if outcome is not None:
                    if outcome.exit_code == DeviceError.exit_code:
                        each.retire()
                    yield outcome


def _done_already(waiting: deque[Planned]) -> Iterator[Outcome]:
    """Takes away the next ones for as long as their outputs are there: no process is started for those."""
    while waiting and (finished := _finished(waiting[0])) is not None:
        waiting.popleft()
        yield finished


def _finished(planned: Planned) -> Outcome | None:
    with contextlib.suppress(Exception):  # whatever it is, the worker will say it
        return one.done(planned)
    return None


def _placed(planned: Planned, shared: Share, place: int) -> Planned:
    """With the share of the worker at `place`."""
    job = replace(planned.job, threads=shared.threads)
    if shared.devices:
        job = replace(job, device=shared.devices[place % len(shared.devices)])
    return replace(planned, job=job)


def _given(each: _Worker | None, task: Planned) -> _Worker:
    """The worker that took the task: a new one where there is none yet, or where it died."""
    while each is None or not each.give(task):
        if each is not None:
            each.kill()
        each = _Worker()
    return each


def _ready(workers: Sequence[_Worker]) -> list[_Worker]:
    if not workers:  # all that was left was done already: nobody would ever be heard
        return []
    heard = connection.wait([each.connection for each in workers])
    return [each for each in workers if each.connection in heard]


@contextlib.contextmanager
def _workers() -> Iterator[dict[int, _Worker]]:
    """Workers by their place; all of them are ended on the way out."""
    workers: dict[int, _Worker] = {}
    try:
        yield workers
    finally:
        _stop(list(workers.values()))


def _stop(workers: Sequence[_Worker]) -> None:
    """Ends all of them: the idle by closing their connection, the busy by a signal, the deaf by force."""
    for each in workers:
        each.stop()
    deadline = time.monotonic() + PATIENCE
    for each in workers:
        each.process.join(max(0.0, deadline - time.monotonic()))
        each.kill()


class _Worker:
    """A worker process as seen from here, and what it works on."""

    def __init__(self) -> None:
        self.task: Planned | None = None
        self.connection, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=worker.main, args=(theirs,), daemon=True)
        with _signals_held():
            self.process.start()
        theirs.close()  # else its death would not be heard

    def give(self, task: Planned) -> bool:
        """Whether it took the task; one that died meanwhile does not."""
        try:
            self.connection.send(task)
        except OSError:
            return False
        self.task = task
        return True

    def listen(self, watcher: BatchWatcher) -> Outcome | None:
        """Hears one message and tells it to the watcher; the outcome where the job is over."""
        assert self.task is not None
        source = self.task.source
        match self._message():
            case worker.Began(plan):
                watcher.began(source, plan)
            case worker.Advanced(frames):
                watcher.advanced(source, frames)
            case worker.Refused(error):
                raise error
            case worker.Ended(outcome):
                self.task = None
                return outcome
        return None

    def _message(self) -> worker.Message:
        assert self.task is not None
        try:
            message: worker.Message = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(PATIENCE)
            return worker.Ended(one.lost(self.task, *died(self.process.exitcode)))
        return message

    def retire(self) -> None:
        """Lets an idle one end: what fails on a GPU once may fail in that process from then on. The next task
        finds it dead."""
        self.connection.close()

    def stop(self) -> None:
        if self.task is not None:
            self.process.terminate()
        self.connection.close()

    def kill(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()
        self.process.close()


def died(code: int | None) -> tuple[str, int]:
    """Why a process that ended in the midst of a job did so, and the exit code that a shell would give."""
    who = "the process that worked on it"
    if code is None or code >= 0:
        return f"{who} ended before it was done, exit code {code}", BUG
    number = -code
    return f"{who} was killed by signal {number}{_name(number)}{_HINTS.get(number, '')}", 128 + number


def _name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return f" ({signal.Signals(number).name})"
    return ""


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """A process that starts meanwhile never gets the terminal's signals; this one gets them afterwards."""
    held: set[Any] = {getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)}
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
