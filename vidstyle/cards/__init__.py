"""Model cards: read them, find them, pull their networks, check that network and card agree.

Standard library and platformdirs only; the facts about a graph come in as a `Signature`.
"""

from __future__ import annotations

from vidstyle.cards.find import DEFAULT_SEGMENTER, DEFAULT_STYLIZER, Kind, builtin, find
from vidstyle.cards.labels import PRESETS
from vidstyle.cards.read import load
from vidstyle.cards.schema import Card, GraphFile, ImageInput, Output, Task, roles, tables

__all__ = [
    "DEFAULT_SEGMENTER",
    "DEFAULT_STYLIZER",
    "PRESETS",
    "Card",
    "GraphFile",
    "ImageInput",
    "Kind",
    "Output",
    "Task",
    "builtin",
    "find",
    "load",
    "roles",
    "tables",
]
