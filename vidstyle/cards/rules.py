"""What the values of a card may be, beyond their types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from vidstyle.cards.schema import Card, GraphFile, ImageInput, Output


class Rule(NamedTuple):
    """A test of a value, and the words that end "must be ..."."""

    holds: Callable[[Any], bool]
    words: str


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


def _at_least(low: int) -> Callable[[Any], bool]:
    return lambda number: number >= low


_FILLED = Rule(_matches(r"(?s).*\S.*"), "more than blanks")

RULES: dict[tuple[type[Any], str], Rule] = {
    (Card, "name"): Rule(_matches(r"[a-z0-9][a-z0-9._-]*"), "of a-z, 0-9, '.', '_' and '-'"),
    (Card, "licence"): _FILLED,
    (Card, "source"): _FILLED,
    (Card, "threshold"): Rule(lambda number: 0 <= number <= 1, "from 0 to 1"),
    (GraphFile, "file"): Rule(_matches(r"[\w][\w .+-]*\.onnx"), "the plain name of an .onnx file"),
    (GraphFile, "sha256"): Rule(_matches(r"[0-9a-f]{64}"), "64 hexadecimal digits in lower case"),
    (GraphFile, "md5"): Rule(_matches(r"[0-9a-f]{32}"), "32 hexadecimal digits in lower case"),
    (GraphFile, "url"): Rule(_matches(r"https?://\S+"), "an http or https address"),
    (GraphFile, "bytes"): Rule(_at_least(1), "a size in bytes"),
    (ImageInput, "std"): Rule(lambda std: all(value > 0 for value in std), "three numbers above 0"),
    (ImageInput, "size"): Rule(lambda size: all(1 <= v <= 16384 for v in size), "[height, width] from 1"),
    (ImageInput, "side"): Rule(lambda side: 16 <= side <= 16384, "from 16 to 16384"),
    (ImageInput, "multiple"): Rule(lambda number: 1 <= number <= 512, "from 1 to 512"),
    (ImageInput, "pad"): Rule(lambda number: 0 <= number <= 255, "from 0 to 255"),
    (ImageInput, "margin"): Rule(lambda number: 0 <= number <= 512, "from 0 to 512 pixels"),
    (ImageInput, "rim"): Rule(lambda number: 0 <= number <= 64, "from 0 to 64 pixels"),
    (Output, "high"): Rule(lambda number: 0 <= number <= 1, "from 0 to 1"),
    (Output, "seed"): Rule(lambda number: 1 <= number <= 64, "from 1 to 64 cells"),
    (Output, "downsample"): Rule(lambda ratio: 0 < ratio <= 1, "above 0, at most 1"),
}
"""By dataclass and field."""
