"""ONNX Runtime, kept quiet: its imports, its errors, its log.

ONNX Runtime writes warnings straight to file descriptor 2. The default logger is silenced at import;
what it says while a provider is being tried is caught by `overheard` and read for the reason.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as _state

FATAL = 4
"""ONNX Runtime's severity level of messages that end the process."""

_NAMES = (
    "EPFail",
    "EngineError",
    "Fail",
    "InvalidArgument",
    "InvalidGraph",
    "InvalidProtobuf",
    "ModelLoaded",
    "NoModel",
    "NoSuchFile",
    "NotFound",
    "NotImplemented",
    "RuntimeException",
)
RUNTIME_ERRORS: tuple[type[BaseException], ...] = (
    RuntimeError,
    MemoryError,
    *(getattr(_state, name) for name in _NAMES if hasattr(_state, name)),
)
"""What ONNX Runtime raises; its classes have no base of their own. What a provider throws while it is built,
and what the standard library of C++ throws, comes as Python's."""

_FAILURE = re.compile(r"\b(CU[A-Z_]+ failure -?\d+: [^;\n]*[^;\s])")
_PLACE = re.compile(r"\S*onnxruntime\S*:\d+ .*?\([^()]*\) ")
_CODE = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : ")

ort.set_default_logger_severity(FATAL)


def first_line(error: BaseException) -> str:
    """What an ONNX Runtime error says, without its codes, places in its source and further lines.

    Of a failure of CUDA or a library of it, what it is: `CUDA failure 2: out of memory`.
    """
    failure = _FAILURE.search(str(error))
    if failure is not None:
        return failure[1]
    text = str(error).strip().splitlines()
    head = _PLACE.sub("", _CODE.split(text[0])[-1]).strip() if text else type(error).__name__
    detail = " ".join(line.strip() for line in text[1:2])
    return f"{head} {detail}".strip()[:300]


class Overheard:
    """What was written to file descriptor 2 while `overheard` was open; `text` is set when it closes."""

    text = ""


@contextlib.contextmanager
def overheard() -> Iterator[Overheard]:
    """Catches what the libraries inside print, down to file descriptor 2, and gives it back as text.

    The process's own stderr is silent meanwhile: use it only where nothing else writes.
    """
    heard = Overheard()
    said = io.StringIO()
    with tempfile.TemporaryFile() as sink:
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _descriptor(2, sink):
                ort.set_default_logger_severity(3)
                yield heard
        finally:
            ort.set_default_logger_severity(FATAL)
            sink.seek(0)
            heard.text = sink.read().decode(errors="replace") + said.getvalue()


@contextlib.contextmanager
def _descriptor(number: int, sink: BinaryIO) -> Iterator[None]:
    """File descriptor `number` points to `sink` inside; untouched where it is not open at all."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    try:
        kept = os.dup(number)
    except OSError:
        yield
        return
    try:
        os.dup2(sink.fileno(), number)
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)
