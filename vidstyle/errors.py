"""Every error that vidstyle raises on purpose, as one tree.

    VidstyleError
      UsageError         2   the command cannot mean anything (unknown class, style, codec, option)
      InputError         3   the input is missing, unreadable, or holds no video
      ModelError         4   a network, its card or its download is wrong
      DeviceError        5   the device that was asked for cannot run
      OutputError        6   the output cannot be written, or did not pass its check

The number is the exit code. An error is raised where the fact is known, as one line that says what is
wrong and what to do; only `vidstyle.cli` turns it into words on stderr and an exit code. Anything else
that escapes is a bug: a traceback and exit code 70.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

BUG = 70
"""Exit code of what nobody raised on purpose."""


class VidstyleError(Exception):
    """Base of all errors above. `exit_code` is what the command line ends with."""

    exit_code = BUG


class UsageError(VidstyleError):
    """The request itself is wrong: nothing was read or written."""

    exit_code = 2


class InputError(VidstyleError):
    """The input cannot be opened or decoded, or holds nothing to paint."""

    exit_code = 3


class ModelError(VidstyleError):
    """A card, a network file or a download does not hold what it promises."""

    exit_code = 4


class DeviceError(VidstyleError):
    """The device that was asked for cannot run; the message names what is missing."""

    exit_code = 5


class OutputError(VidstyleError):
    """The output cannot be written there, or did not pass its check before the rename."""

    exit_code = 6


def nearest(word: str, known: Iterable[str], count: int = 3, least: float = 0.5) -> str:
    """The end of an error line: `; did you mean 'laptop'?`, or the empty string when nothing is near.

    least: how like the word a name must be, 0 to 1 (`difflib`)."""
    close = difflib.get_close_matches(word.lower(), list(known), n=count, cutoff=least)
    return f"; did you mean {' or '.join(repr(name) for name in close)}?" if close else ""


def why(error: OSError) -> str:
    """What the system says of an error, as the end of a line: `no such file or directory`."""
    return (error.strerror or str(error)).lower()


_JOINERS = "\u200c\u200d"
"""Have no width of their own and belong to words and pictures of many scripts."""


def visible(text: str) -> str:
    r"""`text` on one line, harmless to a terminal: control and direction characters as `\x1b`, `\u202e`."""
    if text.isprintable():  # nearly always
        return text
    return "".join(each if _shows(each) else each.encode("unicode_escape").decode() for each in text)


def _shows(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs"
