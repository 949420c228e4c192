"""What comes in: formats, times, orientation, parts, damage."""

from __future__ import annotations

import itertools
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from media_fixtures import Clip, decoded, display_matrix, fill, fps_pts, frames, make, noise, shared

from vidstyle.errors import InputError
from vidstyle.media import Source
from vidstyle.media.clock import Clock, Ledger
from vidstyle.media.formats import describe, planar
from vidstyle.types import Orientation

RATE = Fraction(25)
MS = Fraction(1, 1000)


def test_frames_have_the_encoded_times_and_shapes(tmp_path: Path) -> None:
    times = (0, 512, 700, 1800, 1801, 9000)
    clip = make(tmp_path / "a.mp4", Clip(width=63, height=47, pixel_format="yuv444p", pts=times))
    with Source(clip) as source:
        got = list(source.frames((16, 12)))
    assert [f.pts for f in got] == list(times)
    assert [p.shape for p in got[0].planes] == [(47, 63)] * 3
    assert source.info.time_base == Fraction(1, 12800) and source.info.format.matrix == "bt601"
    for frame in got:
        assert frame.picture is not None and frame.picture.shape == (12, 16, 3)
        assert not any(p.flags.writeable for p in frame.planes)


@pytest.mark.parametrize(
    ("name", "codec", "suffix", "depth", "chroma"),
    [
        ("yuv420p", "ffv1", "mkv", 8, (1, 1)),
        ("yuv422p10le", "ffv1", "mkv", 10, (1, 0)),
        ("yuv444p12le", "ffv1", "mkv", 12, (0, 0)),
        ("yuv440p", "ffv1", "mkv", 8, (0, 1)),
        ("yuv411p", "ffv1", "mkv", 8, (2, 0)),
        ("yuv420p9le", "ffv1", "mkv", 9, (1, 1)),
        ("yuv444p16le", "ffv1", "mkv", 16, (0, 0)),
        ("gbrp10le", "ffv1", "mkv", 10, (0, 0)),
    ],
)
def test_planar_formats_arrive_bit_for_bit(
    tmp_path: Path, name: str, codec: str, suffix: str, depth: int, chroma: tuple[int, int]
) -> None:
    clip = make(
        tmp_path / f"a.{suffix}",
        Clip(pixel_format=name, codec=codec, options=(), pts=fps_pts(2, 40), time_base=MS),
    )
    with Source(clip) as source:
        format = source.info.format
        assert (format.name, format.depth, (format.chroma_w, format.chroma_h)) == (name, depth, chroma)
        for index, frame in enumerate(source.frames()):
            for plane, samples in enumerate(frame.planes):
                wanted = noise(samples.shape, depth, index + plane)
                assert samples.dtype == format.dtype and np.array_equal(samples, wanted)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("nv12", "yuv420p"), ("p010le", "yuv420p10le"), ("yuyv422", "yuv422p"), ("rgb24", "gbrp"),
        ("bgr24", "gbrp"), ("pal8", "gbrp"), ("rgba", "gbrap"), ("yuvj420p", "yuv420p"), ("gray", "yuv420p"),
        ("gray10le", "yuv420p10le"), ("yuv422p10be", "yuv422p10le"), ("yuva420p", "yuva420p"),
    ],
)  # fmt: skip
def test_every_format_has_its_planar_one(source: str, target: str) -> None:
    assert planar(source) == target
    assert not planar(source, alpha=False).startswith(("yuva", "gbrap"))


def test_gray_keeps_its_luma_and_gets_neutral_chroma(tmp_path: Path) -> None:
    options = Clip(pixel_format="gray", codec="ffv1", options=(), pts=(0, 40), time_base=MS)
    with Source(make(tmp_path / "a.mkv", options)) as source:
        first = next(iter(source.frames()))
        y, u, v = first.planes
        assert source.info.format.full_range and "luma" in source.notes[0]
        assert np.array_equal(y, noise((48, 64), 8, 0))
        assert (u == 128).all() and (v == 128).all()


def test_rgb_is_handled_as_planar_rgb_bit_for_bit(tmp_path: Path) -> None:
    options = Clip(pixel_format="bgr0", codec="ffv1", options=(), pts=(0, 40), time_base=MS)
    path = make(tmp_path / "a.mkv", options)
    with av.open(str(path)) as container:
        wanted = next(container.decode(video=0)).to_ndarray(format="rgb24")
    with Source(path) as source:
        g, b, r = next(iter(source.frames())).planes
        assert source.info.format.matrix == "rgb" and "bgr0" in source.notes[0]
    assert np.array_equal(np.stack([r, g, b], axis=-1), wanted)


