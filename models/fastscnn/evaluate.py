# /// script
# requires-python = ">=3.11"
# dependencies = ["av>=18.1,<19", "numpy>=1.26", "onnxruntime>=1.20", "opencv-python-headless>=4.8"]
# ///
"""Measures a laptop segmenter on photographs that nothing was trained on, as Markdown rows.

`python evaluate.py --data DIR --sides 256 384 512 [--yolo FILE]`: DIR holds segmentation/eval
(photographs with laptops and label maps) and segmentation/eval_negative (photographs without). Rows give
mean and aggregate IoU, the share of photographs found with IoU of 0.5 or more, the mean share of falsely
painted pixels and the share of photographs with more than 0.1 % of them, and milliseconds a frame.
`--videos FILE...` adds, for each clip, the mean share of a frame that is painted and the flicker: how much of
the mask changes from one frame to the next, which includes true motion. `--clip VIDEO MASK` adds the IoU over
a clip whose mask is known exactly, such as samples/desk.mp4 with samples/desk_mask.mkv.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Segmenter = Callable[[Bytes], Mask]
LAPTOP, COCO_LAPTOP = 2, 63


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A network on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def fitted(picture: Bytes, side: int, multiple: int = 32) -> Bytes:
    """Scaled so that the longer side is `side`, both rounded to the multiple, as the adapter does it."""
    scale = side / max(picture.shape[:2])
    height, width = (max(multiple, round(n * scale / multiple) * multiple) for n in picture.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, (width, height), interpolation=way)


def odds(network: onnxruntime.InferenceSession, picture: Bytes, index: int) -> NDArray[np.float32]:
    """Log-odds of a class against the rest, at the network's resolution."""
    image = np.ascontiguousarray(picture.transpose(2, 0, 1)[None].astype(np.float32) / 255)
    logits = network.run(None, {network.get_inputs()[0].name: image})[0][0]
    rest = np.delete(logits, index, 0)
    top = rest.max(0)
    return logits[index] - top - np.log(np.exp(rest - top).sum(0))


def semantic(path: Path, side: int, index: int, threshold: float, threads: int) -> Segmenter:
    """Our kind of network: the odds, enlarged, against the threshold."""
    network = session(path, threads)
    bar = float(np.log(threshold / (1 - threshold)))

    def segment(picture: Bytes) -> Mask:
        small = odds(network, fitted(picture, side), index)
        return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) > bar

    return segment


def yolo(path: Path, confidence: float, threads: int, side: int = 640) -> Segmenter:
    """YOLOv8-seg at a fixed square size (Ultralytics' output layout): the union of all laptops found."""
    network = session(path, threads)

    def segment(picture: Bytes) -> Mask:
        height, width = picture.shape[:2]
        scale = side / max(height, width)
        h, w = round(height * scale), round(width * scale)
        canvas = np.full((side, side, 3), 114, np.uint8)
        top, left = (side - h) // 2, (side - w) // 2
        canvas[top : top + h, left : left + w] = cv2.resize(picture, (w, h))
        image = canvas.transpose(2, 0, 1)[None].astype(np.float32) / 255
        found, prototypes = network.run(None, {"images": image})
        rows = found[0].T[found[0][4 + COCO_LAPTOP] > confidence]
        rows = rows[rows[:, 4:84].argmax(1) == COCO_LAPTOP]
        boxes = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]], 1)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), rows[:, 4 + COCO_LAPTOP].tolist(), confidence, 0.7)
        mask = np.zeros((side, side), bool)
        for i in np.array(kept, int).ravel():
            soft = np.tensordot(rows[i, 84:], prototypes[0], 1)
            x, y, across, down = boxes[i]
            box = np.s_[max(int(y), 0) : int(y + down) + 1, max(int(x), 0) : int(x + across) + 1]
            mask[box] |= cv2.resize(soft, (side, side))[box] > 0
        inner = mask[top : top + h, left : left + w].astype(np.uint8)
        return cv2.resize(inner, (width, height), interpolation=cv2.INTER_NEAREST) > 0

    return segment


