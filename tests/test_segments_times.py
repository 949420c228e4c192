"""Decoding times of kept segments that an encoder made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from clips import write_clip
from fakes import Bleach, RedThings
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle import EncodeOptions, Job, Networks, device, pipeline
from vidstyle.media import segments


@settings(max_examples=25)
@given(
    times=st.permutations(range(6)), made_up=st.lists(st.integers(-(2**62), 2**62), min_size=6, max_size=6)
)
def test_decoding_times_that_cannot_be_meant_are_mended(times: list[int], made_up: list[int]) -> None:
    packets = [[1, pts, dts, 1, 0] for pts, dts in zip(times, made_up, strict=True)]
    segments._mend(packets)
    decoded = [packet[2] for packet in packets]
    assert decoded == sorted(set(decoded)) and all(
        0 <= p - d < 1 << 40 for p, d in zip(times, decoded, strict=True)
    )
    meant = [list(packet) for packet in packets]
    segments._mend(packets)
    assert packets == meant


@pytest.mark.parametrize("last", [1, 2, 3])
def test_a_last_segment_shorter_than_x265_looks_ahead(tmp_path: Path, last: int) -> None:
    source = write_clip(tmp_path / "in.mp4", frames=10 + last)
    for again in range(3):  # what it makes up differs
        job = Job(source, tmp_path / f"{again}.mp4", segment=10, encode=EncodeOptions(codec="libx265"))
        assert pipeline.run(job, Networks(RedThings(), Bleach(), device.choose("cpu"))).frames == 10 + last
