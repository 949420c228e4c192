"""Where outputs go: mirrored, stable, and never two at one place."""

from __future__ import annotations

import os
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle.errors import InputError, UsageError
from vidstyle.jobs.inputs import Input
from vidstyle.jobs.names import masks, targets
from vidstyle.media import fingerprint


def alone(*names: str) -> list[Input]:
    return [Input(name, name if "://" in name or name == "-" else Path(name)) for name in names]


def below(root: str, *names: str) -> list[Input]:
    return [Input(f"{root}/{name}", Path(root, name), Path(root)) for name in names]


def placed(inputs: list[Input], output: Path | str | None = None) -> list[str]:
    return [Path(t).as_posix() if isinstance(t, Path) else t for t in targets(inputs, output)]


def test_beside_the_input_where_nobody_says_otherwise() -> None:
    inputs = [*alone("a.mp4", "f/b.mov", "s3://bucket/c.mp4", "rtsp://camera/live"), *below("g", "h/d.mkv")]
    names = ["a.vidstyle.*", "f/b.vidstyle.*", "c.vidstyle.*", "live.vidstyle.*", "g/h/d.vidstyle.*"]
    assert placed(inputs) == names


def test_standard_input_has_no_name() -> None:
    with pytest.raises(UsageError, match="standard input has no name"):
        targets(alone("-"), None)
    assert placed(alone("-"), "-") == ["-"]
    assert placed(alone("-"), "out/") == ["out/stdin.*"]


def test_a_folder_is_mirrored() -> None:
    assert placed(below("f", "a.mp4", "b/a.mp4", "b/c/a.mp4"), "out/") == [
        "out/a.*",
        "out/b/a.*",
        "out/b/c/a.*",
    ]
    assert placed(alone("x/y/a.mp4"), "out/") == ["out/a.*"]
    assert placed(below("f", "b/a.mp4"), "s3://bucket/out/") == ["s3://bucket/out/b/a.*"]


def test_the_inputs_own_folder_keeps_the_infix() -> None:
    assert placed(below("f", "a.mp4", "b/a.mp4"), "f/") == ["f/a.vidstyle.*", "f/b/a.vidstyle.*"]
    assert placed(alone("f/a.mp4", "g/b.mp4"), "f/") == ["f/a.vidstyle.*", "f/b.*"]


def test_one_file_takes_the_name_that_is_given(tmp_path: Path) -> None:
    assert targets(alone("a.mp4"), "out.mkv") == [Path("out.mkv")]
    assert targets(alone("a.mp4"), Path("out")) == [Path("out")]
    assert targets(alone("a.mp4"), "s3://bucket/b.mp4") == ["s3://bucket/b.mp4"]
    assert targets(alone("a.mp4"), tmp_path) == [tmp_path / "a.*"]
    assert targets(alone("a.mp4", "b.mp4"), Path("out")) == [Path("out/a.*"), Path("out/b.*")]


def test_a_file_that_is_there_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "notes").touch()
    with pytest.raises(UsageError, match="is one file"):
        targets(alone("a.mp4", "b.mp4"), tmp_path / "notes")


@pytest.mark.parametrize("output", [Path("out.mp4"), "out.avi", "-", "s3://bucket/out.mkv"])
def test_one_file_cannot_hold_several(output: Path | str) -> None:
    with pytest.raises(UsageError, match="there are 2 inputs; name a folder"):
        targets(alone("a.mp4", "b.mp4"), output)


def test_one_file_cannot_hold_a_folder() -> None:
    with pytest.raises(UsageError, match="the videos of a folder; name a folder"):
        targets(below("f", "a.mp4"), Path("out.mp4"))
    assert targets(below("f", "a.mp4"), "-") == ["-"]


def test_an_output_is_never_an_input() -> None:
    with pytest.raises(UsageError, match=r"the output of g/a\.mov would be f/a\.mp4, an input itself"):
        targets([*below("g", "a.mov"), *below("f", "a.mp4")], "f/")
    with pytest.raises(UsageError, match=r"a\.mp4 is the input itself"):
        targets(alone("./a.mp4"), Path("a.mp4"))
    with pytest.raises(UsageError, match=r"a\.mp4 is the input itself; name another file with --mask-out"):
        masks(alone("a.mp4"), "./a.mp4", [Path("o.mp4")])
    with pytest.raises(UsageError, match="an input itself"):
        targets(alone("a.mp4", "a.vidstyle.mkv"), None)


def test_later_twins_get_their_ending_then_a_number() -> None:
    assert placed(below("f", "a.mp4", "a.mov", "A.mp4", "a.mov.mp4"), "o/") == [
        "o/a.*",
        "o/a.mov.2.*",
        "o/A.mp4.*",
        "o/a.mov.*",
    ]
    assert placed(alone("x/a.mp4", "y/a.mp4", "z/a.mp4", "w/a"), "o/") == [
        "o/a.*",
        "o/a.mp4.*",
        "o/a.mp4.2.*",
        "o/a.2.*",
    ]
    assert placed(alone("a.mp4", "a.mov")) == ["a.vidstyle.*", "a.mov.vidstyle.*"]
    nfc, nfd = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
    assert placed(below("f", f"{nfc}.mp4", f"{nfd}.mp4"), "o/") == [f"o/{nfc}.*", f"o/{nfd}.mp4.*"]
    assert placed(below("f", "B/a.mp4", "b/a.mp4"), "o/") == ["o/B/a.*", "o/b/a.mp4.*"]


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("moved", [False, True])
def test_a_name_once_given_stays(same: bool, moved: bool, tmp_path: Path) -> None:
    inputs = below(str(tmp_path / "in"), "a.mov", "a.mp4", "b.mov", "b.mp4")
    (tmp_path / "in").mkdir()
    (tmp_path / "o").mkdir()
    for each in inputs:
        Path(each.path).write_text("same" if same else each.name)
    found = fingerprint.identity(tmp_path / "in" / "a.mp4")
    out = tmp_path / "o" / "a.mp4"
    out.write_text("painted")
    where = found.split("-")[0] + "-" + ("0" * 8 if moved else found.split("-")[1])
    fingerprint.write_sidecar(out, f"{'0' * 16}-{where}", out.stat().st_size)
    first, second = ("a", "a.mp4") if same and moved else ("a.mov", "a")
    names = [Path(target).name for target in targets(inputs, f"{tmp_path}/o/")]
    assert names == [f"{first}.*", f"{second}.*", "b.*", "b.mp4.*"]