@pytest.mark.parametrize(
    ("space", "size", "matrix"),
    [
        (2, (640, 360), "bt601"), (2, (1280, 720), "bt709"), (2, (720, 576), "bt601"),
        (2, (720, 578), "bt709"), (1, (64, 48), "bt709"), (5, (1280, 720), "bt601"),
        (6, (1920, 1080), "bt601"), (9, (64, 48), "bt2020"),
    ],
)  # fmt: skip
def test_the_matrix_is_the_tag_or_what_players_take(space: int, size: tuple[int, int], matrix: str) -> None:
    format = describe("yuv420p", colorspace=space, color_range=0, width=size[0], height=size[1])
    assert format.matrix == matrix and not format.full_range


def test_full_range_is_told_by_tag_and_by_name() -> None:
    def full(name: str, tag: int) -> bool:
        return describe(name, colorspace=1, color_range=tag, width=8, height=8).full_range

    assert full("yuv420p", 2) and full("yuvj420p", 0) and full("gray", 0) and full("rgb24", 0)
    assert not full("yuv420p", 1) and not full("gray", 1)


@pytest.mark.parametrize(
    ("entries", "turns", "mirror"),
    [
        ((1, 0, 0, 1), 0, False), ((0, -1, 1, 0), 1, False), ((-1, 0, 0, -1), 2, False),
        ((0, 1, -1, 0), 3, False), ((-1, 0, 0, 1), 0, True), ((1, 0, 0, -1), 2, True),
        ((0, 1, 1, 0), 3, True), ((0, -1, -1, 0), 1, True),
    ],
)  # fmt: skip
def test_the_picture_is_upright(
    tmp_path: Path, entries: tuple[int, int, int, int], turns: int, mirror: bool
) -> None:
    """Stored pixel (x, y) must land where the display matrix puts it."""
    clip = make(tmp_path / "a.mp4", Clip(width=64, height=32, pts=(0,), matrix=display_matrix(*entries)))
    with Source(clip) as source:
        assert source.info.orientation == Orientation(turns, mirror)
        size = source.info.upright_size
        frame = next(iter(source.frames(size)))
    a, b, c, d = entries
    y, x = np.mgrid[:32, :64]
    across, down = a * x + c * y, b * x + d * y
    upright = np.empty((size[1], size[0]), np.uint8)
    upright[down - down.min(), across - across.min()] = frame.planes[0]
    assert np.array_equal(source.info.orientation.upright(frame.planes[0]), upright)
    assert frame.picture is not None
    gray = frame.picture.mean(axis=-1)
    assert np.corrcoef(gray.ravel(), upright.ravel())[0, 1] > 0.7


@pytest.mark.parametrize(
    ("space", "full"), [(1, False), (1, True), (5, False), (6, True), (9, False), (2, False)]
)
def test_the_small_picture_has_the_right_colours(tmp_path: Path, space: int, full: bool) -> None:
    """A plain colour, converted by the book (ITU-T H.273, 8.3), must come back."""
    kr, kb = {1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}.get(space, (0.299, 0.114))
    red, green, blue = rgb = np.array([200, 60, 90]) / 255
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    u, v = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    steps, chroma, black = (255, 255, 0) if full else (219, 224, 16)
    values = [black + steps * luma, 128 + chroma * u, 128 + chroma * v]
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        video = output.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.colorspace, video.codec_context.color_range = space, 2 if full else 1
        frame = av.VideoFrame(64, 48, "yuv420p")
        for plane, value in zip(frame.planes, values, strict=True):
            plane.update(bytes([round(value)]) * plane.buffer_size)
        output.mux([*video.encode(frame), *video.encode(None)])
    with Source(path) as source:
        picture = next(iter(source.frames((20, 10)))).picture
    assert picture is not None and np.abs(picture - rgb * 255).max() <= 3


def test_a_part_starts_at_zero_with_its_sound(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(100), sound=4.0, options=(("g", "10"),)))
    with Source(clip, start=Fraction(1), end=Fraction(5, 2)) as source:
        kept, packets = [], []
        for frame in source.frames():
            kept.append((frame.pts, frame.planes[0].copy()))
            packets += frame.companions
        packets += source.trailing()
    whole = decoded(clip)
    in_part = [(pts, planes) for pts, planes in whole if 12800 <= pts < 32000]
    assert [pts for pts, _ in kept] == [pts - in_part[0][0] for pts, _ in in_part]
    assert all(np.array_equal(a, b[0]) for (_, a), (_, b) in zip(kept, in_part, strict=True))
    times = [p.pts * p.time_base for p in packets]
    assert 0 <= min(times) < 0.03 and 1.45 < max(times) < 1.5 and times == sorted(times)


