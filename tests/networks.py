"""Tiny segmentation networks of the published signatures, for tests: exact, without weights to load.

All of them see colours: a laptop is pure red, a cup is pure green, everything else (black, white, gray,
blue) is background. `write` puts one beside a card of its own and reads that back.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from vidstyle import cards
from vidstyle.cards import Card

CLASSES = ("background", "laptop", "cup")
"""Of the semantic networks."""

OBJECTS = ("laptop", "cup")
"""Of the YOLO networks."""

RED, GREEN, GRAY = (255, 0, 0), (0, 255, 0), (128, 128, 128)

_COLOURS = """
  w = Constant<value = float[2, 3, 1, 1] {10.0, -10.0, -10.0, -10.0, 10.0, -10.0}>()
  b = Constant<value = float[2] {-5.0, -5.0}>()
"""
"""Logits of red and green: 5 for the pure colour, -5 for black, less for the rest."""


def model(text: str, opset: int = 17) -> bytes:
    """Bytes of a network written as ONNX text."""
    proto = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]>\n{text}')
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def write(
    folder: Path,
    name: str,
    network: bytes,
    task: str,
    classes: tuple[str, ...],
    image: dict[str, Any] | None = None,
    output: dict[str, Any] | None = None,
    threshold: float = 0.5,
) -> Card:
    """`<name>.onnx` and `<name>.toml` in a folder; the card as it is read from there (`card.origin`)."""
    (folder / f"{name}.onnx").write_bytes(network)
    lines = [
        f'name = "{name}"',
        f'task = "{task}"',
        'licence = "MIT"\nsource = "tests"',
        f"classes = {list(classes)}",
        f"threshold = {threshold}",
        f'[model]\nfile = "{name}.onnx"\nsha256 = "{hashlib.sha256(network).hexdigest()}"',
        "[model.input]",
        *(f"{key} = {_toml(value)}" for key, value in (image or {}).items()),
        "[model.output]",
        *(f"{key} = {_toml(value)}" for key, value in (output or {}).items()),
    ]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n")
    return cards.load(path)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def picture(
    height: int, width: int, *boxes: tuple[int, int, int, int], colour: tuple[int, int, int] = RED
) -> NDArray[np.uint8]:
    """(1, height, width, 3) gray with rectangles (x1, y1, x2, y2) of one colour."""
    pixels = np.full((1, height, width, 3), GRAY, np.uint8)
    for x1, y1, x2, y2 in boxes:
        pixels[:, y1:y2, x1:x2] = colour
    return pixels


def covers(mask: NDArray[np.float32], wanted: NDArray[np.bool_], rim: int = 2) -> bool:
    """1 inside and 0 outside, but for a rim of a few pixels on both sides of the edge, where corners are
    rounded. The border of the picture is an edge too."""
    size = 2 * rim + 1
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(wanted, rim), (size, size))
    inside, outside = windows.all((2, 3)), ~windows.any((2, 3))
    wrong = ((mask >= 0.5) != wanted).mean()
    return bool((mask[inside] == 1).all() and (mask[outside] == 0).all() and (rim > 2 or wrong < 0.02))


def semantic(
    *, shape: str = "n, 3, h, w", kind: str = "logits", stride: int = 1, dtype: str = "float"
) -> bytes:
    """image RGB 0..1 -> out (N, 3, h / stride, w / stride), or int64 labels (N, h, w); NHWC by `shape`.

    The background's logit is 0.
    """
    last = shape.replace(" ", "").endswith(",3")
    enter = "Transpose<perm = [0, 3, 1, 2]>(image)" if last else "Identity(image)"
    leave = "Transpose<perm = [0, 2, 3, 1]>(chosen)" if last else "Identity(chosen)"
    result = {
        "logits": f"chosen = Identity(all) out_f = {leave} out = CastLike(out_f, image)",
        "probabilities": f"chosen = Softmax<axis = 1>(all) out_f = {leave} out = CastLike(out_f, image)",
        "labels": "out = ArgMax<axis = 1, keepdims = 0>(all)",
    }[kind]
    ends = {"labels": "int64[n, y, x]"}.get(kind, f"{dtype}[n, y, x, 3]" if last else f"{dtype}[n, 3, y, x]")
    return model(
        f"""net ({dtype}[{shape}] image) => ({ends} out) {{
        {_COLOURS}
        turned = {enter}
        floats = Cast<to = 1>(turned)
        small = AveragePool<kernel_shape = [{stride}, {stride}], strides = [{stride}, {stride}]>(floats)
        two = Conv(small, w, b)
        first = Constant<value = int64[1] {{0}}>() one = Constant<value = int64[1] {{1}}>()
        red = Slice(two, first, one, one)
        zero = Sub(red, red)
        all = Concat<axis = 1>(zero, two)
        {result} }}"""
    )


def matte(*, outputs: int = 1, shape: str = "n, 3, h, w") -> bytes:
    """image RGB 0..1 -> d0 .. (N, 1, h, w): 0.9 on red, 0.1 elsewhere, as U2-Net's sigmoids (d0 first)."""
    names = [f"d{index}" for index in range(outputs)]
    more = " ".join(f"{name} = Mul(d0, half)" for name in names[1:])
    return model(
        f"""net (float[{shape}] image) => ({", ".join(f"float[n, 1, h, w] {name}" for name in names)}) {{
        {_COLOURS}
        half = Constant<value = float {{0.5}}>() low = Constant<value = float {{0.1}}>()
        span = Constant<value = float {{0.8}}>() zero = Constant<value = float {{0.0}}>()
        first = Constant<value = int64[1] {{0}}>() one = Constant<value = int64[1] {{1}}>()
        two = Conv(image, w, b)
        red = Slice(two, first, one, one)
        is = Greater(red, zero)
        hard = Cast<to = 1>(is)
        scaled = Mul(hard, span)
        d0 = Add(scaled, low) {more} }}"""
    )


