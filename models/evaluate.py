# /// script
# requires-python = ">=3.11"
# dependencies = ["vidstyle", "av>=18.1,<19", "numpy>=1.26", "pillow", "torch>=2.5"]
# ///
"""The figures of any networks, ours and others', side by side, as Markdown tables.

    python models/evaluate.py spotter brush --data DIR
    python models/evaluate.py spotter spotter@512:0.7 yolov8n-seg.onnx:0.15 --data DIR --clips *.mp4
    python models/evaluate.py brush magenta/style.onnx --data DIR --speed

A network is a name, a card or an .onnx file, as for --segmenter and --stylizer; @SIDE and :THRESHOLD are used
instead of the card's own, and :THRESHOLD-HIGH instead of both of its thresholds. DIR holds segmentation/eval,
segmentation/eval_negative, content, style and loss; what is not there is left out, as are the losses where
torch is missing. Speed is measured only when asked for: the networks take turns, least and median of the
rounds. The CPU it ran on is printed with it.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parents[1]))

import masks
import paintings

from vidstyle import device, pipeline, segmenters, stylizers
from vidstyle.cards import Card
from vidstyle.pipeline.styles import find
from vidstyle.types import Segmenter, Stylizer

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SIZES = ((256, 256), (512, 512), (1280, 720))
CPU = device.choose("cpu")


@dataclass(frozen=True)
class Network:
    """What one word of the command line means."""

    name: str
    card: Card
    threshold: float | None = None

    @classmethod
    def parse(cls, word: str) -> Network:
        """NETWORK[@SIDE][:THRESHOLD[-HIGH]]; HIGH is a card's `high`, 0 for none."""
        number = r"[01]?\.\d+"
        match = re.fullmatch(rf"(.+?)(?:@(\d+))?(?::({number})(?:-(0|{number}))?)?", word)
        if match is None:
            raise SystemExit(f"{word!r} is no NETWORK[@SIDE][:THRESHOLD[-HIGH]]")
        found, side, threshold, high = match.groups()
        card = pipeline.card(found, None)
        if side:
            graph = card.graphs["model"]
            graph = replace(graph, input=replace(graph.input, side=int(side)))
            card = replace(card, graphs={"model": graph})
        if high:
            graph = card.graphs["model"]
            graph = replace(graph, output=replace(graph.output, high=float(high) or None))
            card = replace(card, threshold=float(threshold), graphs={"model": graph})
        return cls("/".join(Path(word).parts[-2:]), card, float(threshold) if threshold else None)

    def segmenter(self) -> Segmenter:
        """Finding laptops on the CPU."""
        return segmenters.load(self.card, CPU, ["laptop"], threshold=self.threshold)

    def stylizer(self, picture: NDArray[np.uint8]) -> Stylizer:
        """Painting on the CPU; a network with a style of its own ignores the picture."""
        fixed = self.card.task == "style-fixed"
        return stylizers.load(self.card, CPU, [] if fixed else [(picture, 1.0)])


def table(heads: str, rows: dict[str, Callable[[], list[str]]]) -> None:
    """Prints each row as soon as it is known."""
    columns = heads.split("|")
    print("\n| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|", flush=True)
    for name, cells in rows.items():
        print("| " + " | ".join([name, *cells()]) + " |", flush=True)


def judge_segmenters(networks: Sequence[Network], args: argparse.Namespace) -> None:
    """The tables of those that find laptops."""
    loaded = {n.name: n.segmenter() for n in networks}
    root = args.data / "segmentation" if args.data else None
    if root and (root / "eval").is_dir():
        heads = "photographs|mean IoU|aggregate IoU|IoU >= 0.5|false pixels|photographs with them"
        table(heads, {k: lambda s=s: masks.photographs(s, root).cells() for k, s in loaded.items()})
    files = args.samples / "desk.mp4", args.samples / "desk_mask.mkv"
    rows = {k: partial(masks.clip, s, *files) for k, s in loaded.items()}
    table("samples/desk.mp4|mean IoU|least IoU|flicker", rows)
    for path in args.clips:
        rows = {k: partial(masks.unknown_clip, s, path, args.frames) for k, s in loaded.items()}
        table("network|clip|painted|change from frame to frame", rows)
    if args.speed:
        speed({k: partial(masks.milliseconds, s) for k, s in loaded.items()}, args.rounds)


def judge_stylizers(networks: Sequence[Network], args: argparse.Namespace) -> None:
    """The tables of those that paint."""
    weights = args.data / "loss" / "vgg_normalised_conv3_1.pth" if args.data else None
    if weights and weights.is_file() and importlib.util.find_spec("torch"):
        pictures = [n for n in networks if n.card.task == "style-arbitrary"]
        rows = {n.name: partial(paintings.losses_of, n.stylizer, args.data, weights) for n in pictures}
        table("12 held-out photographs by 12 paintings|style loss|content loss|calm", rows)
        built_in = args.samples / "styles"
        rows = {
            n.name: partial(paintings.losses_of, n.stylizer, args.data, weights, built_in) for n in pictures
        }
        table("by the pictures of samples/styles|style loss|content loss|calm", rows)
    picture = pipeline.networks.media.load_picture(find(args.style))
    loaded = {n.name: n.stylizer(picture) for n in networks}
    rows = {k: partial(paintings.warping, s, args.samples, args.every) for k, s in loaded.items()}
    table(f"samples/desk.mp4 in {args.style}|warping error|contrast", rows)
    if args.speed:
        speed({k: partial(paintings.milliseconds, s) for k, s in loaded.items()}, args.rounds)


def speed(networks: dict[str, Callable[[int, int], float]], rounds: int) -> None:
    """Milliseconds a frame, the networks taking turns: least (median), after a round to warm up."""
    took = {name: {size: [] for size in SIZES} for name in networks}
    for size in SIZES:
        for number in range(rounds + 1):
            for name, run in networks.items():
                took[name][size] += [run(*size)] if number else [run(*size)][:0]
    cells = {n: [f"{min(t):.0f} ({statistics.median(t):.0f})" for t in s.values()] for n, s in took.items()}
    heads = "ms a frame, least (median)|" + "|".join(f"{w}x{h}" for w, h in SIZES)
    table(heads, {name: lambda c=c: c for name, c in cells.items()})
    print(f"\n{os.cpu_count()} cores, {processor()}, load {os.getloadavg()[0]:.1f}", flush=True)


def processor() -> str:
    """Its name, as far as the system tells."""
    facts = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*: (.+)", facts.read_text()) if facts.is_file() else None
    return named[1] if named else platform.processor() or platform.machine()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("networks", nargs="+", metavar="NETWORK", help="name, card or .onnx")
    parser.add_argument("--data", type=Path, help="folder with test photographs, paintings, loss weights")
    parser.add_argument("--samples", type=Path, default=SAMPLES, help="folder with desk.mp4 and its truth")
    parser.add_argument("--clips", type=Path, nargs="*", default=[], help="clips without a known mask")
    parser.add_argument("--frames", type=int, default=60, help="of each of those clips")
    parser.add_argument("--style", default="starry", help="of the warping error")
    parser.add_argument("--every", type=int, default=8, help="warping: one pair of frames in so many")
    parser.add_argument("--speed", action="store_true", help="measure milliseconds, on a calm machine")
    parser.add_argument("--rounds", type=int, default=7, help="of the speed measurement")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    networks = [Network.parse(word) for word in args.networks]
    for kind, judge in (("segmenter", judge_segmenters), ("stylizer", judge_stylizers)):
        chosen = [n for n in networks if n.card.kind == kind]
        if chosen:
            judge(chosen, args)


if __name__ == "__main__":
    main()
