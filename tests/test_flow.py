"""The channel between stages: order, bounds, errors from either side, and threads that always end."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstyle.flow import Clock, lane, mapped, prefetch


class Upstream:
    """Counts what was taken from it, and remembers whether and where it was closed."""

    def __init__(self, length: int, fail_at: int | None = None) -> None:
        self.taken = 0
        self.closed_in: str | None = None
        self._length, self._fail_at = length, fail_at

    def __iter__(self) -> Iterator[int]:
        return self._run()

    def _run(self) -> Iterator[int]:
        try:
            for number in range(self._length):
                if number == self._fail_at:
                    raise RuntimeError(f"item {number}")
                self.taken += 1
                yield number
        finally:
            self.closed_in = threading.current_thread().name


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    gc.collect()
    assert set(threading.enumerate()) <= before


@given(length=st.integers(0, 40), depth=st.integers(1, 5))
def test_everything_arrives_once_and_in_order(length: int, depth: int) -> None:
    doubled = mapped(lambda number: 2 * number, prefetch(range(length), depth))
    assert list(prefetch(doubled, depth)) == [2 * number for number in range(length)]


def test_a_lane_runs_one_stage_after_the_other_in_one_thread() -> None:
    thread, seen = lane("here"), set()
    for _ in range(3):
        names = mapped(lambda _: threading.current_thread().name, range(5))
        seen |= set(prefetch(names, 2, lane=thread))
    assert len(seen) == 1 and seen.pop().startswith("here")
    with pytest.raises(RuntimeError, match="item 2"):
        list(prefetch(Upstream(5, fail_at=2), 2, lane=thread))
    closed = prefetch(Upstream(1000), 2, lane=thread)
    next(closed)
    closed.close()
    assert list(prefetch(range(3), 1, lane=thread)) == [0, 1, 2]
    thread.shutdown()


@given(fail_at=st.integers(0, 12), depth=st.integers(1, 4))
def test_an_error_above_arrives_as_itself_after_the_items_before_it(fail_at: int, depth: int) -> None:
    upstream = Upstream(13, fail_at)
    seen: list[int] = []
    with pytest.raises(RuntimeError, match=f"item {fail_at}"):
        for item in prefetch(mapped(lambda number: number, prefetch(upstream, depth)), depth):
            seen.append(item)
    assert seen == list(range(fail_at))
    assert upstream.closed_in == "prefetch"


@given(stop_at=st.integers(0, 12), depth=st.integers(1, 4))
def test_closing_below_stops_and_closes_everything_above(stop_at: int, depth: int) -> None:
    upstream = Upstream(1000)
    stages = prefetch(mapped(str, prefetch(mapped(lambda number: number, upstream), depth)), depth)
    for _ in range(stop_at):
        next(stages)
    stages.close()
    assert upstream.taken < 1000
    assert stop_at == 0 or upstream.closed_in == "prefetch"


def test_an_error_in_the_middle_ends_the_threads_on_both_sides() -> None:
    upstream = Upstream(1000)

    def burst(number: int) -> int:
        if number == 5:
            raise ValueError("in the middle")
        return number

    with pytest.raises(ValueError, match="in the middle"):
        list(prefetch(mapped(burst, prefetch(upstream, 2)), 2))
    assert upstream.closed_in == "prefetch"


def test_it_never_runs_further_ahead_than_asked() -> None:
    upstream = Upstream(100)
    stage = prefetch(upstream, 3)
    next(stage)
    deadline = time.monotonic() + 5
    while upstream.taken < 5 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert upstream.taken == 5  # one handed out, three waiting, one in the thread's hand
    stage.close()


def test_a_stage_that_was_never_begun_can_be_closed() -> None:
    prefetch(Upstream(3), 1).close()


@pytest.mark.parametrize("make", [lambda: list(prefetch([1], 0)), lambda: list(prefetch([1], -1))])
def test_sizes_are_positive(make: object) -> None:
    with pytest.raises(ValueError, match="not positive"):
        make()  # type: ignore[operator]


def test_the_clock_counts_the_work_and_not_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    clock = Clock()

    def slow() -> Iterator[int]:
        nonlocal now
        for number in range(3):
            now += 2.0
            yield number

    for _ in clock.watched("work", slow()):
        now += 30.0
    assert clock.seconds["work"] == 6.0
    with pytest.raises(KeyError), clock.busy("failing"):
        now += 1.0
        raise KeyError
    assert clock.seconds["failing"] == 1.0


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a thread are Unix's")
def test_an_interrupt_while_closing_waits_for_the_thread_and_is_raised_then() -> None:
    working, ended = threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        yield 0
        working.set()
        time.sleep(0.4)
        ended.set()
        yield 1

    items = prefetch(slow(), 1)
    assert next(items) == 0 and working.wait(5)
    main = threading.main_thread().ident
    assert main == threading.get_ident()
    timer = threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        items.close()
    assert ended.is_set()
    timer.join()


def test_closing_interrupts_the_item_that_takes_long() -> None:
    told, begun = threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        begun.set()
        if not told.wait(60):
            raise AssertionError("nobody interrupted it")
        raise RuntimeError("interrupted")

    stage = prefetch(slow(), 1, interrupt=told.set)
    next(stage)
    begun.wait(60)
    stage.close()
    assert told.is_set()


def test_nothing_is_interrupted_that_ends_by_itself() -> None:
    assert list(prefetch(range(5), 2, interrupt=lambda: pytest.fail("interrupted"))) == list(range(5))