def recurrent(dtype: str = "float") -> bytes:
    """RVM's signature: src, r1i .. r4i, downsample_ratio -> fgr, pha, r1o .. r4o (Lin et al. 2022).

    pha is half of red plus half of the frame before's pha: 0.5, 0.75, 0.875 ... on what stays red. fgr
    is src times the ratio. r2 .. r4 count frames.
    """
    states = range(1, 5)
    given = ", ".join(f"{dtype}[a{i}, b{i}, c{i}, d{i}] r{i}i" for i in states)
    taken = ", ".join(f"{dtype}[e{i}, f{i}, g{i}, h{i}] r{i}o" for i in states)
    return model(
        f"""net ({dtype}[n, 3, h, w] src, {given}, float[1] downsample_ratio)
         => ({dtype}[n, 3, h, w] fgr, {dtype}[n, 1, h, w] pha, {taken}) {{
        {_COLOURS}
        first = Constant<value = int64[1] {{0}}>() one = Constant<value = int64[1] {{1}}>()
        unit = Constant<value = float {{1.0}}>() half = Constant<value = float {{0.5}}>()
        zero = Constant<value = float {{0.0}}>()
        floats = Cast<to = 1>(src) before = Cast<to = 1>(r1i)
        two = Conv(floats, w, b)
        red = Slice(two, first, one, one)
        is = Greater(red, zero)
        hard = Cast<to = 1>(is)
        both = Add(hard, before)
        pha_f = Mul(both, half)
        pha = CastLike(pha_f, src)
        r1o = Identity(pha)
        step = CastLike(unit, src)
        r2o = Add(r2i, step) r3o = Add(r3i, step) r4o = Add(r4i, step)
        fgr_f = Mul(floats, downsample_ratio)
        fgr = CastLike(fgr_f, src) }}"""
    )


def recurrent_output(ratio: float | None = None) -> dict[str, Any]:
    """The [model.output] of a card for `recurrent`."""
    states = [(f"r{i}i", f"r{i}o") for i in range(1, 5)]
    table: dict[str, Any] = {"names": {"matte": "pha"}, "kind": "probabilities", "states": states}
    return table | ({} if ratio is None else {"downsample": ratio})


