"""The loop that gives tasks to workers until every job of the batch has an outcome."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from vidstyle.cluster.ask import Ask, Fit, fit
from vidstyle.cluster.connection import joined, nodes
from vidstyle.cluster.crew import Crew, Hand
from vidstyle.cluster.films import Film, first_tasks
from vidstyle.cluster.tasks import (
    WHOLE,
    Cut,
    Died,
    Painted,
    Refused,
    Segment,
    Task,
    Whole,
    abroad,
    clear,
    home,
    home_plan,
    witnesses,
)
from vidstyle.errors import DeviceError, VidstyleError
from vidstyle.jobs import one
from vidstyle.jobs.batch import run_batch
from vidstyle.jobs.plan import Planned
from vidstyle.jobs.worker import Advanced, Began
from vidstyle.pipeline.checks import check
from vidstyle.types import BatchWatcher, Outcome, Plan

TRIES = 3
"""Workers that may die on a task before its job is given up."""

KILLED = 137
"""Exit code of a job whose workers died: a shell's for what is killed."""


def drive(planned: Sequence[Planned], watcher: BatchWatcher, ask: Ask, fail_fast: bool) -> list[Outcome]:
    """See `run_cluster`."""
    good = [each for each in planned if each.failure is None]
    for each in good[:1]:
        check(each.job)
    if all(_done(each) for each in good):  # then nobody is needed
        return run_batch(planned, watcher, fail_fast=fail_fast)
    with joined(ask.address):
        found = fit(ask, nodes(), good[0].job.device if good else "auto")
        watcher.planned(len(planned), max(1, min(ask.workers or found.slots(nodes()), len(good))))
        ended: list[Outcome] = []
        with closing(_outcomes(planned, watcher, ask, found)) as coming:
            for outcome in coming:
                ended.append(outcome)
                watcher.ended(outcome)
                if fail_fast and outcome.status == "failed":
                    break
        return ended


def _done(planned: Planned) -> bool:
    try:
        return one.done(planned) is not None
    except VidstyleError:  # its worker will say so
        return False


def _outcomes(
    planned: Sequence[Planned], watcher: BatchWatcher, ask: Ask, found: Fit
) -> Generator[Outcome, None, None]:
    yield from (one.failed(each, each.failure) for each in planned if each.failure is not None)
    names = {each.source: each for each in planned if each.failure is None}
    away = [abroad(each, found.threads, found.device) for each in names.values()]
    with witnesses(away) as seen:
        crew = Crew(found, ask.workers, seen)
        batch = _Batch(names, away, watcher, crew)
        try:
            yield from batch.run()
        finally:
            crew.stop()
            batch.tidy()


