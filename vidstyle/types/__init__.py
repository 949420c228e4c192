"""What the rooms hand to each other: formats, frames, regions, jobs, and the two network protocols.

Arrays are NumPy. Coordinates are pixels of the stored picture (before rotation), x to the right, y down.
Times are integers in a `time_base`, never float seconds.
"""

from vidstyle.types.jobs import (
    FEATHER,
    SEGMENT,
    BatchWatcher,
    EncodeOptions,
    InBatch,
    Job,
    JobResult,
    Outcome,
    Plan,
    Status,
    Watcher,
)
from vidstyle.types.networks import Port, Segmenter, Signature, Stylizer
from vidstyle.types.pictures import (
    Frame,
    Matrix,
    Orientation,
    PixelFormat,
    Planes,
    Region,
    Samples,
    VideoInfo,
)

__all__ = [
    "FEATHER",
    "SEGMENT",
    "BatchWatcher",
    "EncodeOptions",
    "Frame",
    "InBatch",
    "Job",
    "JobResult",
    "Matrix",
    "Orientation",
    "Outcome",
    "PixelFormat",
    "Plan",
    "Planes",
    "Port",
    "Region",
    "Samples",
    "Segmenter",
    "Signature",
    "Status",
    "Stylizer",
    "VideoInfo",
    "Watcher",
]
