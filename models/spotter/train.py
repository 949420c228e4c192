# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=1.26", "onnx>=1.16", "opencv-python-headless>=4.8", "torch>=2.5"]
# ///
"""Trains the network on a CPU or a GPU for a given time, from random weights, and resumes where it was
stopped.

The loss has four parts:
- laptop or not, for every picture: binary cross-entropy and soft dice of the margin (`network.margin`),
  compared with the covered share of each 4x4 pixels;
- all classes, where a picture is annotated with all of them: cross-entropy;
- holding still: the margin of a picture and of its shifted, differently spoiled twin must agree where
  they overlap;
- optionally (`--features`), SqueezeNet's picture of the same thing: a projection of the features must
  have the direction of SqueezeNet's own ones, cell by cell. That network is thrown away after training.

Kernels that mix channels are moved by Muon, all else by AdamW: from random weights the loss fell with a
quarter fewer samples than with AdamW alone. The learning rate follows the share of `--minutes` that has
passed, over all runs together; `--restart` begins that anew from the weights of a checkpoint.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from data import IGNORE, REST, Stream
from muon import Muon
from network import LABELS, LAPTOP, STAGES, Network, margin
from torch import Tensor, nn

sys.path.append(str(Path(__file__).resolve().parents[1]))

import half

SCENE_CELLS = 4
DECAY = 0.03
MUON_RATE = 2.0
"""Muon's learning rate, in AdamW's."""
JUDGED = 2
"""The stage at 1/16, whose features are compared with SqueezeNet's."""
PARTS = ("net", "average", "project", "adam", "muon")
"""What of a checkpoint has a state of its own."""


@dataclass
class Weights:
    """Weights of the parts of the loss."""

    binary: float = 1.0
    dice: float = 0.6
    classes: float = 0.5
    still: float = 0.3
    features: float = 1.0


