"""Paint one kind of thing in a video in the style of a picture.

    import vidstyle
    result = vidstyle.process("input.mp4", "output.mp4", style="starry.jpg", classes="laptop")

The command line is built on `process`; every error it raises on purpose is a `VidstyleError`.
"""

from vidstyle.errors import DeviceError, InputError, ModelError, OutputError, UsageError, VidstyleError
from vidstyle.pipeline import Networks, load, process, run
from vidstyle.types import EncodeOptions, Job, JobResult, Plan, Watcher

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
