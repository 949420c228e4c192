"""What a file is, and whether vidstyle wrote it, told quickly."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition
from clips import tone, write_clip
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle.media.fingerprint import metadata, of, sidecar, write_sidecar
from vidstyle.media.kinds import kind
from vidstyle.media.marks import mark

MARK = "0123456789abcdef-fedcba9876543210-01234567"
MUXERS = {".mp4": "mp4", ".mkv": "matroska", ".webm": "webm"}


def write(
    path: Path, frames: int = 3, fingerprint: str = MARK, font: int = 0, cover: int = 0, **options: str
) -> Path:
    with av.open(str(path), "w", options=options) as output:
        output.metadata.update(metadata(fingerprint, MUXERS[path.suffix]))
        codec = "libvpx" if path.suffix == ".webm" else "mpeg4"
        stream = output.add_stream(codec, rate=25, width=16, height=16, pix_fmt="yuv420p")
        if font:
            output.add_attachment("font.ttf", "font/ttf", bytes(font))
        if cover:
            picture = output.add_stream("mjpeg", width=16, height=16, pix_fmt="yuvj420p")
            picture.disposition = Disposition.attached_pic
            packet = av.Packet(bytes(cover))
            packet.stream, packet.pts, packet.dts = picture, 0, 0
            output.mux(packet)
        first = next(iter([*stream.encode(av.VideoFrame(16, 16, "yuv420p")), *stream.encode(None)]))
        for index in range(frames):
            packet = av.Packet(bytes(first) + bytes(index % 2))  # sizes that no table can shorten
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, index, index, Fraction(1, 25)
            packet.is_keyframe = True
            output.mux(packet)
    return path


@pytest.mark.parametrize("ending", list(MUXERS))
def test_a_mark_is_found(tmp_path: Path, ending: str) -> None:
    assert mark(write(tmp_path / f"a{ending}")) == MARK
    assert not mark(write(tmp_path / f"b{ending}", fingerprint="1.0"))


def test_a_mark_is_found_behind_long_tables_and_beside_fonts_and_covers(tmp_path: Path) -> None:
    for name, flags in (("fast", "+faststart"), ("slow", "+use_metadata_tags"), ("parts", "+empty_moov")):
        for cover in (0, 1 << 17):
            path = write(tmp_path / f"{name}.mp4", 20000, cover=cover, movflags=flags)
            assert mark(path) == MARK, name
    assert b"vidstyle" not in (tmp_path / "fast.mp4").read_bytes()[: 1 << 16]
    assert mark(write(tmp_path / "font.mkv", font=1 << 17)) == MARK


@pytest.mark.parametrize("ending", list(MUXERS))
def test_what_another_program_makes_of_an_output_is_not_marked(tmp_path: Path, ending: str) -> None:
    """Copying all metadata along, as FFmpeg does unless it is told otherwise."""
    ours, edited = write(tmp_path / f"ours{ending}"), tmp_path / f"edited{ending}"
    with av.open(str(ours)) as source, av.open(str(edited), "w") as target:
        target.metadata.update(source.metadata)
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    assert mark(ours) == MARK and mark(edited) is None


def test_a_mark_beside_the_file_counts_for_its_size_only(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    path.write_bytes(b"video")
    assert of(path) is None
    write_sidecar(path, MARK, 5)
    assert of(path) == MARK and sidecar(path).name.startswith(".")
    path.write_bytes(b"another")
    assert of(path) is None


def test_what_is_not_there_is_not_marked(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert not any(mark(tmp_path / name) for name in ("gone.mp4", "pipe.mp4", ".", "x" * 300))


PIECES = st.sampled_from(
    b"\x18\x53\x80\x67 \x53\xab\x84\x12\x54\xc3\x67\x53\xac \xff \0 \0\0\0\x08free \0\0\0\x14ftypmp42 "
    b"\0\0\0\x01moov \xff\xff\xff\xff\xff\xff\xff\xff mdat RIFF \x88 \x8e".split(b" ")
)


@settings(max_examples=60)
@given(data=st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join))
def test_any_bytes_are_something(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / f"any-{os.getpid()}"
    path.write_bytes(data)
    assert kind(path) in ("video", "sound", "picture", "other")
    assert not mark(path)


def test_moving_pictures_are_videos(tmp_path: Path) -> None:
    for frames, found in ((1, "picture"), (3, "video")):
        path = write_clip(tmp_path / f"{frames}.gif", frames=frames, codec="gif", pix_fmt="rgb8", sound=False)
        assert kind(path) == found
        path = write_clip(
            tmp_path / f"{frames}.apng", frames=frames, codec="apng", pix_fmt="rgb24", sound=False
        )
        assert kind(path.rename(tmp_path / f"{frames}.png")) == found


def test_a_video_is_one_under_any_name(tmp_path: Path) -> None:
    for container, codec in (
        ("mp4", "libx264"),
        ("mkv", "libx264"),
        ("avi", "mpeg4"),
        ("webm", "libvpx"),
        ("ts", "libx264"),
    ):
        path = write_clip(tmp_path / f"a.{container}", frames=2, codec=codec, sound=False)
        for name in ("noending", "a.dat", "a.txt", "100%03d.bin"):
            path = path.rename(tmp_path / name)
            assert kind(path) == "video", (container, name)


def test_sound_is_no_video_whatever_holds_it(tmp_path: Path) -> None:
    for ending in ("mp4", "mkv", "mov", "nut"):
        with av.open(str(tmp_path / f"a.{ending}"), "w") as output:
            for packet in tone(output.add_stream("aac", rate=44100, layout="mono"), 0.2):
                output.mux(packet)
        assert kind((tmp_path / f"a.{ending}").rename(tmp_path / "song")) == "sound", ending
