"""Values of encoder options, checked before the encoder is opened or heard while it is: libraries print
what they do not understand to stderr, or pass over it in silence."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext

from vidstyle.errors import UsageError, nearest

_SPEEDS: Final = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip
_X264: Final = {
    "preset": _SPEEDS,
    "tune": (
        "film", "animation", "grain", "stillimage", "psnr", "ssim", "fastdecode", "zerolatency", "touhou",
    ),
    "profile": ("baseline", "main", "high", "high10", "high422", "high444"),
}  # fmt: skip
_X265: Final = {
    "preset": _SPEEDS,
    "tune": ("psnr", "ssim", "grain", "zerolatency", "fastdecode", "animation"),
}
_WORDS: Final = {"libx264": _X264, "libx264rgb": _X264, "libx265": _X265}
"""Words of options that FFmpeg hands to a library as they are (x264.h, x265.h); it knows all others."""

_SETTLING: Final = 0.02
"""Seconds in which every thread that waits for the interpreter gets it (each has it for 5 ms at most)."""

_WORST: Final = {"libx264": 51.0, "libx264rgb": 51.0, "libx265": 51.0}
"""The largest crf of libraries that take a larger one for this (x264.h, x265.h)."""
_CHECKED: Final = ("preset", "tune", "profile", "cpu-used")
_NUMBER: Final = re.compile(r"-?\d+")
_COMPLAINT: Final = re.compile(r"(?:Error parsing option|Unknown option:|Invalid value for) '?(.+?)'?\.?\s*$")
_INNER: Final = {
    "libx264": "x264-params", "libx264rgb": "x264-params", "libx265": "x265-params",
    "libsvtav1": "svtav1-params",
}  # fmt: skip
"""Options that hold `key=value:key=value` for the library. Keys that it does not have are only logged."""


def check_values(context: VideoCodecContext, options: dict[str, str]) -> None:
    """Raises UsageError for a preset, tune, profile, speed or crf that the encoder does not have."""
    own = _WORDS.get(context.name, {})
    known = {option.name: option for option in context.supported_options.private}
    for key in _CHECKED:
        value, option = options.get(key), known.get(key)
        if value is None:
            continue
        if key in own:
            numbers = range(len(_SPEEDS)) if key == "preset" else range(0)
            for word in _split(context.name, key, value):
                _check(f"{context.name} has no {key}", word, own[key], numbers)
        elif option is not None and option.max > option.min:
            words = tuple(choice.name for choice in option.choices or ())
            numbers = range(int(option.min), int(option.max) + 1)
            _check(f"{context.name} has no {key}", value, words, numbers)
    if "crf" in options and "crf" in known:
        _check_crf(context.name, options["crf"], _WORST.get(context.name, known["crf"].max))


def _check_crf(encoder: str, value: str, worst: float) -> None:
    try:
        right = float(value) <= worst
    except ValueError:
        right = False
    if not right:
        raise UsageError(f"{encoder} has no crf {value!r}; it takes 0 (best) to {worst:g}")


def _split(encoder: str, key: str, value: str) -> list[str]:
    if not encoder.startswith("libx264"):
        return [value]
    return re.split(r"[,./+-]", value.lower()) if key == "tune" else [value.lower()]


def _check(problem: str, value: str, words: tuple[str, ...], numbers: range) -> None:
    if value in words or (_NUMBER.fullmatch(value) and int(value) in numbers):
        return
    there = f"it has {', '.join(words)}" if words else f"it takes numbers from {numbers[0]} to {numbers[-1]}"
    raise UsageError(f"{problem} {value!r}{nearest(value, words) or f'; {there}'}")


def is_hardware(encoder: str) -> bool:
    """Whether it runs on a GPU, which a machine may not have, or not for every picture."""
    return encoder.endswith(("_nvenc", "_qsv", "_amf"))


@contextlib.contextmanager
def heard(encoder: str, options: dict[str, str]) -> Iterator[None]:
    """Around the opening of an encoder: raises UsageError for what it logs of its inner options. The errors
    of one that is hardware have what it logged last as their `log`.

    FFmpeg's log is one for the whole process: it is listened to only where there is something to hear.
    """
    key = _INNER.get(encoder)
    if not is_hardware(encoder) and (key is None or key not in options):
        yield
        return
    refusal = None
    with _listening() as log:
        try:
            yield
        except av.error.FFmpegError as error:
            refusal = error
    for _, name, message in log:
        found = _COMPLAINT.search(message)
        if key is not None and name == encoder and found:
            raise UsageError(f"{encoder} does not take {found[1]!r} in {key}")
    if refusal is not None:
        raise refusal


@contextlib.contextmanager
def _listening() -> Iterator[list[tuple[int, str, str]]]:
    level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.WARNING)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture(local=False) as log:  # of all threads: none may print
            yield log
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skips)
        # A decoder's thread may be on its way into the log and wait for the interpreter's lock, which whoever
        # closes that decoder holds while waiting for the thread. Let it through first.
        time.sleep(_SETTLING)
