"""What the words behind the flags mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import UsageError
from vidstyle.types import EncodeOptions

if TYPE_CHECKING:
    from vidstyle.cluster import Ask

_NUMBER = re.compile(r"\d{1,9}(\.\d*)?|\.\d+", re.ASCII)


def file(word: str) -> Path:
    """An input that is read more than once. Raises UsageError for standard input, a camera or a stream."""
    from vidstyle import media

    if media.is_stream(word):
        raise UsageError(f"{media.shown(word)} can be read only once, which is not enough here; name a file")
    return Path(word)


def weighted(styles: Sequence[str] | None) -> tuple[tuple[str, float], ...]:
    """`picture` or `picture:0.3` to pictures with weights; a colon that no number follows is a name's."""
    return tuple(_weighted(style) for style in styles or ())


def _weighted(style: str) -> tuple[str, float]:
    name, colon, weight = style.rpartition(":")
    try:
        number = float(weight)
    except ValueError:
        return style, 1.0
    if not colon:
        return style, 1.0
    if not 0 < number < float("inf"):
        raise UsageError(f"the weight of style {name!r} is {weight}; it must be above 0")
    return name, number


def class_names(words: Sequence[str] | None) -> tuple[str, ...]:
    """Repeated and comma-separated names as one tuple; laptop where nothing was named.

    Raises UsageError where "all" stands beside another name.
    """
    names = [name.strip() for word in words or ["laptop"] for name in word.split(",")]
    named = tuple(dict.fromkeys("all" if name.lower() == "all" else name for name in names if name))
    if not named:
        raise UsageError("--class names nothing; see vidstyle classes")
    if "all" in named and len(named) > 1:
        raise UsageError("--class all paints the whole frame; leave out the other classes")
    return named


def moment(text: str | None, flag: str) -> Fraction | None:
    """`12.5`, `1:02.5` or `1:00:02` to seconds, exactly. Raises UsageError for anything else."""
    if text is None:
        return None
    parts = text.strip().split(":")
    if len(parts) > 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise UsageError(f"{flag} {text!r} is no time; write seconds (12.5) or [hours:]minutes:seconds")
    seconds = Fraction(0)
    for part in parts:
        seconds = seconds * 60 + Fraction(part)
    return seconds


def jobs(text: str) -> int | None:
    """`auto` or a number of files at once; None to decide. Raises UsageError for anything else."""
    word = text.strip().lower()
    if word == "auto":
        return None
    if not word.isdecimal() or not 0 < int(word) <= 1000:
        raise UsageError(f"--jobs {text!r} is neither auto nor a number of files at once")
    return int(word)


def encoding(
    codec: str | None, crf: float | None, preset: str | None, pairs: Sequence[str] | None
) -> EncodeOptions:
    """The encoder's flags as one value. Raises UsageError for a pair that is not `key=value`."""
    options: dict[str, str] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"-e {pair!r} is not key=value")
        options[key] = value
    return EncodeOptions(codec=codec, crf=crf, preset=preset, options=options)


def cluster(address: str | None, cpus: float | None, gpus: float | None, workers: int | None) -> Ask | None:
    """What is asked of a cluster; None for this machine alone. Raises UsageError where it has no address."""
    if address is None:
        if cpus is not None or gpus is not None:
            raise UsageError("--cluster-cpus and --cluster-gpus say what workers get; name a --cluster, too")
        return None
    from vidstyle.cluster import Ask

    return Ask(address, cpus, gpus, workers)
