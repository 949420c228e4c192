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
from typing import Any

from vidstyle import locks, media
from vidstyle.errors import OutputError
from vidstyle.media.fingerprint import same
from vidstyle.media.part_file import refuse, writing
from vidstyle.types import Job, VideoInfo

VIDEO, MASKS = "video", "masks"


def folder_of(job: Job, target: Path) -> Path:
    """Where the unfinished work of a target lies."""
    if job.work_dir is None:
        return target.absolute().parent / f".{target.name}.work"
    place = hashlib.sha256(bytes(target.absolute())).hexdigest()[:12]
    return job.work_dir.absolute() / f"{target.name}.{place}.work"


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
    short = job.segment is None or (frames is not None and frames <= job.segment)
    # Alpha beside VP8 and VP9 lies in what `Segments` does not keep.
    if short or video.info.format.alpha or fingerprint is None or not isinstance(target, Path):
        yield None
        return
    refuse(target, Path(job.source), overwrite=job.overwrite)
    with Work.opened(folder_of(job, target), job.mask_out is not None, fingerprint) as work:
        yield work


def kept(job: Job) -> int:
    """Frames of the job's target that an earlier run finished and left to go on from; 0 where none are."""
    if not isinstance(job.target, Path):
        return 0
    mark = Work(folder_of(job, job.target), job.mask_out is not None).mark()
    return mark.frames if mark else 0


class Work:
    """Finished segments of a job's streams: the video, and its masks where they are asked for."""

    def __init__(self, folder: Path, masks: bool) -> None:
        self.folder = folder
        self.video = media.Segments(folder, VIDEO)
        self.masks = media.Segments(folder, MASKS) if masks else None

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path, masks: bool, fingerprint: str) -> Iterator[Work]:
        """Holds the folder, emptied of what another recipe or input left there.

        Raises OutputError where another process holds it, or it cannot be made.
        """
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locks.held(folder / "lock", poll=None))
            except BlockingIOError as error:
                raise OutputError(f"{folder} is in use by another process; wait for it") from error
            with writing(folder):
                _keep_only(folder, fingerprint)
            work = cls(folder, masks)
            try:
                yield work
            finally:
                if not work.all_whole():
                    work.remove()

    def whole(self, number: int) -> bool:
        """Whether a segment is finished in every stream."""
        return self.video.index(number) is not None and (
            self.masks is None or self.masks.index(number) is not None
        )

    def finished(self) -> int:
        """How many segments are finished, from the first one on without a gap."""
        count, last = 0, None
        while self.whole(count) and _follows(facts := self.facts(count), last):
            count, last = count + 1, facts
        return count

    def all_whole(self) -> list[int]:
        """The numbers of all finished segments, with or without gaps."""
        numbers = (int(path.stem.rpartition("-")[2]) for path in self.folder.glob(f"{VIDEO}-*.json"))
        return sorted(number for number in numbers if self.whole(number))

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
        return media.Mark(
            facts["frames"], facts["first"], tuple(facts["times"]), facts["digest"], facts["seekable"]
        )

    def remove(self) -> None:
        """Removes the folder: the output is there."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _follows(facts: dict[str, Any], last: dict[str, Any] | None) -> bool:
    """Whether a segment that was painted alone saw, before its first frame, the frames that the one before it
    ends with. If not, the file could not be cut there, and it counts for nothing."""
    before = facts["before"]
    return before is None or (last is not None and before == [last["times"], last["digest"]])


def _keep_only(folder: Path, fingerprint: str) -> None:
    note = folder / "made-for.json"
    with contextlib.suppress(OSError, ValueError):
        if same(json.loads(note.read_text()), fingerprint):
            return
    for path in folder.iterdir():
        if path.name != "lock":
            path.unlink()
    note.write_text(json.dumps(fingerprint))
