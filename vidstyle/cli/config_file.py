"""One `vidstyle.toml`: every key known, every value of its flag's type; and values written as TOML."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import typer

from vidstyle.errors import UsageError, nearest

_PATH = re.compile(r"\b(FILE|FOLDER|DIR|PATH|PICTURE|LIST)\b")
_NAME = re.compile(r"\b(NAME|PICTURE)\b")
_WEIGHT = re.compile(r"(.+?)(:[\d.eE+-]+)?")
_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_PART = r"""(?:"[^"]*"|'[^']*'|[\w-]+)"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER, _KEY = re.compile(rf"\s*\[+\s*({_DOTTED})\s*\]"), re.compile(rf"\s*({_DOTTED})\s*=")
_TOP, _LOOKS = "", "looks"


@dataclass(frozen=True, slots=True)
class Setting:
    """A flag's value and who says so."""

    value: Any
    origin: str


Settings = dict[str, Setting]
"""By the name of the command's parameter (`preserve_color`)."""


@dataclass(frozen=True, slots=True)
class File:
    """What a file says: at its top, and in its looks by name."""

    name: str
    top: Settings
    looks: Mapping[str, Settings]


def key_of(flag: Any) -> str:
    """A flag's name in a file: its long one without the dashes."""
    long = [word for word in flag.opts if word.startswith("--")]
    return long[0].removeprefix("--") if long else str(flag.name).strip("_").replace("_", "-")


