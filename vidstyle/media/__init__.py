"""Video and pictures in and out: the only room that imports PyAV.

`Source` decodes a file or a pipe (`pipe_of`: standard input, cameras), `Sink` encodes and copies the rest,
`MaskWriter` writes masks; `crop` and `repaint` work on a frame's own planes; `default_target` names an
output; `load_picture` reads a style; `poster` takes a small picture out of a video.
"""

from vidstyle.media.codecs import SHORT_NAMES, encoder_named, encoders
from vidstyle.media.containers import choose_container, default_target
from vidstyle.media.in_pipe import STANDARD
from vidstyle.media.live import is_live, is_pipe, is_stream, pipe_of, shown
from vidstyle.media.masks import MaskWriter
from vidstyle.media.nowhere import Nowhere
from vidstyle.media.out_pipe import OutPipe, claim_standard_output
from vidstyle.media.part import NoFrameError
from vidstyle.media.pictures import load_picture
from vidstyle.media.planes import crop, repaint
from vidstyle.media.poster import Moment, Poster, moment, poster
from vidstyle.media.resume import LEAD, Mark, digest
from vidstyle.media.segments import Segment, Segments
from vidstyle.media.sink import Sink
from vidstyle.media.source import Source

__all__ = [
    "LEAD",
    "SHORT_NAMES",
    "STANDARD",
    "Mark",
    "MaskWriter",
    "Moment",
    "NoFrameError",
    "Nowhere",
    "OutPipe",
    "Poster",
    "Segment",
    "Segments",
    "Sink",
    "Source",
    "choose_container",
    "claim_standard_output",
    "crop",
    "default_target",
    "digest",
    "encoder_named",
    "encoders",
    "is_live",
    "is_pipe",
    "is_stream",
    "load_picture",
    "moment",
    "pipe_of",
    "poster",
    "repaint",
    "shown",
]
