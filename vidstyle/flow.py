"""Stages as generators, and `prefetch`: the only concurrency in a process.

A stage is a generator that owns the one above it: when it ends, fails or is closed, it closes its
upstream. So one `close()` at the bottom ends every thread, and an error anywhere reaches the bottom as
itself. Nothing here knows what flows.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

PATIENCE = 0.05
"""Seconds between two interrupts of a thread that is to end."""


@contextmanager
def owning(upstream: Iterable[T]) -> Iterator[Iterator[T]]:
    """Iterates `upstream` and closes it on the way out, however that way is taken."""
    iterator = iter(upstream)
    try:
        yield iterator
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


def mapped(function: Callable[[T], R], upstream: Iterable[T]) -> Generator[R, None, None]:
    """`function` of every item, in order."""
    with owning(upstream) as items:
        for item in items:
            yield function(item)


def prefetch(
    upstream: Iterable[T],
    depth: int,
    name: str = "prefetch",
    interrupt: Callable[[], None] | None = None,
    drop: Callable[[T, T], T] | None = None,
    lane: Executor | None = None,
) -> Generator[T, None, None]:
    """Runs `upstream` in a thread of its own, at most `depth` items ahead; on `lane` where there is one.

    drop: instead of waiting for room, the oldest waiting item goes; `drop(oldest, next)` takes the next one's
    place. So the upstream never waits, and what comes out is the newest there is.
    An exception of the upstream is raised here, after the items that came before it. Closing this
    generator stops the thread at its next item, closes the upstream in that thread and waits for both;
    `interrupt` is called, again and again, while an item takes long: it may end the work on it.
    """
    channel: _Channel[T] = _Channel(depth, drop)
    join = _started(lambda: _pump(upstream, channel), name, lane)
    try:
        yield from channel.items()
    finally:
        channel.cancel()
        channel.wait(interrupt)
        join()


def lane(name: str) -> Executor:
    """A thread that stays, for what must always be called from the same one: give it to every `prefetch` of
    such a thing, one after the other. It ends when nobody holds it any longer."""
    return ThreadPoolExecutor(1, thread_name_prefix=name)


def _started(work: Callable[[], None], name: str, lane: Executor | None) -> Callable[[], object]:
    """Starts `work` and returns what waits for its end."""
    if lane is not None:
        return lane.submit(work).result
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread.join


def apart(function: Callable[[], R], interrupt: Callable[[], None]) -> R:
    """`function()` in a thread of its own: a signal is heard meanwhile, and `interrupt` called."""
    with closing(prefetch(mapped(lambda _: function(), (None,)), 1, "apart", interrupt)) as results:
        return next(results)


def _pump(upstream: Iterable[T], channel: _Channel[T]) -> None:
    error: BaseException | None = None
    try:
        with owning(upstream) as items:
            for item in items:
                if not channel.put(item):
                    break
                del item  # a waiting thread must not keep a frame alive
    except BaseException as raised:
        error = raised
    channel.end(error)


class _Channel(Generic[T]):
    """A bounded queue with two ends that can each let go of it: `end` above, `cancel` below."""

    def __init__(self, depth: int, drop: Callable[[T, T], T] | None = None) -> None:
        if depth < 1:
            raise ValueError(f"prefetch depth {depth} is not positive")
        self._depth, self._drop = depth, drop
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._cancelled = False
        self._error: BaseException | None = None

    def put(self, item: T) -> bool:
        """Waits for room, or makes it; False once the reader is gone."""
        with self._changed:
            if self._drop is not None and len(self._items) >= self._depth:
                self._items.append(item)
                oldest = self._items.popleft()
                self._items[0] = self._drop(oldest, self._items[0])
                return not self._cancelled
            self._changed.wait_for(lambda: self._cancelled or len(self._items) < self._depth)
            if self._cancelled:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def end(self, error: BaseException | None) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def cancel(self) -> None:
        with self._changed:
            self._cancelled = True
            self._items.clear()
            self._changed.notify_all()

    def wait(self, interrupt: Callable[[], None] | None) -> None:
        """Until the upstream has ended. An interrupt meanwhile is raised after that: the thread may be inside
        a library whose files the caller closes next (an interrupted `join` counts a thread as gone)."""
        late: BaseException | None = None
        while True:
            try:
                with self._changed:
                    if self._changed.wait_for(lambda: self._ended, PATIENCE if interrupt else None):
                        break
                if interrupt is not None:
                    interrupt()
            except BaseException as raised:
                late = raised
        if late is not None:
            raise late

    def items(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._ended)
                if not self._items:
                    break
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
            del item
        if self._error is not None:
            raise self._error


class Clock:
    """Busy seconds of each stage, by name.

    Every name is written by one thread only, so no lock is needed. The time that a stage spends waiting
    for its upstream in another thread does not count; `watched` subtracts what runs inside it.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def busy(self, stage: str) -> Iterator[None]:
        """Adds the time of the block to `stage`, also when it raises."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin

    def watched(self, stage: str, upstream: Iterable[T]) -> Generator[T, None, None]:
        """Passes items on and counts the time that the upstream takes to make each."""
        with owning(upstream) as items:
            while True:
                with self.busy(stage):
                    item: Any = next(items, _END)
                if item is _END:
                    return
                yield item
                del item


_END = object()
