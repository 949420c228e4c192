"""One download, shown."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from vidstyle.errors import visible


class Download:
    """A bar in bytes for one download, on a terminal; what comes of it is one line anywhere."""

    def __init__(self, name: str) -> None:
        self._bar: tqdm[Any] = tqdm(
            desc=visible(name), unit="B", unit_scale=True, file=sys.stderr, leave=False, disable=None
        )

    def at(self, done: int, total: int | None) -> None:
        """So many bytes are here, of so many (None: the server does not say)."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
