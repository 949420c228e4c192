"""What goes out: times, samples, tags, sound and everything else as in the source; whole or absent."""

from __future__ import annotations

import errno
import resource
import signal
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_fixtures import (
    Clip,
    decoded,
    display_matrix,
    fps_pts,
    frames,
    make,
    matrix_of,
    scan,
    shared,
    through,
)

from vidstyle.errors import OutputError, UsageError
from vidstyle.media import MaskWriter, Sink, Source, default_target
from vidstyle.types import EncodeOptions

MS = Fraction(1, 1000)
FAST = EncodeOptions(preset="ultrafast")
FFV1 = EncodeOptions(codec="ffv1")
slow = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part-" in path.name]


@st.composite
def irregular(draw: Any) -> tuple[int, ...]:
    steps = draw(st.lists(st.integers(1, 4000), min_size=1, max_size=12))
    times = [draw(st.integers(0, 5000))]
    for step in steps:
        times.append(times[-1] + step)
    return tuple(times)


@slow
@given(
    times=irregular(), base=st.sampled_from([Fraction(1, 12800), Fraction(1, 90000), Fraction(1001, 30000)])
)
def test_mp4_keeps_every_time_exactly(tmp_path: Path, times: tuple[int, ...], base: Fraction) -> None:
    clip, target = tmp_path / "a.mp4", tmp_path / "b.mp4"
    target.unlink(missing_ok=True)
    make(clip, Clip(pts=times, time_base=base))
    _, notes = through(clip, target, FAST)
    assert scan(target).times == scan(clip).times and not notes


@slow
@given(times=irregular())
def test_matroska_keeps_every_millisecond(tmp_path: Path, times: tuple[int, ...]) -> None:
    clip, target = tmp_path / "a.mkv", tmp_path / "b.mkv"
    target.unlink(missing_ok=True)
    make(clip, Clip(pts=times, time_base=MS))
    _, notes = through(clip, target, FAST)
    assert scan(target).times == scan(clip).times and not notes


@slow
@given(times=irregular())
def test_matroska_is_within_half_a_millisecond_and_says_so(tmp_path: Path, times: tuple[int, ...]) -> None:
    clip, target = tmp_path / "a.mp4", tmp_path / "b.mkv"
    target.unlink(missing_ok=True)
    make(clip, Clip(pts=times))
    _, notes = through(clip, target, FAST)
    exact = scan(clip).times
    pairs = list(zip(scan(target).times, exact, strict=True))
    assert all(abs(a - b) <= MS / 2 for a, b in pairs)
    assert bool(notes) == any(a != b for a, b in pairs)


FORMATS = ("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv420p10le", "yuv422p12le", "yuv444p16le",
           "yuva420p", "yuva444p10le", "gbrp10le", "yuv420p9le")  # fmt: skip


