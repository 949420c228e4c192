"""What a network without a card does, told from its inputs and outputs.

Shapes tell the task, not the normalisation: that is taken from the convention of the task's best-known
networks (ImageNet mean and std for semantic, matte and RF-DETR networks, 0..1 for YOLO and torchvision's
Mask R-CNN, 0..255 for fixed styles, 0..1 for arbitrary ones). A card says it for certain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from vidstyle.cards import ports
from vidstyle.cards.labels import PRESETS
from vidstyle.cards.match import yolo_classes
from vidstyle.cards.ports import fits, guess
from vidstyle.cards.schema import Card, GraphFile, ImageInput, Output, Task, roles
from vidstyle.errors import ModelError
from vidstyle.types import Port, Signature

Facts = tuple[Task, Output, tuple[str, ...], dict[str, Any]]
"""Task, output, classes, and what differs from the usual in the picture's input."""

_IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
_BENCHMARK: dict[str, Any] = {
    "channels": "BGR",
    "range": "0..255",
    "mean": (102.9801, 115.9465, 122.7717),
    "side": 1024,
    "multiple": 32,
}
_PRESETS = {len(PRESETS[name]): PRESETS[name] for name in ("coco80", "coco91", "voc21", "cityscapes19")}
_THRESHOLDS: dict[str, float] = {"yolo-seg": 0.25}


def graph_files(path: Path) -> dict[str, Path]:
    """The `.onnx` files that belong to a path without a card, by their names in a card.

    A file is {"model": path}, unless its name says that it is half of a pair (`x_style.onnx` beside
    `x_apply.onnx`): then, as for a folder with such a pair, {"style": ..., "apply": ...}. A folder with
    one other network is that one. Raises ModelError where a folder leaves it open.
    """
    if not path.is_dir():
        return _pair(path) or {"model": path}
    networks = sorted(path.glob("*.onnx"))
    pairs = {str(pair): pair for pair in map(_pair, networks) if pair}
    if len(pairs) == 1:
        return next(iter(pairs.values()))
    if len(networks) == 1:
        return {"model": networks[0]}
    raise ModelError(f"{path}: {len(networks)} networks lie there: name one, or write a card beside them")


def _pair(path: Path) -> dict[str, Path] | None:
    for mine, other in (("style", "apply"), ("apply", "style")):
        sibling = path.with_name(path.name.replace(mine, other))
        if mine in path.name and sibling.is_file():
            found = {mine: path, other: sibling}
            return {"style": found["style"], "apply": found["apply"]}
    return None


def infer(path: Path, signatures: Mapping[str, Signature]) -> Card:
    """A card for the network(s) of `graph_files(path)`, told from their signatures.

    Raises ModelError that says which card to write, where inputs and outputs fit no known task.
    """
    files = graph_files(path)
    if set(signatures) == {"style", "apply"}:
        return _pair_card(path, files, signatures)
    model = files.get("model", path)
    signature = signatures["model"]
    picture = _picture(signature)
    facts = _told(picture, signature) if picture else None
    if picture is None or facts is None:
        raise _unknown(model, signature)
    task, output, classes, usual = facts
    image = _input(picture, usual)
    graph = GraphFile(model.name, None, model, image, output)
    card = Card(_name(model), task, "unknown", str(model), {"model": graph}, None, classes)
    return replace(card, threshold=_THRESHOLDS.get(task, card.threshold))


def _name(path: Path) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._") or "network"


def _unknown(path: Path, signature: Signature) -> ModelError:
    tasks = ", ".join(get_args(Task))
    return ModelError(
        f"{path}: cannot tell what this network does (inputs: {ports.listed(signature.inputs)}; "
        f"outputs: {ports.listed(signature.outputs)}): write {path.with_suffix('.toml').name} beside it with "
        f"name, task ({tasks}), licence, source, classes and a table [model] (or [style] and [apply]) with "
        "file, input and output"
    )


def _picture(signature: Signature) -> tuple[Port, Literal["NCHW", "NHWC", "CHW"]] | None:
    """The first input that has the shape of a picture, and its layout."""
    layouts: tuple[Literal["NCHW", "NHWC", "CHW"], ...] = ("NCHW", "NHWC", "CHW")
    for layout in layouts:
        for port in signature.inputs:
            if len(port.shape) == ports.rank(layout) and port.shape[ports.axes(layout)[0]] == 3:
                return port, layout
    for port in signature.inputs:
        if len(port.shape) == 4 and not isinstance(port.shape[1], int):
            return port, "NCHW"
    return None


