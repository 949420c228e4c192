"""From the words of a job to loaded networks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from vidstyle import cards, device, media, segmenters, stylizers
from vidstyle.errors import DeviceError
from vidstyle.flow import lane
from vidstyle.graphs import join
from vidstyle.pipeline import styles
from vidstyle.types import Job, Segmenter, Stylizer

BATCH = {"cpu": 1, "cuda": 8}
"""Frames per call: a GPU is idle with one; on a CPU more only cost memory."""


@dataclass(frozen=True, slots=True)
class Networks:
    """What a job needs loaded. `segmenter` is None where the whole frame is painted. `lane`: the thread that
    runs them, job after job, where a new one for each would cost (None: on the CPU)."""

    segmenter: Segmenter | None
    stylizer: Stylizer
    device: device.Device
    lane: Executor | None = None

    @property
    def batch(self) -> int:
        return BATCH[self.device.kind]

    def interrupt(self) -> None:
        """From another thread: ends the call that is running, so that nobody waits for a frame."""
        if self.segmenter is not None:
            self.segmenter.interrupt()
        self.stylizer.interrupt()


def load(job: Job) -> Networks:
    """Loads the job's networks on its device and reads its style pictures. On "auto" they go to the CPU where
    the faster device runs, but has no room for them.

    Raises UsageError for an unknown name or class, InputError for a picture, ModelError for a network,
    DeviceError for the device.
    """
    place = device.choose(job.device)
    try:
        return _loaded(job, place)
    except DeviceError as error:
        if place.kind == "cpu" or not job.device.strip().lower().startswith("auto"):
            raise
        return _loaded(job, replace(device.choose("cpu"), note=str(error)))


def _loaded(job: Job, place: device.Device) -> Networks:
    stylizer = _stylizer(job, place)
    # CUDA keeps memory and handles for each thread that ever ran a session.
    thread = lane("inference") if place.kind == "cuda" else None
    segmenter = _segmenter(job, place)
    note = place.note or (segmenter.note if segmenter else "")
    return Networks(segmenter, stylizer, replace(place, note=note), thread)


def card(name_or_path: str, kind: cards.Kind | None) -> cards.Card:
    """The checked card of a network: its files are there, whole, and fit what the card says."""
    found = described(name_or_path, kind)
    cards.verify(found)
    cards.check(found, {role: join.signature(graph.path) for role, graph in found.graphs.items()})
    return found


def described(name_or_path: str, kind: cards.Kind | None) -> cards.Card:
    """The card of a network that may still have to be pulled; of a file without one, the card it implies."""
    found = cards.find(name_or_path, kind)
    if isinstance(found, cards.Card):
        return found
    files = cards.graph_files(found)
    return cards.infer(found, {role: join.signature(path) for role, path in files.items()})


def check_loadable(job: Job) -> None:
    """Raises what `load` would, as far as it shows before a network is loaded. Of the devices only one that
    was asked for by its name is tried."""
    if job.device.strip().lower() != "auto":
        device.choose(job.device)
    _pictures(job, _stylizer_card(job))
    chosen = _segmenter_card(job)
    if chosen is not None:
        segmenters.class_indices(chosen, job.classes)


def _segmenter_card(job: Job) -> cards.Card | None:
    if job.classes == ("all",):
        return None
    return card(job.segmenter or cards.DEFAULT_SEGMENTER, "segmenter")


def _stylizer_card(job: Job) -> cards.Card:
    return card(job.stylizer or cards.DEFAULT_STYLIZER, "stylizer")


def _segmenter(job: Job, place: device.Device) -> Segmenter | None:
    chosen = _segmenter_card(job)
    if chosen is None:
        return None
    return segmenters.load(
        chosen, place, job.classes, threshold=job.threshold, batch=BATCH[place.kind], threads=job.threads
    )


def _stylizer(job: Job, place: device.Device) -> Stylizer:
    chosen = _stylizer_card(job)
    return stylizers.load(chosen, place, _pictures(job, chosen), threads=job.threads)


def _pictures(job: Job, chosen: cards.Card) -> Sequence[styles.Weighted]:
    if chosen.task == "style-fixed":
        styles.refuse(job.styles, chosen.name)
        return []
    wanted = job.styles or ((styles.DEFAULT, 1.0),)
    return [(media.load_picture(styles.find(name)), weight) for name, weight in wanted]
