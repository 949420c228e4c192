"""What every test shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)  # its seconds say nothing about the code
settings.load_profile("shared machine")

os.environ["VIDSTYLE_CONFIG"] = os.devnull  # whoever runs the tests may have a vidstyle.toml


def pytest_configure(config: pytest.Config) -> None:
    """What is tested is the same on every machine: a GPU is seen only where its tests are asked for."""
    if config.getoption("markexpr") != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


@pytest.fixture
def words(folder: Path) -> list[str]:
    """Flags of tiny networks, of those in the module's own `folder`."""
    import cli_folder  # not before the GPU is hidden

    return cli_folder.flags(folder)
