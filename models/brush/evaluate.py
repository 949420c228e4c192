# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "pillow", "onnxruntime"]
# ///
"""Style loss, content loss, calm and speed on 12 held-out photographs by 12 held-out paintings, side by side.

Each --model is NAME=STYLE.onnx,APPLY.onnx; without any, the two files beside this script are judged.
Losses: VGG-19 (normalised) features at 256 px; style = sum over relu1_1, relu2_1, relu3_1 of the mean squared
differences of means and of deviations; content = mean squared difference of instance-normalised relu3_1.
Calm = mean absolute difference, in code values, between a painted picture and the same one painted 3 px
shifted and with noise of 2 code values.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import losses
import numpy as np
import onnxruntime
import torch
from data import centre, load, names, split
from PIL import Image
from targets import to_tensor

SIZES = [(256, 256), (512, 512), (720, 1280)]
EDGE = 32


class Model:
    """Two graphs: a style encoder and a painter; input names are read from the graphs."""

    def __init__(self, name: str, style: Path, paint: Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        cpu = ["CPUExecutionProvider"]
        self.name = name
        self.style = onnxruntime.InferenceSession(str(style), options, providers=cpu)
        self.paint = onnxruntime.InferenceSession(str(paint), options, providers=cpu)

    def code(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [256,256,3] -> code."""
        return self.style.run(None, {self.style.get_inputs()[0].name: planes(picture)})[0]

    def __call__(self, image: np.ndarray, code: np.ndarray) -> np.ndarray:
        """Float [1,3,H,W] 0..1 -> the same, painted."""
        first, second = (i.name for i in self.paint.get_inputs())
        return np.clip(self.paint.run(None, {first: image, second: code})[0], 0.0, 1.0)


def planes(picture: np.ndarray) -> np.ndarray:
    return to_tensor(picture[None]).numpy()


def judge(
    model: Model, photos: list[np.ndarray], paintings: list[np.ndarray], vgg: losses.Features
) -> list[float]:
    """[style loss, content loss, calm], means over all pairs."""
    rows = []
    with torch.no_grad():
        structure = [losses.normalised(vgg(to_tensor(p[None]))[2]) for p in photos]
        for painting in paintings:
            want, code = losses.describe(vgg(to_tensor(painting[None]))).vector, model.code(painting)
            for photo, shape in zip(photos, structure, strict=True):
                out = model(planes(photo), code)
                found = vgg(torch.from_numpy(out))
                style = losses.moment_loss(losses.describe(found).vector, want).item()
                content = (losses.normalised(found[2]) - shape).square().mean().item()
                rows.append((style, content, calm(model, photo, out, code)))
    return [float(v) for v in np.mean(rows, 0)]


def calm(model: Model, photo: np.ndarray, out: np.ndarray, code: np.ndarray, shift: int = 3) -> float:
    rng = np.random.default_rng(0)
    moved = np.roll(planes(photo), shift, (2, 3)) + rng.normal(0, 2 / 255, (1, 3, *photo.shape[:2]))
    again = np.roll(model(moved.astype(np.float32), code), -shift, (2, 3))
    inner = slice(EDGE, -EDGE)
    return float(255 * np.abs(again - out)[..., inner, inner].mean())


def speed(models: list[Model], rounds: int) -> None:
    """Milliseconds a frame, the models taking turns; least and median."""
    code = {m.name: m.code(np.zeros((256, 256, 3), np.uint8)) for m in models}
    for height, width in SIZES:
        image = np.random.default_rng(0).random((1, 3, height, width), np.float32)
        took: dict[str, list[float]] = {m.name: [] for m in models}
        for _ in range(rounds):
            for model in models:
                start = time.perf_counter()
                model(image, code[model.name])
                took[model.name].append(1000 * (time.perf_counter() - start))
        words = "  ".join(f"{n} {min(t):.0f} ({np.median(t):.0f})" for n, t in took.items())
        print(f"{width}x{height} ms, least (median): {words}", flush=True)


def contact(models: list[Model], photos: list[np.ndarray], paintings: list[np.ndarray], out: Path) -> None:
    """One row per pair: photograph, painting, then each model."""
    rows = []
    for i, painting in enumerate(paintings):
        photo = photos[i % len(photos)]
        small = np.asarray(Image.fromarray(painting).resize(photo.shape[1::-1]))
        painted = [m(planes(photo), m.code(painting))[0].transpose(1, 2, 0) for m in models]
        rows.append(np.concatenate([photo, small, *[(p * 255 + 0.5).astype(np.uint8) for p in painted]], 1))
    half = (len(rows) + 1) // 2
    blank = [np.zeros_like(rows[0])] * (2 * half - len(rows))
    sides = np.concatenate(rows[:half], 0), np.concatenate([*rows[half:], *blank], 0)
    Image.fromarray(np.concatenate(sides, 1)).save(out, quality=88)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", action="append", default=[], help="NAME=STYLE.onnx,APPLY.onnx; may be repeated"
    )
    parser.add_argument(
        "--data", type=Path, help="folder with content/ and style/: for the losses and the sheet"
    )
    parser.add_argument("--loss-weights", type=Path, help="vgg_normalised_conv3_1.pth: for the losses")
    parser.add_argument("--styles", type=Path, help="judge these pictures instead of the held-out paintings")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of the held-out pictures here")
    parser.add_argument("--speed", action="store_true", help="measure milliseconds per frame")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of the speed measurement")
    parser.add_argument("--size", type=int, default=256, help="size of the photographs on the sheet")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    args, here = arguments(), Path(__file__).parent
    given = args.model or [f"brush={here / 'style.onnx'},{here / 'apply.onnx'}"]
    models = []
    for name, _, files in (text.partition("=") for text in given):
        models.append(Model(name, *(Path(f) for f in files.split(",")), args.threads))
    if args.data:
        photos = split(names(args.data / "content"))[1]
        paintings = names(args.styles) if args.styles else split(names(args.data / "style"))[1]
        pictures = [load(p, 256) for p in paintings]
    if args.data and args.loss_weights:
        vgg = losses.Features(args.loss_weights)
        for model in models:
            style, content, still = judge(model, [centre(p, 256) for p in photos], pictures, vgg)
            print(f"{model.name}: style {style:.3f}  content {content:.3f}  calm {still:.2f}", flush=True)
    if args.data and args.sheet:
        contact(models, [centre(p, args.size) for p in photos], pictures, args.sheet)
    if args.speed:
        speed(models, args.rounds)


if __name__ == "__main__":
    main()
