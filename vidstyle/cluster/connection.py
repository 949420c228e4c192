"""Joining a Ray cluster, and leaving it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import ray

from vidstyle import device
from vidstyle.cluster.ask import Node
from vidstyle.errors import UsageError

_STORE = 80 << 20
"""Bytes of a local cluster's object store, near the least that Ray takes: only descriptions go through it."""

_HEARD = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def joined(address: str) -> Iterator[None]:
    """Connected to the cluster of an address (see `Ask`). Raises UsageError where there is none."""
    if ray.is_initialized():  # the caller's own connection: it stays
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with _own_signals(), _one_line(address), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(**_choice(address))
    try:
        yield
    finally:
        ray.shutdown()


def _choice(address: str) -> dict[str, Any]:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        own = {"num_cpus": device.cores(), "include_dashboard": False, "object_store_memory": _STORE}
        return {"address": "local", **own, **quiet}
    return {"address": address, **quiet}


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; the command line's way of stopping is put back."""
    numbers = [getattr(signal, name) for name in _HEARD if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # not the main thread: nothing was changed either
            for number, heard in before.items():
                signal.signal(number, heard)


@contextlib.contextmanager
def _one_line(address: str) -> Iterator[None]:
    try:
        yield
    except (ConnectionError, TimeoutError, RuntimeError, ValueError, OSError) as error:
        if address == "auto":
            hint = "this machine is in no Ray cluster; start one (ray start --head), name one, or say local"
            raise UsageError(f"--cluster auto: {hint}") from error
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UsageError(f"--cluster {address} cannot be reached: {reason}") from error


def nodes() -> Sequence[Node]:
    """What each living node has."""
    return [each["Resources"] for each in ray.nodes() if each["Alive"]]
