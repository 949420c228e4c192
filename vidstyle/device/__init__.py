"""Where networks run: the device that was asked for, sessions on it, and the proof that they run there.

The only room that imports onnxruntime.
"""

from __future__ import annotations

from vidstyle.device import batches
from vidstyle.device.choice import Device, check_word, choose
from vidstyle.device.cuda import gpus
from vidstyle.device.facts import Fact, report
from vidstyle.device.session import Session, assigned, cores

__all__ = [
    "Device",
    "Fact",
    "Session",
    "assigned",
    "batches",
    "check_word",
    "choose",
    "cores",
    "gpus",
    "report",
]
