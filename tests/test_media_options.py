"""Encoder options: refused in one line where they cannot be meant, handed on where they can."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from media_fixtures import Clip, fps_pts, make, through

from vidstyle.errors import OutputError, UsageError
from vidstyle.media import Sink, Source, still
from vidstyle.types import EncodeOptions


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (EncodeOptions(codec="libx246"), "did you mean .*'libx264'"),
        (EncodeOptions(codec="h265x"), "did you mean"),
        (EncodeOptions(options={"presett": "fast"}), "has no option 'presett'; did you mean 'preset'"),
        (EncodeOptions(preset="warp"), "libx264 has no preset 'warp'; it has ultrafast, .*, placebo$"),
        (EncodeOptions(preset="veryfst"), "has no preset 'veryfst'; did you mean 'veryfast'"),
        (EncodeOptions(preset="10"), "has no preset '10'"),
        (EncodeOptions(crf=900), r"libx264 has no crf '900'; it takes 0 \(best\) to 51$"),
        (EncodeOptions(codec="x265", crf=51.5), "libx265 has no crf '51.5'"),
        (EncodeOptions(codec="av1", crf=71), "libsvtav1 has no crf '71'; it takes 0 .best. to [67]"),
        (EncodeOptions(codec="vp9", crf=64), "libvpx-vp9 has no crf '64'; it takes 0 .best. to 63"),
        (EncodeOptions(options={"crf": "high"}), "libx264 has no crf 'high'"),
        (EncodeOptions(codec="x265", preset="bogus"), "libx265 has no preset 'bogus'"),
        (EncodeOptions(codec="av1", preset="bogus"), "libsvtav1 has no preset 'bogus'; it takes .* 13$"),
        (EncodeOptions(codec="av1", preset="99"), "libsvtav1 has no preset '99'"),
        (EncodeOptions(codec="vp9", preset="fast"), "libvpx-vp9 has no cpu-used 'fast'"),
        (EncodeOptions(codec="nvenc", preset="p9"), "h264_nvenc has no preset 'p9'; did you mean 'p"),
        (EncodeOptions(options={"tune": "grains"}), "libx264 has no tune 'grains'; did you mean 'grain'"),
        (EncodeOptions(options={"profile": "hihg"}), "libx264 has no profile 'hihg'; did you mean 'high"),
        (EncodeOptions(options={"x264-params": "keyint=9:foo=1"}), "libx264 does not take 'foo = 1'"),
        (EncodeOptions(codec="x265", options={"x265-params": "foo=1"}), "libx265 does not take 'foo'"),
        (EncodeOptions(codec="x265", options={"x265-params": "ref=abc"}), "libx265 does not take 'ref: abc'"),
        (EncodeOptions(codec="av1", options={"svtav1-params": "foo=1"}), "libsvtav1 does not take 'foo: 1'"),
        (EncodeOptions(codec="x265", options={"x265-params": "ctu=7"}), r"libx265 refuses .*ctu=7 \("),
        (EncodeOptions(codec="ffv1", crf=20), "--crf means nothing to ffv1"),
        (EncodeOptions(codec="ffv1", preset="fast"), "--preset means nothing to ffv1"),
        (EncodeOptions(codec="prores"), "cannot hold prores"),
    ],
)  # fmt: skip
def test_encoder_options_that_cannot_be_meant(
    tmp_path: Path, options: EncodeOptions, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = make(tmp_path / "a.mp4", Clip(128, 96))
    capfd.readouterr()
    for _ in range(2):  # FFmpeg does not log the same line twice
        with Source(clip) as source, pytest.raises(UsageError, match=words) as caught:
            Sink(tmp_path / "b.mp4", source, options)
        assert "\n" not in str(caught.value) and [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert capfd.readouterr() == ("", "")


def test_an_encoder_that_the_hardware_lacks_says_what_is_missing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where it is there: it takes no picture as small as this."""
    clip = make(tmp_path / "a.mp4", Clip(128, 96))
    with Source(clip) as source, pytest.raises(OutputError) as caught:
        Sink(tmp_path / "b.mp4", source, EncodeOptions(codec="nvenc"))
    line = r"h264_nvenc is not available on this machine for 128x96 yuv420p \((.+)\); name another --codec"
    said = re.fullmatch(line, str(caught.value))
    assert said is not None and said[1] != "Operation not permitted"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"] and capfd.readouterr() == ("", "")


def test_encoder_options_reach_the_encoder(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4", Clip(128, 96, pts=fps_pts(10)))
    mine = EncodeOptions(options={"crf": "45"})
    for name, options in {"good": EncodeOptions(crf=10), "bad": EncodeOptions(crf=45), "mine": mine}.items():
        through(clip, tmp_path / f"{name}.mp4", options)
    size = {name: (tmp_path / f"{name}.mp4").stat().st_size for name in ("good", "bad", "mine")}
    assert size["good"] > 2 * size["bad"] and abs(size["bad"] - size["mine"]) < 100


@pytest.mark.parametrize(
    "options",
    [
        EncodeOptions(preset="3", options={"tune": "film,zerolatency", "profile": "High"}),
        EncodeOptions(preset="UltraFast", options={"x264-params": "keyint=9:ref=1"}),
        EncodeOptions(codec="x265", preset="0", options={"x265-params": "keyint=9", "profile": "main"}),
        EncodeOptions(codec="av1", preset="12", options={"svtav1-params": "tune=0"}),
        EncodeOptions(codec="vp9", preset="8"),
    ],
)
def test_encoder_options_that_can_be_meant_are_silent(
    tmp_path: Path, options: EncodeOptions, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = make(tmp_path / "a.mp4", Clip(128, 96))
    capfd.readouterr()
    with Source(clip) as source, Sink(tmp_path / "b.mkv", source, options) as sink:
        assert not sink.notes
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", ["avi", "mkv", "mov", "mp4"])
@pytest.mark.parametrize(
    ("pixel_format", "codec", "color_range", "colorspace"),
    [
        ("yuv420p", "libx264", 0, 2), ("yuv420p", "libx264", 1, 1), ("yuv420p", "libx264", 2, 1),
        ("yuv422p", "libx264", 0, 6), ("yuv444p", "libx264", 1, 9), ("bgr0", "ffv1", 0, 2),
    ],
)  # fmt: skip
def test_mjpeg_shows_the_levels_of_its_source(
    tmp_path: Path, suffix: str, pixel_format: str, codec: str, color_range: int, colorspace: int
) -> None:
    clip = Clip(
        64,
        48,
        pixel_format,
        codec,
        fps_pts(3, 40),
        Fraction(1, 1000),
        options=(),
        color_range=color_range,
        colorspace=colorspace,
    )
    source = make(tmp_path / "a.mkv", clip)
    through(source, tmp_path / f"b.{suffix}", EncodeOptions(codec="mjpeg"))
    with Source(source) as before, Source(tmp_path / f"b.{suffix}") as after:
        assert after.info.codec == "mjpeg" and after.info.format.full_range
        pairs = list(zip(before.frames(), after.frames(), strict=True))
        for one, other in pairs:
            was, now = (still.still(f, v.info).astype(float) for f, v in ((one, before), (other, after)))
            assert abs(was.mean(axis=(0, 1)) - now.mean(axis=(0, 1))).max() < 2
            assert abs(was - now).mean() < 6
