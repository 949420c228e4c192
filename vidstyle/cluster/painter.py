"""A worker on a node: an actor that does one task after another and keeps its networks loaded.

It returns what went wrong, and raises nothing: what Ray raises for it is that it died.
"""

from __future__ import annotations

import platform
import traceback
from collections import deque
from collections.abc import Sequence

import ray

from vidstyle import __version__
from vidstyle.cluster.tasks import Answer, Greeting, Refused, Task, Witness, unseen
from vidstyle.errors import BUG, VidstyleError
from vidstyle.jobs import one
from vidstyle.jobs.worker import Advanced, Began
from vidstyle.types import Plan

News = Began | Advanced


class Stopped(BaseException):
    """Told to stop: on its way through the `finally` blocks that remove unfinished files."""


class Painter:
    """The actor. Tasks run in one thread of it; `news` and `stop` in another."""

    def __init__(self) -> None:
        self._kept, self._news = one.Kept(), deque[News]()
        self._stopped = False

    def greet(self, witnesses: Sequence[Witness]) -> Greeting:
        """Who this is, and the first of the files that should be seen from here and is not."""
        return Greeting(platform.node(), __version__, unseen(witnesses))

    def do(self, task: Task) -> Answer:
        """Does a task; whatever is wrong with it is its answer. None where it was stopped."""
        self._news.clear()
        try:
            return task.do(self._kept, self)
        except Stopped:
            return None
        except one.UnloadableError as error:
            return Refused(type(error.reason), str(error.reason))
        except VidstyleError as error:
            return one.failed(task.planned, error)
        except Exception as error:
            reason = f"a bug in vidstyle: {type(error).__name__}: {error}"
            return one.lost(task.planned, reason, BUG, traceback.format_exc())

    def begin(self, plan: Plan) -> None:
        """As a task's watcher."""
        self._news.append(Began(plan))

    def advance(self, frames: int) -> None:
        """As a task's watcher. Raises Stopped."""
        if self._stopped:
            raise Stopped
        self._news.append(Advanced(frames))

    @ray.method(concurrency_group="news")
    def news(self) -> list[News]:
        """What the task told since the last call."""
        told: list[News] = []
        while self._news:
            told.append(self._news.popleft())
        return told

    @ray.method(concurrency_group="news")
    def stop(self) -> None:
        """Ends the task at its next frame, without leaving an unfinished file."""
        self._stopped = True


Actor = ray.remote(concurrency_groups={"news": 1}, max_restarts=0)(Painter)
