"""How many pictures reach a network at once: few sizes, no more than have room, none for nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import planes, write_clip
from fakes import Bleach, RedThings

from vidstyle import device, pipeline
from vidstyle.cards import ImageInput
from vidstyle.device import batches
from vidstyle.pipeline import Networks
from vidstyle.segmenters.network import NetworkSegmenter
from vidstyle.types import EncodeOptions, Job

GPU = device.Device("cuda", 0, "cuda:0 (toy)")


@pytest.mark.parametrize(("count", "most", "size"), [(1, 8, 1), (2, 8, 2), (3, 8, 4), (5, 8, 8), (3, 3, 3)])
def test_a_batch_is_filled_up_to_a_power_of_two(count: int, most: int, size: int) -> None:
    assert batches.filled(count, most) == size


@pytest.mark.parametrize(
    ("wanted", "width", "height", "most"),
    [(8, 640, 360, 8), (8, 1280, 720, 8), (8, 1920, 1088, 4), (8, 3840, 2160, 1), (8, 7680, 4320, 1)],
)  # fmt: skip
def test_large_pictures_go_in_smaller_batches(wanted: int, width: int, height: int, most: int) -> None:
    assert batches.a_call(wanted, width * height) == most


class Counting:
    """A session that notes how many pictures it gets, and finds something in those that are not black."""

    strays = ()

    def __init__(self) -> None:
        self.counts: list[int] = []

    def run(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        pictures = feeds["pictures"]
        self.counts.append(len(pictures))
        return [pictures.max(axis=3).astype(np.float32) / 255]


@pytest.mark.parametrize(
    ("count", "batch", "fixed", "counts"),
    [(1, 8, False, [1]), (3, 8, False, [4]), (11, 8, False, [8, 4]), (1, 4, True, [4]), (5, 4, True, [4, 4])],
)
def test_a_segmenter_fills_what_its_network_fixes(
    count: int, batch: int, fixed: bool, counts: list[int]
) -> None:
    session = Counting()
    segmenter = NetworkSegmenter("toy", session, ImageInput(), None, batch, fixed=fixed)  # type: ignore[arg-type]
    pictures = np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 4, 6, 3), np.uint8)
    assert np.array_equal(segmenter.masks(pictures) * 255, pictures[..., 0])
    assert session.counts == counts


def painted(source: Path, target: Path, place: device.Device, **more: object) -> Bleach:
    stylizer = Bleach()
    options = EncodeOptions(codec="ffv1")
    job = Job(source=source, target=target, classes=("red",), encode=options, overwrite=True, **more)  # type: ignore[arg-type]
    pipeline.run(job, Networks(RedThings(), stylizer, place))
    return stylizer


def test_batches_change_no_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever parts the frames reach the stylizer; the last batch here has three."""
    source = write_clip(tmp_path / "in.mkv", codec="ffv1", frames=11, sound=False)
    painted(source, tmp_path / "one.mkv", device.choose("cpu"))
    whole = painted(source, tmp_path / "eight.mkv", GPU)
    assert {count for count, *_ in whole.shapes} == {8, 4}
    monkeypatch.setattr(batches, "MOST_PIXELS", 2 * max(height * width for _, height, width in whole.shapes))
    parts = painted(source, tmp_path / "parts.mkv", GPU)
    assert max(count for count, *_ in parts.shapes) == 2
    wanted = planes(tmp_path / "one.mkv")
    for name in ("eight.mkv", "parts.mkv"):
        for mine, theirs in zip(planes(tmp_path / name), wanted, strict=True):
            assert all(np.array_equal(one, other) for one, other in zip(mine, theirs, strict=True))


def test_a_frame_in_real_time_goes_alone(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", codec="ffv1", frames=6, sound=False)
    live = painted(source, tmp_path / "live.mkv", GPU, realtime=True)
    assert {count for count, *_ in live.shapes} == {1}