@slow
@given(name=st.sampled_from(FORMATS), width=st.integers(16, 70), height=st.integers(16, 50))
def test_ffv1_is_bit_identical_for_any_format_and_size(
    tmp_path: Path, name: str, width: int, height: int
) -> None:
    clip, target = tmp_path / "a.mkv", tmp_path / "b.mkv"
    target.unlink(missing_ok=True)
    make(clip, Clip(width, height, name, "ffv1", pts=(0, 40, 90), time_base=MS, options=()))
    through(clip, target, FFV1)
    before, after = decoded(clip), decoded(target)
    assert [pts for pts, _ in before] == [pts for pts, _ in after]
    for (_, a), (_, b) in zip(before, after, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_rgb_through_ffv1_is_bit_identical(tmp_path: Path) -> None:
    clip = make(
        tmp_path / "a.mkv", Clip(pixel_format="bgr0", codec="ffv1", pts=(0, 40), time_base=MS, options=())
    )
    through(clip, tmp_path / "b.mkv", FFV1)
    for (_, a), (_, b) in zip(decoded(clip), decoded(tmp_path / "b.mkv"), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("name", "suffix", "codec", "taken"),
    [
        ("yuv420p", "mp4", "libx264", "yuv420p"), ("yuv422p", "mp4", "libx264", "yuv422p"),
        ("yuv444p", "mov", "libx264", "yuv444p"), ("yuv420p10le", "mp4", "libx265", "yuv420p10le"),
        ("yuv422p12le", "mkv", "libx265", "yuv422p12le"), ("yuv444p16le", "mkv", "ffv1", "yuv444p16le"),
        ("yuv440p", "mkv", "libvpx-vp9", "yuv440p"), ("yuva444p10le", "mov", "prores_ks", "yuva444p10le"),
        ("yuva420p", "webm", "libvpx-vp9", "yuva420p"), ("yuva420p", "mkv", "libvpx-vp9", "yuva420p"),
        ("yuv420p10le", "webm", "libsvtav1", "yuv420p10le"), ("gbrp", "mp4", "libx264", "yuv444p"),
    ],
)  # fmt: skip
def test_the_default_codec_keeps_depth_chroma_and_alpha(
    tmp_path: Path, name: str, suffix: str, codec: str, taken: str
) -> None:
    made = {"gbrp": ("libx264rgb", "rgb24")}.get(name, ("ffv1", name))
    clip = make(
        tmp_path / "a.mkv", Clip(128, 96, made[1], made[0], pts=fps_pts(3, 40), time_base=MS, options=())
    )
    with Source(clip) as source, Sink(tmp_path / f"b.{suffix}", source) as sink:
        assert (sink.codec, sink.track.choice.pixel_format) == (codec, taken)
        for frame in source.frames():
            sink.write(frame)
        sink.finish(source.trailing())
    with Source(tmp_path / f"b.{suffix}") as again:
        assert again.info.format.alpha == source.info.format.alpha
        assert [f.pts * again.info.time_base for f in again.frames()] == [0, 40 * MS, 80 * MS]


def test_odd_sizes_and_what_was_asked_for_them(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mkv", Clip(65, 47, "yuv420p", "ffv1", pts=(0, 40), time_base=MS, options=()))
    through(clip, tmp_path / "b.mp4")
    _, notes = through(clip, tmp_path / "c.mp4", EncodeOptions(codec="h264", preset="ultrafast"))
    for name, format in (("b.mp4", "yuv420p"), ("c.mp4", "yuv444p")):
        with Source(tmp_path / name) as source:
            assert (source.info.width, source.info.height, source.info.format.name) == (65, 47, format)
    assert "yuv444p" in notes[0]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_colour_aspect_and_rotation_tags_survive(tmp_path: Path, suffix: str) -> None:
    turned = display_matrix(0, 1, -1, 0)
    clip = make(
        tmp_path / "a.mp4",
        Clip(colorspace=9, color_range=1, primaries=9, transfer=16, aspect=Fraction(4, 3), matrix=turned,
             pixel_format="yuv420p10le", codec="libx265", options=(("x265-params", "log-level=none"),)),
    )  # fmt: skip
    target = tmp_path / f"b.{suffix}"
    through(clip, target, EncodeOptions(preset="ultrafast"))
    with Source(clip) as a, Source(target) as b:
        assert (a.tags.colorspace, a.tags.color_range, a.tags.primaries, a.tags.transfer) == (9, 1, 9, 16)
        assert b.tags == a.tags and b.info.orientation == a.info.orientation
        assert b.info.sample_aspect_ratio == Fraction(4, 3)
    if suffix != "mkv":
        assert matrix_of(target) == turned


def test_static_hdr_metadata_survives(tmp_path: Path) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    params = f"log-level=none:master-display={display}:max-cll=1000,400"
    options = (("x265-params", params), ("preset", "ultrafast"))
    clip = make(
        tmp_path / "a.mp4",
        Clip(128, 96, "yuv420p10le", "libx265", colorspace=9, primaries=9, transfer=16, options=options),
    )
    _, notes = through(clip, tmp_path / "b.mp4", FAST)
    with Source(clip) as a, Source(tmp_path / "b.mp4") as b:
        assert a.tags.mastering and a.tags.light and not notes
        assert (b.tags.mastering, b.tags.light) == (a.tags.mastering, a.tags.light)
    _, notes = through(clip, tmp_path / "c.mkv", EncodeOptions(codec="av1", preset="12"))
    assert any("mastering" in note for note in notes)


def test_interlaced_video_stays_interlaced(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(64, 64, options=(("flags", "+ildct"), ("preset", "ultrafast"))))
    with av.open(str(clip)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    through(clip, tmp_path / "b.mp4", FAST)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert next(container.decode(video=0)).interlaced_frame


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


def test_untagged_stays_untagged_and_full_range_is_said(tmp_path: Path) -> None:
    plain = make(tmp_path / "a.mp4")
    full = make(tmp_path / "f.mp4", Clip(pixel_format="yuvj420p", color_range=2))
    through(plain, tmp_path / "b.mp4", FAST)
    through(full, tmp_path / "c.mp4", FAST)
    with Source(tmp_path / "b.mp4") as source:
        tags = source.tags
        assert (tags.colorspace, tags.color_range, tags.primaries, tags.transfer) == (2, 0, 2, 2)
    with Source(tmp_path / "c.mp4") as source:
        assert source.info.format.full_range


def test_full_range_samples_are_not_squeezed(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pixel_format="yuvj420p", color_range=2, options=(("qp", "0"),)))
    through(clip, tmp_path / "b.mp4", EncodeOptions(options={"qp": "0"}))
    for (_, a), (_, b) in zip(decoded(clip), decoded(tmp_path / "b.mp4"), strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


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


def test_faststart(tmp_path: Path) -> None:
    through(make(tmp_path / "a.mkv", Clip(pts=(0, 40), time_base=MS)), tmp_path / "b.mp4", FAST)
    data = (tmp_path / "b.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_frames_reach_the_encoder_without_the_old_picture_types(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(20), options=(("g", "1"),)))
    through(clip, tmp_path / "b.mp4", FAST)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert sum(p.is_keyframe for p in container.demux(video=0) if p.size) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (EncodeOptions(codec="libx246"), "did you mean .*'libx264'"),
        (EncodeOptions(codec="h265x"), "did you mean"),
        (EncodeOptions(options={"presett": "fast"}), "has no option 'presett'; did you mean 'preset'"),
        (EncodeOptions(preset="warp"), "preset=warp"),
        (EncodeOptions(codec="ffv1", crf=20), "--crf means nothing to ffv1"),
        (EncodeOptions(codec="ffv1", preset="fast"), "--preset means nothing to ffv1"),
        (EncodeOptions(codec="prores"), "cannot hold prores"),
    ],
)  # fmt: skip
def test_encoder_options_that_cannot_be_meant(tmp_path: Path, options: EncodeOptions, words: str) -> None:
    with Source(make(tmp_path / "a.mp4")) as source, pytest.raises(UsageError, match=words) as caught:
        Sink(tmp_path / "b.mp4", source, options)
    assert "\n" not in str(caught.value) and not parts(tmp_path)


def test_encoder_options_reach_the_encoder(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(128, 96, pts=fps_pts(10)))
    mine = EncodeOptions(options={"crf": "45"})
    for name, options in {"good": EncodeOptions(crf=10), "bad": EncodeOptions(crf=45), "mine": mine}.items():
        through(clip, tmp_path / f"{name}.mp4", options)
    size = {name: (tmp_path / f"{name}.mp4").stat().st_size for name in ("good", "bad", "mine")}
    assert size["good"] > 2 * size["bad"] and abs(size["bad"] - size["mine"]) < 100


def test_a_container_nobody_knows(tmp_path: Path) -> None:
    with Source(make(tmp_path / "a.mp4")) as source:
        with pytest.raises(UsageError, match="does not end like a video file"):
            Sink(tmp_path / "b.txtx", source)
        with pytest.raises(UsageError, match="no container is called"):
            Sink(tmp_path / "b.mp4", source, container="mp5")
    assert not parts(tmp_path)


def test_targets_that_are_refused(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4")
    (tmp_path / "there.mp4").write_bytes(b"keep me")
    (tmp_path / "link.mp4").symlink_to(clip)
    cases = {
        "a.mp4": "is the input",
        "link.mp4": "is the input",
        "there.mp4": "--overwrite",
        "no/b.mp4": "does not exist",
    }
    with Source(clip) as source:
        for name, words in cases.items():
            with pytest.raises(OutputError, match=words):
                Sink(tmp_path / name, source, overwrite=name != "there.mp4")
    assert (tmp_path / "there.mp4").read_bytes() == b"keep me" and not parts(tmp_path)


def test_an_error_midway_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(20)))
    target = tmp_path / "b.mp4"
    target.write_bytes(b"the old one")
    for stop in (0, 1, 10, 20):
        with (
            pytest.raises(RuntimeError),
            Source(clip) as source,
            Sink(target, source, overwrite=True) as sink,
        ):
            for index, frame in enumerate(source.frames()):
                if index == stop:
                    break
                sink.write(frame)
            raise RuntimeError("stop")
    assert target.read_bytes() == b"the old one" and not parts(tmp_path)


def test_finish_without_frames_is_an_output_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no frame"),
        Source(make(tmp_path / "a.mp4")) as source,
        Sink(tmp_path / "b.mp4", source) as sink,
    ):
        sink.finish()
    assert not (tmp_path / "b.mp4").exists() and not parts(tmp_path)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Files may not grow past 20 kB: what a full disk looks like to a writer (EFBIG instead of ENOSPC)."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("small_disk")
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_file_that_cannot_grow_is_one_line_and_nothing_stays(tmp_path: Path, suffix: str) -> None:
    clip = make(tmp_path / "a.mkv", Clip(320, 240, pts=fps_pts(20, 40), time_base=MS))
    with (
        pytest.raises(OutputError) as caught,
        Source(clip) as source,
        Sink(tmp_path / f"b.{suffix}", source, EncodeOptions(crf=1.0, preset="ultrafast")) as sink,
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        for frame in source.frames():
            sink.write(frame)
        sink.finish(source.trailing())
    assert "\n" not in str(caught.value) and not parts(tmp_path) and not (tmp_path / f"b.{suffix}").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "no space left"), (errno.EDQUOT, "no space left"), (errno.EROFS, "cannot be written")],
)
def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str) -> None:
    with (
        pytest.raises(OutputError, match=words),
        Source(make(tmp_path / "a.mp4")) as source,
        Sink(tmp_path / "b.mp4", source, FAST) as sink,
    ):
        monkeypatch.setattr(
            sink.track, "flush", lambda: (_ for _ in ()).throw(OSError(code, "the system's words"))
        )
        for frame in source.frames():
            sink.write(frame)
        sink.finish()
    assert not parts(tmp_path)


