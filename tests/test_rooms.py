"""The shape of the house: imports go down only, and one room owns each third-party library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "vidstyle"

FLOORS = {
    "errors": 0,
    "types": 0,
    "locks": 0,
    "flow": 1,
    "remote": 1,
    "media": 1,
    "device": 1,
    "graphs": 1,
    "cards": 1,
    "segmenters": 2,
    "stylizers": 2,
    "pipeline": 3,
    "jobs": 4,
    "cluster": 5,
    "report": 5,
    "progress": 6,
    "cli": 6,
    "__main__": 7,
}
OWNERS = {
    "av": "media",
    "aiohttp": "remote",
    "fsspec": "remote",
    "ray": "cluster",
    "onnxruntime": "device",
    "onnx": "graphs",
    "google": "graphs",
    "platformdirs": "cards",
    "threading": "flow",
    "threadpoolctl": "pipeline",
    "tqdm": "progress",
    "typer": "cli",
}
FREE = {"numpy"}
LONGEST = 350


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__")


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == "vidstyle" else [str(node.module)]


def test_every_room_has_a_floor() -> None:
    assert {room(path) for path in modules()} <= set(FLOORS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_and_libraries_have_owners(path: Path) -> None:
    here = room(path)
    for name in imports(path):
        head, _, rest = name.partition(".")
        if head == "vidstyle" and rest:
            there = rest.split(".")[0]
            if there in FLOORS and there != here:
                lower = FLOORS[there] < FLOORS[here] or (here, there) == ("cli", "progress")
                assert lower, f"{here} (floor {FLOORS[here]}) imports {there} (floor {FLOORS[there]})"
        elif head in OWNERS:
            assert here == OWNERS[head], f"{head} belongs to {OWNERS[head]}, not to {here}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_reads_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST


def test_only_the_command_line_exits() -> None:
    for path in modules():
        if room(path) not in ("cli", "__main__"):
            text = path.read_text()
            assert "sys.exit" not in text and "SystemExit" not in text, path


def test_third_party_libraries_are_all_owned() -> None:
    import sys

    known = set(sys.stdlib_module_names) | {"vidstyle", "__future__"} | FREE | set(OWNERS)
    for path in modules():
        assert {name.partition(".")[0] for name in imports(path)} <= known, path