def _input(picture: tuple[Port, Literal["NCHW", "NHWC", "CHW"]], usual: dict[str, Any]) -> ImageInput:
    port, layout = picture
    height, width = (port.shape[axis] for axis in ports.axes(layout)[1:])
    rest = dict(usual)
    if isinstance(height, int) and isinstance(width, int):
        rest |= {"size": (height, width), "side": None}
    if port.dtype == "uint8":
        rest = {k: v for k, v in rest.items() if k not in ("mean", "std")} | {"range": "0..255"}
    return ImageInput(port.name, layout, **rest)


def _told(picture: tuple[Port, str], signature: Signature) -> Facts | None:
    guesses: tuple[Callable[[Port, str, Signature], Facts | None], ...] = (
        _recurrent,
        _mask_rcnn,
        _yolo,
        _rf_detr,
        _fixed_style,
        _matte,
        _semantic,
    )
    found = (guessed(picture[0], picture[1], signature) for guessed in guesses)
    return next((facts for facts in found if facts), None)


def _all(task: Task, signature: Signature) -> dict[str, Port] | None:
    """Outputs by role, where every role of the task has one."""
    found: dict[str, Port] = {}
    for role in roles(task):
        port = guess(task, role, [port for port in signature.outputs if port not in found.values()])
        if port is None:
            return None
        found[role] = port
    return found


def _names(found: dict[str, Port]) -> dict[str, str]:
    return {role: port.name for role, port in found.items()}


def _counted(count: int | None, first: str = "class 0") -> tuple[str, ...]:
    """Names for that many classes: a list that is known by its length, else their numbers."""
    if count in _PRESETS:
        return _PRESETS[count]
    return (first, *(f"class {index}" for index in range(1, count or 1)))


def _recurrent(_picture: Port, _layout: str, signature: Signature) -> Facts | None:
    """Robust Video Matting (Lin et al. 2021): src, r1i.. -> fgr, pha, r1o.."""
    given = {port.name for port in signature.outputs}
    states = [(p.name, f"{p.name[:-1]}o") for p in signature.inputs if re.fullmatch(r"r\d+i", p.name)]
    matte = guess("matte", "matte", list(signature.outputs))
    if not states or matte is None or not all(out in given for _, out in states):
        return None
    ratio = 0.375 if any(port.name == "downsample_ratio" for port in signature.inputs) else None
    output = Output({"matte": matte.name}, "probabilities", states=tuple(states), downsample=ratio)
    return "matte", output, ("person",), {}


def _mask_rcnn(_picture: Port, layout: str, signature: Signature) -> Facts | None:
    found = _all("mask-rcnn", signature) if len(signature.outputs) == 4 else None
    if found is None or len(signature.inputs) != 1:
        return None
    output = Output(_names(found), "probabilities")
    if layout == "CHW" and found["masks"].shape[-2:] == (28, 28):  # maskrcnn-benchmark, the ONNX model zoo
        return "mask-rcnn", output, PRESETS["coco81"], _BENCHMARK
    return "mask-rcnn", output, PRESETS["coco91"], {"side": 1024, "multiple": 32}


def _yolo(picture: Port, layout: str, signature: Signature) -> Facts | None:
    """Detections with coefficients and prototypes, with or without suppression in the graph."""
    found = _all("yolo-seg", signature) if len(signature.outputs) == 2 else None
    if found is None or len(signature.inputs) != 1:
        return None
    shape = found["prototypes"].shape
    last = all(isinstance(axis, int) for axis in shape[1:]) and shape[1] == shape[2] != shape[3]
    side: Literal["NHWC", "NCHW"] = "NHWC" if last else "NCHW"
    count = yolo_classes(found["detections"], found["prototypes"], side)
    if count is None or count < 1:
        return None
    nms = count == 2 and found["detections"].shape[-1] == 38 and _few(found["detections"])
    units: Literal["unit", "pixels"] = "unit" if layout == "NHWC" else "pixels"
    output = Output(_names(found), "probabilities", side, boxes=units, nms=nms)
    usual = {"resize": "letterbox", "side": 640, "multiple": 32}
    own = _labels(signature, None if nms else count)
    if not own and not nms and _anchored(picture, layout, found["detections"]):
        count -= 1
    return "yolo-seg", output, own or (PRESETS["coco80"] if nms else _counted(count)), usual


def _labels(signature: Signature, count: int | None) -> tuple[str, ...]:
    """Class names that an exporter wrote into the file: `names` = "{0: 'person', ...}" (Ultralytics).
    Empty where there are none, or not as many as the network tells apart."""
    try:
        names = ast.literal_eval(dict(signature.metadata).get("names", ""))
        read = tuple(str(names[index]) for index in range(len(names)))
    except (ValueError, SyntaxError, TypeError, KeyError, IndexError, RecursionError, MemoryError):
        return ()
    whole = len(set(read)) == len(read) and (count is None or len(read) in (count, count - 1))
    return read if whole else ()


