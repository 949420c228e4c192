"""What cannot be opened is one line; odd names are no trouble."""

from __future__ import annotations

import errno
import os
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media_fixtures import Clip, fps_pts, frames, make

from vidstyle import pipeline
from vidstyle.errors import InputError
from vidstyle.media import Source
from vidstyle.types import Job

RATE = Fraction(25)
MS = Fraction(1, 1000)


def _sound_only(path: Path) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        frame.sample_rate = 48000
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    text, empty = tmp_path / "text.mp4", tmp_path / "empty.mp4"
    text.write_text("this is no video\n" * 50)
    empty.touch()
    cases = {
        tmp_path / "missing.mp4": "does not exist", tmp_path: "is a folder", text: "not a video",
        empty: "is empty", _sound_only(tmp_path / "sound.m4a"): "sound only",
    }  # fmt: skip
    for path, words in cases.items():
        with pytest.raises(InputError, match=words) as caught:
            Source(path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_one_line(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4")
    clip.chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        Source(clip)


def test_a_header_without_pictures_is_an_input_error(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mkv", Clip(pts=(0,), time_base=MS))
    with av.open(str(clip)) as container:
        position = next(p.pos for p in container.demux(video=0) if p.size)
    short = tmp_path / "b.mkv"
    short.write_bytes(clip.read_bytes()[: position - 8])
    with pytest.raises(InputError):
        Source(short)


def test_an_encrypted_file_is_an_input_error(tmp_path: Path) -> None:
    key = "76a6c65c5ea762046bd749a2e632ccbb"
    keys = (("encryption_scheme", "cenc-aes-ctr"), ("encryption_key", key), ("encryption_kid", key))
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(12), container=keys))
    with pytest.raises(InputError, match="encrypted"):
        Source(clip)


def test_names_with_colons_percents_and_umlauts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clip = make(tmp_path / "a.mp4")
    for name in ("a: b.mp4", "100%03d.mp4", "ü ?*.mp4", "-x.mp4"):
        shutil.copy(clip, name)
        assert len(frames(Path(name))) == 6


@pytest.mark.parametrize("name", ["closed/a.mp4", f"{'x' * 300}.mp4", f"{'x' * 300}/a.mp4", "b.mp4/a.mp4"])
def test_places_that_cannot_be_looked_at_are_one_line(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = Path.stat

    def refusing(path: Path, **options: Any) -> Any:  # as root may look everywhere
        if path.parent.name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied")
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refusing)
    (tmp_path / "b.mp4").write_bytes(b"x")
    with pytest.raises(InputError, match=r"cannot be read|does not exist") as caught:
        Source(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", [10**9, 10**13, 10**15, 10**30])
def test_a_start_behind_all_time_is_one_line(tmp_path: Path, start: int) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(12)))
    with pytest.raises(InputError, match="no frame between"), Source(clip, start=Fraction(start)) as source:
        list(source.frames())


@pytest.mark.parametrize(("at", "words"), [(12, "12 s"), (10**30, "1e\\+30 s")])
def test_a_preview_behind_the_last_frame_names_its_own_flag(tmp_path: Path, at: int, words: str) -> None:
    clip = make(tmp_path / "a.mp4", Clip(pts=fps_pts(12)))
    with pytest.raises(InputError, match=f"has no frame at {words}; .*--at"):
        pipeline.preview(Job(source=clip, target=None, styles=(("a.jpg", 1.0),), start=Fraction(at)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_name_that_is_not_utf8_is_opened(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mp4")
    assert len(frames(clip.rename(tmp_path / os.fsdecode(b"caf\xe9.mp4")))) == 6
