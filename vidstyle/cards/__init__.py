"""Model cards: read them, find them, pull their networks, check that network and card agree.

Standard library and platformdirs only; the facts about a graph come in as a `Signature`.
"""

from __future__ import annotations

from vidstyle.cards.deduce import graph_files, infer
from vidstyle.cards.download import Progress, pull
from vidstyle.cards.files import digest, verify
from vidstyle.cards.labels import PRESETS
from vidstyle.cards.match import check
from vidstyle.cards.ports import image_port, outputs, picture_size
from vidstyle.cards.read import load
from vidstyle.cards.schema import RANGES, Card, GraphFile, ImageInput, Output, Task, roles, tables
from vidstyle.cards.shelf import DEFAULT_SEGMENTER, DEFAULT_STYLIZER, Kind, builtin, find

__all__ = [
    "DEFAULT_SEGMENTER",
    "DEFAULT_STYLIZER",
    "PRESETS",
    "RANGES",
    "Card",
    "GraphFile",
    "ImageInput",
    "Kind",
    "Output",
    "Progress",
    "Task",
    "builtin",
    "check",
    "digest",
    "find",
    "graph_files",
    "image_port",
    "infer",
    "load",
    "outputs",
    "picture_size",
    "pull",
    "roles",
    "tables",
    "verify",
]
