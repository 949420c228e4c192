"""The flags of the commands, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli import completion

PAINT, ENCODE, NETWORKS, OUTPUT = "What is painted, and how", "Encoding", "Networks", "Output"
BATCH, CLUSTER, TOLD = "Many files", "A cluster", "What is told"

Input = Annotated[str, typer.Argument(metavar="INPUT", help="A video file.", show_default=False)]
Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        help="Video files, folders (with all that is in them), patterns, addresses, or - for standard input.",
        show_default=False,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE|FOLDER|-",
        help="The output; its ending chooses the container. A folder takes the outputs of many; "
        "- is standard output. (default: <stem>.vidstyle<ext> beside the input)",
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
        autocompletion=completion.styles,
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
        autocompletion=completion.classes,
    ),
]
Invert = Annotated[
    bool, typer.Option("--invert", help="Paint everything but the class.", rich_help_panel=PAINT)
]
Strength = Annotated[
    float,
    typer.Option(metavar="N", min=0, max=1, help="How much of the paint is taken.", rich_help_panel=PAINT),
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
        metavar="PIXELS", min=0, max=256, help="Pixels over which the edge fades.", rich_help_panel=PAINT
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        metavar="N",
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
        "--device",
        metavar="auto|cpu|cuda[:N]",
        help="Where the networks run.",
        rich_help_panel=NETWORKS,
        autocompletion=completion.devices,
    ),
]
Segmenter = Annotated[
    str | None,
    typer.Option(
        "--segmenter",
        metavar="NAME|PATH",
        help="The network that finds the class: a name (see vidstyle models) or an .onnx file. "
        "(default: spotter)",
        rich_help_panel=NETWORKS,
        show_default=False,
        autocompletion=completion.segmenters,
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
        autocompletion=completion.stylizers,
    ),
]
Progress = Annotated[
    str,
    typer.Option(
        "--progress",
        metavar="auto|bar|lines|json|none",
        help="How progress is shown on stderr: bars on a terminal and lines elsewhere, or as one JSON event "
        "a line.",
        rich_help_panel=TOLD,
        autocompletion=completion.modes,
    ),
]
MaskOut = Annotated[
    str | None,
    typer.Option(
        "--mask-out",
        metavar="FILE|FOLDER",
        help="Also write the masks as a gray video of the same timing.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="TIME",
        help="Begin here: seconds or h:mm:ss.",
        rich_help_panel=PAINT,
        show_default=False,
    ),
]
End = Annotated[
    str | None,
    typer.Option("--end", metavar="TIME", help="End before this.", rich_help_panel=PAINT, show_default=False),
]
Codec = Annotated[
    str | None,
    typer.Option(
        "--codec",
        metavar="NAME",
        help="The video encoder, in FFmpeg's or the usual words (h264, libx265, ffv1, ...). "
        "(default: H.264 for 8 bit 4:2:0, else the nearest that keeps depth and chroma)",
        rich_help_panel=ENCODE,
        show_default=False,
        autocompletion=completion.encoders,
    ),
]
Crf = Annotated[
    float | None,
    typer.Option(
        "--crf",
        metavar="N",
        help="Quality, in the encoder's own numbers: lower is better.",
        rich_help_panel=ENCODE,
        show_default=False,
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="The encoder's trade of speed for size.",
        rich_help_panel=ENCODE,
        show_default=False,
    ),
]
EncoderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--encoder-option",
        "-e",
        metavar="KEY=VALUE",
        help="Any other option of the encoder; repeat it for several.",
        rich_help_panel=ENCODE,
        show_default=False,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="mkv|mp4|y4m|...",
        help="The output's container, where its ending does not say: mkv, mp4 (in fragments on standard "
        "output), y4m (raw, no sound), mov, webm, nut, ts, ... (default on standard output: mkv)",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Realtime = Annotated[
    bool,
    typer.Option(
        "--realtime",
        help="Drop frames rather than fall behind: for cameras, streams and pipes. A file is then read at "
        "its own pace.",
        rich_help_panel=OUTPUT,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", "-y", help="Replace an output that exists.", rich_help_panel=OUTPUT)
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print what became of it as JSON on stdout.", rich_help_panel=TOLD),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No bar and no summary; notes and errors only.", rich_help_panel=TOLD),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Also write a page about the run: every video before and after, figures, failures.",
        rich_help_panel=TOLD,
        show_default=False,
    ),
]
FromFile = Annotated[
    list[str] | None,
    typer.Option(
        "--from-file",
        metavar="LIST",
        help="Also the inputs that this file lists, one a line; - reads the list from standard input.",
        rich_help_panel=BATCH,
        show_default=False,
    ),
]
Jobs = Annotated[
    str,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N|auto",
        help="Files worked on at once; auto decides from the cores and GPUs. With --cluster: workers.",
        rich_help_panel=BATCH,
    ),
]
FailFast = Annotated[
    bool,
    typer.Option("--fail-fast", help="Stop everything at the first failure.", rich_help_panel=BATCH),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        "-n",
        help="Only print what would become of which input, on stdout, and end with that code; nothing is "
        "written.",
        rich_help_panel=BATCH,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Do the I-th of N equal parts of the inputs (1/N to N/N), for queues of machines.",
        rich_help_panel=BATCH,
        show_default=False,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="auto|local|ADDRESS",
        help="Do the work on a Ray cluster: the one that this machine belongs to (auto), one of its own "
        "(local), host:port or ray://host:port. Its nodes must share the files, or use addresses.",
        rich_help_panel=CLUSTER,
        show_default=False,
    ),
]
ClusterCpus = Annotated[
    float | None,
    typer.Option(
        "--cluster-cpus",
        metavar="N",
        min=0.01,
        help="CPUs of each worker. (default: 4, or all of a smaller node)",
        rich_help_panel=CLUSTER,
        show_default=False,
    ),
]
ClusterGpus = Annotated[
    float | None,
    typer.Option(
        "--cluster-gpus",
        metavar="N",
        min=0,
        help="GPUs of each worker; 0.5 shares one. (default: 1 where there are any)",
        rich_help_panel=CLUSTER,
        show_default=False,
    ),
]
Segment = Annotated[
    int,
    typer.Option(
        "--segment",
        metavar="FRAMES",
        min=0,
        help="Keep finished work every so many frames: each such piece of the video begins with a keyframe. "
        "0 keeps none.",
        rich_help_panel=OUTPUT,
    ),
]
WorkDir = Annotated[
    Path | None,
    typer.Option(
        "--work-dir",
        metavar="FOLDER",
        help="Where unfinished work is kept. (default: a hidden folder beside the output)",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
