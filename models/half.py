# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=1.26", "onnx>=1.16"]
# ///
"""Sixteen bits: for weights, which then take half the bytes of a graph at the same speed, since ONNX Runtime
folds the casts; and for training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

LARGE = 512
"""Numbers from which on a constant is stored in 16 bits."""
MARK = "_16"


def store(graph: onnx.GraphProto) -> None:
    """Each large constant in 16 bits, with a cast to 32 before it is used; in place."""
    for kept in graph.initializer:
        value = numpy_helper.to_array(kept)
        if value.dtype == np.float32 and value.size >= LARGE:
            name = kept.name
            kept.CopyFrom(numpy_helper.from_array(value.astype(np.float16), name + MARK))
            cast = onnx.helper.make_node("Cast", [name + MARK], [name], to=onnx.TensorProto.FLOAT)
            graph.node.insert(0, cast)


def read(path: Path) -> dict[str, NDArray[np.float32]]:
    """The constants of a graph by name, in 32 bits however they are stored."""
    kept = onnx.load(path).graph.initializer
    return {i.name.removesuffix(MARK): numpy_helper.to_array(i).astype(np.float32) for i in kept}


def fast(device: str) -> bool:
    """Whether a device ("cpu", "cuda") computes fast in bfloat16; a CPU without instructions for it is half
    as fast with it. Needs torch."""
    import torch

    return device != "cpu" or torch.cpu._is_avx512_bf16_supported()
