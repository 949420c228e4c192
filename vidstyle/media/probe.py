"""From the first decoded picture and the container's claims to `VideoInfo`."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from av.container import InputContainer
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vidstyle.media.formats import UNSPECIFIED, describe
from vidstyle.types import Orientation, VideoInfo

_DYNAMIC: Final = frozenset({"DYNAMIC_HDR_PLUS", "DYNAMIC_HDR_VIVID", "DOVI_RPU_BUFFER", "DOVI_METADATA"})
_UNTURNED: Final = (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)


@dataclass(frozen=True, slots=True)
class Tags:
    """What the output must say of the picture beyond its samples: FFmpeg's numbers, unspecified included.

    matrix: the nine integers of the display matrix, None where there is none. mastering, light: raw
    AVMasteringDisplayMetadata and AVContentLightMetadata of HDR video. dynamic: the picture carries
    metadata of its own (HDR10+, Dolby Vision), which no encoder here writes.
    """

    colorspace: int
    color_range: int
    primaries: int
    transfer: int
    matrix: tuple[int, ...] | None = None
    mastering: bytes | None = None
    light: bytes | None = None
    dynamic: bool = False
    interlaced: bool = False


def side_data(frame: VideoFrame) -> dict[str, bytes]:
    """Side data of a frame by FFmpeg's name, without the kinds that PyAV does not know (it then raises
    for all of them: those kinds are filtered out by their number first)."""
    for _ in range(8):
        try:
            side_data: Any = frame.side_data
            return {item.type.name: bytes(item) for item in side_data}
        except ValueError as error:
            unknown = re.match(r"(\d+) is not a valid Type", str(error))
            if unknown is None:
                break
            frame = _without(frame, unknown[1])
    return {}


def _without(frame: VideoFrame, kind: str) -> VideoFrame:
    """The same picture without side data of AVFrameSideDataType `kind`."""
    base = frame.time_base or Fraction(1, 1000)
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
    drop = graph.add("sidedata", f"mode=delete:type={kind}")
    graph.link_nodes(source, drop, graph.add("buffersink"))
    graph.configure()
    graph.vpush(frame)
    return graph.vpull()


def tags_of(frame: VideoFrame) -> Tags:
    """The tags of the first decoded picture."""
    data = side_data(frame)
    matrix = data.get("DISPLAYMATRIX")
    turned = struct.unpack("=9i", matrix) if matrix and len(matrix) == 36 else _from_rotation(frame.rotation)
    return Tags(
        colorspace=int(frame.colorspace),
        color_range=int(frame.color_range),
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        matrix=None if turned == _UNTURNED else turned,
        mastering=data.get("MASTERING_DISPLAY_METADATA"),
        light=data.get("CONTENT_LIGHT_LEVEL"),
        dynamic=not _DYNAMIC.isdisjoint(data),
        interlaced=frame.interlaced_frame,
    )


def with_container(tags: Tags, context: VideoCodecContext) -> Tags:
    """The tags, and where the picture has none the container's: libvpx, which decodes alpha, is not told
    of those. context: the stream's own."""
    return replace(
        tags,
        colorspace=int(context.colorspace) if tags.colorspace == UNSPECIFIED else tags.colorspace,
        color_range=tags.color_range or int(context.color_range),
        primaries=int(context.color_primaries) if tags.primaries == UNSPECIFIED else tags.primaries,
        transfer=int(context.color_trc) if tags.transfer == UNSPECIFIED else tags.transfer,
    )


def _from_rotation(degrees: int) -> tuple[int, ...] | None:
    """A display matrix of a counter-clockwise rotation by quarter turns (when only the angle is known)."""
    one = 65536
    quarter = {0: None, 90: (0, -one, one, 0), 180: (-one, 0, 0, -one), 270: (0, one, -one, 0)}
    found = quarter.get(degrees % 360)
    return None if found is None else (found[0], found[1], 0, found[2], found[3], 0, 0, 0, 1 << 30)


def orientation_of(matrix: tuple[int, ...] | None) -> Orientation:
    """How to turn the stored picture upright; angles between quarter turns and broken matrices are ignored.

    The display matrix maps (x, y) to (a x + c y, b x + d y), y down (libavutil/display.h).
    """
    if matrix is None:
        return Orientation()
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    mirror = a * d - b * c < 0
    if mirror:  # undo the horizontal mirror that `Orientation` applies last
        a, c = -a, -c
    turns = {(1, 0): 0, (0, -1): 1, (-1, 0): 2, (0, 1): 3}.get((_sign(a), _sign(b)))
    if turns is None or (_sign(d), _sign(c)) != (_sign(a), -_sign(b)):
        return Orientation()
    return Orientation(turns, mirror)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _duration(container: InputContainer, stream: VideoStream, base: Fraction) -> int | None:
    if stream.duration and stream.duration > 0:
        return stream.duration
    if container.duration and container.duration > 0:
        return round(Fraction(container.duration, 1_000_000) / base)
    return None


def rate_of(stream: VideoStream) -> Fraction | None:
    """The container's average or guessed rate, None where it is missing or absurd."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= 1000:
            return rate
    return None


def _aspect(stream: VideoStream) -> Fraction:
    ratio = stream.sample_aspect_ratio
    return ratio if ratio and Fraction(1, 16) <= ratio <= 16 else Fraction(1)


def read_info(
    container: InputContainer, stream: VideoStream, first: VideoFrame, tags: Tags, decoder: str
) -> VideoInfo:
    """What the container and the first decoded picture say together."""
    base = stream.time_base or Fraction(1, 90000)
    opaque = stream.codec_context.codec.canonical_name == "gif"
    format = describe(
        first.format.name,
        colorspace=tags.colorspace,
        color_range=tags.color_range,
        width=first.width,
        height=first.height,
        alpha=not opaque,
    )
    return VideoInfo(
        width=first.width,
        height=first.height,
        format=format,
        source_format=first.format.name,
        time_base=base,
        rate=rate_of(stream),
        frames=stream.frames or None,
        duration=_duration(container, stream, base),
        sample_aspect_ratio=_aspect(stream),
        orientation=orientation_of(tags.matrix),
        codec=stream.codec_context.codec.canonical_name,
        container=container.format.name,
        decoder=decoder,
    )
