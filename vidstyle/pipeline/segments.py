"""Where a video is cut into segments, so that each can be painted without the ones before it.

All memory (masks, regions, a recurrent network's state, the encoder) ends where a segment starts, and is
built up again on the few frames before it. So a run that goes on after it was killed, and a machine that
paints one segment only, give the very frames of an uninterrupted run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

from vidstyle.flow import owning
from vidstyle.media import LEAD, digest
from vidstyle.types import Frame


def led(frames: Iterable[Frame], length: int | None, size: int) -> Generator[list[Frame], None, None]:
    """Batches of `size` consecutive frames; none reaches over the start of a segment of `length` frames.

    Each segment is led in by up to `LEAD` frames before it, shown once more. Frames that come in as `lead`
    (those before the place where a run goes on) are shown as such only.
    """
    recent: deque[Frame] = deque(maxlen=LEAD)
    batch: list[Frame] = []
    begun = False
    with owning(frames) as incoming:
        for frame in incoming:
            if not frame.lead and (not begun or (length is not None and frame.index % length == 0)):
                yield from filter(None, [batch, *_lead_in(recent, size)])
                batch, begun, frame.fresh = [], True, not recent
            if length is not None and (frame.index + 1) % length == 0:
                frame.digest = digest(frame.planes)
            recent.append(_looked_at(frame))
            if not frame.lead:
                batch.append(frame)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


def _looked_at(frame: Frame) -> Frame:
    return replace(frame, planes=(), native=None, companions=(), lead=True, fresh=False)


def _lead_in(recent: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    frames = [replace(frame, fresh=index == 0) for index, frame in enumerate(recent)]
    for begin in range(0, len(frames), size):
        yield frames[begin : begin + size]
