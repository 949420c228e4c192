"""From the word the user gave to a device that is known to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from vidstyle.device import cuda
from vidstyle.errors import DeviceError, UsageError, nearest

Provider = tuple[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Device:
    """Where sessions run. `label` is what the user reads ("cuda:0 (NVIDIA H200)", "cpu").

    note: why it is not the faster one, when "auto" fell back to the CPU, or what does not run there; else
    empty.
    """

    kind: Literal["cpu", "cuda"]
    index: int = 0
    label: str = "cpu"
    note: str = ""

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of the provider that must come first."""
        return cuda.PROVIDER if self.kind == "cuda" else "CPUExecutionProvider"

    @property
    def providers(self) -> list[Provider]:
        """Providers with options, in order, as `onnxruntime.InferenceSession` takes them.

        The CPU stands behind CUDA for shape arithmetic, which ONNX Runtime places there on purpose.
        """
        cpu: Provider = ("CPUExecutionProvider", {})
        return [(cuda.PROVIDER, cuda.options(self.index)), cpu] if self.kind == "cuda" else [cpu]


CPU = Device("cpu")


def choose(device: str = "auto") -> Device:
    """The device that `device` names: "auto", "cpu", "cuda" or "cuda:N".

    "cuda" runs a small network there first. "auto" takes CUDA device 0 ("auto:N" device N) where that works,
    else the CPU with the reason in `note`; whoever calls prints `label` and `note`.
    Raises UsageError for another word, DeviceError (naming the missing library) where CUDA cannot run.
    """
    word = check_word(device)
    if word == "cpu":
        return CPU
    kind, _, number = word.partition(":")
    return _auto(int(number or 0)) if kind == "auto" else _cuda(int(number or 0))


def check_word(device: str) -> str:
    """The word in lower case. Raises UsageError where it names no device; whether that runs is not asked."""
    word = device.strip().lower()
    if not re.fullmatch(r"cpu|(?:auto|cuda|gpu)(?::\d+)?", word, re.ASCII):
        known = ("auto", "cpu", "cuda", "cuda:0", "cuda:1")
        raise UsageError(f"no device {device!r}: auto, cpu, cuda or cuda:N{nearest(word, known)}")
    return word


def _cuda(index: int) -> Device:
    reason = cuda.why_not(index)
    if reason is not None:
        raise DeviceError(f"cuda:{index} cannot run here: {reason}")
    return Device("cuda", index, f"cuda:{index} ({cuda.names()[index]})")


def _auto(index: int) -> Device:
    try:
        return _cuda(index)
    except DeviceError as error:
        return Device("cpu", note=str(error))
