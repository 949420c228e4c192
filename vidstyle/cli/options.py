"""The flags that several commands share, with their help, and the words they take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.errors import UsageError
from vidstyle.types import EncodeOptions

_NUMBER = re.compile(r"\d{1,9}(\.\d*)?|\.\d+", re.ASCII)
PAINT, ENCODE, NETWORKS, OUTPUT = "What is painted, and how", "Encoding", "Networks", "Output"

Input = Annotated[Path, typer.Argument(metavar="INPUT", help="A video file.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The output; its ending chooses the container. (default: <stem>.vidstyle<ext> beside the input)",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Style = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        "-s",
        metavar="PICTURE",
        help="A picture, or the name of a built-in one (see vidstyle styles). Repeat to mix styles; "
        "PICTURE:0.3 gives one a weight. (default: starry)",
        rich_help_panel=PAINT,
        show_default=False,
    ),
]
Class = Annotated[
    list[str] | None,
    typer.Option(
        "--class",
        "-c",
        metavar="NAME",
        help="What to paint (see vidstyle classes). Repeat it or use commas for several; "
        "'all' paints the whole frame. (default: laptop)",
        rich_help_panel=PAINT,
        show_default=False,
    ),
]
Invert = Annotated[
    bool, typer.Option("--invert", help="Paint everything but the class.", rich_help_panel=PAINT)
]
Strength = Annotated[
    float,
    typer.Option("--strength", min=0, max=1, help="How much of the paint is taken.", rich_help_panel=PAINT),
]
PreserveColor = Annotated[
    bool,
    typer.Option(
        "--preserve-color",
        help="Keep the source's colours: only its light is painted.",
        rich_help_panel=PAINT,
    ),
]
Feather = Annotated[
    float,
    typer.Option(
        "--feather", min=0, max=256, help="Pixels over which the edge fades.", rich_help_panel=PAINT
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        min=0.01,
        max=0.99,
        help="How sure the segmenter must be. (default: the network's own)",
        rich_help_panel=PAINT,
        show_default=False,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="auto|cpu|cuda[:N]", help="Where the networks run.", rich_help_panel=NETWORKS
    ),
]
Segmenter = Annotated[
    str | None,
    typer.Option(
        "--segmenter",
        metavar="NAME|PATH",
        help="The network that finds the class: a name (see vidstyle models) or an .onnx file. "
        "(default: fastscnn)",
        rich_help_panel=NETWORKS,
        show_default=False,
    ),
]
Stylizer = Annotated[
    str | None,
    typer.Option(
        "--stylizer",
        metavar="NAME|PATH",
        help="The network that paints: a name (see vidstyle models) or an .onnx file. (default: brush)",
        rich_help_panel=NETWORKS,
        show_default=False,
    ),
]
Progress = Annotated[
    str,
    typer.Option(
        "--progress",
        metavar="auto|bar|lines|json|none",
        help="How progress is shown on stderr: bars on a terminal and lines elsewhere, or as one JSON event "
        "a line.",
        rich_help_panel=OUTPUT,
    ),
]


def weighted(styles: Sequence[str] | None) -> tuple[tuple[str, float], ...]:
    """`picture` or `picture:0.3` to pictures with weights; a colon that no number follows is a name's."""
    return tuple(_weighted(style) for style in styles or ())


def _weighted(style: str) -> tuple[str, float]:
    name, colon, weight = style.rpartition(":")
    try:
        number = float(weight)
    except ValueError:
        return style, 1.0
    if not colon:
        return style, 1.0
    if not 0 < number < float("inf"):
        raise UsageError(f"the weight of style {name!r} is {weight}; it must be above 0")
    return name, number


def class_names(words: Sequence[str] | None) -> tuple[str, ...]:
    """Repeated and comma-separated names as one tuple; laptop where nothing was named.

    Raises UsageError where "all" stands beside another name.
    """
    names = [name.strip() for word in words or ["laptop"] for name in word.split(",")]
    named = tuple(dict.fromkeys("all" if name.lower() == "all" else name for name in names if name))
    if not named:
        raise UsageError("--class names nothing; see vidstyle classes")
    if "all" in named and len(named) > 1:
        raise UsageError("--class all paints the whole frame; leave out the other classes")
    return named


def moment(text: str | None, flag: str) -> Fraction | None:
    """`12.5`, `1:02.5` or `1:00:02` to seconds, exactly. Raises UsageError for anything else."""
    if text is None:
        return None
    parts = text.strip().split(":")
    if len(parts) > 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise UsageError(f"{flag} {text!r} is no time; write seconds (12.5) or [hours:]minutes:seconds")
    seconds = Fraction(0)
    for part in parts:
        seconds = seconds * 60 + Fraction(part)
    return seconds


def encoding(
    codec: str | None, crf: float | None, preset: str | None, pairs: Sequence[str] | None
) -> EncodeOptions:
    """The encoder's flags as one value. Raises UsageError for a pair that is not `key=value`."""
    options: dict[str, str] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"-e {pair!r} is not key=value")
        options[key] = value
    return EncodeOptions(codec=codec, crf=crf, preset=preset, options=options)
