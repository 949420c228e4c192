"""What decides how an output looks, as one fingerprint: settings, networks, style pictures, and the input.

Run again with the same recipe, and what is done needs no doing. Where things run (device, threads, worker)
is no part of it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

from vidstyle import cards
from vidstyle.errors import InputError, ModelError, VidstyleError, why
from vidstyle.media import fingerprint
from vidstyle.pipeline import styles
from vidstyle.pipeline.networks import described
from vidstyle.types import Job

_VERSION = 1
"""Counts up when the same settings come to mean other pixels."""
_DEFAULT = ((styles.DEFAULT, 1.0),)


def fingerprint_of(job: Job) -> str:
    """What an output of the job carries (see `media.fingerprint`).

    Raises what loading the networks and opening the input would raise for names and files that are not there,
    or, of networks, not the ones that their cards mean.
    """
    return f"{recipe(job)}-{fingerprint.identity(Path(job.source))}"


def recipe(job: Job) -> str:
    """The part of the fingerprint that all inputs of a batch share."""
    settings = {
        "version": _VERSION,
        "styles": [[_hash(styles.find(name), InputError), weight] for name, weight in job.styles or _DEFAULT],
        "classes": job.classes,
        "numbers": [job.strength, job.feather, job.threshold, job.invert, job.preserve_color],
        "part": [str(job.start), str(job.end), None if job.realtime else job.segment],
        "encode": asdict(job.encode),
        "container": job.container,
        "segmenter": None if job.classes == ("all",) else _network(job.segmenter, "segmenter"),
        "stylizer": _network(job.stylizer, "stylizer"),
        "masks": job.mask_out is not None,
    }
    if job.realtime:  # then some frames are dropped
        settings["realtime"] = True
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _network(name: str | None, kind: cards.Kind) -> str:
    default = cards.DEFAULT_SEGMENTER if kind == "segmenter" else cards.DEFAULT_STYLIZER
    return _card(name or default, kind, _stamp(Path(name or default)))


@functools.lru_cache(maxsize=8)
def _card(name: str, kind: cards.Kind, stamp: int) -> str:  # noqa: ARG001 - a changed file is another card
    """A card without where its files lie, but with what is in them."""
    found = described(name, kind)
    cards.verify(found)
    graphs = {role: replace(graph, path=Path(), url=None) for role, graph in found.graphs.items()}
    hashes = [_hash(graph.path, ModelError) for graph in found.graphs.values()]
    return repr([found.name, found.task, found.classes, found.threshold, graphs, hashes])


def _hash(path: Path, wrong: type[VidstyleError]) -> str:
    try:
        return _hash_once(path, _stamp(path))
    except OSError as error:
        raise wrong(f"{path} cannot be read: {why(error)}") from error


@functools.lru_cache(maxsize=64)
def _hash_once(path: Path, stamp: int) -> str:  # noqa: ARG001
    return cards.digest(path)


def _stamp(path: Path) -> int:
    """Changes when the file does; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
