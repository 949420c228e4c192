"""The ways out: `say` to stderr, `tell` to stdout, and events in the place of words where they are wanted."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Sequence

from tqdm import tqdm

from vidstyle.errors import OutputError, visible, why

VERSION = 1
"""Of the events. Fields may be added to it; one that goes or changes its meaning makes it another."""

_events = False
_said: dict[str, int] = {}


def speak(*, events: bool) -> None:
    """From here on everything on stderr is events (NDJSON), or lines for people."""
    global _events
    _events = events
    _said.clear()
    tqdm.get_lock()  # made at its first use otherwise, where a signal would leave it half made


def wants_events(words: Sequence[str]) -> bool:
    """Whether a command line asks for events: to be known before it is understood, as it may be wrong."""
    pairs = zip(words, (*words[1:], ""), strict=False)  # there may be no word at all
    return any((word, value) == ("--progress", "json") or word == "--progress=json" for word, value in pairs)


def say(line: str) -> None:
    """One line on stderr, above bars that may be drawn there; where events are wanted, a note."""
    if _events:
        emit("note", text=line)
    else:
        _print(visible(line))


def _print(line: str) -> None:
    with contextlib.suppress(OSError):  # a terminal that went away: the work is worth more than the words
        tqdm.write(line, file=sys.stderr)
        sys.stderr.flush()


def tell(line: str) -> None:
    """One line of data on stdout. Raises OutputError where it cannot be written."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise  # whoever read it has enough
    except OSError as error:
        raise OutputError(f"stdout cannot be written: {why(error)}") from error


def emit(event: str, **facts: object) -> None:
    """One event, as one line of ASCII on stderr. Numbers that JSON does not have become null."""
    _said[event] = _said.get(event, 0) + 1
    record = {"v": VERSION, "event": event, "time": round(time.time(), 3), **facts}
    with contextlib.suppress(OSError):
        sys.stderr.write(json.dumps(_plain(record), allow_nan=False) + "\n")
        sys.stderr.flush()


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def over(exit_code: int, error: str = "", trace: str = "") -> None:
    """The last words of a command: what went wrong, if anything. As an event it also counts the files."""
    if _events:
        counts = {status: _said.get(status, 0) for status in ("done", "skipped", "failed")}
        emit("end", exit_code=exit_code, error=error or None, trace=trace or None, **counts)
    elif error:
        _print("".join([trace, "vidstyle: ", visible(" ".join(error.splitlines()))]))
