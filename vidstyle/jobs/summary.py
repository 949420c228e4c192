"""What a batch came to: counts, the failures with their reasons, an exit code."""

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

    @property
    def failures(self) -> list[str]:
        """One line for each failure. A reason that names its file already says it once."""
        failed = [each for each in self.outcomes if each.status == "failed"]
        return [
            each.reason if each.source in each.reason else f"{each.source}: {each.reason}" for each in failed
        ]

    @property
    def notes(self) -> list[str]:
        """What could not be kept, file by file."""
        done = [(each.source, each.result) for each in self.outcomes if each.result is not None]
        return [f"note: {source}: {note}" for source, result in done for note in result.notes]