def read(path: Path, flags: Iterable[Any], context: Any) -> File:
    """A file whose keys are those flags, and `[looks.NAME]` tables of them. Relative paths in it are made
    whole. Raises UsageError: a line with the file, the line where it can be told, and the key."""
    text = _text(path)
    page = _Page(path, _lines(text), {key_of(flag): flag for flag in flags}, context)
    tables = _parsed(path, text)
    looks = tables.pop(_LOOKS, {})
    if not isinstance(looks, dict):
        page.wrong(_LOOKS, "looks must be tables: [looks.NAME]")
    return File(
        shown(path), page.settings(tables, _TOP), {name: page.look(name, looks[name]) for name in looks}
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """A file that is being read. lines: numbers by dotted key. context: the command's, for its checks."""

    path: Path
    lines: Mapping[str, int]
    flags: Mapping[str, Any]
    context: Any

    def look(self, name: str, table: Any) -> Settings:
        if not isinstance(table, dict):
            self.wrong(f"{_LOOKS}.{name}", f"a look must be a table: [looks.{name}]")
        return self.settings(table, f"{_LOOKS}.{name}.")

    def settings(self, table: Mapping[str, Any], prefix: str) -> Settings:
        return {self._flag(prefix, key).name: self._setting(prefix, key, table[key]) for key in table}

    def _flag(self, prefix: str, key: str) -> Any:
        if prefix and key == "look":
            self.wrong(f"{prefix}{key}", "a look cannot name another look")
        if key not in self.flags:
            hint = nearest(key, self.flags, 1) or "; keys are the long flags of vidstyle run"
            self.wrong(f"{prefix}{key}", f"unknown key {key!r}{hint}")
        return self.flags[key]

    def _setting(self, prefix: str, key: str, value: Any) -> Setting:
        flag = self.flags[key]
        try:
            found = anchored(flag, _typed(flag, value), self.path.absolute().parent)
            flag.process_value(self.context, found)
        except (_UnfitError, typer.BadParameter) as unfit:
            self.wrong(f"{prefix}{key}", f"{key}: {' '.join(str(unfit).split())}")
        return Setting(found, self.where(f"{prefix}{key}"))

    def where(self, key: str) -> str:
        """`vidstyle.toml, line 3, looks.night`."""
        path, look = key.split("."), ""
        if path[0] == _LOOKS and len(path) > 2:
            look = f", {_LOOKS}.{'.'.join(path[1:-1])}"
        prefixes = (_plain(".".join(path[:count])) for count in range(len(path), 0, -1))
        line = next((self.lines[prefix] for prefix in prefixes if prefix in self.lines), None)
        return f"{shown(self.path)}{f', line {line}' if line else ''}{look}"

    def wrong(self, key: str, what: str) -> NoReturn:
        raise UsageError(f"{self.where(key)}: {what}")


class _UnfitError(Exception):
    """A value of another type than the flag's; says which is wanted."""


def _typed(flag: Any, value: Any) -> Any:
    kind = flag.type_descriptor.annotation
    if kind is bool:
        return value if isinstance(value, bool) else _unfit("true or false", value)
    if kind in (int, float):
        return _number(kind, value)
    if flag.multiple:
        return _list(flag, value)
    return _word(flag, value)


def _number(kind: type, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int if kind is int else (int, float)):
        _unfit("a whole number" if kind is int else "a number", value)
    return kind(value)


def _list(flag: Any, value: Any) -> list[str]:
    if isinstance(value, dict) and flag.metavar == "KEY=VALUE":
        return [f"{key}={_plain_value(item)}" for key, item in value.items()]
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        _unfit("text or a list of texts", value)
    return items


def _plain_value(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        _unfit("a table of texts and numbers", value)
    return value


def _word(flag: Any, value: Any) -> str:
    """Text; where the flag takes times or counts, as most that are no names do, also a number or a time."""
    if isinstance(value, str):
        return value
    wordy = _PATH.search(flag.metavar or "") or _NAME.search(flag.metavar or "")
    if wordy or isinstance(value, bool) or not isinstance(value, int | float | datetime.time):
        _unfit("text", value)
    return str(value)


def _unfit(wanted: str, value: Any) -> NoReturn:
    text = written(value) if isinstance(value, str | int | float | list) else f"a {type(value).__name__}"
    raise _UnfitError(f"must be {wanted}, not {text if len(text) < 60 else f'{text[:60]}...'}")


def anchored(flag: Any, value: Any, folder: Path) -> Any:
    """The value with its relative paths made whole; other values as they are.

    A flag that takes names too keeps what is no file in the folder and has no separator.
    """
    if isinstance(value, list):
        return [anchored(flag, item, folder) for item in value]
    kind, metavar = flag.type_descriptor.annotation, flag.metavar or ""
    if not isinstance(value, str) or not (kind is Path or _PATH.search(metavar)):
        return value
    if value == "-" or "://" in value or not value:
        return value
    path = os.path.expanduser(value)  # noqa: PTH111 - Path's own raises for ~nobody
    whole = os.path.join(folder, path)  # noqa: PTH118 - keeps the slash that says folder
    if not _NAME.search(metavar) or "/" in path or os.sep in path:
        return whole
    match = _WEIGHT.fullmatch(whole)
    plain = match[1] if match else whole
    return whole if os.path.isfile(whole) or os.path.isfile(plain) else value  # noqa: PTH113


def written(value: Any) -> str:
    """A value as TOML. Raises UsageError for a path that is no Unicode."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(written, value))}]"
    if not isinstance(value, str):
        return repr(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{value!a} is no Unicode text and cannot be written as TOML") from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def shown(path: Path) -> str:
    """The path as a message shows it: short where it lies here, on one line."""
    with contextlib.suppress(ValueError, OSError):
        path = path.relative_to(Path.cwd())
    return str(path) if str(path).isprintable() else ascii(str(path))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise UsageError(f"{shown(path)}: cannot be read: {why}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{shown(path)}, line {line}: is no UTF-8 text; save it as such") from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits; brackets within brackets
        said = str(error)
        at = _AT.search(said)
        line = int(at[1]) if at and at[1] else text.rstrip().count("\n") + 1
        raise UsageError(f"{shown(path)}, line {line}: is no TOML: {_AT.sub('', said)}") from error


def _lines(text: str) -> dict[str, int]:
    """Where each key stands, by its dotted path; what a text in quotes holds may pass for a key."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = f"{header[1]}."
            found.setdefault(_plain(header[1]), number)
        elif key := _KEY.match(line):
            parts = _plain(f"{table}{key[1]}").split(".")
            for count in range(len(parts), 0, -1):
                found.setdefault(".".join(parts[:count]), number)
    return found


def _plain(key: str) -> str:
    return re.sub(r"[\s\"']", "", key)
