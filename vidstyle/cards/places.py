"""Where cards, networks, style pictures and the user's settings lie on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent.parent
_STYLES = (_PACKAGE / "_data" / "styles", _PACKAGE.parent / "samples" / "styles")  # a wheel's, a clone's


def cache() -> Path:
    """The user's cache of vidstyle: $VIDSTYLE_CACHE, or the platform's own place. It may not exist yet."""
    chosen = os.environ.get("VIDSTYLE_CACHE")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("vidstyle", False))


def settings() -> Path:
    """The user's own `vidstyle.toml`, in the platform's place for it. It may not exist."""
    return Path(platformdirs.user_config_dir("vidstyle", False)) / "vidstyle.toml"


def search() -> list[Path]:
    """Folders that hold cards, first wins: $VIDSTYLE_MODELS (several, as in $PATH), the wheel's own, a
    clone's, the user's cache."""
    chosen = os.environ.get("VIDSTYLE_MODELS", "").split(os.pathsep)
    folders = [Path(folder).expanduser() for folder in chosen if folder]
    folders.append(_PACKAGE / "_data" / "models")
    if (_PACKAGE.parent / "pyproject.toml").is_file():
        folders.append(_PACKAGE.parent / "models")
    return [*folders, cache() / "models"]


def styles() -> dict[str, Path]:
    """Names of the built-in style pictures and where they lie, in alphabetical order."""
    pictures = [path for folder in _STYLES for path in folder.glob("*.jpg")]
    return {path.stem: path for path in sorted(pictures, key=lambda path: path.stem)}


def card_files() -> dict[str, Path]:
    """Card files by name. In a folder these are `<name>.toml`, `<name>/<name>.toml` and
    `zoo/<name>.toml`; another .toml (a training configuration, say) is no card."""
    found: dict[str, Path] = {}
    for folder in search():
        for path in _tomls(folder):
            if path.parent == folder or path.parent.name in ("zoo", path.stem):
                found.setdefault(path.stem, path)
    return found


def _tomls(folder: Path) -> list[Path]:
    """A folder that may not be searched (the cache of another user, under sudo) holds nothing."""
    try:
        return [*sorted(folder.glob("*.toml")), *sorted(folder.glob("*/*.toml"))]
    except OSError:
        return []


def lies(origin: Path, name: str, file: str, url: str | None) -> Path:
    """Where a card's file lies: beside the card, or, once pulled, in the cache under the card's name."""
    beside = origin.parent / file
    return beside if url is None or beside.exists() else pulled(name, file)


def pulled(name: str, file: str, root: Path | None = None) -> Path:
    """Where `pull` puts a file of the card `name`."""
    return (root or cache()) / "models" / name / file
