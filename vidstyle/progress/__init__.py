"""What a person or a program sees while jobs run: bars, lines or NDJSON events on stderr, data on stdout.

`choose` gives the watcher of a batch for a mode. `say` and `tell` are the only ways to stderr and stdout;
where events are wanted every word becomes one of them (events.schema.json in this folder describes them).
"""

from vidstyle.progress.choice import MODES, Mode, choose
from vidstyle.progress.download import Download
from vidstyle.progress.quiet import Quiet
from vidstyle.progress.voice import over, say, speak, tell, wants_events
from vidstyle.progress.words import described, facts, notes, summary

__all__ = [
    "MODES",
    "Download",
    "Mode",
    "Quiet",
    "choose",
    "described",
    "facts",
    "notes",
    "over",
    "say",
    "speak",
    "summary",
    "tell",
    "wants_events",
]
