"""`vidstyle run`: one video, painted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidstyle import pipeline, progress
from vidstyle.cli import options
from vidstyle.types import FEATHER, Job


def command(
    source: options.Input,
    output: options.Output = None,
    style: options.Style = None,
    class_: options.Class = None,
    invert: options.Invert = False,
    strength: options.Strength = 1.0,
    preserve_color: options.PreserveColor = False,
    feather: options.Feather = FEATHER,
    threshold: options.Threshold = None,
    mask_out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write the masks as a gray video of the same timing.",
            rich_help_panel=options.OUTPUT,
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Begin here: seconds or h:m:s.",
            rich_help_panel=options.PAINT,
            show_default=False,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="End before this.", rich_help_panel=options.PAINT, show_default=False
        ),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The video encoder, in FFmpeg's or the usual words (h264, libx265, ffv1, ...). "
            "(default: H.264 for 8 bit 4:2:0, else the nearest that keeps depth and chroma)",
            rich_help_panel=options.ENCODE,
            show_default=False,
        ),
    ] = None,
    crf: Annotated[
        float | None,
        typer.Option(
            help="Quality, in the encoder's own numbers: lower is better.",
            rich_help_panel=options.ENCODE,
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The encoder's trade of speed for size.",
            rich_help_panel=options.ENCODE,
            show_default=False,
        ),
    ] = None,
    encoder_option: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder-option",
            "-e",
            metavar="KEY=VALUE",
            help="Any other option of the encoder; repeat it for several.",
            rich_help_panel=options.ENCODE,
            show_default=False,
        ),
    ] = None,
    device: options.Device = "auto",
    segmenter: options.Segmenter = None,
    stylizer: options.Stylizer = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", "-y", help="Replace an output that exists.", rich_help_panel=options.OUTPUT
        ),
    ] = False,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print the result as JSON on stdout.", rich_help_panel=options.OUTPUT),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="No bar and no summary; notes and errors only.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
) -> None:
    """Paint a class in a video. `vidstyle INPUT ...` means this command."""
    job = Job(
        source=source,
        target=output,
        styles=options.weighted(style),
        classes=options.class_names(class_),
        invert=invert,
        strength=strength,
        preserve_color=preserve_color,
        feather=feather,
        threshold=threshold,
        mask_out=mask_out,
        start=options.moment(start, "--start"),
        end=options.moment(end, "--end"),
        encode=options.encoding(codec, crf, preset, encoder_option),
        device=device,
        segmenter=segmenter,
        stylizer=stylizer,
        overwrite=overwrite,
    )
    with progress.Bar(quiet) as bar:
        result = pipeline.run(job, watcher=bar)
    for line in progress.notes(result) if quiet else progress.summary(result):
        progress.say(line)
    if json:
        progress.tell(progress.document(result))
