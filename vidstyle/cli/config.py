"""Flags from files: `vidstyle.toml`, looks, and what came from where.

Defaults < the user's file < the project's file < the look < the command line. The keys of a file are the
flags of `vidstyle run` under their long names, read from the command itself: a new flag needs nothing here.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from vidstyle.cli import completion
from vidstyle.cli.config_file import File, Settings, anchored, key_of, read, written
from vidstyle.cli.help import Command
from vidstyle.errors import UsageError, nearest

FILE_NAME = "vidstyle.toml"
PANEL = "Configuration"

Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help=f"Take flags from this file only. (default: $VIDSTYLE_CONFIG, or {FILE_NAME} here or above "
        "and the user's own)",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
NoConfig = Annotated[bool, typer.Option("--no-config", help="Read no file.", rich_help_panel=PANEL)]
Look = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=f"Also take the flags of the table looks.NAME in {FILE_NAME}. Flags on the command line win; "
        "--no-FLAG takes a switch back.",
        rich_help_panel=PANEL,
        show_default=False,
        autocompletion=completion.looks,
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option(
        "--print-config",
        help="Print every flag, and where its value comes from, as TOML; paint nothing.",
        rich_help_panel=PANEL,
    ),
]
_FFMPEG = {"ss": "start", "to": "end", "c:v": "codec", "vcodec": "codec"}
"""FFmpeg's flags that have another name here."""
_ORIGINS = "vidstyle.origins"
_OWN: dict[str, tuple[Any, Any]] = {
    "config": (Config, None),
    "no_config": (NoConfig, False),
    "look": (Look, None),
    "print_config": (PrintConfig, False),
}


def configured(command: Callable[..., Any], *, printed: bool = False) -> Callable[..., Any]:
    """The command with the flags that choose its configuration; register it with `cls=Configured`.
    printed: with --print-config, too."""

    @functools.wraps(command)
    def without_own(**flags: Any) -> Any:
        return command(**{name: value for name, value in flags.items() if name not in _OWN})

    own = {name: flag for name, flag in _OWN.items() if printed or name != "print_config"}
    signature = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in own.items()
    ]
    without_own.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), *added]
    )
    annotations = {name: annotation for name, (annotation, _) in own.items()}
    without_own.__annotations__ = inspect.get_annotations(command, eval_str=True) | annotations
    return without_own


class Configured(Command):
    """A command whose flags may stand in a file."""

    def make_parser(self, ctx: Any) -> Any:
        """Every switch has a hidden `--no-` of its own, to take back what a file says."""
        parser = super().make_parser(ctx)
        for param in _switches(self):
            off = [f"--no-{key_of(param)}"]
            parser.add_option(obj=param, opts=off, dest=param.name, action="store_const", const=False)
        return parser

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:  # completion: nothing is run, nothing need be right
            return super().parse_args(ctx, args)
        _check_dashes(self, args)
        words = self.make_parser(ctx).parse_args(args=list(args))[0]
        if not words.get("help"):
            settings = self._settings(ctx, words)
            ctx.default_map = {name: setting.value for name, setting in settings.items()}
            ctx.meta[_ORIGINS] = {name: setting.origin for name, setting in settings.items()}
            if words.get("print_config"):
                self._print(ctx, words, settings)
                raise typer.Exit
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command. What is wrong with a flag of a file is said with the file."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise UsageError(f"{error}{_blame(self, ctx, str(error))}") from error

    def _settings(self, ctx: Any, words: Mapping[str, Any]) -> Settings:
        every = _flags(_run(ctx, self))
        files = [read(path, every, ctx) for path in chosen(words.get("config"), words.get("no_config"))]
        settings = layered(files, words.get("look"))
        # the same name may mean another thing elsewhere (the --output of preview): then the help differs
        shared = {(flag.name, flag.help) for flag in _flags(self)}
        known = {flag.name for flag in every if (flag.name, flag.help) in shared}
        return {name: setting for name, setting in settings.items() if name in known}

    def _print(self, ctx: Any, words: Mapping[str, Any], settings: Settings) -> None:
        from vidstyle import progress

        flags = [flag for flag in _flags(self) if flag.name != "look"]  # its flags are there, one by one
        lines = [_line(flag, *_resolved(flag, ctx, words, settings)) for flag in flags]
        progress.tell("\n".join(["# vidstyle run: every flag, and where its value comes from", *lines]))


