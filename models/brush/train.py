# /// script
# requires-python = ">=3.11"
# dependencies = ["torch", "numpy", "pillow"]
# ///
"""Train `brush` from random weights. Resumes from the last checkpoint in --checkpoints.

The learning rate falls along a cosine over --minutes of training time (kept in the checkpoint), so a run on
any machine uses the time it is given.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import losses
import numpy as np
import torch
from data import Photos, names, split
from network import Apply, Brush, Sizes, Style, palette
from numpy.typing import NDArray
from sheet import sheet
from targets import SCALES, Paintings, to_tensor
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

sys.path.append(str(Path(__file__).resolve().parents[1]))

import half

MARGIN, SHIFT, PATCH = 16, 9, 96


@dataclass
class State:
    """All that a checkpoint keeps."""

    net: Brush
    ema: Brush
    adam: torch.optim.Adam
    step: int = 0
    seconds: float = 0.0
    means: dict[str, float] = field(default_factory=dict)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with content/ and style/")
    parser.add_argument("--loss-weights", type=Path, required=True, help="vgg_normalised_conv3_1.pth")
    parser.add_argument(
        "--checkpoints", type=Path, required=True, help="folder for checkpoints, packed data, sheets"
    )
    parser.add_argument(
        "--extra-styles", type=Path, help="a folder of pictures trained on besides (the samples)"
    )
    parser.add_argument(
        "--extra-share", type=float, default=0.5, help="how often a batch is of the extra pictures"
    )
    parser.add_argument("--more-styles", type=Path, help="a folder of more paintings, none of them held out")
    parser.add_argument("--start", type=Path, help="begin with the weights of a checkpoint")
    parser.add_argument(
        "--head", action="store_true", help="only the last layers of the encoder learn; the rest stays"
    )
    parser.add_argument("--minutes", type=float, default=90, help="length of the schedule")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--size", type=int, default=192, help="crop that the network sees")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--style", type=float, default=10.0, help="weight of means and deviations")
    parser.add_argument(
        "--knee", type=float, default=5.0, help="style loss from which a painting pulls less than its share"
    )
    parser.add_argument("--covariance", type=float, default=1.0, help="weight of covariances")
    parser.add_argument("--content", type=float, default=1.0, help="weight of the content's structure")
    parser.add_argument("--detail", type=float, default=0.0, help="of the same at full scale")
    parser.add_argument(
        "--tone", type=float, default=1.0, help="weight of light and dark staying where they are"
    )
    parser.add_argument("--motion", type=float, default=0.5, help="weight of calm under shift and noise")
    parser.add_argument(
        "--scales", type=float, nargs=SCALES, default=[1.0, 1.0, 0.5], help="weights of 1, 1/2, 1/4"
    )
    parser.add_argument("--save-every", type=float, default=180, help="seconds between checkpoints")
    parser.add_argument("--sheet-every", type=float, default=600, help="seconds between contact sheets")
    parser.add_argument("--restart", action="store_true", help="begin the schedule anew from the checkpoint")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=0, help="processes that cut photographs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="by torch.compile: slow to begin, then faster")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def rate(state: State, args: argparse.Namespace) -> float:
    """Warm up over 100 steps, then a cosine from --rate to a hundredth of it."""
    done = min(1.0, state.seconds / (60 * args.minutes))
    cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))
    return float(args.rate) * cosine * min(1.0, (state.step + 1) / 100)


class Crops(IterableDataset[np.ndarray]):
    """Endless batches [count,size,size,3] of photographs; each worker of a data loader has its own."""

    def __init__(self, photos: Photos, count: int, size: int, seed: tuple[int, ...]):
        self.photos, self.count, self.size, self.seed = photos, count, size, seed

    def __iter__(self) -> Iterator[np.ndarray]:
        worker = get_worker_info()
        rng = np.random.default_rng([*self.seed, worker.id if worker else 0])
        while True:
            yield np.stack([self.photos.crop(rng, self.size) for _ in range(self.count)])


class Task:
    """Draws batches and computes the loss."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        seed = (args.seed, int(time.time()))
        self.rng = np.random.default_rng(seed)
        photos = Photos(split(names(args.data / "content"))[0], args.checkpoints / "photos.u8")
        crops = Crops(photos, args.batch, args.size + 2 * SHIFT, seed)
        self.crops = iter(DataLoader(crops, batch_size=None, num_workers=args.workers))
        short = half.fast(args.device)
        self.features = losses.Features(args.loss_weights, device=args.device, short=short)
        folders = [(split(names(args.data / "style"))[0], "paintings")]
        if args.more_styles:
            folders.append((names(args.more_styles), "more"))
        if args.extra_styles:
            folders.append((names(args.extra_styles), "extra"))
        self.sets = [Paintings(paths, args.checkpoints / name, args.device) for paths, name in folders]
        for paintings in self.sets:
            paintings.fill(self.features)
        self.features.valid = True
        self.shares = self.share_of_sets()
        self.worth = [gaps(paintings) for paintings in self.sets]
        """How far each painting was missed of late: those that are missed most are drawn most."""
        self.known: list[tuple[Tensor, Tensor]] = []
        """With --head, for each set: the statistics of the encoder's features, and the palettes."""

    def share_of_sets(self) -> NDArray[np.float64]:
        """How often a batch is of each set: the extra one as asked for, the others by their size."""
        shares = np.array([len(s.paths) for s in self.sets], np.float64)
        if self.args.extra_styles:
            shares[:-1] *= (1 - self.args.extra_share) / shares[:-1].sum()
            shares[-1] = self.args.extra_share
        return shares / shares.sum()

    @torch.no_grad()
    def look_ahead(self, style: Style) -> None:
        """What a frozen encoder sees in every painting, computed once."""
        for paintings in self.sets:
            rows = range(len(paintings.paths))
            pictures = (to_tensor(paintings.pictures[i : i + 1], self.args.device) for i in rows)
            seen = [(style.statistics(x), palette(x)) for x in pictures]
            self.known.append((torch.cat([s for s, _ in seen]), torch.cat([p for _, p in seen])))

    def content(self) -> Tensor:
        """[N,3,S,S] with room for the shift: S = size + 2 * SHIFT."""
        return to_tensor(next(self.crops), self.args.device)

    def draw(self) -> tuple[int, NDArray[np.int64]]:
        """One of the sets, and the rows of a batch in it."""
        chosen = int(self.rng.choice(len(self.sets), p=self.shares))
        worth = np.clip(self.worth[chosen], 0.3, 6.0)
        return chosen, self.rng.choice(len(worth), self.args.batch, p=worth / worth.sum())

    def paintings(
        self, style: Style, chosen: int, rows: NDArray[np.int64]
    ) -> tuple[Tensor, list[losses.Target]]:
        """Codes and targets of a batch."""
        pictures, targets = self.sets[chosen].batch(rows)
        if self.known:
            statistics, colours = (known[rows] for known in self.known[chosen])
            return style.code_of(style.hidden(statistics), colours), targets
        return style(pictures.flip(3) if self.rng.random() < 0.5 else pictures), targets

    def loss(self, net: Brush) -> dict[str, Tensor]:
        wide = self.content()
        chosen, rows = self.draw()
        code, targets = self.paintings(net.style, chosen, rows)
        size, end = self.args.size, SHIFT + self.args.size
        content = wide[:, :, SHIFT:end, SHIFT:end]
        painted = net.apply_(content, code)
        edge = MARGIN if self.rng.random() < 0.6 else 0
        inner = slice(edge, size - edge)
        terms, missed = self.look(painted[:, :, inner, inner], content[:, :, inner, inner], targets)
        self.worth[chosen][rows] += 0.3 * (missed - self.worth[chosen][rows])
        terms["tone"] = self.args.tone * (losses.tone(painted) - losses.tone(content)).square().mean()
        terms["range"] = 20.0 * (painted - painted.clamp(0.0, 1.0)).square().mean()
        terms["motion"] = self.args.motion * self.calm(net.apply_, wide, painted, code)
        return terms

    def look(
        self, painted: Tensor, content: Tensor, targets: list[losses.Target]
    ) -> tuple[dict[str, Tensor], NDArray[np.float64]]:
        """Style at three scales, content at full and half scale; and by how much each painting was missed."""
        args = self.args
        top, left = (int(v) for v in self.rng.integers(painted.shape[2] - PATCH + 1, size=2))
        scenes, shown = (pyramid(x, top, left) for x in (painted, content))
        style, cov, structure = (painted.new_zeros(()) for _ in range(3))
        missed = np.zeros(len(painted))
        first = int(self.rng.random() < 0.5)  # full scale costs most: every other step is enough
        for scale, target in list(enumerate(targets))[first:]:
            found = self.features(scenes[scale])
            often = 2 if scale == 0 else 1
            got, weight = losses.describe(found), args.scales[scale] * often
            gap = losses.moment_loss(got.vector, target.vector)
            missed += gap.detach().numpy(force=True)
            style = style + weight * robust(gap, args.knee)
            cov = cov + weight * robust(losses.covariance_loss(got.covs, target.covs), 0.6)
            if asked := (args.detail, args.content, 0.0)[scale] * often:
                structure = structure + asked * self.structure(found[2], shown[scale])
        terms = {
            "style": args.style * style,
            "cov": args.covariance * cov,
            "content": structure,
        }
        return terms, missed / (SCALES - first)

    def structure(self, got: Tensor, content: Tensor) -> Tensor:
        with torch.no_grad():
            want = losses.normalised(self.features(content)[2])
        return (losses.normalised(got) - want).square().mean()

    def calm(self, paint: Apply, wide: Tensor, painted: Tensor, code: Tensor) -> Tensor:
        """Half of the batch again, shifted by up to 9 px and with noise: the picture must only shift.

        By the energy of the picture's edges, since a dull picture is a calm one too and is not wanted.
        """
        half, size = max(1, len(wide) // 2), self.args.size
        dy, dx = (int(v) for v in self.rng.integers(-SHIFT, SHIFT + 1, size=2))
        moved = wide[:half, :, SHIFT + dy : SHIFT + dy + size, SHIFT + dx : SHIFT + dx + size]
        moved = moved + torch.randn_like(moved) * float(self.rng.uniform(0.0, 0.02))
        again = paint(moved, code[:half])
        a, b = MARGIN + SHIFT, size - MARGIN - SHIFT
        still = painted[:half, :, a:b, a:b]
        edges = still.diff(dim=2).square().mean() + still.diff(dim=3).square().mean()
        return (again[:, :, a - dy : b - dy, a - dx : b - dx] - still).square().mean() / (edges + 1e-3)


def pyramid(pictures: Tensor, top: int, left: int) -> list[Tensor]:
    """A patch at full scale, since that costs most; all of it at a half and a quarter."""
    half = losses.halve(pictures)
    return [pictures[:, :, top : top + PATCH, left : left + PATCH], half, losses.halve(half)]


def gaps(paintings: Paintings) -> NDArray[np.float64]:
    """How far the statistics of each painting are from the mean painting's: a first guess of its loss."""
    vectors = np.asarray(paintings.maps["vector"][:, 1], np.float32)
    far = losses.moment_loss(torch.from_numpy(vectors), torch.from_numpy(vectors.mean(0))).numpy()
    return 0.7 * far.astype(np.float64) / far.mean()


def robust(loss: Tensor, knee: float) -> Tensor:
    """Mean of log(1 + loss / knee): a painting that is far off pulls no harder than its share."""
    return torch.log1p(loss / knee).mean()


def update(state: State, task: Task, args: argparse.Namespace) -> dict[str, float]:
    """One step of Adam and of the running mean of the weights."""
    for group in state.adam.param_groups:
        group["lr"] = rate(state, args) * group["share"]
    terms = task.loss(state.net)
    loss = torch.stack(list(terms.values())).sum()
    state.adam.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(state.net.parameters(), 2.0, foreach=True)
    state.adam.step()
    keep = min(0.999, (state.step + 1) / (state.step + 20))
    with torch.no_grad():
        torch._foreach_lerp_(list(state.ema.parameters()), list(state.net.parameters()), 1 - keep)
    state.step += 1
    values = torch.stack([*terms.values(), norm]).tolist()
    return dict(zip([*terms, "gradient"], values, strict=True))


def begin(args: argparse.Namespace, task: Task) -> State:
    """From the last checkpoint, or from random weights."""
    torch.manual_seed(args.seed)
    net = Brush(Sizes()).to(args.device)
    encoder = [p for k, p in net.style.named_parameters() if p.requires_grad and not k.startswith("code")]
    groups = [
        {"params": list(net.apply_.parameters()), "share": 1.0},
        {"params": encoder, "share": 0.5},
        {"params": list(net.style.code.parameters()), "share": 2.0},
    ]
    state = State(
        net,
        copy.deepcopy(net).requires_grad_(False).eval(),
        torch.optim.Adam(groups, args.rate, betas=(0.9, 0.99), fused=True),
    )
    net.apply_.requires_grad_(not args.head)
    net.style.convs.requires_grad_(not args.head)
    path = args.checkpoints / "last.pt"
    if path.exists():
        kept = torch.load(path, map_location=args.device)
        state.net.load_state_dict(kept["net"])
        state.ema.load_state_dict(kept["ema"])
        state.adam.load_state_dict(kept["adam"])
        state.step, state.seconds = kept["step"], 0.0 if args.restart else kept["seconds"]
        torch.manual_seed(args.seed + state.step)
    elif args.start:
        kept = torch.load(args.start, map_location=args.device)["ema"]
        state.net.load_state_dict(kept)
        state.ema.load_state_dict(kept)
    else:
        rows = task.rng.permutation(len(task.sets[0].paths))[:200]
        net.style.standardise(to_tensor(task.sets[0].pictures[rows], args.device))
        state.ema.load_state_dict(net.state_dict())
    return state


def save(state: State, args: argparse.Namespace) -> None:
    """Write beside, then rename: a killed run leaves a whole checkpoint."""
    kept = {"net": state.net.state_dict(), "ema": state.ema.state_dict(), "adam": state.adam.state_dict()}
    part = args.checkpoints / "last.pt.part"
    torch.save({**kept, "step": state.step, "seconds": state.seconds}, part)
    part.replace(args.checkpoints / "last.pt")


def show(state: State, terms: dict[str, float], args: argparse.Namespace) -> None:
    for name, value in terms.items():
        state.means[name] = 0.98 * state.means.get(name, value) + 0.02 * value
    if state.step % 50 == 0:
        words = " ".join(f"{k} {v:.3f}" for k, v in state.means.items())
        print(f"{state.step} {state.seconds / 60:.1f}min lr {rate(state, args):.1e} {words}", flush=True)


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision("high")  # TF32 on a GPU; a CPU takes no notice
    args.checkpoints.mkdir(parents=True, exist_ok=True)
    task = Task(args)
    state = begin(args, task)
    if args.head:
        task.look_ahead(state.net.style)
    if args.compile:
        state.net.apply_.compile(dynamic=False)
        task.features.run = torch.compile(task.features.look, dynamic=False)
    saved = drawn = state.seconds
    while state.seconds < 60 * args.minutes:
        start = time.perf_counter()
        show(state, update(state, task, args), args)
        state.seconds += time.perf_counter() - start
        if state.seconds - saved > args.save_every:
            save(state, args)
            saved = state.seconds
        if state.seconds - drawn > args.sheet_every:
            sheet(copy.deepcopy(state.ema).cpu(), args.data, args.checkpoints / f"sheet_{state.step:06d}.png")
            drawn = state.seconds
    save(state, args)


if __name__ == "__main__":
    main()
