"""What a batch came to: counts and an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vidstyle.types import Outcome, Status

FAILED = 1
"""Exit code of a batch in which a job failed."""


@dataclass(frozen=True, slots=True)
class Summary:
    """outcomes: what became of the jobs that came to an end, of so many `planned`."""

    outcomes: Sequence[Outcome]
    planned: int

    def count(self, status: Status) -> int:
        return Counter(each.status for each in self.outcomes)[status]

    @property
    def left(self) -> int:
        """Jobs that were stopped or never begun."""
        return self.planned - len(self.outcomes)

    @property
    def exit_code(self) -> int:
        return FAILED if self.count("failed") else 0

    @property
    def counts(self) -> str:
        """`17 done, 3 failed`: what there is of each."""
        words = [(self.count("done"), "done"), (self.count("skipped"), "skipped")]
        words += [(self.count("failed"), "failed"), (self.left, "left")]
        return ", ".join(f"{count} {word}" for count, word in words if count or word == "done")
