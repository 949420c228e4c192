"""How many pictures one call of a network takes.

A session plans and allocates anew for each shape, so that batches come in few sizes: powers of two.
"""

from __future__ import annotations

MOST_PIXELS = 2**23
"""Pixels of one call of more than one picture: a 4K frame's, which a device must have room for anyway."""


def filled(count: int, most: int) -> int:
    """The size of the batch that `count` pictures (1 to `most`) are filled up to: the next power of two."""
    return min(most, 1 << (count - 1).bit_length())


def a_call(wanted: int, pixels: int) -> int:
    """How many pictures of so many pixels go into one call: `wanted`, or a power of two below it."""
    room = max(1, MOST_PIXELS // pixels)
    return min(wanted, 1 << (room.bit_length() - 1))
