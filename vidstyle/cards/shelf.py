"""From what the user wrote after `--segmenter` or `--stylizer` to a card, or to a network without one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from vidstyle.cards import places
from vidstyle.cards.read import load
from vidstyle.cards.schema import Card
from vidstyle.errors import ModelError, UsageError, nearest

Kind = Literal["segmenter", "stylizer"]

DEFAULT_SEGMENTER = "spotter"
DEFAULT_STYLIZER = "brush"


def builtin(kind: Kind | None = None) -> list[Card]:
    """All cards that can be named without a path, by name; those to be pulled too."""
    cards = [load(path) for _, path in sorted(places.card_files().items())]
    return [card for card in cards if kind in (None, card.kind)]


def find(name_or_path: str | Path, kind: Kind | None = None) -> Card | Path:
    """The card that is meant: by name, by the path of a card, or by the path of a network or of the folder
    it lies in. A network that no card beside it describes comes back as its path: see `infer`.

    Raises UsageError for an unknown name or a card of the other kind, ModelError for a broken card or a
    path where nothing lies.
    """
    found = _named(str(name_or_path)) or _at(_home(name_or_path), str(name_or_path), kind)
    if isinstance(found, Card) and kind not in (None, found.kind):
        names = ", ".join(card.name for card in builtin(kind)) or "none"
        raise UsageError(f"{found.name} is a {found.kind}; there is no such {kind}: {names}")
    return found


def _home(path: str | Path) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises for ~nobody


def _named(name: str) -> Card | None:
    path = places.card_files().get(name)
    return load(path) if path else None


def _at(path: Path, asked: str, kind: Kind | None) -> Card | Path:
    if path.suffix == ".toml":
        return load(path)
    if path.suffix == ".onnx" or path.is_dir():
        return _beside(path)
    known = [card.name for card in builtin(kind)]
    hint = nearest(asked, known) or f"; known are {', '.join(known) or 'none'}"
    raise UsageError(f"no {kind or 'model'} {asked!r} (a name, or the path of an .onnx file){hint}")


def _beside(path: Path) -> Card | Path:
    """The card in whose folder, or beside which, a network lies; else the path itself."""
    if not path.exists():
        raise ModelError(f"{path}: there is no such file")
    if path.is_file() and (own := path.with_suffix(".toml")).is_file():
        return _describes(load(own), path)
    folder = path if path.is_dir() else path.parent
    cards = [card for card in map(_readable, sorted(folder.glob("*.toml"))) if card]
    if path.is_file():
        cards = [card for card in cards if path.name in _files(card)]
    if len(cards) > 1:
        raise ModelError(f"{path}: {len(cards)} cards fit, name one: {', '.join(c.name for c in cards)}")
    return cards[0] if cards else path


def _describes(card: Card, path: Path) -> Card:
    if path.name not in _files(card):
        raise ModelError(f"{card.origin}: no table's file is {path.name}, beside which the card lies")
    return card


def _files(card: Card) -> set[str]:
    return {graph.file for graph in card.graphs.values()}


def _readable(path: Path) -> Card | None:
    """A card, or None for another TOML file that happens to lie there."""
    try:
        return load(path)
    except ModelError:
        return None
