"""Opening an input: one clear error line for everything that cannot be opened or holds no video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from vidstyle.errors import InputError, why
from vidstyle.media.in_pipe import InPipe

OPEN_FAILURES = (av.error.FFmpegError, OSError, EOFError, ValueError, UnicodeError)
"""What PyAV raises when it cannot open or read a file."""


def _look(path: Path) -> None:
    """Raises InputError for what can be told without FFmpeg."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a video")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {why(error)}") from error
    if empty:
        raise InputError(f"{path} is empty")


def open_input(path: Path | InPipe) -> InputContainer:
    """Opens a media file or stream; InputError when it is missing, a folder, empty or unreadable."""
    if isinstance(path, Path):
        _look(path)
    try:
        file = str(path.absolute()) if isinstance(path, Path) else cast(BinaryIO, path)
        return av.open(file, "r", metadata_errors="replace")
    except OPEN_FAILURES as error:
        if isinstance(path, InPipe):
            path.explain(error)
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(f"{path} is not a video that can be read ({reason})") from error


def demuxed(container: InputContainer, *streams: Stream) -> Iterator[Packet[Any]]:
    """The packets of a file, or of some of its streams, that hold something. Raises `OPEN_FAILURES`."""
    try:
        for packet in container.demux(*streams):
            if packet.size:
                yield packet
    except IndexError:  # at the end, PyAV asks streams that began late for their rest, and knows none of them
        return


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _decodable(stream: VideoStream) -> bool:
    # Streams whose codec FFmpeg does not know have no codec context at all.
    context = stream.codec_context
    return context is not None and context.codec is not None and context.is_decoder


def _no_video(container: InputContainer, path: Path | InPipe) -> InputError:
    if container.streams.video and not all(_is_cover(s) for s in container.streams.video):
        return InputError(f"{path} holds video in a codec that cannot be decoded here (or it is encrypted)")
    if container.streams.audio:
        cover = ", and a cover picture" if container.streams.video else ""
        return InputError(f"{path} holds sound only{cover}: there is no video to paint")
    return InputError(f"{path} holds no video stream")


def video_stream(container: InputContainer, path: Path | InPipe) -> VideoStream:
    """The stream to paint: the default one, else the largest; never cover art, never without decoder."""
    streams = [s for s in container.streams.video if not _is_cover(s) and _decodable(s)]
    if not streams:
        raise _no_video(container, path)
    best = container.streams.best("video")
    return max(streams, key=lambda s: (bool(s.disposition & Disposition.default), s is best, _area(s)))


def _area(stream: VideoStream) -> int:
    return int(stream.width) * int(stream.height)


def alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """libvpx for VP8 and VP9 that carry alpha, which FFmpeg's own decoders leave out; else None."""
    names = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
    name = names.get(stream.codec_context.codec.canonical_name)
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if name is None or tags.get("alpha_mode") != "1":
        return None
    try:
        context = CodecContext.create(name, "r")
    except ValueError:
        return None
    assert isinstance(context, VideoCodecContext)
    return context
