"""Tests that need a GPU: marked, and skipped where none runs. `pytest -m gpu` lets them have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vidstyle.device import cuda

WHY_NOT = cuda.why_not(0)


def needs_gpu(test: Callable[..., Any]) -> Callable[..., Any]:
    skipped = pytest.mark.skipif(WHY_NOT is not None, reason=f"no CUDA device runs here: {WHY_NOT}")
    return pytest.mark.gpu(skipped(test))
