"""Everything between the two files, as one chain: decode, segment, track, stylize, blend; then encode."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from threadpoolctl import threadpool_limits

from vidstyle import media
from vidstyle.flow import Clock, prefetch
from vidstyle.pipeline.networks import Networks
from vidstyle.pipeline.outputs import Outputs
from vidstyle.pipeline.realtime import Realtime
from vidstyle.pipeline.segments import led
from vidstyle.pipeline.stages import Brush, Painted, everything, paint, segment, steady, stored
from vidstyle.pipeline.streams import interrupt
from vidstyle.types import Job, Watcher

Batches = Generator[list[Painted], None, None]

AHEAD = 2
"""Batches that decode may be ahead of inference, and inference of encode."""


def way(
    job: Job, video: media.Source, networks: Networks, clock: Clock, live: Realtime | None = None
) -> Batches:
    """The painted frames of `video`, batch by batch, in order. Close it to stop everything above. live: drops
    frames to keep up."""
    # NumPy's idle BLAS threads spin on the cores that the networks and the codecs need.
    with threadpool_limits(1, user_api="blas"):
        yield from _chain(job, video, networks, clock, live)


def drive(
    job: Job,
    video: media.Source,
    networks: Networks,
    outputs: Outputs,
    clock: Clock,
    watcher: Watcher | None = None,
) -> None:
    """Sends all frames of `video` down the way, into `outputs`."""
    chain, ahead = way(job, video, networks, clock, outputs.live), 1 if outputs.live else AHEAD
    frames = prefetch(chain, ahead, "inference", interrupt(video, networks), lane=networks.lane)
    with closing(frames) as batches:
        for batch in batches:
            with clock.busy("encode"):
                outputs.write(batch)
            if watcher is not None:
                watcher.advance(len(batch))


def _chain(job: Job, video: media.Source, networks: Networks, clock: Clock, live: Realtime | None) -> Batches:
    info, segmenter = video.info, networks.segmenter
    size = segmenter.picture_size(*info.upright_size) if segmenter else None
    decoded = clock.watched("decode", video.frames(size))
    batches = (
        prefetch(led(decoded, job.segment, networks.batch), AHEAD, "decode")
        if live is None
        else led(live.newest(video, decoded), None, 1)
    )
    masked = steady(segment(batches, segmenter, clock), clock) if segmenter else everything(batches)
    brush = Brush(networks.stylizer, job.strength, job.preserve_color, job.feather, networks.batch)
    return paint(stored(masked, info.orientation, job.invert), brush, info, clock)
