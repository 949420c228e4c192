"""What the tests of the command line paint with: a clip, and networks that take no time."""

from __future__ import annotations

import sys
from pathlib import Path

import networks
import style_networks
from clips import write_clip

COMMAND = [sys.executable, "-m", "vidstyle"]
"""What starts the program as a process of its own."""


def fill(folder: Path) -> Path:
    """A clip, a segmenter of red things called laptops, and a stylizer that inverts colours."""
    write_clip(folder / "clip.mp4")
    networks.write(folder, "reds", networks.semantic(), "semantic", ("background", "laptop", "cup"))
    (folder / "invert.onnx").write_bytes(style_networks.fixed("invert", top=1.0))
    card = 'name = "invert"\ntask = "style-fixed"\nlicence = "MIT"\nsource = "tests"\n'
    (folder / "invert.toml").write_text(card + '[model]\nfile = "invert.onnx"\n')
    return folder


def flags(folder: Path) -> list[str]:
    """The flags that name the tiny networks."""
    files = ["--segmenter", str(folder / "reds.onnx"), "--stylizer", str(folder / "invert.onnx")]
    return [*files, "--device", "cpu"]
