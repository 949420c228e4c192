"""Single pictures out of a video: a frame as RGB, and RGB as a picture file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vidstyle.errors import UsageError, nearest
from vidstyle.media.convert import Thumbnailer
from vidstyle.media.part_file import PartFile, refuse, writing
from vidstyle.types import Frame, VideoInfo

_ENCODERS = {".png": ("png", "rgb24"), ".jpg": ("mjpeg", "yuvj444p"), ".jpeg": ("mjpeg", "yuvj444p")}


def still(frame: Frame, info: VideoInfo) -> NDArray[np.uint8]:
    """A frame as a viewer sees it: (height, width, 3) RGB, upright, in square pixels."""
    return Thumbnailer(info, info.upright_size)(frame.native)


def check_target(target: Path, overwrite: bool = False, source: Path | None = None) -> None:
    """What `save_picture` would refuse, told before the work; also where `target` is the file `source`.

    Raises UsageError for another ending than .png or .jpg, OutputError where nothing can be written.
    """
    _encoder(target)
    refuse(target, source, overwrite=overwrite)


def save_picture(target: Path, picture: NDArray[np.uint8], *, overwrite: bool = False) -> Path:
    """Writes (height, width, 3) RGB as .png or .jpg, whole or not at all.

    Raises UsageError for another ending, OutputError where the file cannot be written or exists.
    """
    codec = _encoder(target)
    part = PartFile(target, overwrite=overwrite)
    try:
        with writing(target):
            part.path.write_bytes(encoded(picture, *codec))
        part.commit()
    finally:
        part.discard()
    return target


def _encoder(target: Path) -> tuple[str, str]:
    codec = _ENCODERS.get(target.suffix.lower())
    if codec is None:
        raise UsageError(f"{target}: a picture ends in .png or .jpg{nearest(target.suffix, _ENCODERS)}")
    return codec


def encoded(picture: NDArray[np.uint8], codec: str, pix_fmt: str, quality: int = 2) -> bytes:
    """(height, width, 3) RGB as a whole PNG or JPEG file. quality: of a JPEG, 2 (best) to 31."""
    context = VideoCodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.height, context.width = picture.shape[:2]
    context.pix_fmt = pix_fmt
    context.time_base = Fraction(1, 25)
    context.options = {"qmin": str(quality), "qmax": str(quality)} if codec == "mjpeg" else {}
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame = frame.reformat(format=pix_fmt, dst_colorspace=5, dst_color_range=2)
    packets = [*context.encode(frame), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
