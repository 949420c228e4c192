"""The loop that gives tasks to workers until every job of the batch has an outcome."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing

from vidstyle.cluster.ask import Ask, Fit, fit
from vidstyle.cluster.connection import joined, nodes
from vidstyle.cluster.crew import Crew, Hand
from vidstyle.cluster.tasks import Died, Refused, Task, Whole, abroad, home, home_plan, witnesses
from vidstyle.jobs import one
from vidstyle.jobs.plan import Planned
from vidstyle.jobs.worker import Advanced, Began
from vidstyle.pipeline.checks import check
from vidstyle.types import BatchWatcher, Outcome

TRIES = 3
"""Workers that may die on a task before its job is given up."""

KILLED = 137
"""Exit code of a job whose workers died: a shell's for what is killed."""


def drive(planned: Sequence[Planned], watcher: BatchWatcher, ask: Ask, fail_fast: bool) -> list[Outcome]:
    """See `run_cluster`."""
    good = [each for each in planned if each.failure is None]
    for each in good[:1]:
        check(each.job)
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


def _outcomes(
    planned: Sequence[Planned], watcher: BatchWatcher, ask: Ask, found: Fit
) -> Generator[Outcome, None, None]:
    yield from (one.failed(each, each.failure) for each in planned if each.failure is not None)
    names = {each.source: each for each in planned if each.failure is None}
    away = [abroad(each, found.threads, found.device) for each in names.values()]
    with witnesses(away) as seen:
        crew = Crew(found, ask.workers, seen)
        try:
            yield from _Batch(names, map(Whole, away), watcher, crew).run()
        finally:
            crew.stop()


class _Batch:
    """Tasks that wait, tasks that are being done, and what the watcher was told of each."""

    def __init__(
        self, planned: Mapping[str, Planned], tasks: Iterable[Task], watcher: BatchWatcher, crew: Crew
    ):
        self._planned, self._watcher, self.crew = planned, watcher, crew
        self._waiting: deque[Task] = deque(tasks)
        self._deaths: Counter[tuple[str, int]] = Counter()
        self._told: Counter[tuple[str, int]] = Counter()
        self._kept: dict[str, int] = {}

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
        source, key = hand.task.planned.source, hand.task.key
        for news in hand.news(last):
            match news:
                case Began(plan):
                    if source not in self._kept:
                        self._watcher.began(source, home_plan(plan, self._planned[source]))
                    hand.frames = plan.kept - self._kept.setdefault(source, plan.kept)
                case Advanced(frames):
                    hand.frames += frames
            if hand.frames > self._told[key]:
                self._watcher.advanced(source, hand.frames - self._told[key])
                self._told[key] = hand.frames

    def _heard(self, hand: Hand) -> Generator[Outcome, None, None]:
        task = hand.task
        answer = self.crew.hear(hand)
        if task is None:
            return
        match answer:
            case Died():
                yield from self._lost(task)
            case Refused():
                raise answer.error
            case Outcome():
                yield home(answer, self._planned[answer.source])

    def _lost(self, task: Task) -> Generator[Outcome, None, None]:
        """A worker died at its task: another one does it, unless it kills every one."""
        self._deaths[task.key] += 1
        if self._deaths[task.key] < TRIES:
            self._waiting.appendleft(task)
            return
        reason = (
            f"{TRIES} workers of the cluster died on it: the memory may run out, or the file may be broken"
        )
        yield one.lost(self._planned[task.planned.source], reason, KILLED)
