"""Standard output as the place of an output: a stream that goes out as it is made.

FFmpeg writes into memory, and what is there goes out between its calls: Python's signal handlers raise in
whatever Python code runs next, and inside a callback from C that exception would be lost.
"""

from __future__ import annotations

import io
import os
import select
import sys
from fractions import Fraction
from typing import Final

import av
from av.container import OutputContainer

from vidstyle.errors import OutputError, UsageError
from vidstyle.media.track import Times

_claimed: int | None = None
_used = False


def claim_standard_output() -> int:
    """Standard output's descriptor, for the video alone: from now on, what this process and its libraries
    print goes to stderr. Raises UsageError where it is a terminal."""
    global _claimed
    if _claimed is None:
        if os.isatty(1):
            raise UsageError(
                "a video is not written to a terminal; redirect standard output or name a file with -o"
            )
        sys.stdout.flush()
        _claimed = os.dup(1)
        os.dup2(2, 1)
    return _claimed


_STREAMED: Final = {
    "mp4": {"movflags": "frag_keyframe+delay_moov+default_base_moof"},
    "mov": {"movflags": "frag_keyframe+delay_moov+default_base_moof"},
    "matroska": {}, "webm": {}, "nut": {}, "mpegts": {}, "flv": {"flvflags": "no_duration_filesize"},
    "yuv4mpegpipe": {"strict": "-1"},
}  # fmt: skip
"""Containers that need no seeking, and what they must be told for that. MP4 in fragments: `delay_moov` rather
than `empty_moov`, which writes no edit list, so that reordered frames would come later than their sound."""
_PROMPT: Final = {
    "mp4": {"frag_duration": "500000"}, "mov": {"frag_duration": "500000"},
    "matroska": {"cluster_time_limit": "200"}, "webm": {"cluster_time_limit": "200"},
}  # fmt: skip
"""In real time: what keeps a container from collecting seconds before it writes any (µs, ms)."""
_STALE: Final = 1_000_000
"""In real time: microseconds that packets wait for those of another stream before they are written."""


class _Memory:
    """Takes what FFmpeg writes. The method is a builtin, in which no Python signal handler runs."""

    def __init__(self, buffer: io.BytesIO) -> None:
        self.write = buffer.write


class OutPipe:
    """Standard output as the place of an output; `part_file.PartFile` is the other kind of place."""

    def __init__(self, *, realtime: bool = False) -> None:
        global _used
        if _used:
            raise UsageError("standard output takes one video; name a file or a folder with -o")
        self._descriptor, self._realtime = claim_standard_output(), realtime
        _used = True
        self._buffer = io.BytesIO()
        self._closed = False

    def open(self, muxer: str, options: dict[str, str]) -> OutputContainer:
        """Raises UsageError for a container that cannot be written without seeking."""
        if muxer not in _STREAMED:
            raise UsageError(
                f"{muxer} cannot be written to standard output; try --format mkv, mp4, y4m or nut"
            )
        options = options | _STREAMED[muxer]
        if self._realtime:
            options |= {"flush_packets": "1", "max_interleave_delta": str(_STALE), **_PROMPT.get(muxer, {})}
        return av.open(_Memory(self._buffer), "w", format=muxer, container_options=options)

    def send(self) -> None:
        """Writes what FFmpeg left in memory. Raises BrokenPipeError where nobody reads it, OSError."""
        data = memoryview(self._buffer.getvalue())
        self._buffer.seek(0)
        self._buffer.truncate()
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # another process may have made the pipe so
                select.select([], [self._descriptor], [])

    def check(self, times: Times, base: Fraction, counts: list[tuple[str, int]], muxed: int) -> list[str]:  # noqa: ARG002 - what a file is checked by
        """It cannot be read back: what the encoder was given must have been sent. Raises OutputError."""
        if muxed != times.count:
            raise OutputError(f"{self} did not pass its check: {muxed} frames instead of {times.count}")
        return []

    def commit(self) -> None:
        """Ends the stream."""
        self.discard()

    def discard(self) -> None:
        """Ends the stream, whole or not; may be called twice."""
        if not self._closed:
            self._closed = True
            os.close(self._descriptor)

    def __str__(self) -> str:
        return "standard output"
