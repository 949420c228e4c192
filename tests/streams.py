"""Streams for tests: a clip in any container as bytes, pipes that are fed, networks that take their time."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vidstyle import Networks, device
from vidstyle.media.in_pipe import InPipe
from vidstyle.types import Planes

FRAGMENTS = {"movflags": "frag_keyframe+delay_moov+default_base_moof"}


def remuxed(path: Path, container: str) -> bytes:
    """The packets of a file in another container, as a stream of bytes that nobody can seek in."""
    out = io.BytesIO()
    options = FRAGMENTS if container == "mp4" else {}
    with (
        av.open(str(path)) as source,
        av.open(out, "w", format=container, container_options=options) as target,
    ):
        kept = [s for s in source.streams if s.type == "video" or container != "h264"]
        copies = {s.index: target.add_stream_from_template(s, opaque=True) for s in kept}
        for packet in source.demux(kept):
            if packet.size:
                packet.stream = copies[packet.stream_index]
                target.mux(packet)
    return out.getvalue()


def raw(path: Path) -> bytes:
    """The frames of a file as y4m."""
    out = io.BytesIO()
    with av.open(str(path)) as source, av.open(out, "w", format="yuv4mpegpipe") as target:
        stream = target.add_stream("rawvideo", rate=25)
        first = source.streams.video[0]
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, first.pix_fmt
        stream.codec_context.time_base = stream.time_base = Fraction(1, 25)
        for index, frame in enumerate(source.decode(video=0)):
            frame.pts, frame.time_base = index, Fraction(1, 25)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out.getvalue()


@contextlib.contextmanager
def fed(data: bytes, pause: float = 0.0, chunk: int = 1 << 16, hold: bool = False) -> Iterator[int]:
    """The reading end of a pipe that `data` comes through, `pause` seconds between its chunks; hold: the
    other end stays open for as long as the block lasts."""
    read, write = os.pipe()
    done = threading.Event()

    def feed() -> None:
        with contextlib.suppress(OSError):
            for begin in range(0, len(data), chunk):
                os.write(write, data[begin : begin + chunk])
                time.sleep(pause)
        if hold:
            done.wait(30)
        os.close(write)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield read
    finally:
        os.close(read)
        done.set()
        thread.join()


@contextlib.contextmanager
def pipe(data: bytes, **how: Any) -> Iterator[InPipe]:
    """`fed`, as `Source` takes it."""
    with fed(data, **how) as read:
        yield InPipe(read, "standard input")


class Slow:
    """A stylizer that changes nothing and takes `seconds` for each frame."""

    name, multiple, margin, size = "slow", 8, 4, None

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def paint(self, planes: Planes, *_: object, **__: object) -> Planes:
        time.sleep(self.seconds)
        return planes

    def interrupt(self) -> None:
        pass


def slow(seconds: float) -> Networks:
    """Networks that paint whole frames, slowly."""
    return Networks(None, Slow(seconds), device.choose("cpu"))
