"""Small videos made on the spot: a red square that moves over a textured ground, with a tone for sound."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (128, 96)


def picture(index: int, width: int = SIZE[0], height: int = SIZE[1], square: bool = True) -> np.ndarray:
    """(height, width, 3) RGB: a soft gradient, and a red square whose corner moves 2 pixels a frame."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([60 + x * 80 / width, 90 + y * 80 / height, 110 + (x + y) % 32], axis=2)
    if square:
        left, top, side = width // 8 + 2 * index % (width // 4), height // 4, height // 3
        rgb[top : top + side, left : left + side] = (220, 30, 30)
    return rgb.astype(np.uint8)


def write_clip(
    path: Path,
    *,
    frames: int = 12,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    sound: bool = True,
    square: bool = True,
) -> Path:
    """Writes a clip; `pts` defaults to 0, 1, 2, ... in `time_base`."""
    times = list(range(frames)) if pts is None else list(pts)
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=25, width=size[0], height=size[1], pix_fmt=pix_fmt)
        video.codec_context.time_base = video.time_base = time_base
        if codec == "libx264":
            video.options = {"preset": "ultrafast", "crf": "12"}
        audio = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(index, *size, square=square), format="rgb24")
            frame.pts, frame.time_base = time, time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            for packet in tone(audio, float(len(times) / 25)):
                container.mux(packet)
    return path


def tone(stream: av.AudioStream, seconds: float) -> list[av.Packet]:
    """A 440 Hz tone, encoded for `stream`."""
    packets: list[av.Packet] = []
    for index in range(int(seconds * 44100) // 1024):
        phase = np.arange(index * 1024, (index + 1) * 1024) * 2 * np.pi * 440 / 44100
        samples = (0.2 * np.sin(phase)).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = 44100, index * 1024, Fraction(1, 44100)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def times(path: Path) -> list[Fraction]:
    """Presentation times of the video's frames in seconds, exact, in order."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def planes(path: Path) -> list[list[np.ndarray]]:
    """Every frame's planes without their padding."""
    with av.open(str(path)) as container:
        return [[_plane(frame, plane) for plane in frame.planes] for frame in container.decode(video=0)]


def _plane(frame: av.VideoFrame, plane: av.video.plane.VideoPlane) -> np.ndarray:
    dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    rows = np.frombuffer(bytes(plane), dtype).reshape(plane.height, -1)
    return rows[:, : plane.width].copy()


def sound_digest(path: Path) -> list[str]:
    """A hash of each audio packet, in order, stream by stream."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(*container.streams.audio) if packet.size]
        return [
            f"{each.stream.index}:{each.pts}:{hashlib.sha256(bytes(each)).hexdigest()}" for each in packets
        ]
