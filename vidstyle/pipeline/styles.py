"""Style pictures by name: the built-in ones, or any picture by its path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidstyle.cards import places
from vidstyle.errors import UsageError, nearest

DEFAULT = "starry"
Weighted = tuple[NDArray[np.uint8], float]


def builtin() -> dict[str, Path]:
    """Names of the built-in style pictures and where they lie, in alphabetical order."""
    return places.styles()


def find(name_or_path: str) -> Path:
    """The picture that is meant: a file wins; `starry` and `starry.jpg` both name the built-in one.

    Raises UsageError, with the nearest names, where there is neither.
    """
    known = builtin()
    path = Path(os.path.expanduser(name_or_path))  # noqa: PTH111 - Path's own raises for ~nobody
    if os.path.isfile(path):  # noqa: PTH113 - Path's own raises for a folder that may not be searched
        return path
    named = known.get(name_or_path) or known.get(name_or_path.removesuffix(".jpg"))
    if named is not None:
        return named
    hint = nearest(path.stem, known) or f"; built-in styles are {', '.join(known)}"
    raise UsageError(f"style {name_or_path!r} is neither a picture nor a built-in style{hint}")


def refuse(styles: Sequence[tuple[str, float]], stylizer: str) -> None:
    """Raises UsageError where pictures were given to a network that has a style of its own."""
    if styles:
        raise UsageError(
            f"stylizer {stylizer} has one style of its own and takes no picture: leave out --style"
        )