class _Batch:
    """Tasks that wait, tasks that are being done, and what became of each file."""

    def __init__(
        self, planned: Mapping[str, Planned], away: Sequence[Planned], watcher: BatchWatcher, crew: Crew
    ):
        self._planned, self._watcher, self.crew = planned, watcher, crew
        self._away = {each.source: each for each in away}
        self._waiting: deque[Task] = deque(first_tasks(away, crew.slots()))
        self._films = {source: Film() for source in planned}
        self._deaths: Counter[tuple[str, int]] = Counter()

    def run(self) -> Generator[Outcome, None, None]:
        """Until nothing waits and nobody is at anything."""
        while self._waiting or self.crew.busy():
            self.crew.fill(len(self._waiting) + len(self.crew.busy()))
            for hand in self.crew.idle():
                if self._waiting:
                    hand.give(self._waiting.popleft())
                else:
                    self.crew.dismiss(hand)
            ready = self.crew.ready()
            for hand in self.crew.busy():
                self._tell(hand, last=hand in ready)
            for hand in ready:
                yield from self._heard(hand)

    def _tell(self, hand: Hand, last: bool) -> None:
        """Passes on what a worker told. What is done again after a death is not told again."""
        assert hand.task is not None
        source, number = hand.task.key
        film = self._films[source]
        for news in hand.news(last):
            match news:
                case Began(plan):
                    self._begin(source, plan)
                    hand.frames = plan.kept - film.kept if number == WHOLE else 0
                case Advanced(frames):
                    hand.frames += frames
            new = 0 if film.over else film.seen(number, hand.frames)
            if new:
                self._watcher.advanced(source, new)

    def _begin(self, source: str, plan: Plan) -> None:
        film = self._films[source]
        if film.began is not None or film.over:
            return
        film.began, film.kept = time.monotonic(), max(film.kept, plan.kept)
        self._watcher.began(source, replace(home_plan(plan, self._planned[source]), kept=film.kept))

    def _heard(self, hand: Hand) -> Generator[Outcome, None, None]:
        task = hand.task
        answer = self.crew.hear(hand)
        if isinstance(answer, Outcome) and answer.exit_code == DeviceError.exit_code:
            self.crew.dismiss(hand)  # what fails on a GPU once may fail in that process from then on
        if task is None or self._films[task.planned.source].over:
            return
        match answer:
            case Refused():
                raise answer.error
            case Died():
                yield from self._lost(task)
            case Cut():
                yield from self._cut(answer)
            case Painted():
                self._painted(task)
            case Outcome() if isinstance(task, Segment):
                self._give_up_cutting(task)
            case Outcome():
                yield self._over(answer)

    def _cut(self, found: Cut) -> Generator[Outcome, None, None]:
        """The rest of a long file, as segments; as a whole where it cannot be cut, or nothing is missing."""
        source, film = found.planned.source, self._films[found.planned.source]
        try:
            finished = film.hold(found.planned.job) if found.marks else None
        except VidstyleError as error:
            yield self._over(one.failed(found.planned, error))
            return
        segments = [] if finished is None else found.segments(finished)
        film.left = {each.number for each in segments}
        film.kept = len(finished or ()) * (found.planned.job.segment or 0)
        self._waiting.extendleft(reversed(segments))
        if not segments:
            self._join(source)

    def _join(self, source: str) -> None:
        self._films[source].release()
        self._waiting.appendleft(Whole(self._away[source]))

    def _painted(self, task: Task) -> None:
        """A segment is finished, or will not be: the last one's worker joins them all."""
        source, number = task.key
        film = self._films[source]
        film.left.discard(number)
        if not film.left:
            self._join(source)

    def _give_up_cutting(self, task: Task) -> None:
        """A segment could not be painted by itself: one worker does the rest, and says what is wrong."""
        dropped = self._drop(task.planned.source)
        self._films[task.planned.source].left -= {each.key[1] for each in dropped}
        self._painted(task)

    def _drop(self, source: str) -> list[Task]:
        dropped = [each for each in self._waiting if each.planned.source == source]
        self._waiting = deque(each for each in self._waiting if each.planned.source != source)
        return dropped

    def _lost(self, task: Task) -> Generator[Outcome, None, None]:
        """A worker died at its task: another one does it, unless it kills every one."""
        self._deaths[task.key] += 1
        if self._deaths[task.key] < TRIES:
            self._waiting.appendleft(task)
            return
        self._drop(task.planned.source)
        self._films[task.planned.source].lost = True
        reason = (
            f"{TRIES} workers of the cluster died on it: the memory may run out, or the file may be broken"
        )
        yield self._over(one.lost(task.planned, reason, KILLED))

    def tidy(self) -> None:
        """Once every worker is gone: lets go of everything, and removes what the dead left half written."""
        for source, film in self._films.items():
            film.release()
            if film.lost or not film.over:
                clear(self._away[source].job)

    def _over(self, outcome: Outcome) -> Outcome:
        film = self._films[outcome.source]
        film.over = True
        if outcome.result is not None and film.began is not None:  # the last worker saw the end of it only
            elapsed = max(outcome.result.elapsed, time.monotonic() - film.began)
            outcome = replace(outcome, result=replace(outcome.result, elapsed=elapsed))
        return home(outcome, self._planned[outcome.source])
