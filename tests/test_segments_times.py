"""Decoding times that an encoder made up."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from clips import write_clip
from fakes import Bleach, RedThings
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle import EncodeOptions, Job, Networks, device, pipeline
from vidstyle.media import track


@settings(max_examples=25)
@given(
    times=st.permutations(range(6)), made_up=st.lists(st.integers(-(2**62), 2**62), min_size=6, max_size=6)
)
def test_decoding_times_that_cannot_be_meant_are_mended(times: list[int], made_up: list[int]) -> None:
    packets = [packet(pts, dts) for pts, dts in zip(times, made_up, strict=True)]
    decoded = [mended.dts for mended in track._mended(packets, made_up=False)]
    assert decoded == sorted(set(decoded))
    assert all(0 <= pts - dts < 90_000 for pts, dts in zip(times, decoded, strict=True))
    assert [mended.dts for mended in track._mended(packets, made_up=False)] == decoded


def test_decoding_times_that_look_right_by_luck_are_mended_alike() -> None:
    times, by_luck, others = [0, 4, 2, 6], [-3, -2, -1, 1], [-2, 0, 2, 4]
    first, second, told = (
        [packet(pts, dts) for pts, dts in zip(times, decoded, strict=True)]
        for decoded in (by_luck, others, by_luck)
    )
    assert [p.dts for p in track._mended(first, made_up=True)] == [-2, 0, 2, 4]
    assert [p.dts for p in track._mended(second, made_up=True)] == [-2, 0, 2, 4]
    assert [p.dts for p in track._mended(told, made_up=False)] == by_luck


def packet(pts: int, dts: int) -> av.Packet:
    made = av.Packet(b"x")
    made.pts, made.dts, made.time_base = pts, dts, Fraction(1, 25)
    return made


@pytest.mark.parametrize("last", [1, 2, 3])
def test_a_last_segment_shorter_than_x265_looks_ahead(tmp_path: Path, last: int) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=10 + last)
    for again in range(3):  # what it makes up differs
        job = Job(source, tmp_path / f"{again}.mp4", segment=10, encode=EncodeOptions(codec="libx265"))
        assert pipeline.run(job, Networks(RedThings(), Bleach(), device.choose("cpu"))).frames == 10 + last


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_whole_video_shorter_than_x265_looks_ahead(tmp_path: Path, frames: int) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=frames, sound=False)
    for again in range(3):
        job = Job(source, tmp_path / f"{again}.mp4", encode=EncodeOptions(codec="libx265"))
        assert pipeline.run(job, Networks(RedThings(), Bleach(), device.choose("cpu"))).frames == frames
