"""The watcher that shows nothing, and the ground that the others stand on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from vidstyle.progress.words import news
from vidstyle.types import Outcome, Plan


class Quiet:
    """A `BatchWatcher` that is a context manager: what it has drawn is taken away on the way out."""

    def planned(self, jobs: int, at_once: int) -> None:
        """So many jobs will be done, so many of them at once."""

    def began(self, source: str, plan: Plan) -> None:
        """The job's first frame follows."""

    def advanced(self, source: str, frames: int) -> None:
        """So many more of its frames are encoded."""

    def ended(self, outcome: Outcome) -> None:
        """A job is over, begun or not."""

    def untold(self, outcomes: Sequence[Outcome]) -> list[str]:
        """What must be known of a batch and is not on the screen already: lines for its end."""
        return [line for outcome in outcomes for line in news(outcome)]

    def close(self) -> None:
        """Takes away what was drawn; may be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
