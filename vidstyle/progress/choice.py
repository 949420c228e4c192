"""Which way of showing progress."""

from __future__ import annotations

import sys
from typing import Literal, get_args

from vidstyle.errors import UsageError, nearest
from vidstyle.progress.bars import Bars
from vidstyle.progress.events import Events
from vidstyle.progress.lines import Lines
from vidstyle.progress.quiet import Quiet
from vidstyle.progress.voice import speak

Mode = Literal["auto", "bar", "lines", "json", "none"]
MODES: tuple[str, ...] = get_args(Mode)

_KINDS: dict[str, type[Quiet]] = {"bar": Bars, "lines": Lines, "json": Events, "none": Quiet}


def choose(mode: str = "auto", quiet: bool = False) -> Quiet:
    """The watcher for a mode; a context manager. quiet: as mode "none".

    auto: bars where stderr is a terminal, lines elsewhere. json: from here on everything on stderr is events.
    Raises UsageError for another word.
    """
    if mode not in MODES:
        raise UsageError(f"--progress {mode} is none of {', '.join(MODES)}{nearest(mode, MODES)}")
    chosen = "none" if quiet else mode
    if chosen == "auto":
        chosen = "bar" if sys.stderr.isatty() else "lines"
    speak(events=chosen == "json")
    return _KINDS[chosen]()
