"""Any picture as RGB."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vidstyle.errors import InputError
from vidstyle.media.convert import upright_rgb
from vidstyle.media.formats import FULL, describe, has_alpha, swscale_matrix, swscale_range
from vidstyle.media.opening import OPEN_FAILURES
from vidstyle.media.probe import orientation_of, tags_of
from vidstyle.types import Orientation

_WHITE = 255


def load_picture(path: Path | str) -> NDArray[np.uint8]:
    """The first frame of any picture (JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, even a video), upright.

    Returns (height, width, 3) uint8 RGB; transparency is laid on white. Untagged pictures are taken for
    BT.601, as JPEG means it. Raises InputError when the file is missing or no picture that can be decoded.
    """
    frame = _first_frame(Path(path))
    tags, name = tags_of(frame), frame.format.name
    format = describe(name, colorspace=tags.colorspace, color_range=tags.color_range, width=0, height=0)
    kind = "rgba" if has_alpha(name) or name == "pal8" else "rgb24"  # a palette may hold transparency
    rgb = frame.reformat(
        format=kind, src_colorspace=swscale_matrix(format.matrix), dst_color_range=FULL,
        src_color_range=swscale_range(format.full_range), interpolation="BICUBIC",
    )  # fmt: skip
    upright = orientation_of(tags.matrix)
    return upright_rgb(rgb, upright) if kind == "rgb24" else _on_white(rgb, upright)


def _first_frame(path: Path) -> VideoFrame:
    try:
        # A file object keeps FFmpeg from reading % and ? in the name as a numbered sequence.
        with path.open("rb") as file, av.open(file, "r", metadata_errors="replace") as container:
            frame = next(iter(container.decode(container.streams.video[0])), None)
    except FileNotFoundError:
        raise InputError(f"the picture {path} does not exist") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a picture") from None
    except (*OPEN_FAILURES, IndexError) as error:
        reason = getattr(error, "strerror", None) or "nothing in it can be decoded"
        raise InputError(f"{path} is not a picture that can be read ({reason})") from error
    if frame is None or not frame.width or not frame.height:
        raise InputError(f"{path} is not a picture that can be read (it holds no frame)")
    return frame


def _on_white(frame: VideoFrame, orientation: Orientation) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    shape, strides = (frame.height, frame.width, 4), (plane.line_size, 4, 1)
    rgba: NDArray[np.uint8] = np.ndarray(shape, dtype=np.uint8, buffer=memoryview(plane), strides=strides)
    alpha = rgba[..., 3:].astype(np.uint16)
    mixed = (rgba[..., :3] * alpha + _WHITE * (255 - alpha) + 127) // 255
    return np.ascontiguousarray(orientation.upright(mixed.astype(np.uint8)))