def test_an_output_that_lost_frames_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(OutputError, match="5 frames instead of 6"),
        Source(make(tmp_path / "a.mp4")) as source,
        Sink(tmp_path / "b.mp4", source, FAST) as sink,
    ):
        encode = sink.track.encode
        monkeypatch.setattr(sink.track, "encode", lambda native, pts: encode(native, pts) if pts else [])
        for frame in source.frames():
            sink.write(frame)
        sink.track.times.add(0)
        sink.finish()
    assert not (tmp_path / "b.mp4").exists() and not parts(tmp_path)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "webm"])
def test_masks_are_lossless_and_in_time(tmp_path: Path, suffix: str) -> None:
    times = (0, 512, 700, 1800)
    clip = make(tmp_path / "a.mp4", Clip(63, 47, "yuv444p", pts=times, matrix=display_matrix(0, 1, -1, 0)))
    target = tmp_path / f"m.{suffix}"
    masks = [np.random.default_rng(i).integers(0, 256, (47, 63), np.uint8) for i in range(4)]
    with Source(clip) as source, MaskWriter(target, source) as writer:
        for frame, mask in zip(source.frames(), masks, strict=True):
            writer.write(frame, mask)
        writer.finish()
    tick = 0 if suffix == "mp4" else MS / 2
    pairs = zip(scan(target).times, scan(clip).times, strict=True)
    assert all(abs(a - b) <= tick for a, b in pairs) and not parts(tmp_path)
    with Source(target) as source:
        assert source.info.format.full_range and source.info.orientation.turns == 3
        for frame, mask in zip(source.frames(), masks, strict=True):
            assert np.array_equal(frame.planes[0], mask)


