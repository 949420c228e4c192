"""Tiny clips of known content, made with PyAV, and what a test reads back of a file."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vidstyle.media import Sink, Source
from vidstyle.types import EncodeOptions, Frame, Planes

DEFAULTS = EncodeOptions()
SHARED = Path(__file__).resolve().parents[2] / "shared" / "media"


def shared(name: str) -> Path:
    """A file of the shared test media; skips the test where the media are not there."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared test media are not beside the repository ({name})")
    return path


@dataclass(frozen=True)
class Clip:
    """What to make. pts: in time_base, one frame each. sound: seconds of AAC or of `sound_codec`."""

    width: int = 64
    height: int = 48
    pixel_format: str = "yuv420p"
    codec: str = "libx264"
    pts: Sequence[int] = tuple(range(0, 6 * 512, 512))
    time_base: Fraction = Fraction(1, 12800)
    options: tuple[tuple[str, str], ...] = (("preset", "ultrafast"),)
    sound: float = 0
    sound_codec: str = "aac"
    sound_from: Fraction = Fraction(0)
    colorspace: int = 2
    color_range: int = 0
    primaries: int = 2
    transfer: int = 2
    aspect: Fraction | None = None
    matrix: tuple[int, ...] | None = None
    container: tuple[tuple[str, str], ...] = ()


def noise(shape: tuple[int, int], depth: int, seed: int) -> NDArray[Any]:
    """A smooth gradient with noise, in the full range of `depth` bits."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    ramp = (rows * 3 + columns * 5 + seed * 7) % (1 << depth)
    grain = (rows * 7919 + columns * 104729 + seed * 31) // 8 % 4
    return np.minimum(ramp + grain, (1 << depth) - 1).astype(np.uint8 if depth == 8 else np.uint16)


def fill(frame: VideoFrame, seed: int) -> VideoFrame:
    """Fills a planar or packed frame with `noise`."""
    depth = frame.format.components[0].bits
    for index, plane in enumerate(frame.planes):
        step = 1 if depth == 8 else 2
        columns = plane.line_size // step
        kind = (">u2" if frame.format.name.endswith("be") else "<u2") if depth > 8 else "u1"
        into: NDArray[Any] = np.ndarray((plane.height, columns), kind, buffer=memoryview(plane))
        into[...] = noise((plane.height, columns), depth, seed + index)
    return frame


def make(path: Path, clip: Clip = Clip()) -> Path:
    """Writes a clip; the container follows from the name."""
    with av.open(str(path), "w", container_options=dict(clip.container)) as output:
        video = _video(output, clip)
        sound = _sound(output, clip) if clip.sound else None
        output.start_encoding()
        if sound is not None:
            for packet in _sound_packets(sound, clip):
                output.mux(packet)
        for index, pts in enumerate(clip.pts):
            frame = fill(VideoFrame(clip.width, clip.height, clip.pixel_format), index)
            frame.pts, frame.time_base = pts, clip.time_base
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return path


def _video(output: Any, clip: Clip) -> Any:
    video = output.add_stream(clip.codec, rate=25, options=dict(clip.options))
    video.width, video.height, video.pix_fmt = clip.width, clip.height, clip.pixel_format
    context = video.codec_context
    context.time_base = clip.time_base
    video.time_base = clip.time_base
    context.colorspace, context.color_range = clip.colorspace, clip.color_range
    context.color_primaries, context.color_trc = clip.primaries, clip.transfer
    if clip.aspect:
        context.sample_aspect_ratio = clip.aspect
    video.set_display_matrix(clip.matrix)
    video.metadata["language"] = "fra"
    return video


def _sound(output: Any, clip: Clip) -> Any:
    sound = output.add_stream(clip.sound_codec, rate=48000)
    sound.codec_context.layout = "mono"
    sound.metadata["language"] = "deu"
    sound.metadata["title"] = "the sound"
    return sound


def _sound_packets(sound: Any, clip: Clip) -> Iterator[Any]:
    tone = np.sin(np.arange(int(clip.sound * 48000)) / 20).astype(np.float32)[None] * 0.3
    kind = sound.codec_context.format.name
    samples = tone if kind.startswith("flt") else (tone * 32767).astype(np.int16)
    name = "fltp" if kind.startswith("flt") else "s16p"
    frame = av.AudioFrame.from_ndarray(samples, format=name, layout="mono")
    frame.sample_rate, frame.pts = 48000, int(clip.sound_from * 48000)
    frame.time_base = Fraction(1, 48000)
    yield from sound.encode(frame)
    yield from sound.encode(None)


@dataclass(frozen=True)
class Scan:
    """What a demux of a file shows. times: seconds of the video's packets, sorted. hashes: of the packets
    of every other stream, by kind, in order."""

    times: tuple[Fraction, ...]
    hashes: tuple[tuple[str, str], ...]
    languages: tuple[str | None, ...]


def scan(path: Path) -> Scan:
    """Demuxes a whole file."""
    with av.open(str(path), metadata_errors="replace") as container:
        covers = {s.index for s in container.streams if s.disposition & Disposition.attached_pic}
        video = next(s for s in container.streams.video if s.index not in covers)
        times, hashes = [], {}
        for stream in container.streams:
            if stream is not video and stream.type != "attachment":
                hashes[stream.index] = (stream.type, hashlib.sha256())
        for packet in container.demux():
            if not packet.size:
                continue
            if packet.stream_index == video.index:
                assert packet.pts is not None
                times.append(packet.pts * packet.time_base)
            elif bytes(packet) != b"\0\0":  # an empty mov_text cue only ends the one before
                hashes[packet.stream_index][1].update(bytes(packet))
        found = tuple((kind, digest.hexdigest()) for kind, digest in hashes.values())
        return Scan(tuple(sorted(times)), found, tuple(s.language for s in container.streams))


def decoded(path: Path) -> list[tuple[int, Planes]]:
    """Every frame's pts and a copy of its planes."""
    with Source(path) as source:
        return [(f.pts, tuple(p.copy() for p in f.planes)) for f in source.frames()]


def through(
    path: Path,
    target: Path,
    options: EncodeOptions = DEFAULTS,
    **parts: Any,
) -> tuple[list[str], list[str]]:
    """Source to Sink with nothing painted; returns the notes of both."""
    with Source(path, **parts) as source, Sink(target, source, options) as sink:
        for frame in source.frames():
            sink.write(frame)
        sink.finish(source.trailing())
    return source.notes, sink.notes


def frames(path: Path) -> list[Frame]:
    """All frames of a file (tiny ones only)."""
    with Source(path) as source:
        return list(source.frames())


def fps_pts(count: int, step: int = 512) -> tuple[int, ...]:
    """`count` times at a constant rate."""
    return tuple(range(0, count * step, step))


def display_matrix(a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    """A display matrix of -1, 0, 1 entries in FFmpeg's fixed point."""
    return (a * 65536, b * 65536, 0, c * 65536, d * 65536, 0, 0, 0, 1 << 30)


def matrix_of(path: Path) -> tuple[int, ...] | None:
    """The display matrix that a decoder finds in a file."""
    with av.open(str(path)) as container:
        frame: Any = next(container.decode(video=0))
        data = {item.type.name: bytes(item) for item in frame.side_data}.get("DISPLAYMATRIX")
        return struct.unpack("=9i", data) if data else None
