"""Memory is constant in the length of the video."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cli_folder
import pytest
from clips import write_clip

RUN = """
import resource, sys
from vidstyle import cli
assert cli.code(sys.argv[1:]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource is a Unix module")
def test_ten_times_the_length_takes_no_more_memory(tmp_path: Path) -> None:
    flags = cli_folder.flags(cli_folder.fill(tmp_path))
    peaks = []
    for frames in (250, 2500):
        source = write_clip(tmp_path / f"{frames}.mp4", frames=frames)
        words = [str(source), "-q", "-o", str(tmp_path / f"out{frames}.mp4"), *flags]
        done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.05 * peaks[0]
