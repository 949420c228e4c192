"""The same frames give the same bits, whatever lay in memory before: what going on and clusters stand on."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import pytest
from clips import write_clip

from vidstyle.media import Sink, Source
from vidstyle.types import EncodeOptions

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "desk.mp4"


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames at 480x270, whose 30 macroblocks a row are no multiple of 16."""
    path = tmp_path_factory.mktemp("filmed") / "filmed.mkv"
    with av.open(str(SAMPLE)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25, width=480, height=270, pix_fmt="yuv420p")
        stream.codec_context.time_base = Fraction(1, 25)
        for index, frame in zip(range(20), source.decode(video=0), strict=False):
            small = frame.reformat(480, 270)
            small.pts, small.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(small))
        output.mux(stream.encode(None))
    return path


def bits(source: Path, target: Path, options: EncodeOptions) -> str:
    with Source(source) as video, Sink(target, video, options, overwrite=True) as sink:
        for frame in video.frames():
            sink.write(frame)
        sink.finish(video.trailing())
    with av.open(str(target)) as container:
        return hashlib.sha256(b"".join(bytes(p) for p in container.demux(video=0))).hexdigest()


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "libsvtav1", "ffv1", "mpeg4"])
def test_the_same_frames_give_the_same_bits(codec: str, filmed: Path, tmp_path: Path) -> None:
    rounds = 6 if codec == "libx264" else 2
    options = EncodeOptions(codec=codec)
    assert len({bits(filmed, tmp_path / "o.mkv", options) for _ in range(rounds)}) == 1


def test_the_users_own_parameters_win(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=4)
    intra = EncodeOptions(codec="libx264", options={"x264-params": "keyint=1"})
    bits(source, tmp_path / "o.mkv", intra)
    with av.open(str(tmp_path / "o.mkv")) as container:
        assert all(packet.is_keyframe for packet in container.demux(video=0) if packet.size)