def test_a_part_without_frames_is_an_input_error(tmp_path: Path) -> None:
    with (
        Source(make(tmp_path / "a.mp4"), start=Fraction(100)) as source,
        pytest.raises(InputError, match="--start"),
    ):
        list(source.frames())


def test_raw_h264_gets_times_from_its_rate(tmp_path: Path) -> None:
    source_clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(8)))
    raw = tmp_path / "a.h264"
    with av.open(str(source_clip)) as container, av.open(str(raw), "w") as output:
        stream = output.add_stream_from_template(container.streams.video[0], opaque=True)
        for packet in container.demux(video=0):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    with Source(raw) as source:
        times = [f.pts * source.info.time_base for f in source.frames()]
    assert len(times) == 8 and all(b > a for a, b in itertools.pairwise(times))
    assert {b - a for a, b in itertools.pairwise(times)} == {Fraction(1, 25)}
    assert any("without a time" in note for note in source.notes)


def test_clock_fills_without_drift_and_never_runs_backwards() -> None:
    clock = Clock(MS, Fraction(30))
    assert [clock(None, None) for _ in range(7)] == [0, 33, 67, 100, 133, 167, 200]
    clock = Clock(MS, RATE)
    assert [clock(p, None) for p in (0, 0, 0, 40)] == [0, 1, 2, 40] and clock.moved == 2
    clock = Clock(MS, RATE)  # pts in decoding order, dts right
    assert [clock(p, d) for p, d in ((0, 0), (120, 40), (40, 80), (80, 120), (240, 160))] == [
        0,
        120,
        121,
        122,
        160,
    ]


def test_ledger_tells_lost_times_only_after_damage() -> None:
    ledger = Ledger()
    for time in (0, 40, 20, 60):
        ledger.sent(time)
    assert ledger.received(20, 0) == []
    ledger.damaged = True
    assert ledger.received(60, 20) == [40]
    ledger.sent(80)
    assert ledger.rest(60) == [80]


