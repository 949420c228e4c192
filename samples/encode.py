"""From rendered frames to the clip and its truth files; README.md describes each format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from sound import RATE, sound_track
from steady import agreement, motion, steadied

CLOCK = 12_800
"""Ticks a second of the clip's time base; 25 fps is 512 ticks a frame."""
STEP = 4
"""The motion file keeps every fourth pixel of every fourth row."""
UNIT = 16
"""Steps a pixel in the motion file."""
BT709 = 1
"""The code of BT.709 for primaries, transfer and matrix in H.264 (ITU-T H.273)."""
LIMITED, FULL = 1, 2
"""FFmpeg's AVCOL_RANGE_MPEG and AVCOL_RANGE_JPEG."""


def write_clip(frames: Path, out: Path, count: int, fps: int) -> None:
    """Write `desk.mp4`, `desk_mask.mkv` and `desk_motion.npz` into `out`."""
    pictures = (av.VideoFrame.from_ndarray(steadied(frames, i, count), format="rgb24") for i in range(count))
    _whole(out / "desk.mp4", lambda path: _write_video(path, pictures, count, fps))
    masks = (_mask(frames / f"{i:04}.npz") for i in range(count))
    _whole(out / "desk_mask.mkv", lambda path: _write_masks(path, masks, fps))
    _whole(out / "desk_motion.npz", lambda path: write_motion(path, frames, count))


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write beside the target and rename at the end: a file is whole or absent."""
    partial = path.with_name(f".part-{path.name}")
    write(partial)
    partial.replace(path)


def _mask(path: Path) -> av.VideoFrame:
    with np.load(path) as truth:
        return av.VideoFrame.from_ndarray(truth["mask"], format="gray")


def _write_video(path: Path, pictures: Iterator[av.VideoFrame], count: int, fps: int) -> None:
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=fps, options={"crf": "18", "preset": "slow"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, CLOCK)
        context = video.codec_context
        context.color_range, context.colorspace = LIMITED, BT709
        context.color_primaries, context.color_trc = BT709, BT709
        audio = container.add_stream("aac", rate=RATE, layout="stereo", options={"b": "128000"})
        reformatter = VideoReformatter()
        for index, picture in enumerate(pictures):
            frame = _to_yuv(reformatter, picture)
            frame.pts, frame.time_base = index * CLOCK // fps, Fraction(1, CLOCK)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        _write_sound(container, audio, count / fps)


def _to_yuv(reformatter: VideoReformatter, picture: av.VideoFrame) -> av.VideoFrame:
    """8-bit RGB to BT.709 limited range, with both ends named: swscale's own default is BT.601."""
    return reformatter.reformat(
        picture,
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


def _write_sound(container: OutputContainer, audio: av.AudioStream, seconds: float) -> None:
    sound = sound_track(seconds)
    for begin in range(0, sound.shape[1], 1024):
        block = np.ascontiguousarray(sound[:, begin : begin + 1024])
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def _write_masks(path: Path, masks: Iterator[av.VideoFrame], fps: int) -> None:
    """FFV1, lossless. Matroska counts milliseconds, and a 25th of a second is 40 of them exactly."""
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream(
            "ffv1", rate=fps, options={"level": "3", "slicecrc": "1", "context": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "gray"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        stream.codec_context.color_range = FULL
        for index, frame in enumerate(masks):
            frame.pts, frame.time_base = index * 1000 // fps, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_motion(path: Path, frames: Path, count: int) -> None:
    """Motion and validity on the coarse grid; see README.md."""
    flow, valid = [], []
    coarse = slice(STEP // 2, None, STEP)
    for index in range(count):
        back = motion(frames, index, "back")
        good = (
            np.zeros(back.shape[:2], bool)
            if index == 0
            else agreement(back, motion(frames, index - 1, "ahead"))
        )
        flow.append(np.rint(back[coarse, coarse] * UNIT).astype(np.int16))
        valid.append(good[coarse, coarse])
    flow[0][:] = 0
    field = np.stack(flow)
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            motion_x=np.diff(field[..., 0], axis=2, prepend=np.int16(0)),
            motion_y=np.diff(field[..., 1], axis=2, prepend=np.int16(0)),
            valid=np.packbits(np.stack(valid), axis=2),
            step=STEP,
            unit=UNIT,
        )
