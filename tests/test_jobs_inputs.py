"""From words to inputs: what is taken, what is left out, and what is never opened."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from clips import write_clip
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle.errors import InputError, UsageError
from vidstyle.jobs.inputs import Gathered, gather
from vidstyle.jobs.words import listed, natural
from vidstyle.media.fingerprint import place, write_sidecar

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str, data: bytes = b"\0") -> None:
    """Files that end as they please; nobody reads those that end like a video."""
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def names(gathered: Gathered) -> list[str]:
    return [each.name for each in gathered.inputs]


def failures(gathered: Gathered) -> dict[str, str]:
    return {each.name: str(each.failure) for each in gathered.inputs if each.failure is not None}


def test_a_folder_is_walked_in_natural_order() -> None:
    touch("f/clip10.mp4", "f/clip2.mp4", "f/Clip1.mov", "f/b/x.mkv", "f/.hidden.mp4", "f/.work/y.mp4")
    found = gather(["f"])
    assert names(found) == [str(Path("f", n)) for n in ("b/x.mkv", "Clip1.mov", "clip2.mp4", "clip10.mp4")]
    assert all(each.root == Path("f") and each.size == 1 for each in found.inputs)


def test_the_current_folder_has_plain_names() -> None:
    touch("a.mp4")
    assert names(gather(["."])) == ["a.mp4"]


def test_media_are_told_by_what_they_hold() -> None:
    write_clip(Path("real.mp4"), frames=2).rename("f_noending")
    Path("f").mkdir()
    Path("f_noending").rename("f/noending")
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(30)
    for name, data in {
        "notes.txt": b"notes \xc3\xa9",
        "code.ts": b"export const x = 1\n",
        "still.dat": b"\xff\xd8\xff\xe0" + bytes(50),
        "still.png": png,
        "song.flac": b"fLaC" + bytes(60),
        "subs.srt": b"1\n00:00:01,000 --> 00:00:02,000\nhello\n",
        "all.zip": b"PK\3\4" + bytes(60),
        "noise.bin": bytes(range(256)) * 20,
        "empty": b"",
        "broken.mkv": b"no video at all",
        "empty.mov": b"",
        "damaged.ts": b"\x47\0\1\2\xff",
    }.items():
        Path("f", name).write_bytes(data)
    found = gather(["f"])
    assert [Path(name).name for name in names(found)] == ["broken.mkv", "damaged.ts", "empty.mov", "noending"]
    assert found.left_out == {"picture": 2, "sound": 1, "other": 6}


def test_a_file_word_is_taken_whatever_it_is() -> None:
    touch("notes.txt", data=b"text")
    assert names(gather(["notes.txt"])) == ["notes.txt"]


def test_names_that_are_missing_fail_with_a_hint() -> None:
    touch("desk.mp4")
    found = gather(["dsk.mp4", "desk.mp4"])
    assert failures(found) == {"dsk.mp4": "dsk.mp4 does not exist; did you mean 'desk.mp4'?"}
    assert names(found) == ["dsk.mp4", "desk.mp4"]


def test_addresses_devices_and_standard_input_pass_through() -> None:
    words = ["-", "s3://bucket/a b.mp4", "rtsp://camera/1"]
    assert [each.path for each in gather(words).inputs] == words
    assert all(isinstance(each.path, str) for each in gather([os.devnull]).inputs)
    (camera,) = gather(["rtsp://me:secret@camera/1"]).inputs
    assert "secret" in str(camera.path) and "secret" not in camera.name


@pytest.mark.parametrize("word", ["no*.mp4", "*/*.mov", "x[ab].mkv"])
def test_a_pattern_without_a_match_is_a_wrong_word(word: str) -> None:
    touch("desk.mp4")
    with pytest.raises(UsageError, match="no file matches"):
        gather([word])


def test_a_pattern_without_a_match_has_a_hint() -> None:
    touch("desk.mp4", "notes.mp3")
    with pytest.raises(UsageError, match=r"no file matches '\*\.mp5'; did you mean '\*\.mp4'\?"):
        gather(["*.mp5"])


def test_patterns_are_expanded(here: Path) -> None:
    touch("a1.mp4", "a10.mp4", "a2.mp4", "b.mov", ".a3.mp4", "f/a4.mp4", "f/g/a5.mp4", "f/.h/a6.mp4")
    assert names(gather(["a*.mp4"])) == ["a1.mp4", "a2.mp4", "a10.mp4"]
    deep = gather(["**/*.mp4"])
    assert {Path(name).name for name in names(deep)} == {f"a{n}.mp4" for n in (1, 2, 4, 5, 10)}
    assert {each.root for each in deep.inputs} == {Path()}
    assert names(gather(["*/a?.mp4"])) == [str(Path("f/a4.mp4"))]
    assert names(gather([str(here / "[ab]*.mov")])) == [str(here / "b.mov")]


def test_a_file_that_is_called_like_a_pattern_wins() -> None:
    touch("x[ab].mp4", "xa.mp4", "[1] talk.mkv")
    assert names(gather(["x[ab].mp4", "[1] talk.mkv"])) == ["x[ab].mp4", "[1] talk.mkv"]


def test_a_folder_that_is_called_like_a_pattern_wins() -> None:
    touch("footage [2020]/a.mp4", "footage 2/b.mp4", "f/[x]/c.mp4", "f/x/d.mp4")
    assert [Path(n).name for n in names(gather(["footage [2020]/*.mp4"]))] == ["a.mp4"]
    assert [Path(n).name for n in names(gather(["footage [2020]"]))] == ["a.mp4"]
    assert [Path(n).name for n in names(gather(["*/[x]/*.mp4"]))] == ["c.mp4"]
    assert [Path(n).name for n in names(gather(["footage [123]/*.mp4"]))] == ["b.mp4"]


@POSIX
def test_a_file_called_star_is_no_pattern() -> None:
    touch("*.mp4", "a.mp4", "what?.mp4")
    assert names(gather(["*.mp4"])) == ["*.mp4"]
    assert names(gather(["what?.mp4"])) == ["what?.mp4"]


@POSIX
def test_each_video_once_whatever_it_is_called() -> None:
    touch("f/a.mp4", "f/b.mp4")
    Path("hard.mp4").hardlink_to("f/a.mp4")
    Path("soft.mp4").symlink_to("f/b.mp4")
    assert names(gather(["soft.mp4", "./f", "hard.mp4", "f", "f/a.mp4"])) == ["soft.mp4", "f/a.mp4"]


@POSIX
def test_links_are_followed_and_loops_end() -> None:
    touch("f/z/a.mp4", "other/c.mp4")
    Path("f/a_link").symlink_to("z")
    Path("f/z/up").symlink_to("../..")
    Path("f/self").symlink_to("self")
    Path("f/out").symlink_to("../other")
    assert names(gather(["f"])) == ["f/out/c.mp4", "f/z/a.mp4"]
    assert {Path(name).name for name in names(gather(["f/**/*.mp4"]))} == {"a.mp4", "c.mp4"}


@POSIX
def test_links_that_lead_nowhere_are_failures() -> None:
    touch("f/a.mp4")
    Path("f/gone.mp4").symlink_to("nowhere")
    Path("f/latest").symlink_to("gone.mov")
    Path("f/round.mp4").symlink_to("round.mp4")
    Path("f/notes.txt").symlink_to("nowhere.txt")
    found = gather(["f", "f/gone.mp4"])
    assert failures(found)["f/gone.mp4"] == "f/gone.mp4 is a link to nowhere, which does not exist"
    assert set(failures(found)) == {"f/gone.mp4", "f/latest", "f/round.mp4"}
    assert found.left_out == {"other": 1}


@POSIX
@pytest.mark.timeout(20)
def test_pipes_and_the_kernels_files_are_never_opened() -> None:
    touch("f/a.mp4")
    os.mkfifo("f/pipe.mp4")
    os.mkfifo("f/pipe")
    Path("f/null.mp4").symlink_to(os.devnull)
    links = 0
    if Path("/proc/self/status").exists():
        Path("f/kernel.mp4").symlink_to("/proc/kmsg")
        Path("f/proc").symlink_to("/proc")
        links = 1
    found = gather(["f"])
    assert names(found) == ["f/a.mp4"]
    assert found.left_out == {"other": 3 + links}
    assert [each.path for each in gather(["f/pipe"]).inputs] == ["f/pipe"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions bind others than root")
def test_what_may_not_be_read_is_reported() -> None:
    touch("f/a.mp4", "f/locked/b.mp4", "f/shut.mp4", "f/shut.txt", "f/list/c.mp4")
    for name, mode in (("f/locked", 0), ("f/shut.mp4", 0), ("f/shut.txt", 0), ("f/list", 0o400)):
        Path(name).chmod(mode)
    try:
        found = gather(["f"])
    finally:
        Path("f/locked").chmod(0o700)
        Path("f/list").chmod(0o700)
    assert names(found) == ["f/a.mp4", "f/list/c.mp4", "f/locked", "f/shut.mp4"]
    assert failures(found) == {
        "f/locked": "f/locked cannot be read: permission denied",
        "f/list/c.mp4": "f/list/c.mp4 cannot be read: permission denied",
    }


def test_a_folder_that_cannot_be_listed_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("f/a.mp4", "f/locked/b.mp4")
    real = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert failures(gather(["f"])) == {
        str(Path("f/locked")): f"{Path('f/locked')} cannot be read: permission denied"
    }


def test_outputs_of_an_earlier_run_are_no_inputs() -> None:
    touch("a.mp4", "a.vidstyle.mp4", "a.vidstyle.vidstyle.mp4", "b.vidstyle.mp4", ".a.part-12.mp4")
    assert names(gather(["."])) == ["a.mp4", "b.vidstyle.mp4"]
    assert gather(["."]).left_out == {"own": 2}
    assert names(gather(["*.mp4"])) == ["a.mp4", "b.vidstyle.mp4"]
    assert names(gather(["a.mp4", "a.vidstyle.mp4", "b.vidstyle.mp4"])) == ["a.mp4", "b.vidstyle.mp4"]
    assert names(gather(["a.vidstyle.mp4"])) == ["a.vidstyle.mp4"]


def test_the_output_folder_is_not_walked() -> None:
    touch("f/a.mp4", "f/out/a.mp4", "f/out/deep/b.mp4")
    assert len(gather(["f"]).inputs) == 3
    assert names(gather(["f"], without=[Path("f/out")])) == [str(Path("f/a.mp4"))]
    assert len(gather(["f/out"], without=[Path("f/out")]).inputs) == 2


def test_other_videos_in_the_output_folder_are_counted() -> None:
    touch(
        "f/a.mp4",
        "f/out/a.mp4",
        "f/out/a.mask.mkv",
        "f/out/deep/b.mp4",
        "f/out/.c.part-1.mp4",
        "f/out/r.html",
    )
    mark = f"{'0' * 16}-{'1' * 16}-{'2' * 8}"
    write_sidecar(Path("f/out/a.mp4"), mark, Path("f/out/a.mp4").stat().st_size)
    write_sidecar(Path("f/out/a.mask.mkv"), mark, Path("f/out/a.mask.mkv").stat().st_size)
    assert gather(["f"], without=[Path("f/out")]).left_out == {"output": 1}


def test_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("a.mp4", "b b.mp4", "c.mp4", "#d.mp4", "é.mp4")
    Path("lines").write_bytes("# what to do\na.mp4\r\n\n  \nb b.mp4\né.mp4".encode())
    assert names(gather([], ["lines"])) == ["a.mp4", "b b.mp4", "é.mp4"]
    Path("zeros").write_bytes(b"#d.mp4\0./a.mp4\0")
    assert names(gather(["c.mp4"], ["zeros", "lines"])) == ["c.mp4", "#d.mp4", "a.mp4", "b b.mp4", "é.mp4"]
    Path("wide").write_text("a.mp4\r\né.mp4\r\n", encoding="utf-16", newline="")
    assert names(gather([], ["wide"])) == ["a.mp4", "é.mp4"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfc.mp4\n")))
    assert names(gather([], ["-"])) == ["c.mp4"]


def test_lists_that_cannot_be_read() -> None:
    with pytest.raises(InputError, match=r"the list gone\.txt cannot be read: no such file"):
        gather([], ["gone.txt"])
    with pytest.raises(UsageError, match="only one of them can read standard input"):
        gather(["-"], ["-"])
    with pytest.raises(UsageError, match="an input is empty"):
        gather([""])


@settings(max_examples=60)
@given(st.binary(max_size=60) | st.text(max_size=20).map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_a_list(data: bytes) -> None:
    Path("any").write_bytes(data.replace(b"/", b"").replace(b".", b""))  # no walk leaves this folder
    words = listed("any")
    try:
        gathered = gather([], ["any"])
    except UsageError as error:
        assert "no file matches" in str(error) or "is no name of a file" in str(error)
    else:
        assert len(gathered.inputs) <= len(words)


@pytest.mark.skipif(sys.platform != "linux", reason="file systems that take any bytes")
def test_names_that_are_no_text() -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    touch(f"f/{name}")
    Path("list").write_bytes(b"f/caf\xe9.mp4\n")
    assert names(gather(["f"])) == names(gather([], ["list"])) == [f"f/{name}"]


@settings(max_examples=60)
@given(st.lists(st.text(min_size=1), min_size=2))
def test_natural_order_is_an_order(words: list[str]) -> None:
    ordered = sorted(words, key=natural)
    ordered.reverse()
    assert sorted(ordered, key=natural) == sorted(words, key=natural)


def test_natural_order_counts() -> None:
    words = ["b", "a2", "a10", "A11", "a1b", "a", "a1"]
    assert sorted(words, key=natural) == ["a", "a1", "a1b", "a2", "a10", "A11", "b"]


def marked(name: str, source: str = "gone.mp4") -> None:
    """A video as vidstyle writes it: with a fingerprint among its metadata."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(name, "w", options={"movflags": "+faststart"}) as output:
        output.metadata["encoding_tool"] = f"vidstyle {'0' * 16}-{'f' * 16}-{place(Path(source))}"
        stream = output.add_stream("libx264", rate=25, width=16, height=16, pix_fmt="yuv420p")
        output.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        output.mux(stream.encode(None))


def test_outputs_in_a_folder_below_are_left_out_where_their_sources_are_found() -> None:
    touch("f/a.mp4", "f/b.mov", "f/out/e.mp4", "f/masks/a.mask.mkv")
    for name in ("f/out/a.mp4", "f/out/b.mov.mp4", "f/out/c.mp4", "f/out/aa.mp4"):
        marked(name)
    found = gather(["f"])
    assert [Path(name).as_posix() for name in names(found)] == [
        "f/a.mp4", "f/b.mov", "f/out/aa.mp4", "f/out/c.mp4", "f/out/e.mp4",
    ]  # fmt: skip
    assert found.left_out == {"own": 3}


def test_outputs_under_any_name_are_told_by_where_they_come_from() -> None:
    touch("f/a.mp4")
    marked("f/best.mp4", "f/a.mp4")
    marked("f/second.mp4")
    assert [Path(name).name for name in names(gather(["f"]))] == ["a.mp4", "second.mp4"]


def test_outputs_can_be_painted_again() -> None:
    for name in ("out/a.mp4", "out/a.b.mp4"):
        marked(name)
    assert len(gather(["out"]).inputs) == len(gather(["out/a.mp4", "out/a.b.mp4"]).inputs) == 2
