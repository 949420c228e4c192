"""The command line: `vidstyle INPUT --style PICTURE --class NAME` and its sister commands.

Parses and shows. The only room that exits: errors become one line on stderr and a code of their own.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.exceptions import TyperException

from vidstyle import progress
from vidstyle.cli import bench, completion, facts, preview, run, stopping
from vidstyle.cli.config import Configured, configured
from vidstyle.cli.help import Command, Group
from vidstyle.errors import BUG, InputError, OutputError, UsageError, VidstyleError, nearest, why

BROKEN_PIPE = 141


class RunByDefault(Group):
    """A group in which `run` is meant where the first word is no command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version", "--install-completion", "--show-completion"}
        if args and args[0] not in self.commands and args[0] not in own:
            if not ctx.resilient_parsing:
                self._doubt(args[0])
            args = ["run", *args]
        if ctx.resilient_parsing:
            completion.unchecked(self, ctx)
        return super().parse_args(ctx, args)

    def _doubt(self, word: str) -> None:
        """Raises UsageError for a command with a slip in it: as an input, the next one would be painted."""
        if word.isalpha() and not os.path.lexists(word):
            meant = nearest(word, self.commands, least=0.75)
            if meant:
                raise UsageError(f"{word!r} is neither a command nor a file{meant}")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if ctx.resilient_parsing and command is not None:
            completion.unchecked(command, ctx)
        return name, command, rest

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        offered = super().shell_complete(ctx, incomplete)
        return completion.first_word(self, ctx, incomplete, offered)


app = typer.Typer(
    name="vidstyle",
    cls=RunByDefault,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="vidstyle INPUT --style PICTURE --class NAME is short for vidstyle run; see vidstyle run --help.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from vidstyle import __version__

        typer.echo(f"vidstyle {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version."
    ),
) -> None:
    """Paint one kind of thing in a video in the style of a picture."""


app.command("run", cls=Configured)(configured(run.command, printed=True))
app.command("preview", cls=Configured)(configured(preview.command))
app.command("bench", cls=Configured)(configured(bench.command))
app.command("styles", cls=Command)(facts.styles)
app.command("classes", cls=Command)(facts.classes)
app.command("doctor", cls=Command)(facts.doctor)
app.add_typer(facts.models, name="models")


def _open_standard_streams() -> None:
    """Gives the closed ones (`2>&-`) to the null device: the next file would be opened in their place, and
    what libraries print would end up in it."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w"))  # noqa: SIM115


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command line and exits with its code."""
    _open_standard_streams()
    if os.environ.get(completion.ASKED):
        completion.begin()
        app(prog_name="vidstyle")  # answers, and exits
    stopping.listen()
    ended = code(arguments)
    try:
        sys.stdout.flush()
    except OSError:  # said already; Python would say it again, and end with 120
        _let_go()
    sys.exit(ended)


def code(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns its exit code (see `vidstyle.errors`)."""
    progress.speak(events=progress.wants_events(sys.argv[1:] if arguments is None else arguments))
    try:
        ended = app(args=arguments, prog_name="vidstyle", standalone_mode=False)
        sys.stdout.flush()
    except VidstyleError as error:
        return _failed(str(error), error.exit_code)
    except TyperException as error:
        return _misused(error)
    except stopping.Stopped as stopped:
        return _stopped(stopped)
    except (KeyboardInterrupt, typer.Abort):
        return _failed("interrupted; nothing was written", 128 + signal.SIGINT)
    except BrokenPipeError:
        return _unread()
    except SystemExit as ending:
        if isinstance(ending.__context__, BrokenPipeError):  # Typer and Rich exit with 1
            return _unread()
        raise
    except Exception as error:
        if isinstance(error, FileNotFoundError) and _nowhere():
            return _failed("the current folder was removed; change to another", InputError.exit_code)
        if isinstance(error, OSError) and error.filename is None and not _takes_words():
            return _failed(f"stdout cannot be written: {why(error)}", OutputError.exit_code)
        if (stopped_by := stopping.behind(error)) is not None:
            return _stopped(stopped_by)
        return _failed(
            "this is a bug in vidstyle: please report the lines above", BUG, traceback.format_exc()
        )
    return _failed("", ended if isinstance(ended, int) else 0)


def _nowhere() -> bool:
    """Whether the current folder was removed: then no relative path means anything."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _unread() -> int:
    """Whoever read standard output has closed it."""
    _let_go()
    return BROKEN_PIPE


def _let_go() -> None:
    """Of a standard output that takes nothing more: the flush at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _takes_words() -> bool:
    """Whether standard output can be written; the help and the version are not written by `progress.tell`."""
    try:
        print(flush=True)
    except OSError:
        return False
    return True


def _stopped(stopped: stopping.Stopped) -> int:
    return _failed(f"{stopped.word}; {stopped.so_far}", stopped.exit_code)


def _failed(line: str, exit_code: int, trace: str = "") -> int:
    progress.over(exit_code, line, trace)
    return exit_code


def _misused(error: TyperException) -> int:
    """A wrong flag or a missing word. Without any word at all the help is the answer."""
    message = error.format_message().strip()
    if not message or len(message.splitlines()) > 3:
        print(message, file=sys.stderr)
        return error.exit_code
    return _failed(f"{message[:1].lower()}{message[1:]}", error.exit_code)