def yolo(
    *,
    side: int = 64,
    batch: str = "1",
    last: bool = False,
    unit: bool = False,
    rows: bool = False,
    objectness: bool = False,
    nms: bool = False,
) -> bytes:
    """YOLO-seg: images -> output0, output1. One candidate for each cell of 8 x 8 pixels, with a box of 16
    x 16 around it; its score for a class is the share of that colour in the cell; its two coefficients
    choose between prototypes of a quarter of the side, which are the logits of red and green.

    last: NHWC, prototypes too. unit: boxes in 0..1. rows: (N, A, F) instead of (N, F, A). objectness: a
    column of ones (YOLOv5). nms: rows of x1, y1, x2, y2, score, class, coefficients, one per colour.
    """
    cells, quarter = side // 8, side // 4
    scale = 1 / side if unit else 1.0
    features = 8 if nms else 8 + int(objectness)
    turn = nms or rows
    count = cells * cells * (2 if nms else 1)
    detections = f"{batch}, {count}, {features}" if turn else f"{batch}, {features}, {count}"
    entry = f"{batch}, {side}, {side}, 3" if last else f"{batch}, 3, {side}, {side}"
    protos = f"{batch}, {quarter}, {quarter}, 2" if last else f"{batch}, 2, {quarter}, {quarter}"
    return model(
        f"""net (float[{entry}] images) => (float[{detections}] output0, float[{protos}] output1) {{
        {_COLOURS}
        image = {"Transpose<perm = [0, 3, 1, 2]>" if last else "Identity"}(images)
        {_constant("zero", [0.0], [])} {_constant("one", [1.0], [])}
        logits = Conv(image, w, b)
        drawn = AveragePool<kernel_shape = [4, 4], strides = [4, 4]>(logits)
        output1 = {"Transpose<perm = [0, 2, 3, 1]>" if last else "Identity"}(drawn)
        above = Greater(logits, zero)
        hard = Cast<to = 1>(above)
        cells = AveragePool<kernel_shape = [8, 8], strides = [8, 8]>(hard)
        flat = Constant<value = int64[3] {{0, 2, -1}}>()
        scores = Reshape(cells, flat)
        {_constant("grid", _grid(cells, scale), [1, 4, cells * cells])}
        first = Constant<value = int64[1] {{0}}>() second = Constant<value = int64[1] {{1}}>()
        third = Constant<value = int64[1] {{2}}>()
        red = Slice(scores, first, second, second) green = Slice(scores, second, third, second)
        none = Mul(red, zero) all = Add(none, one)
        boxes = Add(grid, none)
        {_rows(scale) if nms else _columns(objectness)}
        output0 = {"Transpose<perm = [0, 2, 1]>" if turn else "Identity"}(found) }}"""
    )


def _columns(objectness: bool) -> str:
    return f"""weights = Greater(scores, zero) coefficients = Cast<to = 1>(weights)
        found = Concat<axis = 1>(boxes, {"all, " if objectness else ""}scores, coefficients)"""


def _rows(scale: float) -> str:
    half = f"{8 * scale!r}"
    return f"""half = Constant<value = float[1, 4, 1] {{-{half}, -{half}, {half}, {half}}}>()
        centre = Slice(boxes, first, third, second)
        both = Concat<axis = 1>(centre, centre)
        corners = Add(both, half)
        reds = Concat<axis = 1>(corners, red, none, all, none)
        greens = Concat<axis = 1>(corners, green, all, none, all)
        found = Concat<axis = 2>(reds, greens)"""


def _grid(cells: int, scale: float) -> list[float]:
    places = [(cell + 0.5) * 8 * scale for cell in range(cells)]
    size = [16 * scale] * cells * cells
    return [x for _ in places for x in places] + [y for y in places for _ in places] + size + size


def _constant(name: str, values: list[float], shape: list[int]) -> str:
    axes = f"[{', '.join(map(str, shape))}]" if shape else ""
    return f"{name} = Constant<value = float{axes} {{{', '.join(map(repr, values))}}}>()"


def mask_rcnn_zoo(size: tuple[int, int] | None = None) -> bytes:
    """The ONNX model zoo's Mask R-CNN: image (3, H, W) BGR 0..255 less the mean -> boxes (n, 4), labels,
    scores (n,), masks (n, 1, 28, 28).

    Two candidates, the left and the right half of the picture: class 1 (laptop) is the half's red as seen
    in 28 x 28, its score the largest of that. Those without red are left out, so n may be 0.
    """
    return _halves(
        f"net (float[3, {size[0] if size else 'h'}, {size[1] if size else 'w'}] image)"
        " => (float[n, 4] boxes, int64[n] labels, float[n] scores, float[n, 1, 28, 28] masks)",
        """swap = Constant<value = int64[3] {2, 1, 0}>()
        mean = Constant<value = float[3, 1, 1] {102.9801, 115.9465, 122.7717}>()
        full = Constant<value = float {255.0}>()
        shifted = Add(image, mean) lit = Div(shifted, full) rgb = Gather<axis = 0>(lit, swap)""",
        """sizes = Constant<value = int64[4] {1, 1, 28, 28}>()
        small_l = Resize<mode = "linear">(red_l, , , sizes)
        small_r = Resize<mode = "linear">(red_r, , , sizes)
        shapes = Concat<axis = 0>(small_l, small_r)""",
    )


