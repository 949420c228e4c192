"""Paint one kind of thing in a video in the style of a picture.

    import vidstyle
    result = vidstyle.process("input.mp4", "output.mp4", style="starry.jpg", classes="laptop")

The command line is built on `process`; every error it raises on purpose is a `VidstyleError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vidstyle.errors import DeviceError, InputError, ModelError, OutputError, UsageError, VidstyleError
from vidstyle.types import EncodeOptions, Job, JobResult, Plan, Watcher

if TYPE_CHECKING:
    from vidstyle.pipeline import Networks, load, process, run

__version__ = "0.1.0"

__all__ = [
    "DeviceError",
    "EncodeOptions",
    "InputError",
    "Job",
    "JobResult",
    "ModelError",
    "Networks",
    "OutputError",
    "Plan",
    "UsageError",
    "VidstyleError",
    "Watcher",
    "load",
    "process",
    "run",
]


def __getattr__(name: str) -> Any:
    """Loads the pipeline, and with it the libraries it stands on, when it is first asked for."""
    if name in ("Networks", "load", "process", "run"):
        return getattr(import_module("vidstyle.pipeline"), name)
    raise AttributeError(f"module 'vidstyle' has no attribute {name!r}")