def _anchored(picture: Port, layout: str, detections: Port) -> bool:
    """Whether there are three boxes for each place, as in YOLOv5, which also has a score for there being an
    object at all; later ones have one box, and no such score."""
    height, width = (picture.shape[axis] for axis in ports.axes(layout)[1:])
    if not isinstance(height, int) or not isinstance(width, int):
        return False
    places = sum((height // stride) * (width // stride) for stride in (8, 16, 32))
    return 3 * places in detections.shape[1:]


def _few(detections: Port) -> bool:
    rows = detections.shape[1]
    return not isinstance(rows, int) or rows <= 1000


def _rf_detr(_picture: Port, _layout: str, signature: Signature) -> Facts | None:
    found = _all("rf-detr-seg", signature) if len(signature.outputs) == 3 else None
    if found is None or len(signature.inputs) != 1:
        return None
    count = found["labels"].shape[-1]
    output = Output(_names(found), boxes="unit")
    return "rf-detr-seg", output, _counted(count if isinstance(count, int) else 91), _IMAGENET


def _fixed_style(picture: Port, layout: str, signature: Signature) -> Facts | None:
    """Picture in, picture out (Johnson et al. 2016)."""
    if len(signature.inputs) != 1 or len(signature.outputs) != 1 or layout == "CHW":
        return None
    out = signature.outputs[0]
    sides: tuple[Literal["NCHW", "NHWC"], ...] = ("NCHW", "NHWC")
    for side in sides:
        channel, *plane = ports.axes(side)
        if len(out.shape) == 4 and out.shape[channel] == 3 and _same(picture, layout, out, plane):
            order: Literal["BGR", "RGB"] = "BGR" if picture.name == "inputImage" else "RGB"  # Core ML's name
            output = Output({"picture": out.name}, layout=side, channels=order, range="0..255")
            return "style-fixed", output, (), {"channels": order, "range": "0..255", "multiple": 4}
    return None


def _same(picture: Port, layout: str, out: Port, plane: list[int]) -> bool:
    """Whether height and width of two ports may be the same."""
    pairs = zip(ports.axes(layout)[1:], plane, strict=True)
    lengths = [(picture.shape[into], out.shape[axis]) for into, axis in pairs]
    return all(fits(left, right) for left, right in lengths if isinstance(right, int))


def _matte(_picture: Port, _layout: str, signature: Signature) -> Facts | None:
    """One channel, by the habit of salient-object networks already through a sigmoid."""
    matte = guess("matte", "matte", list(signature.outputs))
    if matte is None or len(signature.inputs) != 1 or len(matte.shape) != 4 or ports.whole(matte):
        return None
    side: Literal["NCHW", "NHWC"] = "NCHW" if matte.shape[1] == 1 else "NHWC"
    return "matte", Output({"matte": matte.name}, "probabilities", side), ("foreground",), _IMAGENET


def _semantic(_picture: Port, layout: str, signature: Signature) -> Facts | None:
    out = guess("semantic", "out", list(signature.outputs))
    if out is None or len(signature.inputs) != 1 or not out.shape:
        return None
    usual = {**_IMAGENET, "side": 512, "multiple": 32}
    if ports.whole(out):
        return "semantic", Output({"out": out.name}, "labels"), PRESETS["voc21"], usual
    side: Literal["NCHW", "NHWC"] = "NHWC" if layout == "NHWC" else "NCHW"
    count = out.shape[ports.axes(side)[0]] if len(out.shape) == 4 else None
    if not isinstance(count, int) or count < 2:
        return None
    soft = re.search("softmax|prob", out.name, re.IGNORECASE)
    output = Output({"out": out.name}, "probabilities" if soft else "logits", side)
    return "semantic", output, _counted(count, "background"), usual


def _pair_card(path: Path, files: dict[str, Path], signatures: Mapping[str, Signature]) -> Card:
    """Arbitrary style: style picture -> code; picture, code -> picture."""
    graphs: dict[str, GraphFile] = {}
    for name, file in files.items():
        found = _picture(signatures[name])
        count = len(signatures[name].inputs)
        if found is None or (count < 2 if name == "apply" else count != 1):
            raise _unknown(file, signatures[name])
        usual = {"multiple": 8, "side": 256} if name == "style" else {"multiple": 8}
        side: Literal["NCHW", "NHWC"] = "NHWC" if found[1] == "NHWC" else "NCHW"
        names = {roles("style-arbitrary", name)[0]: signatures[name].outputs[0].name}
        output = Output(names, layout="NCHW" if name == "style" else side)
        graphs[name] = GraphFile(file.name, None, file, _input(found, usual), output)
    source = path if path.is_dir() else path.parent
    return Card(_name(source.resolve()), "style-arbitrary", "unknown", str(source), graphs)