def mask_rcnn_torchvision() -> bytes:
    """torchvision's Mask R-CNN: image (3, H, W) RGB 0..1 -> boxes, labels, scores, masks (n, 1, H, W).

    The two halves of `mask_rcnn_zoo`, their masks pasted into the picture.
    """
    return _halves(
        "net (float[3, h, w] image)"
        " => (float[n, 4] boxes, int64[n] labels, float[n] scores, float[n, 1, y, x] masks)",
        "rgb = Identity(image)",
        """none = Mul(red_r, zero)
        left = Concat<axis = 3>(red_l, none) right = Concat<axis = 3>(none, red_r)
        shapes = Concat<axis = 0>(left, right)""",
    )


def _halves(head: str, enter: str, shapes: str) -> bytes:
    return model(
        f"""{head} {{
        {_COLOURS}
        {enter}
        zero = Constant<value = float {{0.0}}>()
        i0 = Constant<value = int64[1] {{0}}>() i1 = Constant<value = int64[1] {{1}}>()
        i2 = Constant<value = int64[1] {{2}}>() i3 = Constant<value = int64[1] {{3}}>()
        four = Unsqueeze(rgb, i0)
        two = Conv(four, w, b)
        logit = Slice(two, i0, i1, i1)
        is = Greater(logit, zero)
        red = Cast<to = 1>(is)
        high = Shape<start = 2, end = 3>(red) wide = Shape<start = 3, end = 4>(red) mid = Div(wide, i2)
        red_l = Slice(red, i0, mid, i3) red_r = Slice(red, mid, wide, i3)
        {shapes}
        space = Constant<value = int64[3] {{1, 2, 3}}>()
        best = ReduceMax<axes = [1, 2, 3], keepdims = 0>(shapes)
        some = Greater(best, zero)
        ints_l = Concat<axis = 0>(i0, i0, mid, high) ints_r = Concat<axis = 0>(mid, i0, wide, high)
        ints = Concat<axis = 0>(ints_l, ints_r)
        square = Constant<value = int64[2] {{2, 4}}>()
        flat = Cast<to = 1>(ints)
        pairs = Reshape(flat, square)
        ones = Constant<value = int64[2] {{1, 1}}>()
        boxes = Compress<axis = 0>(pairs, some) labels = Compress<axis = 0>(ones, some)
        scores = Compress<axis = 0>(best, some) masks = Compress<axis = 0>(shapes, some) }}"""
    )


def rf_detr(side: int = 48, classes: int = 91, laptop: int = 73, cup: int = 47) -> bytes:
    """RF-DETR-seg: input (1, 3, side, side) RGB 0..1 -> dets (1, 4, 4), labels (1, 4, classes) logits,
    masks (1, 4, side / 4, side / 4) logits.

    Query 0 is the red, query 1 the green (their class logit: the picture's largest), the others nothing.
    """
    quarter = side // 4
    one_hot = [0.0] * (4 * classes)
    one_hot[laptop], one_hot[classes + cup] = 1.0, 1.0
    return model(
        f"""net (float[1, 3, {side}, {side}] input) => (float[1, 4, 4] dets, float[1, 4, {classes}] labels,
          float[1, 4, {quarter}, {quarter}] masks) {{
        {_COLOURS}
        {_constant("hot", one_hot, [1, 4, classes])}
        {_constant("cold", [-8.0], [])} {_constant("gap", [8.0], [])}
        {_constant("dets", [0.5, 0.5, 1.0, 1.0] * 4, [1, 4, 4])}
        logits = Conv(input, w, b)
        two = AveragePool<kernel_shape = [4, 4], strides = [4, 4]>(logits)
        masks = Concat<axis = 1>(two, two)
        most = ReduceMax<axes = [2, 3], keepdims = 0>(masks)
        last = Constant<value = int64[1] {{2}}>()
        sure = Unsqueeze(most, last)
        raised = Add(sure, gap)
        each = Mul(hot, raised)
        labels = Add(each, cold) }}"""
    )
