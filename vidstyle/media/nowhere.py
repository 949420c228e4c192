"""The place of an output that is not written: only its segments are, elsewhere."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer

from vidstyle.media.out_pipe import OutPipe
from vidstyle.media.track import Times


class Nowhere:
    """Stands for the output `target`, so that its streams and encoder are set up as they will be for it; see
    `part_file.PartFile`, the place of an output that is written."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def open(self, muxer: str, options: dict[str, str]) -> OutputContainer:
        """A container in memory that gets a header and no packets."""
        return av.open(io.BytesIO(), "w", format=muxer, container_options=options)

    def send(self) -> None:
        """Nothing goes anywhere."""

    def check(self, times: Times, base: Fraction, counts: list[tuple[str, int]], muxed: int) -> list[str]:  # noqa: ARG002 - as the other places
        """There is nothing to check."""
        return []

    def commit(self) -> None:
        """There is nothing to name."""

    def discard(self) -> None:
        """There is nothing to remove."""

    def __str__(self) -> str:
        return str(self.target)


Target = Path | OutPipe | Nowhere
"""Where an output goes: a file, standard output, or nowhere."""
