"""The files that a job writes: the video and, where asked for, its masks. Both whole, or neither."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidstyle import media
from vidstyle.media.fingerprint import of_masks
from vidstyle.pipeline.checks import check_places
from vidstyle.pipeline.networks import Networks
from vidstyle.pipeline.realtime import Realtime
from vidstyle.pipeline.recipe import fingerprint_of
from vidstyle.pipeline.stages import Painted, frame_mask, share
from vidstyle.pipeline.tally import Tally
from vidstyle.pipeline.work import Work, expected, opened
from vidstyle.types import Job, Plan


@dataclass(slots=True)
class Outputs:
    """Takes painted frames segment by segment. With `work`, finished segments are kept and joined at the end;
    without, everything is written as it comes."""

    job: Job
    video: media.Source
    sink: media.Sink
    masks: media.MaskWriter | None
    work: Work | None
    live: Realtime | None = None
    tally: Tally = field(default_factory=Tally)
    _segment: int | None = None
    _segments: int = 0
    _times: deque[int] = field(default_factory=lambda: deque(maxlen=media.LEAD))
    _digest: int | None = None
    _frames: int = 0

    @classmethod
    @contextmanager
    def open(cls, job: Job, video: media.Source, live: Realtime | None = None) -> Iterator[Outputs]:
        """Opens the files and takes over what an earlier run finished, moving the source behind it. What is
        not finished when the block ends is removed, but for whole segments.

        Raises what `media.Sink` raises.
        """
        target = job.target or media.default_target(Path(job.source), video)
        check_places(target, job.mask_out)
        place = media.OutPipe(realtime=job.realtime) if target == media.STANDARD else Path(target)
        fingerprint = fingerprint_of(job) if video.file and isinstance(place, Path) else None
        with ExitStack() as stack:
            work = stack.enter_context(opened(job, video, place, fingerprint))
            sink = media.Sink(
                place, video, job.encode, overwrite=job.overwrite, container=job.container,
                realtime=job.realtime, kept=work.video if work else None, fingerprint=fingerprint,
            )  # fmt: skip
            stack.enter_context(sink)
            masks = None
            if job.mask_out is not None:
                masks = media.MaskWriter(
                    job.mask_out, video, overwrite=job.overwrite, kept=work.masks if work else None,
                    fingerprint=of_masks(fingerprint) if fingerprint else None,
                )  # fmt: skip
                stack.enter_context(masks)
            outputs = cls(job, video, sink, masks, work, live)
            outputs._go_on()
            yield outputs

    @classmethod
    @contextmanager
    def of_segment(
        cls, job: Job, video: media.Source, target: Path, work: Work, mark: media.Mark | None
    ) -> Iterator[Outputs]:
        """For one segment of `target`, which begins at `mark` and goes into the work folder; nothing else is
        written."""
        with ExitStack() as stack:
            sink = media.Sink(
                media.Nowhere(target), video, job.encode, container=job.container, kept=work.video
            )
            stack.enter_context(sink)
            masks = None
            if job.mask_out is not None:
                masks = media.MaskWriter(media.Nowhere(job.mask_out), video, kept=work.masks)
                stack.enter_context(masks)
            outputs = cls(job, video, sink, masks, work)
            outputs._times.extend(mark.times if mark else ())
            yield outputs

    def _go_on(self) -> None:
        if self.work is None:
            return
        self.work.claim()
        if (mark := self.work.mark()) is None:
            return
        self._segments = self.work.finished()
        for number in range(self._segments):
            self.tally.take(self.work.facts(number))
        self._times.extend(mark.times)
        self.video.go_on(mark)

    def write(self, batch: list[Painted]) -> None:
        """Consecutive frames, of one segment."""
        for painted in batch:
            self._enter(painted.frame.index // self.job.segment if self.job.segment else 0)
            self.sink.write(painted.frame)
            if self.live is not None:
                self.live.written(painted.frame, self.sink.muxed)
            info = self.video.info
            if self.masks is not None:
                self.masks.write(painted.frame, frame_mask(painted, info.width, info.height))
            self.tally.add(painted.found, share(painted, info.width, info.height))
            self._times.append(painted.frame.pts)
            self._digest, self._frames = painted.frame.digest, painted.frame.index + 1
        if self.work is None:
            self.tally.segment()  # nobody comes back for it, and a stream may have no end

    def _enter(self, segment: int) -> None:
        if segment == self._segment:
            return
        self.close_segment()
        self._segment = segment
        for writer in self._writers():
            writer.begin(segment)

    def close_segment(self) -> None:
        """Ends the segment that is being written, if any."""
        if self._segment is None:
            return
        # The video's last: a segment counts as finished where every stream's is there.
        for writer in reversed(self._writers()):
            writer.end(self._segment, self._facts() if writer is self.sink else {})
        self._segments, self._segment = self._segment + 1, None

    def _facts(self) -> dict[str, Any]:
        before, self.video.before = self.video.before, None  # only of the first segment of this run
        return {
            "shares": self.tally.segment(),
            "frames": self._frames,
            "first": self.video.origin,
            "times": list(self._times),
            "digest": self._digest,
            "seekable": self.video.is_clean,
            "before": before,
        }

    def _writers(self) -> list[media.Sink | media.MaskWriter]:
        return [self.sink, self.masks] if self.masks is not None else [self.sink]

    def finish(self) -> None:
        """Checks every file before the first one gets its name; then the work folder goes."""
        self.close_segment()
        if self.work is not None:
            self._join()
        self.sink.prepare(self.video.trailing() if self.work is None else ())
        if self.live is not None:
            self.live.left(self.sink.muxed)
        if self.masks is not None:
            self.masks.prepare()
        self.sink.commit()  # first: where the masks then get no name, the next run knows this for its own
        if self.masks is not None:
            self.masks.commit()
        if self.work is not None:
            self.work.remove()

    def _join(self) -> None:
        job = self.job
        with media.Source(job.source, start=job.start, end=job.end, threads=1) as again:
            self.sink.join(self._segments, again.beside(self.video.origin))
        if self.masks is not None:
            self.masks.join(self._segments)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should read about the files."""
        masks = self.masks.notes if self.masks else ()
        live = [self.live.note] if self.live else []
        return (*self.sink.notes, *(f"masks: {note}" for note in masks), *live)


def plan_of(job: Job, video: media.Source, networks: Networks, outputs: Outputs) -> Plan:
    """What is about to happen."""
    return Plan(
        source=media.shown(job.source) if media.is_live(job.source) else job.source,
        target=job.target if job.target == media.STANDARD else Path(str(outputs.sink.target)),
        frames=expected(job, video.info),
        segmenter=networks.segmenter.name if networks.segmenter else None,
        stylizer=networks.stylizer.name,
        device=networks.device.label,
        codec=outputs.sink.codec,
        decoder=video.info.decoder,
        device_note=networks.device.note,
        kept=outputs.tally.frames,
        masks=job.mask_out,
    )
