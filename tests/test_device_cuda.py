"""ONNX Runtime's CUDA provider over libraries that compute nothing: what it runs, copies, takes and says.

Any machine has these. What a GPU computes, the tests marked gpu ask.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fake_cuda
import pytest
from clips import times, write_clip

pytestmark = pytest.mark.skipif(fake_cuda.why_not() is not None, reason=str(fake_cuda.why_not()))

SCALARS = {
    "Add", "Cast", "Concat", "Div", "Equal", "Gather", "Max", "Mul", "ReduceMean", "Reshape", "Slice",
    "Squeeze", "Sub", "Unsqueeze", "Where",
}  # fmt: skip
"""What computes sizes, which ONNX Runtime keeps on the CPU on purpose."""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_cuda.build(tmp_path_factory.mktemp("cuda"))


def told(libraries: Path, word: str, *arguments: Any, **environment: str) -> Any:
    """What a function of `on_cuda` prints."""
    script = [str(Path(__file__).with_name("on_cuda.py")), word, *map(json.dumps, arguments)]
    done = fake_cuda.run(libraries, script, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def chosen(libraries: Path, word: str, **environment: str) -> str:
    """The label and note of the device, or the error."""
    script = f"from vidstyle import device\nplace = device.choose({word!r})\nprint(place.label, place.note)"
    done = fake_cuda.run(libraries, ["-c", script], **environment)
    return done.stdout.strip() or done.stderr.splitlines()[-1]


def test_a_device_that_runs_is_taken(libraries: Path) -> None:
    assert chosen(libraries, "auto") == "cuda:0 (Toy GPU)"
    assert chosen(libraries, "cuda:1") == "cuda:1 (Toy GPU)"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            "cudaSetDevice:46",
            "CUDA failure 46: CUDA-capable device(s) is/are busy or unavailable: check nvidia-smi",
        ),
        ("cudaMalloc:2", "Failed to allocate memory for requested buffer of size 256: check nvidia-smi"),
        (
            "cudaGetLastError:209",
            "this onnxruntime has no code for a GPU of this generation: use --device cpu",
        ),
    ],
)
def test_a_device_that_does_not_run_says_why(libraries: Path, fault: str, said: str) -> None:
    assert said in chosen(libraries, "cuda", FAKE_CUDA_FAIL=fault)
    note = chosen(libraries, "auto", FAKE_CUDA_FAIL=fault)
    assert note.startswith("cpu ") and said in note and "onnxruntime_src" not in note


def test_without_cudnn_its_name_is_said(libraries: Path, tmp_path: Path) -> None:
    for library in libraries.glob("lib*.so.*[0-9]"):
        if "cudnn" not in library.name:
            (tmp_path / library.name).symlink_to(library)
    assert "libcudnn.so is missing: pip install 'vidstyle[cuda]'" in chosen(tmp_path, "cuda")


def test_pictures_do_not_leave_the_device_on_their_way(libraries: Path) -> None:
    """Beyond inputs and outputs only sizes cross: some hundred numbers, where each plane has 98304."""
    extra = told(libraries, "traffic")
    assert len(extra) == 11
    assert {name: size for name, size in extra.items() if not 0 <= size < 16384} == {}


def test_only_sizes_are_computed_beside_the_device(libraries: Path) -> None:
    assert set(told(libraries, "strays")) <= SCALARS


def test_a_network_of_8_bits_runs_in_floats(libraries: Path) -> None:
    """The built-in segmenter is one, and CUDA has no 8-bit convolution."""
    found = set(told(libraries, "kinds"))
    assert "Conv" in found and not [kind for kind in found if "Linear" in kind]


def test_what_a_network_runs_on_the_cpu_all_the_same_is_said(libraries: Path) -> None:
    assert told(libraries, "note", True) == "tiny: QLinearConv run on the CPU for lack of CUDA code"
    assert told(libraries, "note", False) == ""


def test_regions_of_many_sizes_take_no_more_than_the_largest(libraries: Path) -> None:
    largest = told(libraries, "memory", [512])
    assert told(libraries, "memory", [128, 192, 256, 320, 384, 448, 512]) <= 1.1 * largest
    assert largest < 512 * 512 * 8 * 160  # bytes


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "in.mkv", codec="ffv1", frames=20)


def painted(libraries: Path, clip: Path, target: str, device: str = "cuda", **environment: str) -> Any:
    arguments = ["-m", "vidstyle", str(clip), "--class", "all", "--device", device, "-o", target, "-q"]
    return fake_cuda.run(libraries, arguments, **environment)


def test_a_video_goes_through_the_device(libraries: Path, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    done = painted(libraries, clip, str(target), "cuda:1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert times(target) == times(clip)


def test_a_device_that_fails_costs_one_file_of_a_batch(libraries: Path, tmp_path: Path) -> None:
    """Such a failure stays for as long as the process does."""
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name, frames in (("a", 400), ("b", 8), ("c", 8)):
        write_clip(inputs / f"{name}.mkv", codec="ffv1", frames=frames, sound=False)
    arguments = [
        "-m",
        "vidstyle",
        str(inputs),
        "-o",
        f"{tmp_path}/out/",
        "--class",
        "all",
        "--device",
        "cuda",
    ]
    done = fake_cuda.run(libraries, [*arguments, "--jobs", "1"], FAKE_CUDA_FAIL="cudaMemcpyAsync:700:150")
    assert done.returncode == 1 and "2 done, 1 failed" in done.stderr, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.mkv", "c.mkv"]


def test_a_full_device_is_left_for_the_cpu_on_auto(libraries: Path, clip: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    arguments = ["-m", "vidstyle", str(clip), "--class", "all", "--device", "auto", "-o", str(target)]
    done = fake_cuda.run(libraries, arguments, FAKE_CUDA_BYTES="9000000")
    assert done.returncode == 0 and times(target) == times(clip)
    assert "note: style.onnx: cuda:0 (Toy GPU) is out of memory" in done.stderr
    assert "brush on cpu, " in done.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"FAKE_CUDA_BYTES": "9000000"}, "is out of memory: see with nvidia-smi what else uses it"),
        ({"FAKE_CUDA_FAIL": "cudaMemGetInfo:2:1"}, "is out of memory: see with nvidia-smi what else uses it"),
        (
            {"FAKE_CUDA_FAIL": "cudaMemGetInfo:46:1"},
            "failed: CUDA failure 46: CUDA-capable device(s) is/are busy",
        ),
        ({"FAKE_CUDA_FAIL": "cudaMemcpyAsync:700:60"}, "failed: CUDA failure 700: a toy's failure"),
    ],
    ids=str,
)
def test_a_device_that_fails_later_is_one_line(
    environment: dict[str, str], said: str, libraries: Path, clip: Path, tmp_path: Path
) -> None:
    """Nothing on stdout, which may be a pipe with a video, and no run on the CPU instead."""
    done = painted(libraries, clip, str(tmp_path / "out.mkv"), **environment)
    assert (done.returncode, done.stdout) == (5, "")
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