def _check_dashes(command: Any, args: Sequence[str]) -> None:
    """Raises UsageError for `-crf 16`, as FFmpeg has it: it would mean the class `rf`."""
    known = {key_of(flag) for flag in _flags(command)}
    for word in itertools.takewhile(lambda word: word != "--", args):
        name = word[1:]
        meant = _FFMPEG.get(name, name)
        if word.startswith("-") and meant in known:
            raise UsageError(f"there is no flag {word}; did you mean --{meant}?")


def _blame(command: Any, ctx: Any, message: str) -> str:
    """Where the flags stand that an error speaks of, if not on the command line."""
    origins = ctx.meta.get(_ORIGINS, {})
    words = set(re.findall(r"[a-z][a-z-]+", message.replace("--", " ")))
    spoken = [flag for flag in _flags(command) if flag.name in origins and key_of(flag) in words]
    read = [flag for flag in spoken if ctx.get_parameter_source(flag.name).name == "DEFAULT_MAP"]
    return f" ({'; '.join(f'{key_of(flag)}: {origins[flag.name]}' for flag in read)})" if read else ""


def _resolved(flag: Any, ctx: Any, words: Mapping[str, Any], settings: Settings) -> tuple[Any, str]:
    """The flag's value, checked, and where it comes from."""
    value, source = flag.consume_value(ctx, words)
    checked = flag.process_value(ctx, value)
    if flag.type_descriptor.annotation in (int, float):
        value = checked
    if source.name == "COMMANDLINE":
        return anchored(flag, value, Path.cwd()), "command line"
    return value, settings[flag.name].origin if flag.name in settings else "default"


def _line(flag: Any, value: Any, origin: str) -> str:
    if value is None:
        return f"# {key_of(flag)}: not set"
    return f"{key_of(flag)} = {written(value)}  # {origin}"


def _flags(command: Any) -> list[Any]:
    """The options that may stand in a file."""
    own = {"config", "no_config", "print_config"}
    return [param for param in command.params if param.param_type_name == "option" and param.name not in own]


def _switches(command: Any) -> list[Any]:
    return [flag for flag in _flags(command) if flag.is_bool_flag and not flag.secondary_opts]


def _run(ctx: Any, command: Any) -> Any:
    """The command whose flags a file may hold."""
    return ctx.parent.command.commands["run"] if ctx.parent else command


def chosen(config: str | None, no_config: bool | None) -> list[Path]:
    """The files to read, the weakest first. Raises UsageError for flags that contradict each other."""
    if no_config and config:
        raise UsageError("--config and --no-config contradict each other; leave one out")
    if no_config:
        return []
    named = config or os.environ.get("VIDSTYLE_CONFIG")
    return [Path(named).expanduser()] if named else found()


def found() -> list[Path]:
    """The user's file and the project's, where they exist."""
    from vidstyle.cards import places

    files = [path for path in (places.settings(), _project()) if path and os.path.isfile(path)]  # noqa: PTH113
    return files[:1] if len(files) == 2 and os.path.samefile(*files) else files  # noqa: PTH121


def _project() -> Path | None:
    """`vidstyle.toml` here or in the nearest folder above that has one; the search ends with the root of the
    repository or the home folder (each may have one)."""
    try:
        here, home = Path.cwd(), Path("~").expanduser().resolve()
    except (OSError, RuntimeError):  # the folder was deleted; nobody's home
        return None
    for folder in (here, *here.parents):
        if os.path.isfile(folder / FILE_NAME):  # noqa: PTH113 - Path's own may raise
            return folder / FILE_NAME
        if folder == home or os.path.lexists(folder / ".git"):
            return None
    return None


def layered(files: Sequence[File], look: str | None) -> Settings:
    """What the files and the look say together. Raises UsageError for an unknown look."""
    settings: Settings = {}
    for file in files:
        settings.update(file.top)
    default = settings.pop("look", None)
    if look is not None:
        settings.update(_look(files, look, "--look"))
    elif default is not None:
        settings.update(_look(files, default.value, f"{default.origin}: look"))
    return settings


def _look(files: Sequence[File], look: str, by: str) -> Settings:
    """The look, of the strongest file that has it."""
    for file in reversed(files):
        if look in file.looks:
            return dict(file.looks[look])
    if not files:
        raise UsageError(f"{by} {look!r}: no {FILE_NAME} was found that could hold [looks.{look}]")
    known = sorted({name for file in files for name in file.looks})
    hint = nearest(look, known) or (f"; there are {', '.join(known)}" if known else "")
    where = " or ".join(file.name for file in files)
    raise UsageError(f"{by} {look!r}: there is no [looks.{look}] in {where}{hint}")
