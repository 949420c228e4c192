# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "numpy>=1.26", "onnx>=1.16", "onnxruntime>=1.20", "opencv-python-headless>=4.8", "torch>=2.5",
# ]
# ///
"""Eight bits: what makes the network half as costly on a CPU, and half as large.

Post-training quantisation (Jacob et al. 2018): the ranges of the activations come from photographs of the
training set, weights have a scale for each output channel. Weights keep to 7 bits, since processors without
VNNI add up pairs of products in 16 bits. The first convolution sees the picture and the last one gives the
logits: both stay in floats, and so does averaging, which ONNX Runtime does slowly in 8 bits.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from data import Bytes, Pool
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

EVERY = 20
"""One in so many photographs with laptops sets the ranges."""
OPERATORS = ["Add", "Concat", "Conv", "Relu", "Resize"]
BODY = "/net/"
"""Where the names of the network's own nodes begin; behind them labels are merged."""
ENDS = ("/stem", "/classify")


class Pictures(CalibrationDataReader):
    """Photographs as the card's input takes them, one by one."""

    def __init__(self, pool: Pool, side: int, every: int = EVERY) -> None:
        self.rest: Iterator[Bytes] = iter(pool.pictures[::every])
        self.side = side

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next one; None after the last."""
        picture = next(self.rest, None)
        if picture is None:
            return None
        scale = self.side / max(picture.shape[:2])
        size = [max(32, round(length * scale / 32) * 32) for length in picture.shape[1::-1]]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        return {"image": np.ascontiguousarray(small.transpose(2, 0, 1)[None], np.float32) / 255}


def quantise(path: Path, packed: Path, side: int) -> float:
    """The graph of floats in 8 bits, in place. Returns the mean difference of the laptop's probability
    between the two on photographs that were held out."""
    nodes = onnx.load(path).graph.node
    ends = [n.name for n in nodes if not n.name.startswith(BODY) or any(end in n.name for end in ENDS)]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / path.name
        quantize_static(
            path,
            target,
            Pictures(Pool.load(packed / "found.npz"), side),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=OPERATORS,
            nodes_to_exclude=ends,
        )
        gap = difference(path, target, Pictures(Pool.load(packed / "found_held.npz"), side, 1))
        model = onnx.load(target)
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return gap


def difference(first: Path, second: Path, pictures: Pictures) -> float:
    """Mean absolute difference of the probability of class 1."""
    sessions = [onnxruntime.InferenceSession(p, providers=["CPUExecutionProvider"]) for p in (first, second)]
    gaps = []
    while (feeds := pictures.get_next()) is not None:
        logits = [session.run(None, feeds)[0] for session in sessions]
        guesses = [1 / (1 + np.exp(found[:, 0] - found[:, 1])) for found in logits]
        gaps.append(float(np.abs(guesses[0] - guesses[1]).mean()))
    return float(np.mean(gaps))
