"""Video and pictures in and out: the only room that imports PyAV.

`Source` decodes, `Sink` encodes and copies the rest, `MaskWriter` writes masks; `crop` and `repaint` work
on a frame's own planes; `default_target` names an output; `load_picture` reads a style.
"""

from vidstyle.media.codecs import SHORT_NAMES, encoder_named, encoders
from vidstyle.media.containers import choose_container, default_target
from vidstyle.media.masks import MaskWriter
from vidstyle.media.pictures import load_picture
from vidstyle.media.planes import crop, repaint
from vidstyle.media.resume import LEAD, Mark, digest
from vidstyle.media.segments import Segment, Segments
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source

__all__ = [
    "LEAD",
    "SHORT_NAMES",
    "Mark",
    "MaskWriter",
    "Segment",
    "Segments",
    "Sink",
    "Source",
    "choose_container",
    "crop",
    "default_target",
    "digest",
    "encoder_named",
    "encoders",
    "load_picture",
    "repaint",
]