@dataclass
class Score:
    """What a segmenter does on photographs with and without laptops."""

    ious: list[float] = field(default_factory=list)
    both: int = 0
    either: int = 0
    false: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """A row of the table."""
        hit = np.mean([i >= 0.5 for i in self.ious])
        wrong = np.mean([f > 0.001 for f in self.false]) if self.false else float("nan")
        numbers = f"{np.mean(self.ious):.3f} | {self.both / max(self.either, 1):.3f} | {hit:.2f} | "
        numbers += f"{100 * np.mean(self.false or [np.nan]):.2f} % | {100 * wrong:.0f} % | "
        return f"| {name} | {numbers}{1000 * np.median(self.seconds):.1f} |"


def rgb(path: Path) -> Bytes:
    """A picture [H,W,3]."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def judge(segment: Segmenter, root: Path) -> Score:
    """Run over both folders."""
    score = Score()
    for path in sorted((root / "eval" / "img").iterdir()):
        picture = rgb(path)
        label = cv2.imread(str(root / "eval" / "lab" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        begun = time.perf_counter()
        mask = segment(picture)
        score.seconds.append(time.perf_counter() - begun)
        laptop, counted = label == LAPTOP, label != 255
        both, either = int((mask & laptop).sum()), int(((mask & counted) | laptop).sum())
        score.both, score.either = score.both + both, score.either + either
        score.ious.append(both / max(either, 1))
    for path in sorted((root / "eval_negative").glob("*.jpg")):
        score.false.append(float(segment(rgb(path)).mean()))
    return score


def flicker(segment: Segmenter, video: Path, frames: int) -> str:
    """A row: share painted, and pixels that change between neighbouring frames by pixels painted."""
    stack = np.stack([segment(picture) for picture in islice(frames_of(video, "rgb24"), frames)])
    changed = (stack[1:] ^ stack[:-1]).mean()
    return f"| {video.stem} | {100 * stack.mean():.1f} % | {100 * changed / max(stack.mean(), 1e-9):.2f} % |"


def frames_of(video: Path, pixels: str) -> Iterator[Bytes]:
    """The decoded frames of a clip."""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format=pixels)


def against_truth(segment: Segmenter, video: Path, truth: Path) -> str:
    """A row: mean and least IoU over the frames of a clip whose exact mask is known."""
    ious = []
    for picture, exact in zip(frames_of(video, "rgb24"), frames_of(truth, "gray"), strict=True):
        mask, laptop = segment(picture), exact > 127
        ious.append((mask & laptop).sum() / max((mask | laptop).sum(), 1))
    return f"| {video.stem} | IoU {np.mean(ious):.3f} | least {np.min(ious):.3f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds segmentation/")
    parser.add_argument("--model", type=Path, default=Path(__file__).with_name("fastscnn.onnx"))
    parser.add_argument("--index", type=int, default=1, help="index of the laptop in the model's classes")
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 320, 384, 512])
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.5])
    parser.add_argument("--yolo", type=Path, help="a YOLOv8-seg network of 640 pixels, to compare with")
    parser.add_argument("--videos", type=Path, nargs="*", default=[])
    parser.add_argument(
        "--clip", type=Path, nargs=2, metavar=("VIDEO", "MASK"), help="a clip and its exact mask"
    )
    parser.add_argument("--frames", type=int, default=100, help="of each video")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print("| network | mean IoU | aggregate IoU | IoU >= 0.5 | false pixels | photographs with them | ms |")
    print("|---|---|---|---|---|---|---|")
    root = options.data / "segmentation"
    for side in options.sides:
        for threshold in options.thresholds:
            segment = semantic(options.model, side, options.index, threshold, options.threads)
            print(
                judge(segment, root).row(f"{options.model.stem}, {side} px, threshold {threshold}"),
                flush=True,
            )
    networks = {f"{options.model.stem}, {options.sides[0]} px": semantic(
        options.model, options.sides[0], options.index, options.thresholds[0], options.threads)}  # fmt: skip
    if options.yolo:
        for confidence in (0.25, 0.15):
            name = f"{options.yolo.stem}, confidence {confidence}"
            networks[name] = yolo(options.yolo, confidence, options.threads)
            print(judge(networks[name], root).row(name), flush=True)
    for name, segment in networks.items() if options.videos or options.clip else ():
        print(f"\n| {name} | painted | change from frame to frame |\n|---|---|---|")
        for video in options.videos:
            print(flicker(segment, video, options.frames), flush=True)
        if options.clip:
            print(against_truth(segment, *options.clip), flush=True)


if __name__ == "__main__":
    main()
