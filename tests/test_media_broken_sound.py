"""Sound that is damaged, or begins anew midway, as in what was recorded off the air: the job goes on."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from media_fixtures import Clip, fps_pts, make, through

from vidstyle.media import Source
from vidstyle.media.audio import SoundEncoder
from vidstyle.media.opening import demuxed
from vidstyle.types import EncodeOptions

FAST = EncodeOptions(preset="ultrafast")
CLIP = Clip(pts=fps_pts(50), sound=2)


def packets(path: Path) -> list[Fraction]:
    """Times of the sound's packets."""
    with av.open(str(path)) as container:
        found = [packet for packet in container.demux(audio=0) if packet.size]
        return [packet.pts * packet.time_base for packet in found if packet.pts is not None]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_sound_whose_clock_begins_anew_is_all_there(tmp_path: Path, suffix: str) -> None:
    once, twice = make(tmp_path / "once.ts", CLIP), tmp_path / "twice.ts"
    twice.write_bytes(once.read_bytes() * 2)
    through(once, tmp_path / f"once{suffix}")
    through(twice, tmp_path / f"twice{suffix}")
    there = packets(tmp_path / f"twice{suffix}")
    assert len(there) >= 2 * len(packets(tmp_path / f"once{suffix}")) - 2
    assert there == sorted(set(there))


def test_a_damaged_packet_of_sound_is_left_out_and_said(tmp_path: Path) -> None:
    data = bytearray(make(tmp_path / "a.ts", CLIP).read_bytes())
    heads = [at for at in range(len(data) - 1) if data[at] == 0xFF and data[at + 1] in (0xF1, 0xF9)]
    data[heads[len(heads) // 2]] = 0
    (tmp_path / "a.ts").write_bytes(data)
    _, notes = through(tmp_path / "a.ts", tmp_path / "b.mp4", FAST)
    assert any("of the other streams left out" in note for note in notes), notes
    through(tmp_path / "a.ts", tmp_path / "b.mkv", FAST)


def test_sound_that_changes_midway_is_brought_to_its_first_form(tmp_path: Path) -> None:
    with Source(make(tmp_path / "a.mp4", CLIP)) as source, av.open(str(tmp_path / "b.webm"), "w") as output:
        sound = SoundEncoder(output, source.others[0], "webm")
        output.start_encoding()
        got: list[Any] = []
        for index, (layout, rate, at) in enumerate(
            [("mono", 48000, 0), ("5.1", 44100, None), ("mono", 48000, 0), ("stereo", 48000, 4800)]
        ):
            channels = 6 if layout == "5.1" else index // 3 + 1
            samples = np.zeros((channels, 4800), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
            got += sound._encode(frame)
        got += sound.flush()
    times = [packet.pts for packet in got]
    assert times == sorted(set(times)) and len(times) >= 19  # of 20 ms each


def test_sound_of_which_nothing_is_known_cannot_be_encoded() -> None:
    for context in (None, SimpleNamespace(sample_rate=0)):
        with pytest.raises(ValueError, match="nothing tells"):
            SoundEncoder(None, SimpleNamespace(codec_context=context), "webm")  # type: ignore[arg-type]


def test_a_stream_that_begins_late_does_not_fail_at_the_end() -> None:
    def demux(*_: Any) -> Any:
        yield from (av.Packet(b"one"), av.Packet(), av.Packet(b"two"))
        raise IndexError("list index out of range")

    assert [bytes(packet) for packet in demuxed(SimpleNamespace(demux=demux))] == [b"one", b"two"]  # type: ignore[arg-type]
