"""Which files are cut into segments, what is left of each, and what the watcher knows of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from vidstyle import pipeline
from vidstyle.cluster.tasks import WHOLE, Survey, Task, Whole
from vidstyle.jobs.plan import Planned
from vidstyle.types import Job


def first_tasks(planned: Sequence[Planned], workers: int) -> Iterator[Task]:
    """One for each file, the largest first: a survey of those that one worker would be at while the others
    have nothing left, a whole file else (which costs less: it is opened once)."""
    total = sum(each.size for each in planned)
    for each in sorted(planned, key=lambda each: -each.size):
        alone = workers > 1 and each.size * 2 * workers > total
        yield Survey(each) if alone and isinstance(each.job.source, Path) else Whole(each)


@dataclass(slots=True)
class Film:
    """One file of the batch. `lost`: its workers died. `left`: its segments that are not finished. `began`:
    seconds of a clock. `kept`: frames that an earlier run finished. `told`: frames of this run that the
    watcher knows of."""

    left: set[int] = field(default_factory=set)
    over: bool = False
    lost: bool = False
    began: float | None = None
    kept: int = 0
    told: int = 0
    _held: ExitStack = field(default_factory=ExitStack)
    _seen: Counter[int] = field(default_factory=Counter)

    def hold(self, job: Job) -> list[int] | None:
        """The numbers of its finished segments; its work folder is held from now on. None where it is not
        worked on in segments. Raises VidstyleError."""
        return self._held.enter_context(pipeline.hold(job))

    def release(self) -> None:
        """Lets go of its work folder, for the worker that joins the segments."""
        self._held.close()

    def seen(self, number: int, frames: int) -> int:
        """How many frames of a task are new to the watcher. frames: of the task so far; those of a whole file
        follow on the ones that its segments had."""
        known = self.told if number == WHOLE else self._seen[number]
        new = max(0, frames - known)
        self._seen[number] = max(known, frames)
        self.told += new
        return new
