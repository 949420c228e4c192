"""What goes beside the video: sound, pictures, subtitles, chapters, as in the source and in time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media_fixtures import (
    Clip,
    fps_pts,
    frames,
    make,
    scan,
    through,
)

from vidstyle.errors import OutputError
from vidstyle.media import Sink, Source, default_target, subtitles
from vidstyle.media.containers import choose_container
from vidstyle.types import EncodeOptions

MS = Fraction(1, 1000)
FAST = EncodeOptions(preset="ultrafast")


def test_a_part_with_its_sound(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(75), sound=3.0, options=(("g", "10"),)))
    _, notes = through(clip, tmp_path / "b.mp4", FAST, start=Fraction(1), end=Fraction(2))
    assert not notes and scan(tmp_path / "b.mp4").times == tuple(Fraction(i, 25) for i in range(25))
    with av.open(str(tmp_path / "b.mp4")) as container:
        seconds = sum(f.samples for f in container.decode(audio=0)) / 48000
    assert seconds == pytest.approx(1.0, abs=0.03)


def test_cover_pictures_go_with_the_file(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4")
    covered = tmp_path / "covered.mp4"
    jpeg: Any = av.CodecContext.create("mjpeg", "w")
    jpeg.width, jpeg.height, jpeg.pix_fmt, jpeg.time_base = 32, 24, "yuvj420p", Fraction(1, 25)
    cover = jpeg.encode(av.VideoFrame(32, 24, "yuvj420p"))[0]
    with av.open(str(clip)) as container, av.open(str(covered), "w") as output:
        video = output.add_stream_from_template(container.streams.video[0], opaque=True)
        picture: Any = output.add_mux_stream("mjpeg", width=32, height=24)
        picture.disposition = 0x400
        picture.time_base = Fraction(1, 90000)
        cover.stream, cover.pts, cover.dts = picture, 0, 0
        output.mux(cover)
        for packet in container.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
    for suffix in ("mp4", "mkv"):
        _, notes = through(covered, tmp_path / f"b.{suffix}", FAST)
        with Source(tmp_path / f"b.{suffix}") as source:
            assert [bytes(p) for p in source.covers.values()] == [bytes(cover)] and not notes
    _, notes = through(tmp_path / "b.mkv", tmp_path / "c.mp4", FAST)
    with Source(tmp_path / "c.mp4") as source:
        assert [bytes(p) for p in source.covers.values()] == [bytes(cover)] and not notes


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_sound_is_copied_packet_for_packet(tmp_path: Path, suffix: str) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(30), sound=1.2))
    target = tmp_path / f"b.{suffix}"
    through(clip, target, FAST)
    before, after = scan(clip), scan(target)
    assert after.hashes == before.hashes and after.times == before.times
    assert after.languages == ("fra", "ger" if suffix == "mov" else "deu")


def test_sound_that_begins_late_or_before_the_video_stays_in_time(tmp_path: Path) -> None:
    for name, clip in {
        "late": Clip(pts=fps_pts(20), sound=0.5, sound_from=Fraction(1, 2)),
        "far": Clip(pts=tuple(t + 12800 * 40 for t in fps_pts(10)), sound=0.3, sound_from=Fraction(40)),
    }.items():
        path = make(tmp_path / f"{name}.mkv", clip)
        for suffix in ("mp4", "mkv"):
            target = tmp_path / f"{name}-out.{suffix}"
            through(path, target, FAST)
            assert starts(target) == pytest.approx(starts(path), abs=0.0011)


def starts(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        first: dict[int, float] = {}
        for packet in container.demux():
            if packet.size and packet.pts is not None:
                first.setdefault(packet.stream_index, float(packet.pts * packet.time_base))
        return [first[index] for index in sorted(first)]


def test_webm_takes_no_aac_so_it_is_encoded_and_said(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(25), sound=1.0))
    _, notes = through(clip, tmp_path / "b.webm")
    assert any("encoded as libopus" in note for note in notes)
    with av.open(str(tmp_path / "b.webm")) as container:
        seconds = sum(f.samples / f.sample_rate for f in container.decode(audio=0))
        assert container.streams.audio[0].codec_context.name in ("opus", "libopus")
        assert container.streams.audio[0].language == "deu"
    assert seconds == pytest.approx(1.0, abs=0.06)


def _rich(path: Path) -> Path:
    """Matroska with sound, SRT, a font, chapters and a title."""
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = MS
        text: Any = output.add_mux_stream("subrip")
        text.time_base = MS
        text.metadata["language"] = "ita"
        text.disposition = 64
        output.add_attachment("font.ttf", "application/x-truetype-font", b"a font" * 10)
        output.metadata["title"] = "the title"
        chapter = {"id": 1, "start": 0, "end": 200, "time_base": MS, "metadata": {"title": "first"}}
        output.set_chapters([chapter])  # type: ignore[list-item]
        for index in range(12):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = index * 40, MS
            output.mux(video.encode(frame))
        for time in (40, 240):
            packet: Any = av.Packet(f"<i>at</i> {time}".encode())
            packet.pts = packet.dts = time
            packet.duration, packet.time_base, packet.stream = 120, MS, text
            output.mux(packet)
        output.mux(video.encode(None))
    return path


def test_everything_beside_the_video_survives_in_matroska(tmp_path: Path) -> None:
    clip = _rich(tmp_path / "a.mkv")
    _, notes = through(clip, tmp_path / "b.mkv", FAST)
    assert not notes and scan(clip).hashes == scan(tmp_path / "b.mkv").hashes
    with av.open(str(tmp_path / "b.mkv")) as container:
        assert container.metadata["title"] == "the title"
        assert [c["metadata"]["title"] for c in container.chapters()] == ["first"]
        assert bytes(container.streams.attachments[0].data) == b"a font" * 10
        subtitle = container.streams.subtitles[0]
        assert subtitle.language == "ita" and int(subtitle.disposition) & 64


def test_mp4_gets_the_text_of_subtitles_and_names_what_it_cannot_hold(tmp_path: Path) -> None:
    _, notes = through(_rich(tmp_path / "a.mkv"), tmp_path / "b.mp4", FAST)
    assert any("font.ttf" in note for note in notes) and any("mov_text" in note for note in notes)
    with av.open(str(tmp_path / "b.mp4")) as container:
        packets = [p for p in container.demux(subtitles=0) if p.size > 2]
        assert [bytes(p)[2:] for p in packets] == [b"at 40", b"at 240"]
        assert [p.pts * p.time_base for p in packets] == [40 * MS, 240 * MS]
        assert container.chapters()[0]["metadata"]["title"] == "first"


@pytest.mark.parametrize(
    ("codec", "data", "text"),
    [
        ("webvtt", b"Q&amp;A: 1 &lt; 2 <c.loud>yes</c>", "Q&A: 1 < 2 yes"),
        ("subrip", b"Q&A: 1 < 2 <i>yes</i> {\\an8}AT&amp;T", "Q&A: 1 < 2 yes AT&amp;T"),
    ],
)
def test_subtitles_keep_their_words(codec: str, data: bytes, text: str) -> None:
    assert subtitles.text_of(codec, data) == text
    assert subtitles.data_of("webvtt", "Q&A: 1 < 2") == b"Q&amp;A: 1 &lt; 2"
    assert subtitles.data_of("mov_text", "Q&A") == b"\0\3Q&A"


def test_a_transport_stream_gets_no_subtitles_and_no_sound_that_it_has_no_name_for(tmp_path: Path) -> None:
    _, notes = through(_rich(tmp_path / "a.mkv"), tmp_path / "b.ts", FAST)
    assert any("(subtitle" in note and "left out" in note for note in notes), notes
    make(tmp_path / "pcm.mkv", Clip(sound=0.5, sound_codec="pcm_s16le"))  # which names no layout when read
    _, notes = through(tmp_path / "pcm.mkv", tmp_path / "c.ts", FAST)
    assert any("encoded as aac" in note for note in notes)
    with av.open(str(tmp_path / "c.ts")) as container:
        seconds = sum(f.samples / f.sample_rate for f in container.decode(audio=0))
    assert seconds == pytest.approx(0.5, abs=0.06)


def test_the_default_container_holds_what_the_input_has(tmp_path: Path) -> None:
    cases = {
        "a.mkv": "a.vidstyle.mkv",
        "b.mp4": "b.vidstyle.mp4",
        "c.avi": "c.vidstyle.mp4",
        "d.webm": "d.vidstyle.webm",
    }
    for name, wanted in cases.items():
        codec = {".avi": "mpeg4", ".webm": "libvpx-vp9"}.get(Path(name).suffix, "libx264")
        base = Fraction(1, 25) if name == "c.avi" else MS
        clip = make(
            tmp_path / name,
            Clip(codec=codec, options=(), pts=(0, 1) if name == "c.avi" else (0, 40), time_base=base),
        )
        with Source(clip) as source:
            assert default_target(clip, source) == tmp_path / wanted
    with Source(_rich(tmp_path / "rich.mkv")) as source:
        assert default_target(source.path, source).suffix == ".mkv"


def test_video_that_starts_before_zero_is_moved_and_said(tmp_path: Path) -> None:
    ticks = tuple(t - 27000 for t in fps_pts(10, 3600))
    clip = make(
        tmp_path / "a.ts",
        Clip(pts=ticks, time_base=Fraction(1, 90000), container=(("avoid_negative_ts", "disabled"),)),
    )
    assert frames(clip)[0].pts == -27000
    for suffix in ("mp4", "mkv"):
        _, notes = through(clip, tmp_path / f"b.{suffix}", FAST)
        assert len(notes) == 1 and "0.300 s later" in notes[0]
        assert scan(tmp_path / f"b.{suffix}").times == tuple(t + Fraction(3, 10) for t in scan(clip).times)


@pytest.mark.parametrize("bframes", ["0", "2"])
def test_sound_before_zero_does_not_move_the_video_in_matroska(tmp_path: Path, bframes: str) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(20), sound=0.8))
    target = tmp_path / "b.mkv"
    _, notes = through(clip, target, EncodeOptions(options={"bf": bframes}))
    assert not notes and scan(target).times == scan(clip).times and scan(target).hashes == scan(clip).hashes
    assert starts(clip)[1] < 0 and starts(target) == pytest.approx(starts(clip), abs=0.0006)


def _with_pcm(path: Path, channels: int) -> Path:
    """A clip with raw sound that does not say where its channels are heard."""
    plain = Clip(codec="mpeg4", pts=range(10), time_base=Fraction(1, 25), options=())
    clip = make(path.with_name(f"silent{path.suffix}"), plain)
    samples = np.random.default_rng(1).integers(-30000, 30000, (1, 9600 * channels), np.int16)
    with av.open(str(clip)) as container, av.open(str(path), "w") as output:
        video = output.add_stream_from_template(container.streams.video[0], opaque=True)
        sound: Any = output.add_stream("pcm_s16le", rate=48000)
        sound.codec_context.layout = f"{channels} channels"
        for packet in container.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=f"{channels} channels")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    return path


def _sound(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return b"".join(bytes(packet) for packet in container.demux(audio=0))


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("suffix", ["avi", "mkv"])
def test_raw_sound_that_names_no_layout_goes_into_mp4_bit_for_bit(
    tmp_path: Path, suffix: str, channels: int
) -> None:
    clip = _with_pcm(tmp_path / f"a.{suffix}", channels)
    _, notes = through(clip, tmp_path / "b.mp4", FAST)
    assert not notes and _sound(tmp_path / "b.mp4") == _sound(clip) != b""
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert container.streams.audio[0].codec_context.channels == channels


def test_raw_sound_of_more_channels_than_mp4_can_place_is_refused_before_the_first_frame(
    tmp_path: Path,
) -> None:
    clip = _with_pcm(tmp_path / "a.mkv", 24)
    with Source(clip) as source:
        assert choose_container(source) == ".mkv"
        with pytest.raises(OutputError, match="do not take these streams"):
            Sink(tmp_path / "b.mp4", source, FAST)
