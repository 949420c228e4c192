"""Cards: what is read, what is refused and in which words, what is found under which name."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidstyle import cards
from vidstyle.cards.schema import GraphFile, ImageInput, Output
from vidstyle.errors import ModelError, UsageError

ROOT = Path(__file__).resolve().parent.parent

PLAIN: dict[str, Any] = {
    "name": "plain",
    "task": "semantic",
    "licence": "MIT",
    "source": "made up",
    "classes": ["background", "laptop"],
    "model": {"file": "plain.onnx", "sha256": "0" * 64, "input": {"size": [64, 96]}, "output": {}},
}


def toml(table: dict[str, Any]) -> str:
    """A table as TOML, inline from the second level on."""
    return "\n".join(f"{key} = {value(entry)}" for key, entry in table.items()) + "\n"


def value(entry: Any) -> str:
    if isinstance(entry, dict):
        return "{ " + ", ".join(f"{value(key)} = {value(part)}" for key, part in entry.items()) + " }"
    if isinstance(entry, list | tuple):
        return "[" + ", ".join(map(value, entry)) + "]"
    if isinstance(entry, str):
        return '"' + "".join(c if c.isalnum() or c in " .-_/:" else f"\\U{ord(c):08x}" for c in entry) + '"'
    return str(entry).lower() if isinstance(entry, bool) else repr(entry)


def write(folder: Path, table: dict[str, Any]) -> Path:
    path = folder / f"{table.get('name', 'plain')}.toml"
    path.write_text(toml(table), encoding="utf-8")
    return path


def changed(field: str, new: Any) -> dict[str, Any]:
    """PLAIN with one dotted field set, or left out where `new` is None."""
    table: dict[str, Any] = {**PLAIN, "model": {**PLAIN["model"], "input": {}, "output": {}}}
    inner, keys = table, field.split(".")
    for key in keys[:-1]:
        inner = inner.setdefault(key, {})
    if new is None:
        inner.pop(keys[-1], None)
    else:
        inner[keys[-1]] = new
    return table


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for cards, and a cache of its own."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("VIDSTYLE_MODELS", str(folder))
    monkeypatch.setenv("VIDSTYLE_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_card_is_read(tmp_path: Path) -> None:
    card = cards.load(write(tmp_path, PLAIN))
    assert (card.name, card.task, card.kind, card.threshold) == ("plain", "semantic", "segmenter", 0.5)
    assert card.classes == ("background", "laptop")
    model = card.graphs["model"]
    assert model.path == tmp_path / "plain.onnx"
    assert model.input == ImageInput(size=(64, 96))
    assert model.output == Output()


def test_class_lists_have_the_usual_places(tmp_path: Path) -> None:
    places = {"coco80": 63, "coco81": 64, "coco91": 73}
    for word, place in places.items():
        assert cards.load(write(tmp_path, changed("classes", word))).classes[place] == "laptop"
    assert cards.PRESETS["coco91"][90] == "toothbrush"
    assert cards.PRESETS["voc21"][20] == "tv"
    assert {name: len(names) for name, names in cards.PRESETS.items()} == {
        "coco80": 80,
        "coco81": 81,
        "coco91": 91,
        "voc21": 21,
        "cityscapes19": 19,
    }


@pytest.mark.parametrize(
    ("field", "new", "said"),
    [
        ("task", None, "task: is missing"),
        ("task", "semantics", "task: must be one of semantic, matte,"),
        ("task", "semantics", "did you mean 'semantic'?"),
        ("licence", None, "licence: is missing"),
        ("license", "MIT", "license: unknown key; did you mean 'licence'?"),
        ("licence", "  ", "licence: must be more than blanks"),
        ("source", 3, "source: must be text, is 3"),
        ("name", "other name", "name: must be of a-z, 0-9"),
        ("threshold", 1.5, "threshold: must be from 0 to 1, is 1.5"),
        ("threshold", float("nan"), "threshold: must be a number"),
        ("threshold", True, "threshold: must be a number, is True"),
        ("model.output.high", 1.5, "model.output.high: must be from 0 to 1, is 1.5"),
        ("model.output", {"kind": "labels", "high": 0.9}, "high: goes with logits or probabilities of a"),
        ("model.output.high", 0.3, "model.output.high: must be at least the threshold, 0.5, is 0.3"),
        ("model.output.seed", 0, "model.output.seed: must be from 1 to 64 cells, is 0"),
        ("model.output.seed", 2, "model.output.seed: goes with high, which all of its cells must reach"),
        ("classes", None, "classes: is missing or empty"),
        ("classes", ["", ""], "classes: is missing or empty"),
        ("classes", ["cat", "cat"], "classes: 'cat' stands there twice"),
        ("classes", "coco8", "classes: no class list 'coco8'"),
        ("classes", [1], "classes: must be text, is 1"),
        ("model", None, "model: is missing"),
        ("model.file", None, "model.file: is missing"),
        ("model.file", "../evil.onnx", "model.file: must be the plain name of an .onnx file"),
        ("model.file", "/etc/evil.onnx", "model.file: must be the plain name"),
        ("model.file", "plain.pth", "model.file: must be the plain name"),
        ("model.sha256", "ABC", "model.sha256: must be 64 hexadecimal digits"),
        ("model.url", "ftp://host/x.onnx", "model.url: must be an http or https address"),
        ("model.bytes", 0, "model.bytes: must be a size in bytes"),
        ("model.bytes", 1.0, "model.bytes: must be a whole number"),
        ("model.path", "x", "model.path: unknown key"),
        ("model.input", 7, "model.input: must be a table, is 7"),
        ("model.input.layuot", "NCHW", "model.input.layuot: unknown key; did you mean 'layout'?"),
        ("model.input.layout", "HWC", "model.input.layout: must be one of NCHW, NHWC, CHW, is 'HWC'"),
        ("model.input.range", "0..2", "model.input.range: must be one of 0..1, 0..255, -1..1"),
        ("model.input.size", 256, "model.input.size: must be a list, is 256"),
        ("model.input.size", [256], "model.input.size: must be a list of 2"),
        ("model.input.size", [0, 256], "model.input.size: must be [height, width]"),
        ("model.input.size", [1.5, 256], "model.input.size: must be a whole number"),
        ("model.input.std", [1, 0, 1], "model.input.std: must be three numbers above 0"),
        ("model.input.mean", [0.5, 0.5], "model.input.mean: must be a list of 3"),
        ("model.input.multiple", 0, "model.input.multiple: must be from 1 to 512"),
        ("model.input.pad", 300, "model.input.pad: must be from 0 to 255"),
        ("model.output.kind", "logit", "did you mean 'logits'?"),
        ("model.output.names", {"out": 1}, "model.output.names.out: must be text"),
        ("model.output.states", [["a"]], "model.output.states: must be a list of 2"),
        ("model.output.nms", 1, "model.output.nms: must be true or false"),
        ("model.output.downsample", 0.0, "model.output.downsample: must be above 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, field: str, new: Any, said: str) -> None:
    table = changed(field, new)
    path = tmp_path / "plain.toml"
    path.write_text(toml(table), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        cards.load(path)
    assert str(caught.value).startswith(f"{path}: {field}")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_size_and_side_exclude_each_other(tmp_path: Path) -> None:
    table = changed("model.input", {"size": [64, 64], "side": 64})
    with pytest.raises(ModelError, match=r"model\.input\.side: goes without size"):
        cards.load(write(tmp_path, table))


def test_a_url_needs_a_hash(tmp_path: Path) -> None:
    model = {"file": "plain.onnx", "url": "https://example.org/plain.onnx"}
    with pytest.raises(ModelError, match=r"model\.sha256: is missing"):
        cards.load(write(tmp_path, {**PLAIN, "model": model}))
    assert cards.load(write(tmp_path, {**PLAIN, "model": {**model, "md5": "0" * 32}})).graphs["model"].md5


def test_the_name_is_the_stem(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(toml(PLAIN), encoding="utf-8")
    with pytest.raises(ModelError, match=r"name: is 'plain', but the file is called other\.toml"):
        cards.load(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"name = ", "is not valid TOML"), (b'name = "\xff"', "is not valid TOML"), (None, "no such card")],
)
def test_what_is_no_card_at_all(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "plain.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        cards.load(path)
    assert "\n" not in str(caught.value)


def test_tables_and_classes_fit_the_task(tmp_path: Path) -> None:
    half = {"file": "half.onnx"}
    pair = {**PLAIN, "task": "style-arbitrary", "style": half, "apply": half}
    with pytest.raises(ModelError, match="model: unknown key"):
        cards.load(write(tmp_path, pair))
    del pair["model"]
    with pytest.raises(ModelError, match="classes: a style-arbitrary network has no classes"):
        cards.load(write(tmp_path, pair))
    del pair["classes"]
    assert list(cards.load(write(tmp_path, pair)).graphs) == ["style", "apply"]
    with pytest.raises(ModelError, match="classes: must be the one name"):
        cards.load(write(tmp_path, changed("task", "matte")))


FIELDS = {
    "layout": st.sampled_from(["NCHW", "NHWC", "CHW"]),
    "channels": st.sampled_from(["RGB", "BGR"]),
    "range": st.sampled_from(["0..1", "0..255", "-1..1"]),
    "mean": st.lists(st.floats(-300, 300), min_size=3, max_size=3),
    "std": st.lists(st.floats(0.001, 300), min_size=3, max_size=3),
    "size": st.lists(st.integers(1, 4096), min_size=2, max_size=2),
    "multiple": st.integers(1, 512),
    "resize": st.sampled_from(["stretch", "letterbox"]),
    "pad": st.integers(0, 255),
    "margin": st.integers(0, 512),
    "rim": st.integers(0, 64),
    "name": st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=9),
}


@settings(max_examples=20)
@given(entries=st.fixed_dictionaries({}, optional=FIELDS), threshold=st.floats(0, 1))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any], threshold: float
) -> None:
    table = {**PLAIN, "threshold": threshold, "model": {**PLAIN["model"], "input": entries}}
    card = cards.load(write(tmp_path_factory.mktemp("card"), table))
    assert card.threshold == threshold
    read = dataclasses.asdict(card.graphs["model"].input)
    for key, entry in entries.items():
        assert read[key] == (tuple(entry) if isinstance(entry, list) else entry)
    untouched = set(read) - set(entries)
    assert all(read[key] == getattr(ImageInput(), key) for key in untouched)


@settings(max_examples=20)
@given(
    key=st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    table=st.sampled_from(["", "model", "model.input", "model.output"]),
)
def test_any_unknown_key_is_refused(tmp_path_factory: pytest.TempPathFactory, key: str, table: str) -> None:
    known = {
        field.name for cls in (cards.Card, GraphFile, ImageInput, Output) for field in dataclasses.fields(cls)
    }
    if key in known | {"model"}:
        return
    field = f"{table}.{key}".lstrip(".")
    with pytest.raises(ModelError) as caught:
        cards.load(write(tmp_path_factory.mktemp("card"), changed(field, 1)))
    assert f": {field}: unknown key" in str(caught.value)


def test_names_paths_and_folders_find_cards(shelf: Path) -> None:
    (shelf / "plain.onnx").write_bytes(b"x")
    path = write(shelf, PLAIN)
    by_name = cards.find("plain", "segmenter")
    assert isinstance(by_name, cards.Card)
    for asked in (path, shelf / "plain.onnx", shelf):
        assert cards.find(str(asked), "segmenter") == by_name


def test_a_network_without_a_card_comes_back_as_its_path(shelf: Path) -> None:
    lone = shelf / "lone.onnx"
    lone.write_bytes(b"x")
    write(shelf, PLAIN)
    (shelf / "training.toml").write_text("rate = 0.1\n", encoding="utf-8")
    assert cards.find(str(lone), "stylizer") == lone


def test_a_pair_is_found_by_either_half(shelf: Path) -> None:
    table = {**PLAIN, "name": "pair", "task": "style-arbitrary"}
    del table["model"], table["classes"]
    table |= {"style": {"file": "a_style.onnx"}, "apply": {"file": "a_apply.onnx"}}
    write(shelf, table)
    for name in ("a_style.onnx", "a_apply.onnx"):
        (shelf / name).write_bytes(b"x")
        found = cards.find(shelf / name, "stylizer")
        assert isinstance(found, cards.Card)
        assert found.name == "pair"


def test_an_unknown_name_answers_with_the_nearest(shelf: Path) -> None:
    write(shelf, PLAIN)
    with pytest.raises(UsageError, match=r"no segmenter 'plane'.*did you mean 'plain'"):
        cards.find("plane", "segmenter")
    with pytest.raises(UsageError, match="plain is a segmenter; there is no such stylizer"):
        cards.find("plain", "stylizer")
    with pytest.raises(ModelError, match="no such file"):
        cards.find(shelf / "nowhere.onnx", "stylizer")
    with pytest.raises(ModelError, match="no such card"):
        cards.find(shelf / "nowhere.toml")


def test_a_card_beside_another_network_is_refused(shelf: Path) -> None:
    write(shelf, {**PLAIN, "model": {"file": "else.onnx"}})
    (shelf / "plain.onnx").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"no table's file is plain\.onnx"):
        cards.find(shelf / "plain.onnx")


def test_the_first_folder_wins_and_only_cards_count(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    for folder, source in ((shelf, "first"), (second / "plain", "second"), (second / "zoo", "zoo")):
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, {**PLAIN, "source": source})
    write(second / "zoo", {**PLAIN, "name": "rare"})
    (second / "plain" / "training.toml").write_text("rate = 0.1\n", encoding="utf-8")
    monkeypatch.setenv("VIDSTYLE_MODELS", os.pathsep.join([str(shelf), str(second)]))
    found = {card.name: card for card in cards.builtin()}
    assert found["plain"].source == "first"
    assert "rare" in found
    assert "training" not in found


def test_the_repository_s_own_cards_are_sound() -> None:
    paths = sorted((ROOT / "models" / "zoo").glob("*.toml"))
    assert len(paths) >= 15
    for path in paths:
        card = cards.load(path)
        for graph in card.graphs.values():
            assert graph.url is not None
            assert graph.url.startswith("https://")
            assert graph.sha256


def test_the_room_needs_no_network_library() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "vidstyle/cards").glob("*.py"))
    for library in ("onnx", "onnxruntime", "av", "numpy"):
        assert f"\nimport {library}" not in sources
        assert f"\nfrom {library}" not in sources
