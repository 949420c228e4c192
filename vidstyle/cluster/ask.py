"""What is asked of a cluster, and what each worker on it gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vidstyle.errors import DeviceError, UsageError
from vidstyle.jobs.shares import THREADS

Node = Mapping[str, float]
"""What a node has: "CPU", "GPU", ..., as Ray counts them."""


@dataclass(frozen=True, slots=True)
class Ask:
    """address: "auto" for the cluster that this machine belongs to, "local" for one of its own,
    "ray://host:port" or "host:port" for another. cpus, gpus: of each worker, None to decide; a GPU may be
    shared (0.5). workers: at once, None for as many as fit."""

    address: str = "auto"
    cpus: float | None = None
    gpus: float | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """What each worker gets, and on which device it paints."""

    cpus: float
    gpus: float
    device: str

    @property
    def threads(self) -> int:
        """CPU threads of a worker's networks and decoder."""
        return max(1, int(self.cpus))

    def slots(self, nodes: Sequence[Node]) -> int:
        """How many workers the nodes have room for."""
        return sum(self._room(node) for node in nodes)

    def _room(self, node: Node) -> int:
        rooms = [int(node.get(kind, 0) / need + 1e-9) for kind, need in self._needs() if need > 0]
        return min(rooms, default=0)

    def _needs(self) -> tuple[tuple[str, float], ...]:
        return ("CPU", self.cpus), ("GPU", self.gpus)


def fit(ask: Ask, nodes: Sequence[Node], device: str) -> Fit:
    """What a worker gets on these nodes; device: as in `Job.device`.

    Where there are GPUs, a worker has one: its batches fill it; nodes without GPU then have none of the
    work, since the same video must not come from two kinds of device. Else it has as many cores as a network
    on small pictures uses well, or all of a smaller node. Raises UsageError and DeviceError where no node has
    that.
    """
    share = _gpus(ask, nodes, device)
    cores = ask.cpus if ask.cpus is not None else _cores(nodes, share)
    found = Fit(cores, share, "cuda" if share else "cpu")
    if not found.slots(nodes) and ask.workers is None:
        wanted = f"{cores:g} CPUs" + (f" and {share:g} GPUs" if share else "")
        hint = "ask for less with --cluster-cpus and --cluster-gpus"
        raise UsageError(f"no node of the cluster has {wanted} for a worker; {hint}")
    return found


def _gpus(ask: Ask, nodes: Sequence[Node], device: str) -> float:
    word = device.strip().lower()
    if word == "cpu":
        return 0.0
    if ask.gpus is not None:
        if not ask.gpus and _is_gpu(word):
            raise UsageError(
                f"--device {device} with --cluster-gpus 0: a worker without a GPU cannot have it"
            )
        return ask.gpus
    if any(node.get("GPU", 0) >= 1 for node in nodes):
        return 1.0
    if _is_gpu(word):
        raise DeviceError("no node of the cluster has a GPU; use --device cpu")
    return 0.0


def _is_gpu(word: str) -> bool:
    return word.startswith(("cuda", "gpu"))


def _cores(nodes: Sequence[Node], share: float) -> float:
    able = [node for node in nodes if node.get("CPU", 0) >= 1 and node.get("GPU", 0) >= share]
    each = (node["CPU"] * min(1.0, share / node["GPU"]) if share else node["CPU"] for node in able)
    return float(max(1, min([THREADS, *(int(cores) for cores in each)])))
