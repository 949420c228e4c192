"""Cards against networks: does the graph fit, what is a graph without a card, is the file the right one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidstyle import cards
from vidstyle.cards import files
from vidstyle.cards.schema import Card, GraphFile, ImageInput, Output, Task
from vidstyle.errors import ModelError
from vidstyle.types import Port, Signature

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "models" / "zoo"
THIRD_PARTY = ROOT.parent / "shared" / "models"


def port(text: str) -> Port:
    """`image 1x3xhxw` (float) or `labels:int64 n` as a Port."""
    name, _, shape = text.partition(" ")
    name, _, dtype = name.partition(":")
    axes = tuple(int(axis) if axis.isdigit() else axis for axis in shape.split("x")) if shape else ()
    return Port(name, dtype or "float32", axes)


def signature(inputs: str, outputs: str) -> Signature:
    return Signature(tuple(map(port, inputs.split(", "))), tuple(map(port, outputs.split(", "))))


def card(task: Task, image: ImageInput, output: Output, classes: tuple[str, ...] = ()) -> Card:
    graph = GraphFile("net.onnx", None, Path("net.onnx"), image, output)
    return Card("net", task, "MIT", "made up", {"model": graph}, Path("net.toml"), classes)


PUBLISHED = {
    "maskrcnn": signature("image 3xhxw", "6568 nx4, 6570:int64 n, 6572 n, 6887 nx1x28x28"),
    "maskrcnn-int8": signature("image 3xhxw", "6568 nx4, 6570:int64 n, 6572 n, 6887 nx1x28x28"),
    "rfdetr-seg-nano": signature("input 1x3x312x312", "dets 1x100x4, labels 1x100x91, masks 1x100x78x78"),
    "rfdetr-seg-small": signature("input 1x3x384x384", "dets 1x100x4, labels 1x100x91, masks 1x100x96x96"),
    "rfdetr-seg-medium": signature("input 1x3x432x432", "dets 1x200x4, labels 1x200x91, masks 1x200x108x108"),
    "rfdetr-seg-large": signature("input 1x3x504x504", "dets 1x200x4, labels 1x200x91, masks 1x200x126x126"),
    "mosaic": signature("input1 1x3x224x224", "output1 1x3x224x224"),
    "pphumanseg": signature("x 1x3x192x192", "save_infer_model/scale_0.tmp_1 1x2x192x192"),
    "u2net": signature("input.1 1x3x320x320", "1959 1x1x320x320, 1960 1x1x320x320, 1961 1x1x320x320"),
    "isnet-general-use": signature("input 1x3x1024x1024", "output 1x1x1024x1024, 4144 1x1x512x512"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_zoo_cards_fit_the_published_signatures(name: str) -> None:
    cards.check(cards.load(ZOO / f"{name}.toml"), {"model": PUBLISHED[name]})


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_has_a_zoo_card_is_told_without_it_too(name: str, tmp_path: Path) -> None:
    told = cards.infer(tmp_path / "net.onnx", {"model": PUBLISHED[name]})
    known = cards.load(ZOO / f"{name}.toml")
    assert told.task == known.task
    mine, theirs = told.graphs["model"].input, known.graphs["model"].input
    assert (mine.layout, mine.size, mine.channels) == (theirs.layout, theirs.size, theirs.channels)
    if known.task != "semantic":
        assert told.classes == known.classes
    cards.check(told, {"model": PUBLISHED[name]})


LOGITS = card("semantic", ImageInput(size=(64, 96)), Output(), ("background", "cat", "dog"))
LOGITS_GRAPH = signature("image nx3x64x96", "out nx3x8x12")
YOLO = card("yolo-seg", ImageInput(size=(64, 64)), Output(), ("cat", "dog"))
STATES = (("r1i", "r1o"), ("r2i", "r2o"))
RVM = card("matte", ImageInput(), Output({"matte": "pha"}, states=STATES, downsample=0.4), ("person",))
RVM_GRAPH = signature(
    "src nx3xhxw, r1i axbxcxd, r2i axbxcxd, downsample_ratio 1",
    "fgr nx3xhxw, pha nx1xhxw, r1o axbxcxd, r2o axbxcxd",
)
MATTE = card("matte", ImageInput(), Output(), ("person",))
PAINT = card("style-fixed", ImageInput(multiple=4), Output())


@pytest.mark.parametrize(
    ("known", "graph"),
    [
        (LOGITS, LOGITS_GRAPH),
        (LOGITS, signature("image nx3x64x96", "out nxcxhxw")),
        (LOGITS, signature("image nx3x64x96", "out")),
        (YOLO, signature("images 1x3x64x64", "a 1x38x84, b 1x32x16x16")),
        (YOLO, signature("images 1x3x64x64", "b 1x32x16x16, a 1x84x38")),
        (RVM, RVM_GRAPH),
        (PAINT, signature("x nx3xhxw", "y nx3xhxw")),
        (PAINT, signature("x", "y")),
        (
            replace(RVM, graphs={"model": replace(RVM.graphs["model"], output=Output(states=STATES))}),
            RVM_GRAPH,
        ),
        (MATTE, signature("x nx3xhxw", "y nx2xhxw")),
        (MATTE, signature("x nx3xhxw", "y nxhxw")),
    ],
)
def test_what_fits_passes(known: Card, graph: Signature) -> None:
    cards.check(known, {"model": graph})


def altered(known: Card, **changes: Any) -> Card:
    """A card whose [model.input] or [model.output] differs."""
    graph = known.graphs["model"]
    image = {
        key: entry for key, entry in changes.items() if hasattr(graph.input, key) and key not in ("names",)
    }
    output = {key: entry for key, entry in changes.items() if key not in image}
    new = replace(graph, input=replace(graph.input, **image), output=replace(graph.output, **output))
    return replace(known, graphs={"model": new})


@pytest.mark.parametrize(
    ("known", "graph", "said"),
    [
        (
            LOGITS,
            signature("image nx3x64x96", "out nx4x8x12"),
            "classes: the card lists 3, the network tells 4",
        ),
        (LOGITS, signature("image nx3x64x64", "out nx3x8x8"), "model.input.size: is [64, 96], but axis 3"),
        (LOGITS, signature("image nx64x96x3", "out nx3x8x8"), "model.input.layout: NCHW puts 64 channels"),
        (LOGITS, signature("image 3x64x96", "out 3x8x8"), "model.input.layout: NCHW does not fit"),
        (LOGITS, signature("image nx3x64x96, k:int64 1", "out nx3x8x12"), "model.input: has 2 inputs"),
        (LOGITS, signature("image nx3x64x96", "out:int64 nx64x96"), "model.output.kind: logits does not fit"),
        (
            LOGITS,
            signature("image:uint8 nx3x64x96", "out nx3x8x12"),
            "model.input.range: the network takes uint8",
        ),
        (altered(LOGITS, size=None), LOGITS_GRAPH, "model.input.size: is free, but axis 2"),
        (
            altered(LOGITS, name="img"),
            LOGITS_GRAPH,
            "model.input.name: the network has no input 'img'; it has image",
        ),
        (
            altered(LOGITS, names={"out": "o"}),
            LOGITS_GRAPH,
            "model.output.names.out: the network has no output 'o'",
        ),
        (
            altered(LOGITS, names={"ouput": "out"}),
            LOGITS_GRAPH,
            "model.output.names.ouput: unknown role; did you",
        ),
        (
            YOLO,
            signature("images 1x3x64x64", "a 1x40x84, b 1x32x16x16"),
            "classes: the card lists 2, the network",
        ),
        (
            YOLO,
            signature("images 1x3x64x64", "a 1x38x84"),
            "model.output.names.prototypes: none of the network's",
        ),
        (
            altered(RVM, states=(("r1i", "r9o"),)),
            RVM_GRAPH,
            "model.output.states: the network has no state from",
        ),
        (altered(RVM, states=(("r1i", "r1o"),)), RVM_GRAPH, "model.input: has 4 inputs"),
        (
            PAINT,
            signature("x nx3xhxw", "y nx1xhxw"),
            "model.output.layout: NCHW with 3 channels does not fit",
        ),
    ],
)
def test_what_does_not_fit_is_named(known: Card, graph: Signature, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        cards.check(known, {"model": graph})
    assert str(caught.value).startswith("net.toml: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_graph_that_was_not_read_is_named() -> None:
    with pytest.raises(ModelError, match=r"net\.toml: model: its network was not read"):
        cards.check(LOGITS, {})


@pytest.mark.parametrize(
    ("graph", "task", "facts"),
    [
        (signature("x nx3x512x512", "out nx21x64x64, aux nx21x64x64"), "semantic", {"kind": "logits"}),
        (signature("x nx3x512x512", "softmax_0 nx5x64x64"), "semantic", {"kind": "probabilities"}),
        (signature("x 1x512x512x3", "y 1x512x512x19"), "semantic", {"layout": "NHWC"}),
        (signature("x 1x3xhxw", "y:int64 1xhxw"), "semantic", {"kind": "labels"}),
        (signature("x 1x3x512x512", "y 1x1x512x512"), "matte", {"names": {"matte": "y"}}),
        (signature("x 1x512x512x3", "y 1x512x512x1"), "matte", {"layout": "NHWC"}),
        (RVM_GRAPH, "matte", {"states": STATES, "downsample": 0.375, "names": {"matte": "pha"}}),
        (signature("images 1x3x64x64", "a 1x116x84, b 1x32x16x16"), "yolo-seg", {"boxes": "pixels"}),
        (signature("images 1x64x64x3", "a 1x116x84, b 1x16x16x32"), "yolo-seg", {
            "boxes": "unit", "layout": "NHWC"}),
        (signature("images 1x3x64x64", "a 1x300x38, b 1x32x16x16"), "yolo-seg", {"nms": True}),
        (signature("images 1x3x64x64", "a 1x38x8400, b 1x32x16x16"), "yolo-seg", {"nms": False}),
        (signature("x 3xhxw", "a nx4, b:int64 n, c n, d nx1xhxw"), "mask-rcnn", {"names": {
            "boxes": "a", "labels": "b", "scores": "c", "masks": "d"}}),
        (signature("x 1x3x64x64", "a 1x100x4, b 1x100x91, c 1x100x16x16"), "rf-detr-seg", {"boxes": "unit"}),
        (signature("x 1x3x64x64", "y 1x3x64x64"), "style-fixed", {"channels": "RGB", "range": "0..255"}),
        (signature("x 1x64x64x3", "y 1x64x64x3"), "style-fixed", {"layout": "NHWC"}),
        (signature("inputImage nx3x720x720", "outputImage nx3x720x720"), "style-fixed", {"channels": "BGR"}),
    ],
)  # fmt: skip
def test_the_task_is_told_from_inputs_and_outputs(
    graph: Signature, task: Task, facts: dict[str, Any]
) -> None:
    told = cards.infer(Path("net.onnx"), {"model": graph})
    assert told.task == task
    for field, fact in facts.items():
        assert getattr(told.graphs["model"].output, field) == fact
    cards.check(told, {"model": graph})


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("{0: 'laptop', 1: 'mug'}", ("laptop", "mug")),
        ("['laptop', 'mug']", ("laptop", "mug")),
        ("{0: 'laptop'}", ("laptop",)),  # the other score may be for there being an object at all
        ("{1: 'laptop', 2: 'mug'}", ("class 0", "class 1")),
        ("{0: 'a', 1: 'a'}", ("class 0", "class 1")),
        ("{0: 'a', 1: 'b', 2: 'c'}", ("class 0", "class 1")),
        ("__import__('os')", ("class 0", "class 1")),
        ("7", ("class 0", "class 1")),
    ],
)
def test_names_that_the_exporter_wrote_are_the_classes(names: str, said: tuple[str, ...]) -> None:
    graph = signature("images 1x3x64x64", "a 1x38x84, b 1x32x16x16")
    told = cards.infer(Path("net.onnx"), {"model": replace(graph, metadata=(("names", names),))})
    assert told.classes == said
    cards.check(told, {"model": graph})


def test_a_score_for_any_object_is_no_class() -> None:
    graph = signature("images 1x3x64x64", "a 1x252x117, b 1x32x16x16")
    told = cards.infer(Path("net.onnx"), {"model": graph})
    assert told.classes == cards.PRESETS["coco80"]
    cards.check(told, {"model": graph})


def test_counted_classes_have_names() -> None:
    told = cards.infer(Path("net.onnx"), {"model": signature("x nx3x64x64", "y nx5x64x64")})
    assert told.classes == ("background", "class 1", "class 2", "class 3", "class 4")


@pytest.mark.parametrize(
    "graph",
    [
        signature("tokens:int64 1xn", "logits 1xnx30522"),
        signature("x nx3x224x224", "y nx1000"),
        signature("x nx3x64x64, t 1", "y nx5x64x64"),
        signature("x nx1x64x64", "y nx3x64x64"),
        Signature((), ()),
    ],
)
def test_what_cannot_be_told_says_which_card_to_write(graph: Signature, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        cards.infer(tmp_path / "net.onnx", {"model": graph})
    said = str(caught.value)
    assert "cannot tell what this network does" in said
    assert "write net.toml beside it with name, task" in said
    assert "\n" not in said


def test_a_pair_is_told_by_its_names(tmp_path: Path) -> None:
    style, apply = tmp_path / "x_style.onnx", tmp_path / "x_apply.onnx"
    pair = {"style": style, "apply": apply}
    assert cards.graph_files(apply) == {"model": apply}
    for path in (style, apply):
        path.write_bytes(b"x")
    assert cards.graph_files(style) == cards.graph_files(apply) == cards.graph_files(tmp_path) == pair
    (tmp_path / "third.onnx").write_bytes(b"x")
    assert cards.graph_files(tmp_path) == pair
    style.unlink()
    with pytest.raises(ModelError, match="2 networks lie there"):
        cards.graph_files(tmp_path)


def test_the_two_halves_of_a_pair_must_fit(tmp_path: Path) -> None:
    for half in ("style", "apply"):
        (tmp_path / f"{half}.onnx").write_bytes(b"x")
    style = signature("style 1x3xhxw", "code 1x64")
    fits = {"style": style, "apply": signature("image nx3xhxw, code 1x64", "out nx3xhxw")}
    told = cards.infer(tmp_path, fits)
    assert (told.task, told.kind, list(told.graphs)) == ("style-arbitrary", "stylizer", ["style", "apply"])
    cards.check(told, fits)
    several = {
        "style": signature("style 1x3xhxw", "a 1x64, b 1x32"),
        "apply": signature("image nx3xhxw, b 1x32, a 1x64", "out nx3xhxw"),
    }
    cards.check(cards.infer(tmp_path, several), several)
    other = {"style": style, "apply": signature("image nx3xhxw, code 1x65", "out nx3xhxw")}
    with pytest.raises(ModelError, match=r"apply\.input: takes code float32\[1,65\], but style gives code"):
        cards.check(told, other)
    short = {"style": style, "apply": signature("image nx3xhxw, code 1x64, more 1x8", "out nx3xhxw")}
    with pytest.raises(ModelError, match=r"apply\.input: takes more float32\[1,8\], but style gives code"):
        cards.check(told, short)
    with pytest.raises(ModelError, match=r"apply\.input: has 1 inputs"):
        cards.check(told, {"style": style, "apply": signature("image nx3xhxw", "out nx3xhxw")})


def filed(path: Path, **facts: Any) -> Card:
    graph = GraphFile(path.name, facts.pop("sha256", None), path, **facts)
    return replace(LOGITS, name="net", graphs={"model": graph})


def test_the_file_is_the_card_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSTYLE_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "net.onnx"
    path.write_bytes(b"network")
    right = hashlib.sha256(b"network").hexdigest()
    cards.verify(filed(path))
    cards.verify(filed(path, sha256=right, bytes=7, md5=hashlib.md5(b"network").hexdigest()))
    with pytest.raises(ModelError, match=r"net\.toml: model\.bytes: is 8, but .*net\.onnx has 7$"):
        cards.verify(filed(path, sha256=right, bytes=8))
    with pytest.raises(ModelError, match=r"net\.toml: model\.sha256: is 000000000000\.\., but"):
        cards.verify(filed(path, sha256="0" * 64))
    with pytest.raises(ModelError, match=r"net\.toml: model\.md5: is 0000"):
        cards.verify(filed(path, md5="0" * 32))
    path.unlink()
    with pytest.raises(ModelError, match=r"net\.toml: model\.file: .*net\.onnx is not there$"):
        cards.verify(filed(path))
    with pytest.raises(ModelError, match=r"is not there: vidstyle models pull net$"):
        cards.verify(filed(path, sha256=right, url="https://example.org/net.onnx"))


def test_a_large_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSTYLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "LARGE", 3)
    hashed: list[Path] = []
    digest = files.digest
    monkeypatch.setattr(files, "digest", lambda path, kind: hashed.append(path) or digest(path, kind))
    path = tmp_path / "net.onnx"
    path.write_bytes(b"network")
    known = filed(path, sha256=hashlib.sha256(b"network").hexdigest())
    cards.verify(known)
    cards.verify(known)
    assert len(hashed) == 1
    path.write_bytes(b"changed")
    with pytest.raises(ModelError, match="sha256"):
        cards.verify(known)
    assert len(hashed) == 2
    (tmp_path / "cache" / "verified.json").write_text("[broken", encoding="utf-8")
    path.write_bytes(b"network")
    cards.verify(known)
    assert len(hashed) == 3


@pytest.mark.parametrize(
    "name",
    [
        "yolov8n-seg/yolov8n-seg.onnx",
        "yolov8n-seg/yolov8n-seg-320-nhwc.onnx",
        "magenta",
        "magenta/apply.onnx",
        "microast/microast_style.onnx",
        "winml/winml_candy.onnx",
        "winml/winml_mosaic.onnx",
    ],
)
def test_third_party_networks_need_no_card(name: str) -> None:
    path = THIRD_PARTY / name
    if not path.exists():
        pytest.skip(f"third-party networks are not at {THIRD_PARTY}")
    device = pytest.importorskip("vidstyle.device")
    cpu = device.choose("cpu")
    found = cards.find(path)
    assert found == path
    networks = cards.graph_files(path)
    read = {role: device.Session(file, cpu, threads=1).signature for role, file in networks.items()}
    told = cards.infer(path, read)
    cards.verify(told)
    cards.check(told, read)
    if told.task == "yolo-seg":
        assert told.classes[63] == "laptop"
