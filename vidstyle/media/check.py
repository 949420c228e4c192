"""Is the finished file what it was meant to be? Asked of the file itself, before it gets its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Disposition

from vidstyle.errors import OutputError
from vidstyle.media.opening import OPEN_FAILURES
from vidstyle.media.track import Times


@dataclass(slots=True)
class Found:
    """What a demux of the whole file shows: times of the video, and packets per stream."""

    times: Times
    time_base: Fraction
    packets: Counter[int]
    streams: int


def inspect(path: Path) -> Found:
    """Reads every packet of a file, without decoding."""
    with av.open(str(path), "r", metadata_errors="replace") as container:
        video = next(s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
        found = Found(Times(), video.time_base or Fraction(1), Counter(), len(container.streams))
        for packet in container.demux():
            if not packet.size:
                continue
            found.packets[packet.stream_index] += 1
            if packet.stream_index == video.index:
                found.times.add(packet.pts if packet.pts is not None else packet.dts or 0)
    return found


def check(path: Path, target: Path, expected: Times, base: Fraction, counts: dict[int, int]) -> list[str]:
    """Compares a finished file with what was written: frames, their times, the other streams' packets.

    base: the time base of `expected`. counts: packets per stream of the output. Returns notes; raises
    OutputError when frames or a stream's packets are missing.
    """
    try:
        found = inspect(path)
    except (*OPEN_FAILURES, StopIteration) as error:
        raise OutputError(f"{target} did not pass its check: it cannot be read back ({error})") from error
    if found.times.count != expected.count:
        raise OutputError(
            f"{target} did not pass its check: {found.times.count} frames instead of {expected.count}"
        )
    _check_packets(target, found, counts)
    return _compare_times(found, expected, base)


def _check_packets(target: Path, found: Found, counts: dict[int, int]) -> None:
    for index, count in counts.items():
        # Muxers may merge or add a few packets (empty subtitles); a stream that lost many is broken.
        if found.packets[index] < count * 0.9 - 2:
            left = f"{found.packets[index]} of {count} packets"
            raise OutputError(f"{target} did not pass its check: stream {index} has {left}")


def _compare_times(found: Found, expected: Times, base: Fraction) -> list[str]:
    times = found.times
    if found.time_base == base and times == expected:
        return []
    first = abs(times.first * found.time_base - expected.first * base)
    last = abs(times.last * found.time_base - expected.last * base)
    mean = abs(times.total * found.time_base - expected.total * base) / max(1, expected.count)
    worst = max(first, last, mean)
    if worst <= max(found.time_base, base) / 2 and found.time_base != base:
        return []
    return [f"the container moved frames in time by up to {float(worst):.3f} s"] if worst else []
