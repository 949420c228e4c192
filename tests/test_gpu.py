"""What only a GPU can answer: that it computes what the CPU does, alone, in batches and in processes.

Sums in another order differ in their last bits, so that samples may be rounded otherwise: by one code value
where a network has one layer, by a few in the worst place of a deep one.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import batch_folder
import cli_folder
import numpy as np
import pytest
import style_networks as tiny
from batch_folder import Diary
from clips import planes, times, write_clip
from gpu import needs_gpu
from test_stylizers import error, random_mask, random_planes
from test_stylizers_kinds import KINDS, WIDE, YUV

from vidstyle import device, media, pipeline, stylizers
from vidstyle.errors import OutputError
from vidstyle.jobs.batch import run_batch
from vidstyle.jobs.shares import Share
from vidstyle.types import EncodeOptions, Job, JobResult, PixelFormat

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "desk.mp4"


@needs_gpu
@pytest.mark.parametrize("format", [YUV, WIDE], ids=lambda format: format.name)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_style_network_paints_the_same(kind: str, format: PixelFormat, tmp_path: Path) -> None:
    network, both, alone = KINDS[kind]
    samples, mask = random_planes(format, 2, 32, 48), random_mask(2, 32, 48)
    card = tiny.fixed_card(tmp_path, tiny.fixed("invert", **network), both, **(both | alone))
    mine, wanted = (
        stylizers.load(card, device.choose(place), []).paint(samples, mask, format)
        for place in ("cuda", "cpu")
    )
    coarse = 2 ** (format.depth - 8) if kind == "bytes" else 0  # a byte of the network's
    assert error(mine, wanted) <= 1 + coarse


@needs_gpu
def test_the_built_in_style_network_paints_the_same() -> None:
    samples, mask = random_planes(YUV, 3, 160, 240), random_mask(3, 160, 240)
    mask[:, :40] = 0
    mine, wanted = (
        pipeline.load(Job(source="", device=place)).stylizer.paint(samples, mask, YUV)
        for place in ("cuda", "cpu")
    )
    assert np.array_equal(mine[0][:, :40], samples[0][:, :40]), "mask 0 leaves every sample"
    apart = [np.abs(one.astype(int) - other) for one, other in zip(mine, wanted, strict=True)]
    assert max(part.max() for part in apart) <= 4 and max(part.mean() for part in apart) < 0.1
    assert np.abs(mine[0].astype(int) - samples[0]).mean() > 2, "it is painted at all"


@needs_gpu
def test_the_built_in_segmenter_finds_the_same() -> None:
    gpu, cpu = (pipeline.load(Job(source="", device=place)).segmenter for place in ("cuda", "cpu"))
    assert gpu is not None and cpu is not None
    with media.Source(SAMPLE, end=Fraction(1, 2)) as video:
        frames = list(video.frames(gpu.picture_size(*video.info.upright_size)))
    pictures = np.stack([frame.picture for frame in frames if frame.picture is not None])
    mine, wanted = gpu.masks(pictures), cpu.masks(pictures)
    assert wanted.max() == 1
    assert np.abs(mine - wanted).mean() < 1e-3 and np.mean((mine > 0.5) != (wanted > 0.5)) < 1e-3


def painted(folder: Path, source: Path, target: Path, place: str, **more: object) -> JobResult:
    options = EncodeOptions(codec="ffv1")
    job = Job(
        source=source, target=target, encode=options, device=place,
        segmenter=str(folder / "reds.onnx"), stylizer=str(folder / "invert.onnx"), **more,
    )  # fmt: skip
    return pipeline.run(job)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return cli_folder.fill(tmp_path)


@needs_gpu
def test_a_video_is_what_the_cpu_makes_of_it(folder: Path) -> None:
    source = write_clip(folder / "in.mkv", codec="ffv1", frames=21, sound=False)
    on_gpu = painted(folder, source, folder / "gpu.mkv", "cuda")
    on_cpu = painted(folder, source, folder / "cpu.mkv", "cpu")
    assert on_gpu.plan.device.startswith("cuda:0 (") and 0 < on_gpu.coverage < 1
    assert on_gpu.coverage == pytest.approx(on_cpu.coverage, rel=1e-3)
    assert times(folder / "gpu.mkv") == times(source)
    frames = zip(planes(folder / "gpu.mkv"), planes(folder / "cpu.mkv"), planes(source), strict=True)
    for mine, theirs, before in frames:
        apart = [np.abs(one.astype(int) - other) for one, other in zip(mine, theirs, strict=True)]
        assert max(part.max() for part in apart) <= 4
        assert np.array_equal(mine[0][80:], before[0][80:]), "nothing lies there, and nothing changes"


@needs_gpu
def test_worker_processes_share_the_gpu(tmp_path: Path) -> None:
    """They are spawned: a forked one could not use the device that its parent has begun to use."""
    device.choose("cuda")
    folder = batch_folder.fill(tmp_path)
    tasks = batch_folder.planned(folder, tmp_path, ["a=clip", "b=clip", "c=clip"])
    on_gpu = [replace(task, job=replace(task.job, device="cuda")) for task in tasks]
    outcomes = run_batch(on_gpu, Diary(), Share(2, 1))
    assert [each.status for each in outcomes] == ["done"] * 3
    assert all(each.result is not None and each.result.plan.device.startswith("cuda:0") for each in outcomes)


@needs_gpu
@pytest.mark.skipif(device.gpus() < 2, reason="one GPU")
def test_the_second_gpu_is_taken_where_it_is_named(folder: Path) -> None:
    result = painted(folder, folder / "clip.mp4", folder / "out.mkv", "cuda:1")
    assert result.plan.device.startswith("cuda:1 (") and result.frames


@needs_gpu
@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc"])
def test_the_gpu_encodes(codec: str, folder: Path) -> None:
    """Computing GPUs (A100, H100, H200) have no encoder."""
    source = write_clip(folder / "in.mp4", size=(320, 240), frames=30)
    job = Job(source=source, target=folder / "out.mp4", classes=("all",), encode=EncodeOptions(codec=codec))
    try:
        result = pipeline.run(replace(job, stylizer=str(folder / "invert.onnx"), segment=10))
    except OutputError as refusal:
        if "is not available" not in str(refusal):
            raise
        pytest.skip(str(refusal))
    assert result.plan.codec == codec and times(folder / "out.mp4") == times(source)
