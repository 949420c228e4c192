# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.5"]
# ///
"""Muon (Jordan et al. 2024) for convolutions: `torch.optim.Muon` takes matrices only."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parents[1]))

import half

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration, Jordan's."""
ADAM_SIZE = 0.2
"""Root mean square of an update of Adam's, so that both share a learning rate (Liu et al. 2025)."""


class Muon(torch.optim.Optimizer):
    """Nesterov momentum made orthogonal: every direction of a kernel, seen as a matrix [outputs, the rest],
    moves alike. For hidden layers; parameters without a gradient stay as they are."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch's signature
        """One update of every parameter."""
        for group in self.param_groups:
            for parameter in (p for p in group["params"] if p.grad is not None):
                self._move(parameter, group["lr"], group["momentum"], group["weight_decay"])

    def _move(self, parameter: Tensor, rate: float, momentum: float, decay: float) -> None:
        kept = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter.grad))
        kept.lerp_(parameter.grad, 1 - momentum)
        update = orthogonal(parameter.grad.lerp(kept, momentum).flatten(1))
        size = ADAM_SIZE * max(update.shape) ** 0.5
        parameter.mul_(1 - rate * decay).add_(update.reshape(parameter.shape), alpha=-rate * size)


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """Roughly the nearest matrix whose singular values are all 1 (here 0.7 to 1.2)."""
    a, b, c = NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.to(torch.bfloat16) if half.fast(matrix.device.type) else matrix
    x = x.mT if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).to(matrix.dtype)
