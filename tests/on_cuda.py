"""What `test_device_cuda` runs in processes that see the libraries of `fake_cuda`; each prints JSON."""

from __future__ import annotations

import ctypes
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import networks as tiny
import numpy as np
import pytest
import style_networks
from networks import OBJECTS

from vidstyle import device, pipeline, segmenters, stylizers
from vidstyle.cards import PRESETS
from vidstyle.types import Job, PixelFormat, Planes, Stylizer

TALL, WIDE = 192, 256
YUV420 = PixelFormat("yuv420p", 8, 1, 1, "bt709", False)
YUV422_10 = PixelFormat("yuv422p10le", 10, 1, 0, "bt2020", False)


def library() -> Any:
    """The runtime that the provider uses."""
    runtime = ctypes.CDLL("libcudart.so.13")
    runtime.fake_used.restype = runtime.fake_copied.restype = ctypes.c_size_t
    return runtime


def crossing(action: Callable[[], object]) -> int:
    """Bytes that went to the device and back meanwhile, beyond the inputs and outputs of the sessions."""
    runtime, passed, run = library(), 0, device.Session.run

    def counted(session: device.Session, feeds: dict[str, Any]) -> list[Any]:
        nonlocal passed
        found = run(session, feeds)
        passed += sum(array.nbytes for array in (*feeds.values(), *found))
        return found

    begin = runtime.fake_copied()
    device.Session.run = counted  # type: ignore[method-assign,assignment]
    try:
        action()
    finally:
        device.Session.run = run  # type: ignore[method-assign]
    return int(runtime.fake_copied() - begin - passed)


def samples(format: PixelFormat, count: int, height: int, width: int) -> Planes:
    kind = np.uint16 if format.depth > 8 else np.uint8
    chroma = (count, height >> format.chroma_h, width >> format.chroma_w)
    return np.zeros((count, height, width), kind), np.zeros(chroma, kind), np.zeros(chroma, kind)


def paint(stylizer: Stylizer, format: PixelFormat, count: int, height: int, width: int) -> None:
    planes = samples(format, count, height, width)
    stylizer.paint(planes, np.zeros((count, height, width), np.uint8), format)


def painting(folder: Path) -> Iterator[tuple[str, Stylizer]]:
    place = device.choose("cuda")
    yield "built in", pipeline.load(Job(source="", device="cuda")).stylizer
    for shape, layout in (
        ("n, 3, h, w", "NCHW"),
        ("n, h, w, 3", "NHWC"),
        ("3, h, w", "CHW"),
        ("n, 3, 32, 48", "NCHW"),
    ):
        network = style_networks.fixed("invert", shape=shape)
        card = style_networks.fixed_card(folder, network, {"layout": layout}, layout=layout)
        yield shape, stylizers.load(card, place, [])


def objects(folder: Path) -> Iterator[segmenters.Segmenter]:
    """What counts and sorts candidates: how many there are, a device that computes nothing cannot say."""
    coco = PRESETS["coco91"]
    kinds: list[tuple[str, bytes, str, tuple[str, ...], dict[str, Any]]] = [
        ("yolo", tiny.yolo(batch="n"), "yolo-seg", OBJECTS, {"size": (64, 64), "resize": "letterbox"}),
        ("rf-detr", tiny.rf_detr(laptop=coco.index("laptop")), "rf-detr-seg", coco, {"size": (48, 48)}),
        ("rcnn", tiny.mask_rcnn_zoo(), "mask-rcnn", ("", *OBJECTS), {"layout": "CHW"}),
    ]
    for name, network, task, classes, how in kinds:
        card = tiny.write(folder, name, network, task, classes, how)
        yield segmenters.load(card, device.choose("cuda"), ["laptop"])


def traffic() -> dict[str, int]:
    """Bytes that networks copy besides what goes in and comes out, per call."""
    extra: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, stylizer in painting(Path(folder)):
            for format in (YUV420, YUV422_10):
                paint(stylizer, format, 2, TALL, WIDE)  # builds the session: its weights are copied
                extra[f"{name}, {format.name}"] = crossing(lambda: paint(stylizer, format, 2, TALL, WIDE))  # noqa: B023
    segmenter = pipeline.load(Job(source="", device="cuda")).segmenter
    assert segmenter is not None
    width, height = segmenter.picture_size(WIDE, TALL)
    extra["masks"] = crossing(lambda: segmenter.masks(np.zeros((2, height, width, 3), np.uint8)))
    return extra


def strays() -> list[str]:
    """Kinds of nodes that networks which find objects run on the CPU."""
    with tempfile.TemporaryDirectory() as folder, recorded() as nodes:
        list(objects(Path(folder)))
    return sorted({kind for provider, kind in nodes if provider != device.Device("cuda").provider})


def kinds() -> list[str]:
    """Kinds of nodes of the built-in segmenter."""
    with recorded() as nodes:
        pipeline.load(Job(source="", device="cuda"))
    return sorted({kind for _, kind in nodes})


@contextmanager
def recorded() -> Iterator[list[tuple[str, str]]]:
    """Provider and kind of each node of the segmenters that are loaded meanwhile."""
    nodes: list[tuple[str, str]] = []

    def built(*arguments: Any, **named: Any) -> Any:
        session = device.Session(*arguments, **named | {"record": True})
        parts = session._session.get_provider_graph_assignment_info()
        nodes.extend((part.ep_name, node.op_type) for part in parts for node in part.get_nodes())
        return session

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["vidstyle.segmenters.load"], "Session", built)
        yield nodes


def note(bytewise: bool) -> str:
    """What is said of a segmenter whose only convolution is one of bytes, or of floats."""
    convolved = """
        scale = Constant<value_float = 0.01>() zero = Constant<value = uint8 {0}>()
        weights = Constant<value = uint8[1, 3, 1, 1] {1, 2, 3}>()
        before = QuantizeLinear(image, scale, zero)
        after = QLinearConv(before, scale, zero, weights, scale, zero, scale, zero)
        out = DequantizeLinear(after, scale, zero)
    """
    plain = "weights = Constant<value = float[1, 3, 1, 1] {1.0, 2.0, 3.0}>() out = Conv(image, weights)"
    network = (
        f"net (float[n, 3, h, w] image) => (float[n, 1, y, x] out) {{ {convolved if bytewise else plain} }}"
    )
    with tempfile.TemporaryDirectory() as folder:
        tiny.write(Path(folder), "tiny", tiny.model(network), "semantic", ("laptop",))
        return pipeline.load(Job(source="", device="cuda", segmenter=f"{folder}/tiny.onnx")).device.note


def memory(sides: list[int]) -> int:
    """Bytes of the device that are taken once regions of these sizes were painted, each twice."""
    stylizer = pipeline.load(Job(source="", device="cuda")).stylizer
    for side in sides:
        for _ in range(2):
            paint(stylizer, YUV420, 8, side, side)
    return int(library().fake_used())


if __name__ == "__main__":
    words = [json.loads(word) for word in sys.argv[2:]]
    tasks = {"traffic": traffic, "strays": strays, "kinds": kinds, "note": note, "memory": memory}
    print(json.dumps(tasks[sys.argv[1]](*words)))