def coverage(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Share of laptop and of judged pixels in each 4x4 block, both [N,1,H/4,W/4]."""
    laptop = (labels == LAPTOP).float()[:, None]
    judged = (labels != IGNORE).float()[:, None]
    return F.avg_pool2d(laptop, SCENE_CELLS), F.avg_pool2d(judged, SCENE_CELLS)


def binary_loss(odds: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy, twice as heavy on the laptop, and soft dice over those pictures that hold one."""
    goal, judged = coverage(labels)
    cross = F.binary_cross_entropy_with_logits(odds, goal, reduction="none") * judged * (1 + goal)
    guess = odds.sigmoid() * judged
    both, either = (guess * goal).sum((1, 2, 3)), (guess + goal).sum((1, 2, 3))
    held = (goal.sum((1, 2, 3)) > 24).float()
    dice = ((1 - 2 * both / (either + 1)) * held).sum() / held.sum().clamp(min=1)
    return cross.sum() / judged.sum().clamp(min=1), dice


def class_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy at the logits' own resolution for the pictures that are annotated with every class."""
    step = labels.shape[1] // logits.shape[2]
    small = labels[:, step // 2 :: step, step // 2 :: step].long()
    small = torch.where(small == REST, IGNORE, small)
    balance = torch.ones(logits.shape[1], device=logits.device)
    balance[0] = 0.5
    loss = F.cross_entropy(logits, small, balance, ignore_index=IGNORE, reduction="sum")
    return loss / (small != IGNORE).sum().clamp(min=small.numel() // 8)


def still_loss(odds: Tensor, moves: Tensor) -> Tensor:
    """Mean squared difference of the probabilities of twins, each moved back onto its original."""
    total = odds.new_zeros(())
    pairs = len(moves)
    guess = odds.sigmoid()
    height, width = guess.shape[2:]
    for i, (dx, dy) in enumerate((moves // SCENE_CELLS).tolist()):
        first = guess[i, 0, max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
        twin = guess[
            len(guess) - pairs + i, 0, max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)
        ]
        total = total + (first - twin).square().mean()
    return total / max(pairs, 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1 (Iandola et al. 2016) up to its last fire module, from an ONNX file; never trained."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        import onnx
        from onnx import numpy_helper

        initial = onnx.load(path).graph.initializer
        self.values = {i.name: torch.from_numpy(numpy_helper.to_array(i).astype("float32")) for i in initial}
        for name, value in self.values.items():
            self.register_buffer(name.replace("/", "_"), value)

    def layer(self, x: Tensor, name: str, **options: int) -> Tensor:
        key = name.replace("/", "_")
        return F.relu(F.conv2d(x, getattr(self, f"{key}_w_0"), getattr(self, f"{key}_b_0"), **options))

    def fire(self, x: Tensor, name: str) -> Tensor:
        x = self.layer(x, f"{name}/squeeze1x1")
        return torch.cat(
            [self.layer(x, f"{name}/expand1x1"), self.layer(x, f"{name}/expand3x3", padding=1)], 1
        )

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """RGB 0..1 to 512 channels at 1/16."""
        x = x.flip(1) * 255 - torch.tensor([104.0, 117.0, 123.0], device=x.device).reshape(1, 3, 1, 1)
        x = F.max_pool2d(self.layer(x, "conv1", stride=2, padding=1), 3, 2, 1)
        x = F.max_pool2d(self.fire(self.fire(x, "fire2"), "fire3"), 3, 2, 1)
        x = F.max_pool2d(self.fire(self.fire(x, "fire4"), "fire5"), 3, 2, 1)
        for name in ("fire6", "fire7", "fire8", "fire9"):
            x = self.fire(x, name)
        return x


def feature_loss(mine: Tensor, theirs: Tensor, mean: Tensor) -> Tensor:
    """One minus the cosine between projected and wanted features, these about their running mean."""
    wanted = theirs.float()
    mean.lerp_(wanted.mean((0, 2, 3)), 0.02)
    wanted = wanted - mean.reshape(1, -1, 1, 1)
    return (1 - F.cosine_similarity(mine.float(), wanted, dim=1)).mean()


class Trainer:
    """Network, average, optimisers and clock; one checkpoint file holds them all."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = torch.device(options.device)
        self.file: Path = options.checkpoints / "last.pt"
        self.net = Network().to(self.device, memory_format=torch.channels_last)
        self.average = Network().to(self.device)
        self.average.load_state_dict(self.net.state_dict())
        judge = SqueezeNet(options.features) if options.features else None
        self.judge = judge.to(self.device, memory_format=torch.channels_last) if judge else None
        self.project = nn.Conv2d(STAGES[JUDGED][0], 512, 1).to(self.device)
        self.mean = torch.zeros(512, device=self.device)
        self.adam, self.muon = self.optimisers()
        self.step, self.seen, self.spent = 0, 0, 0.0
        self.weights = Weights()
        self.short = half.fast(self.device.type)
        """Whether to compute in bfloat16."""
        self.look = torch.compile(self.look_at) if options.compile else self.look_at

    def look_at(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the features that are compared with SqueezeNet's."""
        found = self.net.stages_of(image)
        return self.net.decode(found), found[JUDGED]

    def optimisers(self) -> tuple[torch.optim.AdamW, Muon]:
        """Muon for kernels that mix channels, but not for the last one; AdamW for the rest."""
        mixing, decay, free = [], [], []
        for p in self.net.parameters():
            inner = p.ndim == 4 and p.shape[1] > 1 and p is not self.net.classify.weight
            (mixing if inner else decay if p.ndim > 1 else free).append(p)
        decay.append(self.project.weight)
        free.append(self.project.bias)
        groups = [{"params": decay, "weight_decay": DECAY}, {"params": free, "weight_decay": 0.0}]
        adam = torch.optim.AdamW(groups, lr=self.options.rate, betas=(0.9, 0.99))
        return adam, Muon(mixing, self.options.rate, weight_decay=DECAY)

    def save(self) -> None:
        """Write aside, then rename."""
        state = {k: getattr(self, k).state_dict() for k in PARTS}
        state |= {k: getattr(self, k) for k in ("mean", "step", "seen", "spent")}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, self.file.with_suffix(".part"))
        self.file.with_suffix(".part").replace(self.file)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if not self.file.exists():
            return
        state = torch.load(self.file, map_location=self.device)
        for k in PARTS:
            getattr(self, k).load_state_dict(state[k])
        self.mean, self.step, self.seen, self.spent = (state[k] for k in ("mean", "step", "seen", "spent"))
        if self.options.restart:
            self.spent = 0.0
        print(f"resumed at step {self.step}, minute {self.spent / 60:.1f}", flush=True)

    def schedule(self) -> None:
        """Warm up over 200 steps; fall as a cosine over the given minutes."""
        share = min(self.spent / (60 * self.options.minutes), 1.0)
        fall = 0.5 * (1 + torch.cos(torch.tensor(torch.pi * share)).item())
        rate = self.options.rate * min(1, (self.step + 1) / 200) * max(fall, 0.01)
        for group in self.adam.param_groups:
            group["lr"] = rate
        for group in self.muon.param_groups:
            group["lr"] = MUON_RATE * rate

    def losses(self, pictures: Tensor, labels: Tensor, moves: Tensor) -> dict[str, Tensor]:
        """The weighted parts of the loss."""
        image = pictures.to(self.device).permute(0, 3, 1, 2).float() / 255
        image, labels, w = (
            image.contiguous(memory_format=torch.channels_last),
            labels.to(self.device),
            self.weights,
        )
        out: dict[str, Tensor] = {}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.short):
            logits, features = self.look(image)
            if self.judge and self.step % 2 == 0:
                half = len(image) // 2
                theirs = self.judge(image[:half])
                mine = self.project(features[:half])
        logits = logits.float()
        odds = margin(logits)
        binary, dice = binary_loss(odds, labels)
        out = {
            "binary": w.binary * binary,
            "dice": w.dice * dice,
            "classes": w.classes * class_loss(logits, labels),
        }
        if len(moves):
            out["still"] = w.still * still_loss(odds, moves)
        if self.judge and self.step % 2 == 0:
            out["features"] = w.features * feature_loss(mine, theirs, self.mean)
        return out

    def advance(self, losses: dict[str, Tensor]) -> None:
        """One step of the optimisers and of the average."""
        self.schedule()
        self.adam.zero_grad(set_to_none=True)
        self.muon.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.adam.step()
        self.muon.step()
        self.step += 1
        keep = min(0.998, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            mine, average = self.net.state_dict(), self.average.state_dict()
            for name, value in average.items():
                value.lerp_(mine[name], 1 - keep) if value.is_floating_point() else value.copy_(mine[name])


def train(options: argparse.Namespace) -> None:
    """Run until the minutes are over."""
    trainer = Trainer(options)
    trainer.resume()
    trainer.net.train()
    stream = Stream(options.packed, options.size, options.batch, options.pairs, seed=trainer.step)
    loader = torch.utils.data.DataLoader(
        stream, batch_size=None, num_workers=options.workers, prefetch_factor=4 if options.workers else None
    )
    saved = tick = time.monotonic()
    sums: dict[str, float] = {}
    for batch in loader:
        losses = trainer.losses(*batch)
        trainer.advance(losses)
        now = time.monotonic()
        trainer.spent, tick = trainer.spent + now - tick, now
        trainer.seen += len(batch[0])
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach()) / 50
        if trainer.step % 50 == 0:
            parts = " ".join(f"{k} {v:.4f}" for k, v in sums.items())
            print(f"{trainer.step} seen {trainer.seen} minute {trainer.spent / 60:.1f} {parts}", flush=True)
            sums.clear()
        over = trainer.spent > 60 * options.minutes or (options.pause and trainer.spent > 60 * options.pause)
        if now - saved > 100 or over:
            trainer.save()
            saved = now
        if over:
            return


def flags() -> argparse.ArgumentParser:
    """What the command line takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--packed", type=Path, required=True, help="folder written by data.py")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder for last.pt")
    parser.add_argument("--minutes", type=float, default=90, help="length of the whole training")
    parser.add_argument(
        "--pause", type=float, default=0, help="stop at this minute, to resume with another size"
    )
    parser.add_argument(
        "--size", type=int, default=224, help="side of the training pictures, a multiple of 32"
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=2, help="shifted twins within a batch")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true", help="by torch.compile: slow to begin, then faster")
    parser.add_argument("--restart", action="store_true", help="begin the schedule anew from the checkpoint")
    parser.add_argument("--features", type=Path, help="SqueezeNet 1.1 as ONNX, for the last part of the loss")
    return parser


def main() -> None:
    """Parse and train."""
    options = flags().parse_args()
    torch.set_num_threads(options.threads)
    print(f"{len(LABELS)} classes, {options.size} pixels, batch {options.batch}", flush=True)
    train(options)


if __name__ == "__main__":
    main()
