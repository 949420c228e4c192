"""One self-contained HTML page about a batch: what became of each video, before and after.

It needs no network and no other file; everything that comes from names and files is escaped, and no script
but its own would run in it. `Report` stands between a batch and its watcher; `check` tells early what cannot
be written.
"""

from vidstyle.report.report import Report, check

__all__ = ["Report", "check"]
