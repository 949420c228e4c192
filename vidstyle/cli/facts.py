"""What there is to choose from and what the machine can do: styles, classes, models, doctor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from vidstyle.cli import completion, options
from vidstyle.cli.help import Command, Group

if TYPE_CHECKING:
    from vidstyle import cards

models = typer.Typer(cls=Group, help="List networks, show a card, pull one from where it is published.")


def _table(rows: list[tuple[str, ...]]) -> None:
    """Rows on stdout, columns aligned; they are what was asked for, so they are data."""
    from vidstyle import progress

    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        progress.tell("  ".join(cells).rstrip())


def styles() -> None:
    """List the built-in style pictures."""
    from vidstyle.pipeline import styles as pictures

    _table([(name, str(path)) for name, path in pictures.builtin().items()])


def classes(segmenter: options.Segmenter = None) -> None:
    """List the classes that a segmenter knows, one a line."""
    from vidstyle import cards, pipeline, progress

    card = pipeline.described(segmenter or cards.DEFAULT_SEGMENTER, "segmenter")
    named = [name for name in card.classes if name and name != "background"]
    progress.tell("\n".join([*named, "all"]))


def doctor() -> None:
    """Say what this machine can run, and what CUDA lacks where it cannot."""
    from vidstyle import device

    facts = device.report()
    _table([("ok" if fact.good else "--", fact.name, fact.value) for fact in facts])


@models.callback(invoke_without_command=True)
def _listed(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_models()


@models.command("list", cls=Command)
def list_models() -> None:
    """List the networks that can be named, what they do, their licence, and whether they are here."""
    from vidstyle import cards

    _table([(card.name, card.task, card.licence, _state(card)) for card in cards.builtin()])


def _state(card: cards.Card) -> str:
    here = all(os.path.exists(graph.path) for graph in card.graphs.values())  # noqa: PTH110 - Path's own may raise
    return "here" if here else f"vidstyle models pull {card.name}"


@models.command("show", cls=Command)
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A network's name, or the path of a card or network.",
            autocompletion=completion.networks,
        ),
    ],
) -> None:
    """Show the card of a network: classes, source, licence, measured quality, files."""
    from vidstyle import pipeline

    card = pipeline.described(name, None)
    rows = [("name", card.name), ("task", card.task), ("licence", card.licence), ("source", card.source)]
    rows += [("state", _state(card))]
    rows += [("classes", ", ".join(filter(None, card.classes)))] if card.classes else []
    rows += [(f"{role} file", str(graph.path)) for role, graph in card.graphs.items()]
    rows += [(key, str(value)) for key, value in card.quality.items()]
    _table(list(rows))


@models.command("pull", cls=Command)
def pull(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="Names of networks (see vidstyle models).",
            autocompletion=completion.published,
        ),
    ],
    offline: Annotated[bool, typer.Option("--offline", help="Use what is here; never connect.")] = False,
) -> None:
    """Download networks into the user's cache: resumed where they were cut, checked, whole or absent."""
    from vidstyle import cards, progress

    for name in names:
        with progress.Download(name) as bar:
            path = cards.pull(name, progress=bar.at, offline=offline)
        progress.say(f"{name}: {path}")
