"""From `<name>.toml` to a `Card`: every key known, every value of its type and in its range."""

from __future__ import annotations

import dataclasses
import math
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from vidstyle.cards import places
from vidstyle.cards.labels import PRESETS
from vidstyle.cards.rules import RULES
from vidstyle.cards.schema import Card, GraphFile, ImageInput, Output, Task, tables
from vidstyle.errors import ModelError, nearest

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", dict: "a table"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a card we are: the file and the dotted field, as an error names them."""

    file: Path
    field: str = ""

    def key(self, name: str) -> Place:
        return Place(self.file, f"{self.field}.{name}" if self.field else name)

    def wrong(self, what: str) -> NoReturn:
        """Raises ModelError: "card.toml: model.input.size: must be ..."."""
        raise ModelError(f"{self.file}: {self.field}: {what}" if self.field else f"{self.file}: {what}")


def load(path: Path) -> Card:
    """The card in a TOML file, wholly checked except for the network itself (see `verify` and `check`).

    Raises ModelError that names the file and the field.
    """
    table, place = _parse(path), Place(path)
    task: Task = _value(Task, _required(table, "task", place), place.key("task"))
    keys = ("name", "task", "licence", "source", "classes", "threshold", "quality", *tables(task))
    _known(table, keys, place)
    name = _text(table, "name", place)
    if name != path.stem:
        place.key("name").wrong(f"is {name!r}, but the file is called {path.name}")
    card = Card(
        name=name,
        task=task,
        licence=_text(table, "licence", place),
        source=_text(table, "source", place),
        graphs={key: _graph(_required(table, key, place), place.key(key), name) for key in tables(task)},
        origin=path,
        classes=_classes(table.get("classes", ()), place.key("classes")),
        threshold=_field(Card, "threshold", table.get("threshold", 0.5), place),
        quality=_value(dict, table.get("quality", {}), place.key("quality")),
    )
    _classes_fit(card, place.key("classes"))
    _high_fits(card, place.key("model.output"))
    return card


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: there is no such card") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: is not valid TOML: {error}") from error


def _required(table: Mapping[str, Any], key: str, place: Place) -> Any:
    if key not in table:
        place.key(key).wrong(f"is missing{nearest(key, table)}")
    return table[key]


def _known(table: Mapping[str, Any], keys: tuple[str, ...], place: Place) -> None:
    for key in table:
        if key not in keys:
            place.key(key).wrong(f"unknown key{nearest(key, keys) or '; known are ' + ', '.join(keys)}")


def _text(table: Mapping[str, Any], key: str, place: Place) -> str:
    return typing.cast(str, _field(Card, key, _required(table, key, place), place))


def _graph(table: Any, place: Place, name: str) -> GraphFile:
    """A [model], [style] or [apply] table."""
    table = _value(dict, table, place)
    keys = ("file", "sha256", "url", "bytes", "md5", "input", "output")
    _known(table, keys, place)
    _required(table, "file", place)
    plain = {key: _field(GraphFile, key, table[key], place) for key in keys[:5] if key in table}
    if plain.get("url") and not (plain.get("sha256") or plain.get("md5")):
        place.key("sha256").wrong("is missing: a file with a url needs sha256 (or md5)")
    return GraphFile(
        **{"sha256": None, **plain},
        path=places.lies(place.file, name, plain["file"], plain.get("url")),
        input=_record(ImageInput, table.get("input", {}), place.key("input")),
        output=_record(Output, table.get("output", {}), place.key("output")),
    )


def _record(cls: type[Any], table: Any, place: Place) -> Any:
    """A dataclass whose fields are the keys of a table and all have defaults."""
    table = _value(dict, table, place)
    _known(table, tuple(field.name for field in dataclasses.fields(cls)), place)
    record = cls(**{key: _field(cls, key, value, place) for key, value in table.items()})
    if cls is ImageInput and record.size and record.side:
        place.key("side").wrong("goes without size: a fixed size leaves nothing to choose")
    return record


def _field(cls: type[Any], name: str, value: Any, place: Place) -> Any:
    """A value of the type that the dataclass's field declares and that keeps the field's rule."""
    here = place.key(name)
    checked = _value(typing.get_type_hints(cls)[name], value, here)
    rule = RULES.get((cls, name))
    if rule and not rule.holds(checked):
        here.wrong(f"must be {rule.words}, is {value!r}")
    return checked


def _value(hint: Any, value: Any, place: Place) -> Any:
    """`value` as the type `hint`; TOML has no None, and whole numbers may stand for numbers."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _value(next(part for part in arguments if part is not type(None)), value, place)
    if origin is Literal:
        return _choice(arguments, value, place)
    if origin is tuple:
        return _sequence(arguments, value, place)
    if origin is dict:
        entries = _value(dict, value, place)
        return {key: _value(arguments[1], entry, place.key(key)) for key, entry in entries.items()}
    return _scalar(hint, value, place)


def _scalar(hint: type[Any], value: Any, place: Place) -> Any:
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint or (hint is float and not math.isfinite(value)):
        place.wrong(f"must be {_WORDS[hint]}, is {value!r}")
    return value


def _choice(choices: tuple[Any, ...], value: Any, place: Place) -> Any:
    if value not in choices:
        near = nearest(value, choices) if isinstance(value, str) else ""
        place.wrong(f"must be one of {', '.join(choices)}, is {value!r}{near}")
    return value


def _sequence(arguments: tuple[Any, ...], value: Any, place: Place) -> tuple[Any, ...]:
    """tuple[X, ...] of any length, or tuple[X, Y, Z] of just that length."""
    if not isinstance(value, list | tuple):
        place.wrong(f"must be a list, is {value!r}")
    if arguments[-1] is Ellipsis:
        return tuple(_value(arguments[0], entry, place) for entry in value)
    if len(value) != len(arguments):
        place.wrong(f"must be a list of {len(arguments)}, is {value!r}")
    return tuple(_value(part, entry, place) for part, entry in zip(arguments, value, strict=True))


def _classes(value: Any, place: Place) -> tuple[str, ...]:
    """A list of names, or the word for a list that many networks share."""
    if isinstance(value, str):
        if value not in PRESETS:
            place.wrong(f"no class list {value!r}: {', '.join(PRESETS)}{nearest(value, PRESETS)}")
        return PRESETS[value]
    names: tuple[str, ...] = _value(tuple[str, ...], value, place)
    twice = [name for name in set(names) if name and names.count(name) > 1]
    if twice:
        place.wrong(f"{twice[0]!r} stands there twice")
    return names


def _classes_fit(card: Card, place: Place) -> None:
    """As many classes as the task can have."""
    named = [name for name in card.classes if name]
    if card.kind == "stylizer" and card.classes:
        place.wrong(f"a {card.task} network has no classes")
    if card.kind == "segmenter" and not named:
        place.wrong(f"is missing or empty: a {card.task} network must say what it finds")
    if card.task == "matte" and len(card.classes) != 1:
        place.wrong(f"must be the one name that the matte finds, is {list(card.classes)!r}")


def _high_fits(card: Card, place: Place) -> None:
    """A higher threshold has something to be compared with, and is the higher one."""
    output = card.graphs["model"].output if "model" in card.graphs else Output()
    if output.high is None:
        if output.seed > 1:
            place.key("seed").wrong("goes with high, which all of its cells must reach")
        return
    if card.task != "semantic" or output.kind == "labels":
        place.key("high").wrong("goes with logits or probabilities of a semantic network only")
    if output.high < card.threshold:
        place.key("high").wrong(f"must be at least the threshold, {card.threshold}, is {output.high}")
