"""Is the finished file what it was meant to be? Asked of the file itself, before it gets its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Disposition

from vidstyle.errors import OutputError
from vidstyle.media.opening import OPEN_FAILURES, demuxed
from vidstyle.media.track import Times


@dataclass(slots=True)
class Found:
    """What a demux of the whole file shows: times of the video, and for each other kind of stream the
    packets of its streams in their order (cover pictures left out)."""

    times: Times
    time_base: Fraction
    packets: dict[str, list[int]]


def inspect(path: Path) -> Found:
    """Reads every packet of a file, without decoding."""
    with av.open(str(path), "r", metadata_errors="replace") as container:
        video = next(s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
        times, packets = Times(), Counter[int]()
        for packet in demuxed(container):
            packets[packet.stream_index] += 1
            if packet.stream_index == video.index:
                times.add(packet.pts if packet.pts is not None else packet.dts or 0)
        kinds: dict[str, list[int]] = {}
        for stream in container.streams:
            if stream is not video and not stream.disposition & Disposition.attached_pic:
                kinds.setdefault(stream.type, []).append(packets[stream.index])
        return Found(times, video.time_base or Fraction(1), kinds)


def check(
    path: Path, target: Path, expected: Times, base: Fraction, counts: list[tuple[str, int]]
) -> list[str]:
    """Compares a finished file with what was written: frames, their times, the other streams' packets.

    base: the time base of `expected`. counts: kind and packets of each copied stream. Returns notes; raises
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


def _check_packets(target: Path, found: Found, counts: list[tuple[str, int]]) -> None:
    for kind in {kind for kind, _ in counts}:
        # In order of size: converted and encoded streams of the same kind lie between the copied ones.
        # Muxers may merge or add a few packets (empty subtitles); a stream that lost many is broken.
        wanted = sorted((count for k, count in counts if k == kind), reverse=True)
        there = sorted(found.packets.get(kind, []), reverse=True)
        there += [0] * (len(wanted) - len(there))
        for count, left in zip(wanted, there, strict=False):
            if left < count * 0.9 - 2:
                raise OutputError(
                    f"{target} did not pass its check: {left} of {count} {kind} packets are there"
                )


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
