"""The times of all frames of a file, by demuxing alone: where it can be cut for several machines at once."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.video.stream import VideoStream

from vidstyle.media.opening import OPEN_FAILURES, demuxed, open_input, video_stream
from vidstyle.media.resume import LEAD, Mark


def marks(path: Path, length: int, start: Fraction | None, end: Fraction | None) -> list[Mark] | None:
    """The places between the segments of `length` frames of a video, or of a part of it (seconds from its
    first frame, as `Source` takes them); None where packets alone do not tell its frames.

    What they tell is a claim: whoever paints a segment checks it against the frames. Raises InputError.
    """
    start = start or None  # as `Source` does: a part from the very start keeps the source's times
    with open_input(path) as container:
        stream = video_stream(container, path)
        times = _times(container, stream)
        base = stream.time_base
    if times is None or base is None:
        return None
    inside = [time for time in times if _is_inside((time - times[0]) * base, start, end)]
    moved = 0 if start is None and end is None else inside[0] if inside else 0
    return [
        Mark(count, inside[0], tuple(time - moved for time in inside[max(0, count - LEAD) : count]))
        for count in range(length, len(inside), length)
    ]


def _times(container: av.container.InputContainer, stream: VideoStream) -> list[int] | None:
    """Every frame's pts, in order; None where a packet has none, two are the same, or one is damaged."""
    try:
        times = sorted(_packets(container, stream))
    except (ValueError, *OPEN_FAILURES):
        return None
    return None if any(one == other for one, other in pairwise(times)) else times


def _packets(container: av.container.InputContainer, stream: VideoStream) -> Iterator[int]:
    for packet in demuxed(container, stream):
        if packet.pts is None or packet.is_corrupt or packet.is_discard:
            raise ValueError("a packet that is no frame of its own")
        yield packet.pts


def _is_inside(seconds: Fraction, start: Fraction | None, end: Fraction | None) -> bool:
    return (start is None or seconds >= start) and (end is None or seconds < end)
