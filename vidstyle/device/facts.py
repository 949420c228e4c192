"""What `vidstyle doctor` says about the machine."""

from __future__ import annotations

import os
from typing import NamedTuple

import onnxruntime as ort

from vidstyle.device import cuda
from vidstyle.device.session import cores


class Fact(NamedTuple):
    """One line of the report: what it is about, what was found, whether that is as it should be."""

    name: str
    value: str
    good: bool = True


def report() -> list[Fact]:
    """Versions, providers, CUDA devices, libraries, CPU threads. Starts CUDA where it can; never raises."""
    reason = cuda.why_not(0)
    facts = [
        Fact("onnxruntime", ort.__version__),
        Fact("providers", ", ".join(ort.get_available_providers())),
        Fact("cpu threads", f"{cores()} of {os.cpu_count() or 1}"),
        *(Fact(f"cuda:{index}", name, reason is None) for index, name in enumerate(cuda.names())),
    ]
    missing = cuda.missing_libraries(cuda.preload())
    if missing:
        facts.append(Fact("cuda libraries", f"missing: {', '.join(missing)}", good=False))
    return [*facts, Fact("cuda", reason or "runs", reason is None)]
