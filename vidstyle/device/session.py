"""A network on a device: built once, called from one thread, proven to run where it was asked to."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from vidstyle.device.choice import Device
from vidstyle.device.runtime import FATAL, RUNTIME_ERRORS, first_line
from vidstyle.errors import DeviceError, ModelError
from vidstyle.types import Port, Signature

_RUN_ERRORS: tuple[type[BaseException], ...] = (*RUNTIME_ERRORS, ValueError)
_FULL = ("out of memory", "failed to allocate", "bad_alloc", "cudaerrormemoryallocation", "alloc_failed")
_NUMPY_NAMES = {"float": "float32", "double": "float64"}
_ROOM = {
    "cpu": "close other programs, or run fewer --jobs",
    "cuda": "see with nvidia-smi what else uses it, or use --device cpu",
}
_BROKEN = re.compile(r"\bcu[a-z_]+ failure|cuda error|cudnn is (?:unavailable|not available)")


_WORK = re.compile(r"Conv|MatMul|Gemm")
"""Operators that are the work of a network; those of 8-bit networks have no CUDA code."""


def cores() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _options(device: Device, threads: int | None, record: bool) -> ort.SessionOptions:
    chosen = ort.SessionOptions()
    chosen.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    chosen.intra_op_num_threads = threads or cores()
    chosen.log_severity_level = FATAL
    # Idle workers would spin on the cores that the decoder and the encoder need.
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of all activations is one block for each shape, beside what the arena has: regions change size.
    chosen.enable_mem_pattern = device.kind == "cpu"
    if record or device.kind == "cuda":
        chosen.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return chosen


class Session:
    """One network on one device.

    model: the bytes of an ONNX model, or the path of a file (for one with external data). threads: CPU
    threads inside one call (None: all cores of the process). name: what messages call it. record: keep
    which provider each node got, for `assigned`. `strays`: kinds of working operators that run on the CPU
    although the network is on a GPU.
    Raises ModelError where the file is no network that ONNX Runtime can build, DeviceError where it
    builds but not on `device`. Call it from one thread only: ONNX Runtime's memory grows otherwise.
    """

    def __init__(
        self,
        model: bytes | Path,
        device: Device,
        *,
        threads: int | None = None,
        name: str = "",
        record: bool = False,
    ) -> None:
        self.device = device
        self.name = name or (model.name if isinstance(model, Path) else "network")
        self._session = self._build(model, _options(device, threads, record))
        self.strays = _strays(self._session) if device.kind == "cuda" else ()
        self._running = ort.RunOptions()
        self.signature = Signature(
            tuple(_port(node) for node in self._session.get_inputs()),
            tuple(_port(node) for node in self._session.get_outputs()),
            tuple(self._session.get_modelmeta().custom_metadata_map.items()),
        )

    def _build(self, model: bytes | Path, options: ort.SessionOptions) -> ort.InferenceSession:
        source = str(model) if isinstance(model, Path) else model
        try:
            # Its own fallback to the CPU writes to stdout, and keeps the reason to itself.
            built = ort.InferenceSession(source, options, providers=self.device.providers, enable_fallback=0)
        except RUNTIME_ERRORS as error:
            raise self._error(error, "cannot be built") from error
        got = built.get_providers()[0]
        if got != self.device.provider:
            raise DeviceError(f"{self.name}: asked for {self.device.label}, got {got}")
        return built

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Outputs in the order of `signature.outputs`, for arrays by input name.

        Raises ModelError for a wrong name, shape or type and for a node that fails, DeviceError where
        the device runs out of memory or stops working.
        """
        contiguous = {key: np.ascontiguousarray(value) for key, value in feeds.items()}
        self._running = ort.RunOptions()
        self._running.log_severity_level = FATAL
        try:
            return list(self._session.run(None, contiguous, self._running))
        except _RUN_ERRORS as error:
            raise self._error(error, "cannot run") from error

    def interrupt(self) -> None:
        """From another thread: ends a call that is running, with a ModelError; later calls run as usual."""
        self._running.terminate = True

    def _error(self, error: BaseException, what: str) -> DeviceError | ModelError:
        text = str(error).lower()
        if isinstance(error, MemoryError) or any(word in text for word in _FULL):
            return DeviceError(
                f"{self.name}: {self.device.label} is out of memory: {_ROOM[self.device.kind]}"
            )
        if self.device.kind == "cuda" and _BROKEN.search(text):
            return DeviceError(f"{self.name}: {self.device.label} failed: {first_line(error)}")
        return ModelError(f"{self.name} {what}: {first_line(error)}")


def _port(node: Any) -> Port:
    shape = tuple(axis if isinstance(axis, int | str) else None for axis in node.shape)
    dtype = node.type.removeprefix("tensor(").removesuffix(")")
    return Port(node.name, _NUMPY_NAMES.get(dtype, dtype), shape)


def _strays(session: ort.InferenceSession) -> tuple[str, ...]:
    """The working operators that run on the CPU of a session on a GPU, by kind."""
    parts = session.get_provider_graph_assignment_info()
    kinds = {node.op_type for part in parts if "CPU" in part.ep_name for node in part.get_nodes()}
    return tuple(sorted(kind for kind in kinds if _WORK.search(kind)))


def assigned(session: Session) -> dict[str, str]:
    """Which provider runs which node: "Conv_12" or "Conv#3" (its place, for a node without a name) to a
    provider's name. For a session built with `record=True`; raises ModelError otherwise."""
    try:
        subgraphs = session._session.get_provider_graph_assignment_info()
    except RUNTIME_ERRORS as error:
        raise ModelError(f"{session.name}: build it with record=True to see its nodes") from error
    nodes = [(part.ep_name, node) for part in subgraphs for node in part.get_nodes()]
    return {node.name or f"{node.op_type}#{place}": provider for place, (provider, node) in enumerate(nodes)}
