"""Can CUDA run here, and if not, which library is missing."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import re
import sys

import numpy as np
import onnxruntime as ort

from vidstyle.device.runtime import FATAL, RUNTIME_ERRORS, first_line, overheard

PROVIDER = "CUDAExecutionProvider"

_MISSING = re.compile(
    r"([\w.+-]+(?:\.so[\w.]*|\.dll)): cannot open shared object|([\w.+-]+\.dll)\"? (?:which )?is missing"
)

# A 1x1 convolution, 1x1x2x2 float in and out (opset 13): loads cuDNN, which an Identity would not.
_PROBE = bytes.fromhex(
    "08083a650a110a01780a01771201792204436f6e763a001201702a130801080108010801100122040000803f4201775a1b0a01"
    "7812160a14080112100a0208010a0208010a0208020a020802621b0a017912160a14080112100a0208010a0208010a0208020a"
    "02080242040a00100d"
)


def options(index: int) -> dict[str, str]:
    """CUDA provider options: memory grows by what is asked for, cuDNN tries its algorithms once per shape.

    EXHAUSTIVE pays because shapes repeat (regions and batches come in fixed sizes); the workspace limit
    is cuDNN's own maximum so that the search may choose freely. No TF32: the colour conversion is part of
    the graph, and ten bits of mantissa are too few for planes of 10 and 12 bit.
    """
    return {
        "device_id": str(index),
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "EXHAUSTIVE",
        "cudnn_conv_use_max_workspace": "1",
        "do_copy_in_default_stream": "1",
        "use_tf32": "0",
    }


def _driver() -> ctypes.CDLL | None:
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    with contextlib.suppress(OSError):
        return ctypes.CDLL(name)
    return None


@functools.cache
def names() -> tuple[str, ...]:
    """Names of the CUDA devices that the driver shows, in its order; empty without a driver."""
    driver = _driver()
    count = ctypes.c_int(0)
    if driver is None or driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
        return ()
    return tuple(_name(driver, index) for index in range(count.value))


def gpus() -> int:
    """How many CUDA devices this onnxruntime may try. Starts none: whether one runs, `why_not` says."""
    return len(names()) if PROVIDER in ort.get_available_providers() else 0


def _name(driver: ctypes.CDLL, index: int) -> str:
    device, text = ctypes.c_int(0), ctypes.create_string_buffer(256)
    if driver.cuDeviceGet(ctypes.byref(device), index):
        return f"device {index}"
    driver.cuDeviceGetName(text, len(text), device)
    return text.value.decode(errors="replace")


@functools.cache
def preload() -> str:
    """Loads the CUDA and cuDNN libraries of the `nvidia` wheels, where they are; what it said about it."""
    if not hasattr(ort, "preload_dlls"):
        return ""
    with overheard() as heard, contextlib.suppress(OSError, RuntimeError, ImportError, ValueError):
        ort.preload_dlls()
    return heard.text


def why_not(index: int) -> str | None:
    """None when CUDA device `index` ran a convolution here, else one line: what is missing, what to do."""
    if PROVIDER not in ort.get_available_providers():
        return "this onnxruntime has no CUDA provider: pip uninstall onnxruntime, pip install vidstyle[cuda]"
    if _driver() is None:
        return "no NVIDIA driver (libcuda.so.1 is missing): install the driver, or use --device cpu"
    if not names():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hint = f" (CUDA_VISIBLE_DEVICES is {visible!r})" if visible is not None else ""
        return f"the NVIDIA driver shows no device{hint}: check nvidia-smi, or use --device cpu"
    if index >= len(names()):
        return f"there is no CUDA device {index}: the driver shows 0 to {len(names()) - 1}"
    return _failure(index)


@functools.cache
def _failure(index: int) -> str | None:
    """Runs a convolution on the device; None, or why it did not run."""
    said = preload()
    trouble = ""
    with overheard() as heard:
        try:
            trouble = _convolve(index)
        except RUNTIME_ERRORS as error:
            trouble = first_line(error)
    return _reason(heard.text + said, trouble) if trouble else None


def _convolve(index: int) -> str:
    quiet = ort.SessionOptions()
    quiet.log_severity_level = 3
    session = ort.InferenceSession(_PROBE, quiet, providers=[(PROVIDER, options(index))])
    if session.get_providers()[0] != PROVIDER:
        return "its provider did not load"
    session.disable_fallback()
    quiet.log_severity_level = FATAL
    session.run(None, {"x": np.zeros((1, 1, 2, 2), np.float32)})
    return ""


def _reason(log: str, trouble: str) -> str:
    """The line about a failed trial, with the library's name where the log has one."""
    missing = missing_libraries(log + trouble)
    if missing:
        return f"{', '.join(missing)} is missing: pip install 'vidstyle[cuda]'"
    return f"{trouble}: check that the NVIDIA driver is recent enough (CUDA {ort.cuda_version or '12'})"


def missing_libraries(log: str) -> list[str]:
    """Names of shared libraries that a log says could not be loaded, each once, in its order.

    >>> missing_libraries("error: libcublasLt.so.13: cannot open shared object file")
    ['libcublasLt.so.13']
    """
    found = [first or second for first, second in _MISSING.findall(log)]
    return list(dict.fromkeys(name for name in found if not name.startswith("libonnxruntime")))
