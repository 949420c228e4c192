"""One job alone, shown as a batch of one; and a download."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from vidstyle.errors import VidstyleError, visible
from vidstyle.types import BatchWatcher, JobResult, Outcome, Plan


class Bar:
    """The `Watcher` of a job that is no part of a batch: it tells `shown` of a batch of one.

    A context manager, around the opening of the files too: an error that leaves it is the job's outcome.
    """

    def __init__(self, shown: BatchWatcher, source: str) -> None:
        self._shown, self._source = shown, source

    def begin(self, plan: Plan) -> None:
        self._shown.began(self._source, plan)

    def advance(self, frames: int) -> None:
        self._shown.advanced(self._source, frames)

    def finish(self, result: JobResult) -> Outcome:
        """The job is done; its outcome."""
        outcome = Outcome(self._source, str(result.plan.target), "done", result=result)
        self._shown.ended(outcome)
        return outcome

    def __enter__(self) -> Bar:
        self._shown.planned(1, 1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, VidstyleError):
            self._shown.ended(Outcome(self._source, None, "failed", str(error), error.exit_code))


class Download:
    """A bar in bytes for one download, on a terminal; what comes of it is one line anywhere."""

    def __init__(self, name: str) -> None:
        self._bar: tqdm[Any] = tqdm(
            desc=visible(name), unit="B", unit_scale=True, file=sys.stderr, leave=False, disable=None
        )

    def at(self, done: int, total: int | None) -> None:
        """So many bytes are here, of so many (None: the server does not say)."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
