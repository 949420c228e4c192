"""Locks hold the file that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vidstyle import locks


def test_a_file_that_its_last_holder_removed_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = tmp_path / "lock", locks._lock

    def late(file: Any) -> None:
        monkeypatch.undo()
        path.unlink()
        lock(file)

    monkeypatch.setattr(locks, "_lock", late)
    with locks.held(path), pytest.raises(BlockingIOError), locks.held(path, poll=None):
        pass
    with locks.held(path, poll=None):
        pass