ODD = (
    "alpha-transparent.webm", "corrupt-corrupted.mp4", "cover-h264-mjpeg.mp4", "hdr-testsrc2_hdr.mp4",
    "dim-testsrc2_odd_height_and_width_vp9.mp4", "pts-test_non_zero_start.mp4", "sar-SAR-2by3.mp4",
    "rot-nasa_13013_rotated.mp4", "subs-mov_text.mp4", "vfr-no_duration.webm",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_files_come_out_as_they_went_in(tmp_path: Path, name: str) -> None:
    path = shared(f"odd/{name}")
    preset = None if name.startswith(("alpha", "dim", "vfr")) else "ultrafast"
    with Source(path) as source:
        target = tmp_path / default_target(path, source).name
        with Sink(target, source, EncodeOptions(preset=preset)) as sink:
            for frame in source.frames():
                sink.write(frame)
            sink.finish(source.trailing())
    before, after = scan(path), scan(target)
    assert after.times == before.times and after.hashes == before.hashes and not sink.notes
    with Source(path) as a, Source(target) as b:
        assert (a.info.width, a.info.height, a.info.format) == (b.info.width, b.info.height, b.info.format)
        assert a.info.orientation == b.info.orientation and a.tags.matrix == b.tags.matrix
        assert a.info.sample_aspect_ratio == b.info.sample_aspect_ratio
        assert dict(a.covers.items()).keys() == b.covers.keys()
