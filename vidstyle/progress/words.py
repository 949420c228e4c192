"""Plans, results and progress in words."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from tqdm import tqdm
from tqdm.utils import disp_len

from vidstyle.errors import visible
from vidstyle.progress.tally import Running, Tally
from vidstyle.types import JobResult, Outcome, Plan

_CUT = "…"


def described(plan: Plan) -> str:
    """The line that says which networks, device, decoder and codec are in use."""
    return f"{plan.networks}, {plan.decoder} -> {plan.codec}"


def place(name: Path | str, standard: str) -> str:
    """A source or target in words; `standard` says what - is."""
    return standard if name == "-" else str(name)


def notes(result: JobResult) -> list[str]:
    """What a user must know even where they want to hear nothing else: what could not be kept."""
    return [f"note: {note}" for note in result.notes]


def summary(result: JobResult) -> list[str]:
    """The lines at the end: what a user should know of this run, then `facts`."""
    return [*notes(result), *facts(result)]


def facts(result: JobResult) -> list[str]:
    """What a run did, and where that lies."""
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.seconds.items())
    share = f"{result.coverage:.1%} of the picture"
    kept = f"{result.plan.kept} of them kept from an earlier run, " if result.plan.kept else ""
    places = [place(result.plan.target, "standard output"), *filter(None, [result.plan.masks])]
    return [
        f"{frames(result.frames)}, {kept}{result.frames_with_class} with the class, {share} painted; "
        f"{result.elapsed:.1f} s, {result.fps:.1f} frames/s ({stages})",
        f"wrote {' and '.join(map(str, places))}",
    ]


def moment(seconds: float | None) -> str:
    """`1:23 left`, or nothing where nobody knows."""
    return "" if seconds is None else f"{tqdm.format_interval(seconds)} left"


def speed(running: Running, now: float) -> list[str]:
    """Frames per second and the time left of one job, as far as they are known."""
    rate = running.rate(now)
    return [word for word in (f"{rate:.1f} frames/s" if rate else "", moment(running.left(now))) if word]


def progress(tally: Tally) -> list[str]:
    """Where a batch is: files, failures, speed, time left; the most important word first."""
    per_minute = 60 * tally.rate()
    words = [
        f"{tally.over} of {tally.jobs} files",
        f"{tally.counts['failed']} failed" if tally.counts["failed"] else "",
        moment(tally.left()),
        f"{per_minute:.1f} files/min" if per_minute else "",
        f"{tally.counts['skipped']} skipped" if tally.counts["skipped"] else "",
    ]
    return [word for word in words if word]


def failure(outcome: Outcome) -> str:
    """Which file failed and why; many reasons begin with its name."""
    reason = outcome.reason
    return f"failed: {reason if reason.startswith(outcome.source) else f'{outcome.source}: {reason}'}"


def news(outcome: Outcome) -> list[str]:
    """What a user must know of a job that is over: that it failed and why, of a bug also where; what could
    not be kept."""
    if outcome.status == "failed":
        return [failure(outcome), *outcome.trace.splitlines()]
    return [f"note: {outcome.source}: {note}" for note in (outcome.result.notes if outcome.result else ())]


def frames(count: int) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} frame{'s' if count != 1 else ''}"


def shortened(name: str, width: int) -> str:
    """A file's name in at most `width` columns of a terminal: its middle goes first, as its end tells more.

    A name that runs from right to left is isolated, so that it does not turn the words behind it around.
    """
    name = visible(place(name, "standard input"))
    if disp_len(name) > width:
        room = max(0, width - 1)
        tail = _fitting(name[::-1], room - room // 3)[::-1]
        name = _fitting(name, room - disp_len(tail)) + _CUT + tail if width > 0 else ""
    return f"\u2068{name}\u2069" if any(_runs_backwards(each) for each in name) else name


def _fitting(text: str, width: int) -> str:
    """As much of the beginning of `text` as has room in `width` columns."""
    used = 0
    for index, each in enumerate(text):
        used += disp_len(each)
        if used > width:
            return text[:index]
    return text


def _runs_backwards(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL")


def fitted(name: str, words: list[str], width: int) -> str:
    """A name, if any, and words about it in `width` columns: the last words go before the name is shorter
    than 12."""
    least = min(12, disp_len(visible(name)))
    while words and disp_len(", ".join(words)) + (least + 2 if name else 0) > width:
        words = words[:-1]
    rest = ", ".join(words)
    room = width - (disp_len(rest) + 2 if rest else 0)
    return "  ".join(part for part in (shortened(name, room), rest) if part)
