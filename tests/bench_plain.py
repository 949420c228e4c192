# /// script
# dependencies = ["vidstyle", "opencv-python-headless>=4.10"]
# ///
"""vidstyle next to the script that people write first, on the same video with the same networks.

The plain script reads with OpenCV, runs segmenter and style network frame after frame on the whole frame,
blends in RGB, and writes with OpenCV; it loses the sound and the time stamps. Both run as whole processes,
in turn (A, B, A, B, ...), so that a noisy machine hits both.

    python tests/bench_plain.py samples/desk.mp4 --rounds 3
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLAIN = "--plain"


def plain(source: Path, target: Path, style: str, name: str) -> None:
    """The script that people write first."""
    import cv2
    import numpy as np
    import onnxruntime as ort

    from vidstyle import cards, media, pipeline
    from vidstyle.pipeline import styles

    finder, painter = (
        pipeline.card(cards.DEFAULT_SEGMENTER, None),
        pipeline.card(cards.DEFAULT_STYLIZER, None),
    )
    segment = ort.InferenceSession(finder.graphs["model"].path, providers=["CPUExecutionProvider"])
    encode = ort.InferenceSession(painter.graphs["style"].path, providers=["CPUExecutionProvider"])
    apply = ort.InferenceSession(painter.graphs["apply"].path, providers=["CPUExecutionProvider"])
    wanted = finder.classes.index(name)
    side = finder.graphs["model"].input.side or 256

    def entering(picture: np.ndarray) -> np.ndarray:
        return (picture.astype(np.float32) / 255).transpose(2, 0, 1)[None]

    size = painter.graphs["style"].input.size or (256, 256)
    seen = cv2.resize(media.load_picture(styles.find(style)), size[::-1], interpolation=cv2.INTER_AREA)
    (code,) = encode.run(None, {"style": entering(seen)})
    reader = cv2.VideoCapture(str(source))
    width, height = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(
        str(target), cv2.VideoWriter_fourcc(*"mp4v"), reader.get(cv2.CAP_PROP_FPS), (width, height)
    )
    while True:
        more, bgr = reader.read()
        if not more:
            break
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        small = cv2.resize(rgb, (side, max(32, round(side * height / width / 32) * 32)))
        (logits,) = segment.run(None, {"image": entering(small)})
        chances = np.exp(logits[0] - logits[0].max(axis=0))
        mask = (
            cv2.resize(chances[wanted] / chances.sum(axis=0), (width, height))[..., None] > finder.threshold
        )
        rows, columns = -(-height // 16) * 16, -(-width // 16) * 16
        padded = cv2.copyMakeBorder(rgb, 0, rows - height, 0, columns - width, cv2.BORDER_REPLICATE)
        (painted,) = apply.run(None, {"image": entering(padded), "code": code})
        picture = (painted[0].transpose(1, 2, 0)[:height, :width] * 255).astype(np.uint8)
        writer.write(cv2.cvtColor(np.where(mask, picture, rgb), cv2.COLOR_RGB2BGR))
    writer.release()


def timed(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def frame_count(source: Path) -> int:
    import av

    with av.open(str(source)) as container:
        return sum(1 for _ in container.decode(video=0))


def compare(source: Path, style: str, name: str, rounds: int) -> None:
    """Prints frames per second of both, and the ratio of each round."""
    count = frame_count(source)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        tool = [sys.executable, "-m", "vidstyle", str(source), "--style", style]
        tool += ["--class", name, "--device", "cpu", "-y", "-q", "-o", f"{folder}/ours.mp4"]
        script = [sys.executable, __file__, str(source), PLAIN, f"{folder}/plain.mp4"]
        script += ["--style", style, "--class", name]
        for _ in range(rounds):
            ours.append(count / timed(tool))
            theirs.append(count / timed(script))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    for label, values in (("vidstyle frames/s", ours), ("plain script frames/s", theirs), ("ratio", ratios)):
        print(f"{label:22} {statistics.median(values):6.2f}  ({min(values):.2f} to {max(values):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", type=Path)
    parser.add_argument("--style", default="starry")
    parser.add_argument("--class", dest="name", default="laptop")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(PLAIN, type=Path, metavar="TARGET", help="run the plain script once")
    chosen = parser.parse_args()
    if chosen.plain is not None:
        plain(chosen.source, chosen.plain, chosen.style, chosen.name)
    else:
        compare(chosen.source, chosen.style, chosen.name, chosen.rounds)


if __name__ == "__main__":
    main()
