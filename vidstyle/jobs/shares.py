"""How many jobs run at once, and what each may use of the machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidstyle import device

FEW = 3
"""Cores up to which one job uses them all: decode, networks and encode already overlap within it."""

THREADS = 4
"""Threads that a network on small pictures still uses well."""


@dataclass(frozen=True, slots=True)
class Share:
    """How a machine is shared: jobs at once, CPU threads of each (None: all), devices that they take in turn
    (empty: what the job says)."""

    at_once: int = 1
    threads: int | None = None
    devices: tuple[str, ...] = ()


def share(wanted: int | None, jobs: int, place: str = "auto") -> Share:
    """The share of each of so many jobs. wanted: jobs at once, None to decide. place: as in `Job.device`.

    A GPU works on one job: its batches fill it, and a second one would only take its memory. More jobs than
    GPUs use them in turn. On the CPU, jobs pay where there are more cores than one network uses well.
    """
    devices, cores = gpus(place), device.cores()
    most = len(devices) or (1 if cores <= FEW else cores // THREADS)
    at_once = max(1, min(wanted or most, jobs))
    threads = max(1, cores // at_once) if at_once > 1 else None
    return Share(at_once, threads, devices if len(devices) > 1 and at_once > 1 else ())


def gpus(place: str) -> tuple[str, ...]:
    """The GPUs that jobs on `place` would use, as words for `device.choose`: all for "auto" (each job then
    still falls back to the CPU) and for "cuda", the one that has a number."""
    word = place.strip().lower()
    if re.fullmatch(r"(?:cuda|gpu):\d+", word):
        return (word,)
    if word in ("auto", "cuda", "gpu"):
        kind = "auto" if word == "auto" else "cuda"
        return tuple(f"{kind}:{index}" for index in range(device.gpus()))
    return ()
