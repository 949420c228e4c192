"""What the shell offers after a flag: quick (nothing heavy is loaded), and never an error."""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from vidstyle.cards.shelf import Kind

ASKED = "_VIDSTYLE_COMPLETE"
"""The environment variable in which the shell asks."""

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
ENCODERS = (
    *("h264", "hevc", "av1", "vp9", "prores", "ffv1"),
    *("libx264", "libx265", "libsvtav1", "libvpx-vp9", "prores_ks"),
    *("h264_nvenc", "hevc_nvenc", "av1_nvenc"),
)
"""The usual ones: to ask for all that there are would load FFmpeg."""

Offer = Callable[[typer.Context, str], list[str]]


def begin() -> None:
    """From now on nothing reaches stderr, where the shell would show it in the middle of the command."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if "COMP_WORDS" in os.environ:
        _join_words()


def _join_words() -> None:
    """Bash takes `--style=ink` for three words; makes one of them again, or `=` would be the style."""
    words, current = os.environ["COMP_WORDS"].split("\n"), int(os.environ.get("COMP_CWORD") or 0)
    for at in range(len(words) - 2, 0, -1):
        if words[at] == "=" and words[at - 1].startswith("--"):
            words[at - 1 : at + 2] = ["".join(words[at - 1 : at + 2])]
            current -= min(2, max(0, current - at + 1))
    os.environ |= {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(current)}


def _quiet(offer: Offer) -> Offer:
    """A file or card that is broken is told when it is used, not at the prompt."""

    @functools.wraps(offer)
    def quiet(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return offer(ctx, incomplete)
        except Exception:
            return []

    return quiet


@_quiet
def styles(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """Built-in style pictures, and the pictures here."""
    from vidstyle.cards import places

    return with_files(places.styles(), incomplete, PICTURES)


@_quiet
def classes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Classes of the segmenter that is chosen, the last of several between commas."""
    from vidstyle import cards

    card = cards.find(_chosen(ctx, "segmenter") or cards.DEFAULT_SEGMENTER, "segmenter")
    known = card.classes if isinstance(card, cards.Card) else ()
    before, comma, _ = incomplete.rpartition(",")
    words = [name.replace(" ", "-") for name in known if name and name != "background"]
    return [f"{before}{comma}{word}" for word in [*words, "all"]]


@_quiet
def segmenters(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of segmenters, and the networks here."""
    return _networks("segmenter", incomplete)


@_quiet
def stylizers(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of stylizers, and the networks here."""
    return _networks("stylizer", incomplete)


@_quiet
def networks(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of all networks, and the networks here."""
    return _networks(None, incomplete)


@_quiet
def published(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of networks that can be pulled and are not on the line yet."""
    from vidstyle import cards

    pulled = [card.name for card in cards.builtin() if any(graph.url for graph in card.graphs.values())]
    said = ctx.params.get("names") or ()
    return [name for name in pulled if name.startswith(incomplete) and name not in said]


def _networks(kind: Kind | None, incomplete: str) -> list[str]:
    from vidstyle import cards

    return with_files([card.name for card in cards.builtin(kind)], incomplete, (".onnx", ".toml"))


def encoders(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """The usual video encoders."""
    return list(ENCODERS)


def devices(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """Where networks run."""
    return ["auto", "cpu", "cuda"]


def modes(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """How progress is shown."""
    from vidstyle import progress

    return list(progress.MODES)


@_quiet
def looks(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    """Names of the looks in the files that count."""
    return sorted({name for table in _tables(ctx) for name in table.get("looks", {})})


def _chosen(ctx: typer.Context, flag: str) -> str | None:
    """What the command line says of a flag, or else the files."""
    said = ctx.params.get(flag)
    for table in _tables(ctx):
        look = table.get("looks", {}).get(ctx.params.get("look") or table.get("look"), {})
        said = said or look.get(flag) or table.get(flag)
    return str(said) if said else None


def _tables(ctx: typer.Context) -> list[dict[str, Any]]:
    """The files that count, the strongest first."""
    from vidstyle.cli import config

    paths = config.chosen(ctx.params.get("config"), ctx.params.get("no_config"))
    return [tomllib.loads(path.read_text("utf-8-sig")) for path in reversed(paths)]


def with_files(names: Iterable[str], incomplete: str, endings: tuple[str, ...] = ()) -> list[str]:
    """Names that fit, and the files (of these endings) and folders here that do.

    Nothing where only folders fit, or the word is a path already: the shell's own completion of files does
    that better.
    """
    fitting = [name for name in names if name.startswith(incomplete)]
    if os.sep in incomplete:
        return []
    here = [entry for entry in os.scandir() if entry.name.startswith(incomplete or _visible(entry.name))]
    good = [entry for entry in here if entry.is_file() and entry.name.lower().endswith(endings or "")]
    files = [_typed(entry.name) for entry in good]
    folders = [f"{_typed(entry.name)}{os.sep}" for entry in here if entry.is_dir()]
    return [*fitting, *sorted(files), *sorted(folders)] if fitting or files else []


def _typed(name: str) -> str:
    """The name as it is typed; other shells than bash see to that themselves."""
    bash = os.environ.get(ASKED, "").endswith("bash")
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", name) if bash else name


def _visible(name: str) -> str:
    """What a name must begin with to be offered before anything is typed."""
    return "\0" if name.startswith(".") else ""


def unchecked(command: Any, ctx: Any) -> None:
    """Takes the command's words as they stand: to check them would load as much as all the rest."""
    for param in command.get_params(ctx):
        param.process_value = lambda _, value: value


def first_word(group: TyperGroup, ctx: Any, incomplete: str, offered: list[Any]) -> list[Any]:
    """What may stand where no command is named yet: commands (these are offered already) and, as `run` is
    meant without one, its flags and files."""
    if not incomplete.startswith("-"):
        words = with_files([item.value for item in offered], incomplete) if offered else []
        return [*offered, *(type(offered[0])(word) for word in words[len(offered) :])]
    run = group.commands["run"]
    unchecked(run, ctx)
    with run.make_context("run", [], parent=ctx, resilient_parsing=True) as inner:
        flags = run.shell_complete(inner, incomplete)
    known = {item.value for item in offered}
    return [*offered, *(flag for flag in flags if flag.value not in known)]
