"""Jobs on addresses: the same output as on local files, nothing incomplete, nothing left over."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cli_folder
import pytest
from clips import write_clip

from vidstyle import locks, remote
from vidstyle.cli import code
from vidstyle.errors import InputError, OutputError, UsageError
from vidstyle.jobs import away
from vidstyle.jobs.plan import plan
from vidstyle.remote import faults
from vidstyle.types import Job

fsspec = pytest.importorskip("fsspec", reason="the extra 'remote' is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cli_folder.fill(tmp_path_factory.mktemp("away"))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files of a test, in a folder of its own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(faults, "PAUSES", (0.01,))


@pytest.fixture
def memory(folder: Path) -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    for name in ("clip.mp4", "sub/other.mp4", "sub/notes.txt"):
        system.pipe(f"/in/{name}", (folder / "clip.mp4").read_bytes())
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def job_for(folder: Path, source: Path | str, target: Path | str, **more: Any) -> Job:
    networks = {"segmenter": str(folder / "reds.onnx"), "stylizer": str(folder / "invert.onnx")}
    return Job(source, target, device="cpu", **networks, **more)


@pytest.fixture(scope="module")
def painted(folder: Path) -> bytes:
    away.run(job_for(folder, folder / "clip.mp4", folder / "painted.mp4"))
    return unmarked((folder / "painted.mp4").read_bytes())


def unmarked(data: bytes) -> bytes:
    """A file without the word in it that says where its input lay."""
    return re.sub(rb"vidstyle [0-9a-f-]+", b"", data)


@pytest.mark.parametrize("near", ["source", "target", "neither"])
def test_the_output_is_that_of_local_files(
    tmp_path: Path, folder: Path, memory: Any, painted: bytes, near: str
) -> None:
    source = folder / "clip.mp4" if near == "source" else "memory://in/clip.mp4"
    target = tmp_path / "painted.mp4" if near == "target" else "memory://out/painted.mp4"
    result = away.run(job_for(folder, source, target))
    assert result.frames == 12 and (result.plan.source, result.plan.target) == (source, target)
    found = target.read_bytes() if isinstance(target, Path) else memory.cat("/out/painted.mp4")
    assert unmarked(found) == painted
    assert not list((tmp_path / "temporary").iterdir()) and not list(tmp_path.glob(".*"))


def test_a_bad_input_is_named_by_its_address_and_its_copy_goes(
    tmp_path: Path, folder: Path, memory: Any
) -> None:
    memory.pipe("/in/bad.mp4", b"no video" * 99)
    with pytest.raises(InputError, match=r"^memory://in/bad\.mp4 is not a video"):
        away.run(job_for(folder, "memory://in/bad.mp4", "memory://out/bad.mp4"))
    assert not list((tmp_path / "temporary").iterdir()) and not memory.exists("/out/bad.mp4")


@pytest.mark.usefixtures("memory")
def test_an_address_with_nothing_behind_it_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError):
        away.run(job_for(folder, "memory://in/none.mp4", tmp_path / "o.mp4"))
    assert not list(tmp_path.glob(".*")) and not list((tmp_path / "temporary").iterdir())


def test_what_could_not_be_put_anywhere_is_not_fetched(
    tmp_path: Path, folder: Path, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/out/old.mp4", b"old")
    monkeypatch.setattr(remote, "stage", lambda *_: pytest.fail("fetched"))
    job = job_for(folder, "memory://in/clip.mp4", "memory://out/old.mp4")
    with pytest.raises(OutputError, match=r"^memory://out/old\.mp4 exists; --overwrite"):
        away.run(job)
    with pytest.raises(OutputError, match="is the input itself"):
        away.run(replace(job, target=job.source, overwrite=True))
    with pytest.raises(UsageError, match="--mask-out"):
        away.run(replace(job, mask_out=tmp_path / "m.mkv"))
    assert memory.cat("/out/old.mp4") == b"old"
    with pytest.raises(UsageError, match=r"'new\.txt' does not end like a video"):
        away.run(replace(job, target="memory://out/new.txt"))
    (tmp_path / "old.mp4").write_bytes(b"old")
    with pytest.raises(OutputError, match=r"old\.mp4 exists; --overwrite"):
        away.run(replace(job, target=tmp_path / "old.mp4"))
    with pytest.raises(OutputError, match=r"old\.mp4 exists; --overwrite"):
        away.run(replace(job, target=tmp_path / "new.mkv", mask_out=tmp_path / "old.mp4"))


@pytest.mark.usefixtures("memory")
def test_two_processes_never_share_a_copy(tmp_path: Path, folder: Path) -> None:
    """The second one would write into the input that the first one reads."""
    job = job_for(folder, "memory://in/clip.mp4", tmp_path / "painted.mp4")
    place = away.folder_of(job)
    place.mkdir()
    with locks.held(place / "lock"), pytest.raises(OutputError, match="in use by another process"):
        away.run(job)
    assert away.run(job).frames == 12 and not place.exists()


def test_a_publication_that_failed_is_gone_on_with(
    tmp_path: Path, folder: Path, memory: Any, painted: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: Any, **__: Any) -> None:
        raise ConnectionResetError("cut")

    job = job_for(folder, "memory://in/clip.mp4", "memory://out/painted.mp4", work_dir=tmp_path / "work")
    with monkeypatch.context() as patch, pytest.raises(OutputError, match="cannot be written: cut"):
        patch.setattr(type(memory), "put_file", cut)
        away.run(job)
    assert list((tmp_path / "work").rglob("painted.mp4"))
    away.run(job)
    assert unmarked(memory.cat("/out/painted.mp4")) == painted and not list((tmp_path / "work").iterdir())


@pytest.mark.usefixtures("memory")
def test_folders_and_patterns_of_addresses_are_mirrored(folder: Path, tmp_path: Path) -> None:
    template = job_for(folder, "", "")
    agenda = plan(["memory://in"], [], template, "memory://out/")
    assert [(each.source, each.job.target) for each in agenda] == [
        ("memory://in/clip.mp4", "memory://out/clip.*"),
        ("memory://in/sub/other.mp4", "memory://out/sub/other.*"),
    ]
    assert agenda.left_out == {"other": 1}
    near = plan(["memory://in/**/*.mp4"], [], template, f"{tmp_path}/")
    assert [each.job.target for each in near] == [tmp_path / "clip.*", tmp_path / "sub/other.*"]
    flat = plan(["memory://in/*.mp4"], [], template, "memory://out/")
    assert [each.job.target for each in flat] == ["memory://out/clip.*"]
    with pytest.raises(UsageError, match=r"no file matches 'memory://in/\*\.mkv'"):
        plan(["memory://in/*.mkv"], [], template)
    with pytest.raises(UsageError, match="--mask-out takes a local file or folder"):
        plan(["memory://in"], [], template, "memory://out/", Path("s3://bucket/masks/"))
    address = (folder / "clip.mp4").as_uri()
    (local,) = plan([address], [], template, f"{tmp_path.as_uri()}/")
    assert (local.job.source, local.job.target) == (folder / "clip.mp4", tmp_path / "clip.*")


def test_the_command_takes_addresses(
    folder: Path, memory: Any, painted: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*cli_folder.flags(folder), "-j", "1"]
    assert code(["memory://in/clip.mp4", "-o", "memory://out/", *flags]) == 0
    assert unmarked(memory.cat("/out/clip.mp4")) == painted
    assert "memory://out/clip.mp4" in capsys.readouterr().err
    assert code(["memory://in/nothing.mp4", "-o", "memory://out/", *flags]) == 3
    assert "vidstyle: memory://in/nothing.mp4 cannot be read: it does not exist" in capsys.readouterr().err


def test_what_is_done_is_skipped_and_what_changed_is_redone(
    folder: Path, memory: Any, painted: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["memory://in/clip.mp4", "-o", "memory://out/", *cli_folder.flags(folder), "--json", "-q"]
    assert code(words) == 0
    before = memory.modified("/out/clip.mp4")
    assert code(words) == 0 and memory.modified("/out/clip.mp4") == before
    assert '"status": "skipped"' in capsys.readouterr().out
    assert code([*words, "--strength", "0.5"]) == 0
    assert unmarked(memory.cat("/out/clip.mp4")) != painted
    write_clip(folder / "newer.mp4", frames=7)
    memory.pipe("/in/clip.mp4", (folder / "newer.mp4").read_bytes())
    assert code([*words, "--strength", "0.5"]) == 0
    assert '"frames": 7' in capsys.readouterr().out
    memory.pipe("/out/clip.mp4", b"somebody else's")
    assert code(words) == 6 and memory.cat("/out/clip.mp4") == b"somebody else's"
