"""Networks that find things: one adapter per kind of output, all of them a `types.Segmenter`."""

from __future__ import annotations

from vidstyle.segmenters.classes import class_indices
from vidstyle.segmenters.load import load

__all__ = ["class_indices", "load"]
