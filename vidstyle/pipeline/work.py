"""The work folder of one job: the segments that are finished, so that the same command goes on from there.

It lies beside the output, hidden, or in `Job.work_dir`. What lies there counts only for the very fingerprint
that it was made for. It is removed with the success of the job.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any, Final

from vidstyle import locks, media
from vidstyle.errors import OutputError, VidstyleError
from vidstyle.media.containers import muxer_for
from vidstyle.media.copying import VIDEO_ONLY
from vidstyle.media.fingerprint import same
from vidstyle.media.part_file import refuse, short, writing
from vidstyle.pipeline.recipe import fingerprint_of
from vidstyle.types import Job, VideoInfo

VIDEO, MASKS = "video", "masks"
_NOTE: Final = "made-for.json"
_FACTS: Final = frozenset({"shares", "frames", "first", "times", "digest", "seekable", "before"})
"""What `Outputs` keeps with every segment."""


def folder_of(job: Job, target: Path) -> Path:
    """Where the unfinished work of a target lies."""
    if job.work_dir is None:
        return target.absolute().parent / f".{short(target.name)}.work"
    place = hashlib.sha256(bytes(target.absolute())).hexdigest()[:12]
    return job.work_dir.absolute() / f"{short(target.name)}.{place}.work"


def expected(job: Job, info: VideoInfo) -> int | None:
    """How many frames will come, as far as the container tells; exact only where its rate is constant."""
    if info.frames is None or info.rate is None or (job.start is None and job.end is None):
        return info.frames
    begin = min(ceil((job.start or 0) * info.rate), info.frames)
    end = info.frames if job.end is None else min(ceil(job.end * info.rate), info.frames)
    return max(0, end - begin)


@contextlib.contextmanager
def opened(
    job: Job, video: media.Source, target: Path | media.OutPipe, fingerprint: str | None
) -> Iterator[Work | None]:
    """The work folder of a video of several segments; None for a short one, which is written as it comes.

    fingerprint: None where there is nothing to come back to, as for pipes.

    Raises OutputError where the target cannot be written, or another process works on it.
    """
    frames = expected(job, video.info)
    few = job.segment is None or (frames is not None and frames <= job.segment)
    # Alpha beside VP8 and VP9 lies in what `Segments` does not keep; y4m is as large as its segments.
    if few or video.info.format.alpha or fingerprint is None or not isinstance(target, Path):
        yield None
        return
    if muxer_for(target, job.container) in VIDEO_ONLY:
        yield None
        return
    refuse(target, Path(job.source), overwrite=job.overwrite)
    with Work.opened(folder_of(job, target), job.mask_out is not None, fingerprint) as work:
        yield work


def kept(job: Job) -> int:
    """Frames of this very job that an earlier run finished and left to go on from; 0 where none are."""
    if not isinstance(job.target, Path):
        return 0
    work = Work(folder_of(job, job.target), job.mask_out is not None)
    with contextlib.suppress(VidstyleError):
        if _is_for(work.folder, fingerprint_of(job)) and (mark := work.mark()):
            return mark.frames
    return 0


def forget(job: Job) -> None:
    """Removes what is left of a job that is done: it may have been killed before it did that itself."""
    folder = folder_of(job, Path(str(job.target)))
    if folder.is_dir():
        with contextlib.suppress(OSError), locks.held(folder / "lock", poll=None):
            shutil.rmtree(folder, ignore_errors=True)


class Work:
    """Finished segments of a job's streams: the video, and its masks where they are asked for."""

    def __init__(self, folder: Path, masks: bool, fingerprint: str | None = None) -> None:
        self.folder, self._fingerprint, self._claimed = folder, fingerprint, False
        self.video = media.Segments(folder, VIDEO)
        self.masks = media.Segments(folder, MASKS) if masks else None

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path, masks: bool, fingerprint: str) -> Iterator[Work]:
        """Holds the folder. Call `claim` before anything is written into it.

        Raises OutputError where another process holds it, or it cannot be made.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(_forsake, folder)  # before it is there: a signal may come at any moment
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
                try:
                    stack.enter_context(locks.held(folder / "lock", poll=None))
                except BlockingIOError as error:
                    raise OutputError(f"{folder} is in use by another process; wait for it") from error
            work = cls(folder, masks, fingerprint)
            try:
                yield work
            finally:
                work._leave()

    def claim(self) -> None:
        """Empties the folder of what another recipe or input left there: once the job is sure to begin, and
        not for a command with a slip in it. Raises OutputError."""
        assert self._fingerprint is not None
        self._claimed = True
        with writing(self.folder):
            _keep_only(self.folder, self._fingerprint)

    def _leave(self) -> None:
        """Removes a folder from which there is nothing to go on; of one that was not claimed nobody knows."""
        if self._claimed and not self.all_whole():
            self.remove()

    def whole(self, number: int) -> bool:
        """Whether a segment is finished in every stream."""
        index = self.video.index(number)
        return (
            index is not None
            and index.facts.keys() >= _FACTS
            and (self.masks is None or self.masks.index(number) is not None)
        )

    def finished(self) -> int:
        """How many segments are finished, from the first one on without a gap."""
        count, last = 0, None
        while self.whole(count) and _follows(facts := self.facts(count), last):
            count, last = count + 1, facts
        return count

    def all_whole(self) -> list[int]:
        """The numbers of all finished segments, with or without gaps."""
        names = (path.stem.rpartition("-")[2] for path in self.folder.glob(f"{VIDEO}-*.json"))
        return sorted(int(name) for name in names if name.isdecimal() and self.whole(int(name)))

    def facts(self, number: int) -> dict[str, Any]:
        """What was kept with a finished segment."""
        index = self.video.index(number)
        if index is None:
            raise OutputError(f"segment {number} is gone from {self.folder}")
        return index.facts

    def mark(self) -> media.Mark | None:
        """Where to go on; None for the start."""
        count = self.finished()
        if not count:
            return None
        facts = self.facts(count - 1)
        # Each knows of the run only that painted it.
        seekable = all(self.facts(number)["seekable"] for number in range(count))
        return media.Mark(facts["frames"], facts["first"], tuple(facts["times"]), facts["digest"], seekable)

    def remove(self) -> None:
        """Removes the folder: the output is there."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _forsake(folder: Path) -> None:
    """Removes a folder that holds nothing, and nobody."""
    with contextlib.suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {"lock"}:
            with locks.held(folder / "lock", poll=None):
                shutil.rmtree(folder, ignore_errors=True)


def _follows(facts: dict[str, Any], last: dict[str, Any] | None) -> bool:
    """Whether a segment that was painted alone saw, before its first frame, the frames that the one before it
    ends with. If not, the file could not be cut there, and it counts for nothing."""
    before = facts["before"]
    return before is None or (last is not None and before == [last["times"], last["digest"]])


def _is_for(folder: Path, fingerprint: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return same(str(json.loads((folder / _NOTE).read_text())), fingerprint)
    return False


def _keep_only(folder: Path, fingerprint: str) -> None:
    if _is_for(folder, fingerprint):
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()
    (folder / _NOTE).write_text(json.dumps(fingerprint))
