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

from vidstyle.device.runtime import RUNTIME_ERRORS, first_line, overheard

PROVIDER = "CUDAExecutionProvider"

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"

_MISSING = re.compile(
    r"([\w.+-]+(?:\.so[\w.]*|\.dll)): cannot open shared object|([\w.+-]+\.dll)\"? (?:which )?is missing"
)

# y = conv(x, 1) + x, 1x1x2x2 float in and out (opset 13). The convolution loads cuDNN; the sum is a kernel of
# ONNX Runtime's own, of which its wheels hold code for some generations of GPUs only.
_PROBE = bytes.fromhex(
    "08083a770a110a01780a01771201632204436f6e763a000a100a01630a017812017922034164643a001201702a1308010801"
    "08010801100122040000803f4201775a1b0a017812160a14080112100a0208010a0208010a0208020a020802621b0a017912"
    "160a14080112100a0208010a0208010a0208020a02080242040a00100d"
)


def options(index: int) -> dict[str, str]:
    """CUDA provider options, where they are not ONNX Runtime's defaults.

    HEURISTIC: a convolution is planned anew whenever the shape of its input changes, even back to one that
    was there before. The default, EXHAUSTIVE, has tried nothing out since ONNX Runtime 1.20; it only asks a
    heuristic of cuDNN's that takes far longer. No TF32: the colour conversion is part of the graph, and ten
    bits of mantissa are too few for planes of 10 and 12 bit.
    """
    return {"device_id": str(index), "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}


def _driver() -> ctypes.CDLL | None:
    with contextlib.suppress(OSError):
        return ctypes.CDLL(_DRIVER)
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
    """How many CUDA devices there are to try. Starts none: whether one runs, `why_not` says."""
    return 0 if _obstacle() or missing_libraries(preload()) else len(names())


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
    """None when CUDA device `index` ran a network here, else one line: what is missing, what to do."""
    reason = _obstacle()
    if reason is not None:
        return reason
    if index >= len(names()):
        return f"there is no CUDA device {index}: the driver shows 0 to {len(names()) - 1}"
    return _failure(index)


def _obstacle() -> str | None:
    """What keeps all devices from running, as far as it shows without starting one."""
    if PROVIDER not in ort.get_available_providers():
        return "this onnxruntime has no CUDA provider: pip uninstall onnxruntime, pip install vidstyle[cuda]"
    driver = _driver()
    if driver is None:
        return f"no NVIDIA driver ({_DRIVER} is missing): install the driver, or use --device cpu"
    if not names():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        hint = f" (CUDA_VISIBLE_DEVICES is {visible!r})" if visible is not None else ""
        return f"the NVIDIA driver shows no device{hint}: check nvidia-smi, or use --device cpu"
    return _outdated(driver)


def _outdated(driver: ctypes.CDLL) -> str | None:
    """A driver runs what was built for its own major version of CUDA and for older ones."""
    built, known = str(ort.cuda_version or ""), ctypes.c_int(0)
    if not built or driver.cuDriverGetVersion(ctypes.byref(known)):
        return None
    major, minor = known.value // 1000, known.value % 1000 // 10
    if major >= int(built.partition(".")[0]):
        return None
    return f"the NVIDIA driver knows CUDA {major}.{minor}, this onnxruntime needs {built}: update the driver"


@functools.cache
def _failure(index: int) -> str | None:
    """Runs a small network on the device; None, or why it did not run."""
    said = preload()
    trouble = ""
    with overheard() as heard:
        try:
            trouble = _try(index)
        except RUNTIME_ERRORS as error:
            trouble = first_line(error)
    return _reason(heard.text + said, trouble) if trouble else None


def _try(index: int) -> str:
    quiet = ort.SessionOptions()
    quiet.log_severity_level = 3
    chosen = [(PROVIDER, options(index))]
    session = ort.InferenceSession(_PROBE, quiet, providers=chosen, enable_fallback=0)
    if session.get_providers()[0] != PROVIDER:
        return "its provider did not load"
    session.run(None, {"x": np.zeros((1, 1, 2, 2), np.float32)})
    return ""


def _reason(log: str, trouble: str) -> str:
    """The line about a failed trial, with the library's name where the log has one."""
    missing = missing_libraries(log + trouble)
    if missing:
        return f"{', '.join(missing)} is missing: pip install 'vidstyle[cuda]'"
    if "no kernel image" in trouble:
        return "this onnxruntime has no code for a GPU of this generation: use --device cpu"
    return f"{trouble}: check nvidia-smi, or use --device cpu"


def missing_libraries(log: str) -> list[str]:
    """Names of shared libraries that a log says could not be loaded, each once, in its order.

    >>> missing_libraries("error: libcublasLt.so.13: cannot open shared object file")
    ['libcublasLt.so.13']
    """
    found = [first or second for first, second in _MISSING.findall(log)]
    return list(dict.fromkeys(name for name in found if not name.startswith("libonnxruntime")))