@pytest.mark.parametrize("threads", [1, 4])
def test_a_cut_file_keeps_count_whatever_the_threads(tmp_path: Path, threads: int) -> None:
    """Several threads hand out the last error at the end, and with it, in silence, the last pictures."""
    clip = Clip(codec="libx264", options=(("bf", "3"),), pts=fps_pts(60))
    whole, early = make(tmp_path / "a.mp4", clip), tmp_path / "b.mp4"
    with av.open(str(whole)) as source, av.open(str(early), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    with av.open(str(early)) as container:
        ends = sorted((p.pos or 0) + p.size for p in container.demux(video=0) if p.size)
    early.write_bytes(early.read_bytes()[: ends[29] - 5])
    with Source(early, threads=threads) as source:
        assert len(list(source.frames())) == 30
        assert any("damaged" in note for note in source.notes)


def test_damaged_packets_keep_count_and_times(tmp_path: Path) -> None:
    clip = make(
        tmp_path / "a.mkv", Clip(codec="mpeg4", options=(("g", "1"),), pts=fps_pts(12, 40), time_base=MS)
    )
    data = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        packets = [(p.pts, p.pos, p.size) for p in container.demux(video=0) if p.size]
    _, position, size = packets[5]
    data[position + 4 : position + size] = bytes(size - 4)
    broken = tmp_path / "b.mkv"
    broken.write_bytes(data)
    with Source(broken) as source:
        assert [f.pts for f in source.frames()] == [p[0] for p in packets]
    assert any("damaged" in note for note in source.notes)


def test_avi_with_b_frames_comes_in_order(tmp_path: Path) -> None:
    options = (("bf", "2"), ("g", "12"))
    clip = make(
        tmp_path / "a.avi",
        Clip(codec="mpeg4", options=options, pts=tuple(range(20)), time_base=Fraction(1, 25)),
    )
    with Source(clip) as source:
        times = [frame.pts * source.info.time_base for frame in source.frames()]
    steps = {b - a for a, b in itertools.pairwise(times)}
    assert len(times) == 20 and steps == {Fraction(1, 25)}


def _reordered(path: Path, frames: int = 75) -> Path:
    options = (("preset", "veryfast"), ("bf", "3"), ("g", "24"), ("b_strategy", "0"))
    return make(path, Clip(options=options, pts=tuple(range(frames)), time_base=Fraction(1, 25)))


@pytest.mark.parametrize("threads", [1, 8])
def test_avi_that_numbers_reordered_h264_keeps_even_times(tmp_path: Path, threads: int) -> None:
    same = decoded(_reordered(tmp_path / "a.mp4"))
    with Source(_reordered(tmp_path / "a.avi"), threads=threads) as source:
        found = [(f.pts * source.info.time_base, [p.copy() for p in f.planes]) for f in source.frames()]
    assert [time for time, _ in found] == [Fraction(i, 25) for i in range(75)] and not source.notes
    for (_, planes), (_, others) in zip(found, same, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(planes, others, strict=True))


def test_a_part_of_reordered_h264_in_avi_begins_at_its_frame(tmp_path: Path) -> None:
    clip = _reordered(tmp_path / "a.avi")
    whole = decoded(clip)
    with Source(clip, start=Fraction(30, 25), end=Fraction(34, 25)) as source:
        part = [(f.pts, f.planes[0].copy()) for f in source.frames()]
    assert [pts for pts, _ in part] == [0, 1, 2, 3]
    assert all(np.array_equal(a, b[0]) for (_, a), (_, b) in zip(part, whole[30:34], strict=True))


def test_damage_in_reordered_h264_in_avi_leaves_even_times(tmp_path: Path) -> None:
    clip = _reordered(tmp_path / "a.avi")
    data = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    position, size = packets[30]
    data[position + 8 : position + 8 + size] = bytes(size)
    clip.write_bytes(data)
    with Source(clip) as source:
        times = [frame.pts for frame in source.frames()]
    assert times == list(range(len(times))) and len(times) >= 74 and source.notes


def test_a_cut_off_file_gives_what_is_there(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mkv", Clip(pts=fps_pts(30, 40), time_base=MS, options=(("g", "5"),)))
    short = tmp_path / "b.mkv"
    short.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    assert 5 < len(frames(short)) < 30


def test_a_size_change_is_scaled_to_the_first(tmp_path: Path) -> None:
    sizes = [(64, 48), (32, 24), (80, 60)]
    raw = tmp_path / "a.mjpeg"
    with raw.open("wb") as file:
        for width, height in sizes:
            context: av.VideoCodecContext = av.CodecContext.create("mjpeg", "w")  # type: ignore[assignment]
            context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
            context.time_base = Fraction(1, 25)
            for packet in context.encode(fill(av.VideoFrame(width, height, "yuvj420p"), 1)):
                file.write(bytes(packet))
    with Source(raw) as source:
        shapes = {f.planes[0].shape for f in source.frames()}
    assert shapes == {(48, 64)} and "2 frames of another size scaled to 64x48" in source.notes


def test_alpha_is_seen_and_kept_apart(tmp_path: Path) -> None:
    options = Clip(pixel_format="yuva420p", codec="ffv1", options=(), pts=(0, 40), time_base=MS)
    with Source(make(tmp_path / "a.mkv", options)) as source:
        frame = next(iter(source.frames()))
    assert source.info.format.alpha and len(frame.planes) == 3 and len(frame.native.planes) == 4


def test_closing_midway_closes_the_file(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(30)))
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208
    threads = len(os.listdir("/proc/self/task")) if before else 0  # noqa: PTH208
    for _ in range(3):
        source = Source(clip)
        stream = source.frames()
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        del source, stream
    if before:
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
        assert len(os.listdir("/proc/self/task")) <= threads  # noqa: PTH208


@pytest.mark.parametrize(
    ("name", "count", "first"),
    [
        ("alpha-transparent.webm", 150, 0), ("corrupt-corrupted.mp4", 50, 0), ("cover-h264-mjpeg.mp4", 60, 0),
        ("dim-testsrc2_odd_height_and_width_vp9.mp4", 25, 0), ("hdr-testsrc2_hdr.mp4", 60, 0),
        ("pts-test_non_zero_start.mp4", 12, 127995), ("rot-nasa_13013_rotated.mp4", 17, 0),
        ("sar-SAR-2by3.mp4", 60, 0), ("subs-mov_text.mp4", 40, 0), ("vfr-no_duration.webm", 74, 0),
    ],
)  # fmt: skip
def test_odd_files_give_every_frame(name: str, count: int, first: int) -> None:
    path = shared(f"odd/{name}")
    with Source(path) as source:
        times = [frame.pts for frame in source.frames((32, 18))]
    assert len(times) == count and times[0] == first
    assert all(a < b for a, b in itertools.pairwise(times))
