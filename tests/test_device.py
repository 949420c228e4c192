"""Devices and sessions: what was asked for is what runs, errors are one line, stderr stays clean."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from gpu import WHY_NOT, needs_gpu
from onnx import ModelProto, checker, parser

from vidstyle import device
from vidstyle.device import cuda, runtime
from vidstyle.errors import DeviceError, ModelError, UsageError
from vidstyle.types import Port

CPU = device.choose("cpu")


def graph(text: str) -> bytes:
    model: ModelProto = parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> {text}')
    checker.check_model(model)
    return bytes(model.SerializeToString())


DOUBLE = graph("double (float[n,2] x) => (float[n,2] y) { y = Add(x, x) }")
BLUR = graph(
    "blur (float[n,3,h,w] x) => (float[n,1,h,w] y) <float[1,3,3,3] k = {"
    + ",".join(["0.037"] * 27)
    + "}> { a = Conv<pads=[1,1,1,1]>(x, k)  b = Sigmoid(a)  y = Mul(b, a) }"
)


def test_the_probe_is_a_sound_network() -> None:
    (out,) = device.Session(cuda._PROBE, CPU).run({"x": np.ones((1, 1, 2, 2), np.float32)})
    assert out.tolist() == [[[[2, 2], [2, 2]]]]


def test_the_cpu_is_always_there() -> None:
    assert (CPU.kind, CPU.label, CPU.provider, CPU.note) == ("cpu", "cpu", "CPUExecutionProvider", "")
    assert device.choose(" CPU ") == CPU


def test_auto_says_what_it_chose_and_why() -> None:
    chosen = device.choose("auto")
    if WHY_NOT is None:
        assert chosen.label.startswith("cuda:0 (")
        assert not chosen.note
    else:
        assert (chosen.kind, chosen.label) == ("cpu", "cpu")
        assert WHY_NOT in chosen.note


@pytest.mark.parametrize("word", ["tpu", "cuda:", "cuda:x", "cuda0", "", "cpu:1"])
def test_another_word_is_a_usage_error(word: str) -> None:
    with pytest.raises(UsageError, match=r"auto, cpu, cuda or cuda:N"):
        device.choose(word)


@pytest.mark.skipif(WHY_NOT is None, reason="CUDA runs here")
def test_cuda_that_cannot_run_is_an_error_in_words() -> None:
    with pytest.raises(DeviceError) as caught:
        device.choose("cuda")
    assert str(caught.value) == f"cuda:0 cannot run here: {WHY_NOT}"
    assert "\n" not in str(caught.value)


class Driver:
    """A driver library that answers as told."""

    def __init__(self, status: int = 0, devices: int = 0, version: int = 99000) -> None:
        self.status, self.devices, self.version = status, devices, version

    def cuDriverGetVersion(self, version: object) -> int:  # noqa: N802
        version._obj.value = self.version  # type: ignore[attr-defined]
        return 0

    def cuInit(self, _flags: int) -> int:  # noqa: N802
        return self.status

    def cuDeviceGetCount(self, count: object) -> int:  # noqa: N802
        count._obj.value = self.devices  # type: ignore[attr-defined]
        return 0

    def cuDeviceGet(self, _device: object, _index: int) -> int:  # noqa: N802
        return 0

    def cuDeviceGetName(self, text: object, _size: int, _device: object) -> int:  # noqa: N802
        text.value = b"Toy GPU"  # type: ignore[attr-defined]
        return 0


@pytest.fixture
def forgetful() -> object:
    """What was found out about the machine is forgotten before and after."""

    def forget() -> None:
        cuda.names.cache_clear()
        cuda._failure.cache_clear()

    forget()
    yield
    forget()


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize(
    ("driver", "word", "said"),
    [
        (None, "cuda", "no NVIDIA driver (libcuda.so.1 is missing): install the driver, or use --device cpu"),
        (Driver(status=100), "cuda", "the NVIDIA driver shows no device"),
        (Driver(devices=0), "cuda:0", "the NVIDIA driver shows no device"),
        (Driver(devices=2), "cuda:2", "there is no CUDA device 2: the driver shows 0 to 1"),
        (
            Driver(devices=1, version=12080),
            "cuda",
            "the NVIDIA driver knows CUDA 12.8, this onnxruntime needs 13.0",
        ),
    ],
)
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, driver: Driver | None, word: str, said: str
) -> None:
    monkeypatch.setattr(cuda, "_driver", lambda: driver)
    monkeypatch.setattr(runtime.ort, "cuda_version", "13.0")
    with pytest.raises(DeviceError) as caught:
        device.choose(word)
    assert said in str(caught.value)
    assert said in device.choose(word.replace("cuda", "auto")).note


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize(
    ("driver", "said", "count"),
    [
        (Driver(devices=2), "", 2),
        (Driver(devices=2), "Failed to load libcublas.so.13: libcublas.so.13: cannot open shared object", 0),
        (Driver(devices=2, version=12080), "", 0),
        (None, "", 0),
    ],
)
def test_gpus_that_cannot_run_are_not_counted(
    monkeypatch: pytest.MonkeyPatch, driver: Driver | None, said: str, count: int
) -> None:
    monkeypatch.setattr(cuda, "_driver", lambda: driver)
    monkeypatch.setattr(cuda, "preload", lambda: said)
    monkeypatch.setattr(runtime.ort, "cuda_version", "13.0")
    monkeypatch.setattr(runtime.ort, "get_available_providers", lambda: [cuda.PROVIDER])
    assert device.gpus() == count


@pytest.mark.usefixtures("forgetful")
@pytest.mark.skipif(WHY_NOT is None, reason="CUDA runs here")
@pytest.mark.skipif(
    cuda.PROVIDER not in runtime.ort.get_available_providers(), reason="a CPU-only onnxruntime"
)
def test_the_missing_library_is_read_from_what_onnxruntime_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_driver", lambda: Driver(devices=1))
    with pytest.raises(DeviceError) as caught:
        device.choose("cuda")
    said = str(caught.value)
    assert said.startswith("cuda:0 cannot run here: ")
    assert "is missing: pip install 'vidstyle[cuda]'" in said or "check nvidia-smi" in said
    assert "\n" not in said


def test_a_build_without_cuda_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DeviceError, match="this onnxruntime has no CUDA provider"):
        device.choose("cuda")


CODE = "[ONNXRuntimeError] : 1 : FAIL : "
PLACE = "/onnxruntime_src/onnxruntime/core/x.cc:154 void* onnxruntime::Some::Call(size_t, const char*, int) "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CODE + "Invalid rank\n for input: x\nmore", "Invalid rank for input: x"),
        (CODE + PLACE + "Failed to allocate memory of size 256\n", "Failed to allocate memory of size 256"),
        (CODE + "Conv: " + PLACE + CODE + "cuDNN is unavailable", "cuDNN is unavailable"),
        (PLACE + "[with ERRTYPE = int] CUDA failure 46: busy ; GPU=0 ; line=2", "CUDA failure 46: busy"),
        (CODE + "running Conv. CUDNN_FE failure 6: NO_PLAN ; GPU=0 ; line=2", "CUDNN_FE failure 6: NO_PLAN"),
    ],
)  # fmt: skip
def test_an_error_s_own_words_are_found(text: str, line: str) -> None:
    assert runtime.first_line(RuntimeError(text)) == line


def test_names_of_missing_libraries_are_found_in_a_log() -> None:
    log = (
        "Failed to load libcublasLt.so.13: libcublasLt.so.13: cannot open shared object file: No such file\n"
        "libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file\n"
        'Error loading: onnxruntime_providers_cuda.dll depends on "cublasLt64_13.dll" which is missing. "'
    )
    assert cuda.missing_libraries(log) == ["libcublasLt.so.13", "libcudnn.so.9", "cublasLt64_13.dll"]


def test_a_session_runs_and_knows_its_ends() -> None:
    session = device.Session(DOUBLE, CPU, threads=1, name="double")
    assert session.signature.inputs == (Port("x", "float32", ("n", 2)),)
    assert session.signature.outputs == (Port("y", "float32", ("n", 2)),)
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3).T
    (out,) = session.run({"x": numbers})
    np.testing.assert_array_equal(out, numbers * 2)


def test_what_the_exporter_wrote_is_read() -> None:
    model = ModelProto.FromString(DOUBLE)
    model.metadata_props.add(key="names", value="{0: 'laptop'}")
    assert device.Session(model.SerializeToString(), CPU).signature.metadata == (("names", "{0: 'laptop'}"),)


def test_a_file_runs_as_bytes_do(tmp_path: Path) -> None:
    path = tmp_path / "double.onnx"
    path.write_bytes(DOUBLE)
    session = device.Session(path, CPU)
    assert session.name == "double.onnx"
    assert session.run({"x": np.ones((1, 2), np.float32)})[0].tolist() == [[2, 2]]


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        ({}, "Required inputs"),
        ({"z": np.zeros((1, 2), np.float32)}, "Required inputs"),
        ({"x": np.zeros((1, 3), np.float32)}, "invalid dimensions for input: x"),
        ({"x": np.zeros((1, 2, 1), np.float32)}, "Invalid rank for input: x"),
        ({"x": np.zeros((1, 2), np.float64)}, "Unexpected input data type"),
        ({"x": np.zeros((1, 2), np.float32), "z": np.zeros(1)}, "Invalid input name: z"),
    ],
)
def test_a_wrong_feed_is_a_line(feeds: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        device.Session(DOUBLE, CPU, name="double").run(feeds)
    assert str(caught.value).startswith("double cannot run: ")
    assert "\n" not in str(caught.value)


def test_a_node_that_fails_is_a_line() -> None:
    reshape = graph("r (float[n] x, int64[2] s) => (float[a,b] y) { y = Reshape(x, s) }")
    session = device.Session(reshape, CPU, name="reshape")
    with pytest.raises(ModelError, match="reshape cannot run") as caught:
        session.run({"x": np.zeros(3, np.float32), "s": np.array([2, 2], np.int64)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a network", DOUBLE[: len(DOUBLE) // 2]])
def test_a_broken_file_is_a_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    for model in (content, path):
        with pytest.raises(ModelError, match="cannot be built") as caught:
            device.Session(model, CPU, name="broken")
        assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match="cannot be built"):
        device.Session(tmp_path / "nowhere.onnx", CPU)


def test_a_full_memory_is_the_device_s_error() -> None:
    expand = graph("e (float[1] x, int64[4] s) => (float[a,b,c,d] y) { y = Expand(x, s) }")
    session = device.Session(expand, CPU, name="huge")
    with pytest.raises(DeviceError, match="huge: cpu is out of memory: close other programs"):
        session.run({"x": np.zeros(1, np.float32), "s": np.full(4, 1 << 14, np.int64)})


def test_a_session_on_another_provider_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = device.Device("cuda", 0, "cuda:0 (toy)")
    monkeypatch.setattr(device.Device, "providers", [("CPUExecutionProvider", {})])
    with pytest.raises(DeviceError, match=r"double: asked for cuda:0 \(toy\), got CPUExecutionProvider"):
        device.Session(DOUBLE, wanted, name="double")


def test_every_node_has_a_provider() -> None:
    session = device.Session(BLUR, CPU, record=True)
    nodes = device.assigned(session)
    assert nodes
    assert set(nodes.values()) == {"CPUExecutionProvider"}
    with pytest.raises(ModelError, match="record=True"):
        device.assigned(device.Session(BLUR, CPU))


def test_the_doctor_has_the_facts() -> None:
    facts = {fact.name: fact for fact in device.report()}
    assert facts["onnxruntime"].value.count(".") == 2
    assert "CPUExecutionProvider" in facts["providers"].value
    assert int(facts["cpu threads"].value.split()[0]) >= 1
    assert facts["cuda"].good == (WHY_NOT is None)


def test_nothing_leaks_to_stderr_or_stdout(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    script = (
        "from pathlib import Path\n"
        "from vidstyle import device, errors\n"
        "device.choose('auto'); device.report()\n"
        "for word in ('cuda', 'cuda:7'):\n"
        "    try: device.choose(word)\n"
        "    except errors.DeviceError: pass\n"
        "try: device.Session(Path('broken.onnx'), device.choose('cpu'))\n"
        "except errors.ModelError: pass\n"
    )
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_what_libraries_say_is_overheard_and_nothing_else_is_lost(capfd: pytest.CaptureFixture[str]) -> None:
    with runtime.overheard() as heard:
        os.write(2, b"from below\n")
        print("from above")
        print("and beside", file=sys.stderr)
    assert {"from below", "from above", "and beside"} <= set(heard.text.splitlines())
    os.write(2, b"after\n")
    assert capfd.readouterr() == ("", "after\n")


@needs_gpu
def test_a_network_runs_on_the_gpu_and_only_there() -> None:
    gpu = device.choose("cuda")
    rng = np.random.default_rng(7)
    picture = rng.random((2, 3, 64, 96), np.float32)
    on_gpu = device.Session(BLUR, gpu, record=True)
    assert set(device.assigned(on_gpu).values()) == {cuda.PROVIDER}
    (mine,), (wanted,) = on_gpu.run({"x": picture}), device.Session(BLUR, CPU).run({"x": picture})
    np.testing.assert_allclose(mine, wanted, atol=1e-5)


@needs_gpu
def test_a_device_that_is_not_there_is_named_on_a_gpu_machine() -> None:
    with pytest.raises(DeviceError, match="there is no CUDA device 99"):
        device.choose("cuda:99")


@needs_gpu
def test_a_full_gpu_is_the_device_s_error() -> None:
    expand = graph("e (float[1] x, int64[4] s) => (float[a,b,c,d] y) { t = Expand(x, s)  y = Add(t, t) }")
    session = device.Session(expand, device.choose("cuda"), name="huge")
    with pytest.raises(DeviceError, match="is out of memory"):
        session.run({"x": np.zeros(1, np.float32), "s": np.full(4, 1 << 10, np.int64)})


ENDLESS = """<ir_version: 8, opset_import: ["": 17]>
endless (float[n] x) => (float[n] y)
<int64 times = {9000000000}, bool on = {1}>
{
  y = Loop (times, on, x) <body = step (int64 i, bool go, float[n] before) => (bool more, float[n] after) {
    more = Identity (go)
    after = Identity (before)
  }>
}"""


def test_a_call_can_be_interrupted_and_the_session_goes_on() -> None:
    session = device.Session(parser.parse_model(ENDLESS).SerializeToString(), device.choose("cpu"))
    ended = threading.Event()

    def interrupt() -> None:
        while not ended.wait(0.05):
            session.interrupt()

    for _ in range(2):
        ended.clear()
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(ModelError):
            session.run({"x": np.zeros(1, np.float32)})
        ended.set()
        thread.join()
