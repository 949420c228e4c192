"""The workers that live, and what each is at."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from vidstyle import __version__
from vidstyle.cluster.ask import Fit
from vidstyle.cluster.connection import nodes
from vidstyle.cluster.painter import Actor, News
from vidstyle.cluster.tasks import Answer, Died, Greeting, Task, Witness
from vidstyle.errors import UsageError

PATIENCE = 10.0
"""Seconds that stopped workers have for removing their unfinished files before they are killed."""

BEAT = 0.3
"""Seconds between two looks at the workers."""

ALONE = 60.0
"""Seconds without any worker, and without room for one, after which the batch is given up."""

FALSE_STARTS = 3
"""Workers in a row that die before they say a word, after which no more are started."""


class Hand:
    """One worker. `task`: what it is at; None while it starts and while it waits. `frames`: of the task that
    it told to have done."""

    def __init__(self, fit: Fit, witnesses: Sequence[Witness]) -> None:
        options = {"num_cpus": fit.cpus, "num_gpus": fit.gpus, "scheduling_strategy": "SPREAD"}
        self.actor: Any = Actor.options(**options).remote()
        self.task: Task | None = None
        self.greeted, self.frames = False, 0
        self.running: Any = self.actor.greet.remote(witnesses)
        self._asked: Any = None

    def give(self, task: Task) -> None:
        """A task to do; it is idle."""
        self.task, self.running, self.frames = task, self.actor.do.remote(task), 0

    def news(self, last: bool = False) -> list[News]:
        """What it told of its task since the last call: what is here already, or, at its end, all of it."""
        told: list[News] = []
        with contextlib.suppress(RayError):  # who is dead tells nothing; `hear` says so
            if self._asked is not None and (last or ray.wait([self._asked], timeout=0)[0]):
                told += ray.get(self._asked, timeout=PATIENCE)
                self._asked = None
            if last:
                told += ray.get(self.actor.news.remote(), timeout=PATIENCE)
            elif self._asked is None:
                self._asked = self.actor.news.remote()
        return told

    def dismiss(self) -> None:
        """Lets it go, with what it holds."""
        with contextlib.suppress(RayError):
            ray.kill(self.actor)


class Crew:
    """Workers, as many as fit and as there is work for; the dead are replaced."""

    def __init__(self, fit: Fit, workers: int | None, witnesses: Sequence[Witness]) -> None:
        self._fit, self._workers, self._witnesses = fit, workers, witnesses
        self.hands: list[Hand] = []
        self._false_starts, self._since = 0, time.monotonic()

    def slots(self) -> int:
        """How many workers there may be now."""
        return self._workers or self._fit.slots(nodes())

    def fill(self, tasks: int) -> None:
        """Starts workers for so many tasks. Raises UsageError where there has been room for none for long."""
        room = min(self.slots(), tasks) if tasks > len(self.hands) else 0
        while len(self.hands) < room:
            self.hands.append(Hand(self._fit, self._witnesses))
        if self.hands:
            self._since = time.monotonic()
        elif time.monotonic() - self._since > ALONE:
            raise UsageError("the cluster has no node left that a worker fits on; run it again to go on")

    def idle(self) -> list[Hand]:
        """Those that wait for a task."""
        return [hand for hand in self.hands if hand.running is None]

    def busy(self) -> list[Hand]:
        """Those that are at a task."""
        return [hand for hand in self.hands if hand.task is not None]

    def dismiss(self, hand: Hand) -> None:
        """Lets one go: others may need its place."""
        self.hands.remove(hand)
        hand.dismiss()

    def ready(self) -> list[Hand]:
        """Those that have something to say, within a beat."""
        refs = {hand.running: hand for hand in self.hands if hand.running is not None}
        if not refs:
            time.sleep(BEAT)
            return []
        done, rest = ray.wait(list(refs), num_returns=1, timeout=BEAT)
        if done and rest:
            done += ray.wait(rest, num_returns=len(rest), timeout=0)[0]
        return [refs[ref] for ref in done]

    def hear(self, hand: Hand) -> Answer:
        """What a worker that is ready has to say of its task; `Died` where it is dead, None of a greeting.

        Raises UsageError where no worker can work: it does not start, or does not see the files.
        """
        try:
            said: Greeting | Answer = ray.get(hand.running)
        except RayTaskError:
            raise  # a bug: what workers do raises nothing
        except RayError as error:
            self._bury(hand, error)
            return Died()
        hand.running = hand.task = None
        if not isinstance(said, Greeting):
            return said
        hand.greeted, self._false_starts = True, 0
        _check(said)
        return None

    def _bury(self, hand: Hand, error: RayError) -> None:
        self.hands.remove(hand)
        self._false_starts += not hand.greeted
        if self._false_starts >= FALSE_STARTS:
            last = str(error).strip().splitlines()[-1].strip()
            hint = "vidstyle[ray] must be installed on every node"
            raise UsageError(f"no worker starts on the cluster: {last}; {hint}") from error

    def stop(self) -> None:
        """Ends all of them: the busy are asked to clear up first."""
        with contextlib.suppress(RayError):
            for hand in self.busy():
                hand.actor.stop.remote()
            running = [hand.running for hand in self.busy()]
            if running:
                ray.wait(running, num_returns=len(running), timeout=PATIENCE)
        for hand in self.hands:
            hand.dismiss()


def _check(said: Greeting) -> None:
    if said.version != __version__:
        raise UsageError(
            f"node {said.node} has vidstyle {said.version}, this is {__version__}: install the same on all"
        )
    if said.unseen is not None:
        raise UsageError(
            f"node {said.node} does not see {said.unseen} as it is here: the nodes of a cluster must share "
            "the file system of inputs and outputs, or give addresses (s3://...)"
        )
