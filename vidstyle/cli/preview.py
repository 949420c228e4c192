"""`vidstyle preview`: one frame, before and after, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli import options, parse
from vidstyle.types import FEATHER, Job


def command(
    source: options.Input,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The picture (.png or .jpg). (default: <stem>.vidstyle.png beside the input)",
            show_default=False,
        ),
    ] = None,
    at: Annotated[str, typer.Option(metavar="TIME", help="Which frame: seconds or h:mm:ss.")] = "0",
    style: options.Style = None,
    class_: options.Class = None,
    invert: options.Invert = False,
    strength: options.Strength = 1.0,
    preserve_color: options.PreserveColor = False,
    feather: options.Feather = FEATHER,
    threshold: options.Threshold = None,
    device: options.Device = "auto",
    segmenter: options.Segmenter = None,
    stylizer: options.Stylizer = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "-y", help="Replace a picture that exists.")
    ] = False,
) -> None:
    """Paint one frame and write it beside the original, to try styles and thresholds."""
    from vidstyle import pipeline, progress

    job = Job(
        source=parse.file(source),
        target=output,
        styles=parse.weighted(style),
        classes=parse.class_names(class_),
        invert=invert,
        strength=strength,
        preserve_color=preserve_color,
        feather=feather,
        threshold=threshold,
        device=device,
        segmenter=segmenter,
        stylizer=stylizer,
        overwrite=overwrite,
        start=parse.moment(at, "--at"),
    )
    written = pipeline.preview(job, note=lambda line: progress.say(f"note: {line}"))
    progress.say(f"wrote {written}")
