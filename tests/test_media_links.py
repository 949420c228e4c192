"""Targets that are links, pipes and the like: what they point to is written, or they are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from media_fixtures import make, scan

from vidstyle.errors import OutputError
from vidstyle.media import Sink, Source
from vidstyle.types import EncodeOptions

FAST = EncodeOptions(preset="ultrafast")


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part-" in path.name]


def test_what_is_no_regular_file_is_never_replaced_by_one(tmp_path: Path) -> None:
    clip, pipe, loop = make(tmp_path / "a.mp4"), tmp_path / "p.mkv", tmp_path / "o.mkv"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    (tmp_path / "to_pipe.mkv").symlink_to(pipe)
    cases = {pipe: "no regular file", tmp_path / "to_pipe.mkv": "no regular file", loop: "back to itself"}
    with Source(clip) as source:
        for target, words in cases.items():
            with pytest.raises(OutputError, match=words):
                Sink(target, source, overwrite=True)
    assert pipe.is_fifo() and loop.is_symlink() and not parts(tmp_path)


@pytest.mark.parametrize("there", [False, True])
def test_through_a_link_the_file_is_written_that_it_points_to(tmp_path: Path, there: bool) -> None:
    clip, link, far = make(tmp_path / "a.mp4"), tmp_path / "l.mkv", tmp_path / "far" / "later.mkv"
    far.parent.mkdir()
    link.symlink_to(Path("far") / "later.mkv")
    if there:
        far.write_bytes(b"the old one")
        with Source(clip) as source, pytest.raises(OutputError, match=r"l\.mkv exists; --overwrite"):
            Sink(link, source, FAST)
    with Source(clip) as source, Sink(link, source, FAST, overwrite=there) as sink:
        for frame in source.frames():
            sink.write(frame)
        assert parts(far.parent) and not parts(tmp_path)
        sink.finish(source.trailing())
    assert link.is_symlink() and not far.is_symlink() and len(scan(far).times) == 6
    assert not parts(far.parent)


def test_a_link_into_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    link = tmp_path / "l.mkv"
    link.symlink_to(tmp_path / "gone" / "later.mkv")
    with Source(make(tmp_path / "a.mp4")) as source, pytest.raises(OutputError, match=r"gone does not exist"):
        Sink(link, source, FAST)
    assert link.is_symlink()