def test_an_input_that_fails_takes_no_name() -> None:
    broken = Input("f/a.mp4", Path("f/a.mp4"), Path("f"), failure=InputError("f/a.mp4 does not exist"))
    assert placed([broken, *below("f", "a.mov")], "o/")[1] == "o/a.*"


def test_masks_lie_like_the_videos() -> None:
    inputs = below("f", "a.mp4", "b/a.mov")
    videos = targets(inputs, "o/")
    assert masks(inputs, None, videos) == [None, None]
    assert masks(inputs, Path("m"), videos) == [Path("m/a.mask.mkv"), Path("m/b/a.mask.mkv")]
    assert masks(alone("a.mp4"), Path("m.mkv"), [Path("o.mp4")]) == [Path("m.mkv")]
    assert masks(alone("a.mp4"), "m/", [Path("o.mp4")]) == [Path("m/a.mask.mkv")]
    with pytest.raises(UsageError, match=r"--mask-out: m\.mkv is one file"):
        masks(inputs, Path("m.mkv"), videos)
    for word in ("-", "s3://bucket/m.mkv"):
        with pytest.raises(UsageError, match="masks are written to a local file or folder"):
            masks(inputs[:1], word, videos[:1])


def test_masks_never_take_a_videos_place() -> None:
    inputs = below("f", "a.mp4", "a.mask.mp4")
    videos = targets(inputs, "o/")
    assert placed(inputs, "o/") == ["o/a.*", "o/a.mask.*"]
    assert masks(inputs, Path("o"), videos) == [Path("o/a.mp4.mask.mkv"), Path("o/a.mask.mask.mkv")]
    single = alone("x/a.mp4", "y/a.mp4")
    assert masks(single, Path("m"), targets(single, None)) == [Path("m/a.mask.mkv"), Path("m/a.mp4.mask.mkv")]


LETTERS = st.sampled_from(
    ["a", "A", "b", "é", "e\u0301", "É", "ß", "ss", "ſ", "İ", "i", "\u0345", "1", ".", "2", "ﬁ", "K"]
)
STEMS = st.lists(LETTERS, min_size=1, max_size=3).map("".join).filter(lambda stem: not stem.startswith("."))
ENDINGS = st.sampled_from([".mp4", ".mov", ".MP4", ".mkv", "", ".mp4.mp4", ".mask.mp4", ".2"])
FOLDERS = st.sampled_from(["f", "f/b", "f/B", "f/é", "f/e\u0301"])
PATHS = st.builds(lambda folder, stem, ending: f"{folder}/{stem}{ending}", FOLDERS, STEMS, ENDINGS)


@st.composite
def batches(draw: st.DrawFn) -> list[Input]:
    paths = [Path(name) for name in draw(st.lists(PATHS, min_size=1, max_size=12, unique=True))]
    walked = draw(st.lists(st.booleans(), min_size=len(paths), max_size=len(paths)))
    return [Input(str(p), p, Path("f") if w else None) for p, w in zip(paths, walked, strict=True)]


def folded(path: Path | str | None) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())


@settings(max_examples=60)
@given(batches(), st.sampled_from([None, "out/"]), st.sampled_from([None, Path("out"), Path("masks")]))
def test_no_two_outputs_are_one(inputs: list[Input], output: str | None, mask_out: Path | None) -> None:
    mask_out = mask_out if len(inputs) > 1 else None
    try:
        videos = targets(inputs, output)
    except UsageError as error:
        assert output is None and "an input itself" in str(error)
        return
    given_masks = masks(inputs, mask_out, videos)
    # Whatever endings the videos get: their stems differ, and none is that of a mask's file.
    stems = [folded(str(video).removesuffix(".*")) for video in videos]
    stems += [folded(str(mask).removesuffix(".mkv")) for mask in given_masks if mask]
    assert len(set(stems)) == len(stems)
    assert all(str(video).endswith(".*") for video in videos)
    assert targets(inputs, output) == videos and masks(inputs, mask_out, videos) == given_masks
    paths = {os.path.normpath(str(each.path)) for each in inputs}
    endings = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
    assert not paths & {str(video).removesuffix(".*") + end for video in videos for end in endings}


@settings(max_examples=60)
@given(batches(), st.data())
def test_names_do_not_hang_on_what_comes_later(inputs: list[Input], data: st.DataObject) -> None:
    """An input whose stem nobody before it wants keeps it whatever is added behind."""
    length = data.draw(st.integers(1, len(inputs)))
    few, all_ = targets(inputs[:length], "out/"), targets(inputs, "out/")
    plain = [
        str(video).endswith(f"/{Path(each.path).stem}.*") for each, video in zip(inputs, few, strict=False)
    ]
    assert all(a == b for a, b, natural in zip(few, all_, plain, strict=False) if natural)
    assert all(a is not b for a, b in pairwise(all_))
