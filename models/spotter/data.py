# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=1.26", "opencv-python-headless>=4.8", "torch>=2.5"]
# ///
"""Training data: packed once into plain arrays, composed anew for every sample.

`python data.py --data DIR --packed DIR` reads the folders named in the model card and writes one .npz per
source. Labels are indices into `network.LABELS`; 255 is not judged; 254 is "not a laptop, and nothing
more is known", which is what photographs without annotations teach around a pasted laptop.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import compose
import cv2
import numpy as np
import torch
from network import LAPTOP
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Rng = np.random.Generator
IGNORE, REST = 255, 254
HELD_PHOTOS = 20
"""Every twentieth photograph without a laptop is held out."""
FAVOUR = 3
"""How often an everyday photograph with laptops is drawn for one of a workshop or an office."""
MISJUDGED = frozenset(("val17p_01347", "val17p_02056", "val17p_02418", "val17p_02486"))
"""Photographs in which the judge missed a laptop; they are outlined in `found.txt`."""
SOURCES = ("photos", "desktops", "coco", "cutouts", "rendered", "outlined", "drawn", "found", "empty")
"""The packed files that a sample can be made of; all but the first four may be missing."""
POOR_CUTOUTS = frozenset((1, 58, 93, 105, 110, 115, 126, 127, 132, 135, 150, 152, 165, 167, 195))
"""Cut-outs, in order of name, whose flood fill took in accessories, captions or gaps."""


def read_rgb(path: Path) -> Bytes:
    """An RGB picture [H,W,3]."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"cannot read {path}")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def read_label(path: Path) -> Bytes:
    """A label map [H,W] as stored."""
    label = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if label is None:
        raise ValueError(f"cannot read {path}")
    return label


def save(path: Path, names: list[str], pictures: list[Bytes], labels: list[Bytes]) -> None:
    """Pictures and label maps, end to end, with their sizes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        names=np.array(names),
        sizes=np.array([p.shape[:2] for p in pictures], np.int32),
        pictures=np.concatenate([p.ravel() for p in pictures]),
        labels=np.concatenate([m.ravel() for m in labels]),
    )
    print(f"{path.name}: {len(names)} pictures", flush=True)


@dataclass
class Pool:
    """The pictures of one source, decoded."""

    names: list[str] = field(default_factory=list)
    pictures: list[Bytes] = field(default_factory=list)
    labels: list[Bytes] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> Pool:
        """Empty where the file does not exist."""
        if not path.exists():
            return cls()
        with np.load(path) as packed:
            sizes, flat, marks = packed["sizes"], packed["pictures"], packed["labels"]
            names = [str(n) for n in packed["names"]]
        ends = np.cumsum(sizes[:, 0].astype(np.int64) * sizes[:, 1])
        starts = ends - sizes[:, 0].astype(np.int64) * sizes[:, 1]
        spans = list(zip(sizes, starts, ends, strict=True))
        pictures = [flat[3 * a : 3 * b].reshape(h, w, 3) for (h, w), a, b in spans]
        return cls(names, pictures, [marks[a:b].reshape(h, w) for (h, w), a, b in spans])

    def __len__(self) -> int:
        return len(self.names)

    def without(self, every: int, names: frozenset[str]) -> Pool:
        """All but every so-manieth picture, which are held out, and those of the given names."""
        return self.picked([i for i, name in enumerate(self.names) if i % every and name not in names])

    def favouring(self, names: set[str], times: int) -> Pool:
        """The same, those of the given names so many times."""
        return self.picked(
            [i for i, name in enumerate(self.names) for _ in range(times if name in names else 1)]
        )

    def picked(self, rows: list[int]) -> Pool:
        """The pictures of these numbers; none is copied."""
        names, pictures, labels = (
            [part[i] for i in rows] for part in (self.names, self.pictures, self.labels)
        )
        return Pool(names, pictures, labels)

    def draw(self, rng: Rng) -> tuple[Bytes, Bytes]:
        """A random picture and its labels."""
        i = int(rng.integers(len(self)))
        return self.pictures[i], self.labels[i]


def pack_photos(source: Path, keep: set[str]) -> tuple[list[str], list[Bytes], list[Bytes]]:
    """Photographs in which the judge sees no laptop, all labelled REST. Its other answers go unused."""
    names, pictures, labels = [], [], []
    for path in sorted((source / "img").iterdir()):
        judged = read_label(source / "teacher" / f"{path.stem}.png")
        if path.stem.split("_")[0] not in keep or path.stem.startswith("lap") or (judged == LAPTOP).any():
            continue
        picture = read_rgb(path)
        names.append(path.stem)
        pictures.append(picture)
        labels.append(np.full(picture.shape[:2], REST, np.uint8))
    return names, pictures, labels


def pack_pairs(
    source: Path, images: str = "img", marks: str = "lab"
) -> tuple[list[str], list[Bytes], list[Bytes]]:
    """Pictures with a label map of the same name and size."""
    paths = sorted(p for p in (source / images).iterdir() if p.suffix.lower() in {".jpg", ".png"})
    pairs = [(p, source / marks / f"{p.stem}.png") for p in paths]
    pairs = [(p, m) for p, m in pairs if m.exists()]
    return [p.stem for p, _ in pairs], [read_rgb(p) for p, _ in pairs], [read_label(m) for _, m in pairs]


def save_split(
    packed: Path, name: str, pairs: tuple[list[str], list[Bytes], list[Bytes]], split: list[list[int]]
) -> None:
    """NAME.npz to train on, NAME_held.npz to hold out."""
    for source, chosen in zip((name, f"{name}_held"), split, strict=True):
        save(packed / f"{source}.npz", *([part[i] for i in chosen] for part in pairs))


def split_held(packed: tuple[list[str], list[Bytes], list[Bytes]], every: int = 6) -> list[list[int]]:
    """Indices to train on and, every sixth, to hold out."""
    count = len(packed[0])
    return [[i for i in range(count) if i % every], [i for i in range(count) if not i % every]]


def pack(data: Path, packed: Path) -> None:
    """Everything that does not change while training runs."""
    root = data / "segmentation"
    save(packed / "photos.npz", *pack_photos(root / "photos", {"val17p", "ims", "calbg"}))
    save(packed / "desktops.npz", *pack_photos(root / "photos", {"pc"}))
    coco = pack_pairs(root / "coco_gt")
    save_split(packed, "coco", coco, split_held(coco))
    cutouts = pack_pairs(root / "cutouts")
    good = [i for i in range(len(cutouts[0])) if i not in POOR_CUTOUTS]
    save(packed / "cutouts.npz", *([part[i] for i in good] for part in cutouts))


def pack_empty(folder: Path) -> tuple[list[str], list[Bytes], list[Bytes]]:
    """Photographs without a laptop, all labelled REST."""
    pictures = {p.stem: read_rgb(p) for p in sorted(folder.glob("*.jpg"))}
    labels = [np.full(p.shape[:2], REST, np.uint8) for p in pictures.values()]
    return list(pictures), list(pictures.values()), labels


def found(column: str) -> set[str]:
    """Names of the gathered photographs with a yes in a column of `found.csv`: `held`, those to hold out;
    `everyday`, those of homes and streets, as the test photographs are."""
    with Path(__file__).with_name("found.csv").open() as file:
        return {row["name"] for row in csv.DictReader(file) if row[column] == "yes"}


def held_found(names: list[str]) -> list[list[int]]:
    """Indices to train on and to hold out."""
    held = found("held")
    return [[i for i, n in enumerate(names) if n not in held], [i for i, n in enumerate(names) if n in held]]


def pack_extra(packed: Path, options: argparse.Namespace) -> None:
    """What render.py, outline.py and gather.py have written so far; every fourth outline of `drawn.txt` and
    those marked in `found.csv` are held out."""
    if options.rendered:
        parts = [pack_pairs(folder) for folder in options.rendered]
        save(packed / "rendered.npz", *([x for part in parts for x in part[k]] for k in range(3)))
    if options.outlined:
        save(packed / "outlined.npz", *pack_pairs(options.outlined))
    if options.empty:
        save(packed / "empty.npz", *pack_empty(options.empty))
    if options.drawn:
        pairs = pack_pairs(options.drawn)
        save_split(packed, "drawn", pairs, split_held(pairs, 4))
    if options.found:
        pairs = pack_pairs(options.found)
        save_split(packed, "found", pairs, held_found(pairs[0]))


@dataclass
class Sources:
    """What a sample can be made of."""

    photos: Pool
    desktops: Pool
    coco: Pool
    cutouts: list[Bytes]
    occluders: list[Bytes]
    others: list[Bytes]
    rendered: Pool
    outlined: Pool
    drawn: Pool
    found: Pool
    empty: Pool

    @classmethod
    def load(cls, packed: Path) -> Sources:
        """All that lies in the folder; rendered and outlined pictures may be missing."""
        pools = {name: Pool.load(packed / f"{name}.npz") for name in SOURCES}
        cut = pools.pop("cutouts")
        pools["photos"] = pools["photos"].without(HELD_PHOTOS, MISJUDGED)
        pools["found"] = pools["found"].favouring(found("everyday"), FAVOUR)
        more = [pools[n] for n in ("outlined", "rendered", "drawn", "found")]
        pairs = [pair for pool in (cut, *more) for pair in zip(pool.pictures, pool.labels, strict=True)]
        pairs = [(p, m) for p, m in pairs if (m == LAPTOP).mean() > 0.03]
        coco = pools["coco"]
        occluders = [
            o for p, m in zip(coco.pictures, coco.labels, strict=True) for o in compose.objects(p, m)
        ]
        made = zip(pools["rendered"].pictures, pools["rendered"].labels, strict=True)
        others = occluders + [o for p, m in made for o in compose.objects(p, m, 0.02)]
        laptops = [compose.cut(p, m == LAPTOP) for p, m in pairs]
        return cls(cutouts=laptops, occluders=occluders, others=others, **pools)

    def plan(self) -> list[tuple[str, float]]:
        """Kinds of samples and their share."""
        shares = [("pasted", 0.15), ("coco", 0.06), ("photos", 0.10), ("desktops", 0.02)]
        more = (("rendered", 0.17), ("outlined", 0.02), ("drawn", 0.06), ("found", 0.34), ("empty", 0.08))
        shares += [(name, share) for name, share in more if len(getattr(self, name))]
        total = sum(s for _, s in shares)
        return [(kind, share / total) for kind, share in shares]

    def scene(self, kind: str, rng: Rng) -> tuple[Bytes, Bytes]:
        """A whole picture with labels, before cropping."""
        if kind != "pasted":
            picture, label = getattr(self, kind).draw(rng)
            if kind in ("photos", "drawn", "found", "empty") and rng.random() < 0.4:
                return compose.paste_others(picture, label, self.others, rng)
            return picture, label
        share = (0.50, 0.18, 0.08, 0.18, 0.06)
        last = ["empty" if len(self.empty) else "photos", "rendered" if len(self.rendered) else "photos"]
        name = rng.choice(["photos", "coco", "desktops", *last], p=share)
        picture, label = getattr(self, str(name)).draw(rng)
        if rng.random() < 0.4:
            picture, label = compose.paste_others(picture, label, self.others, rng)
        return compose.paste_laptops(picture, label, self.cutouts, self.occluders, rng)


@dataclass
class Stream(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """Endless batches of uint8 pictures [B,S,S,3] and labels [B,S,S].

    The last `pairs` pictures of a batch are the first ones again, moved by (dx, dy) and with noise of their
    own; `moves` [pairs,2] holds the shifts, in pixels and multiples of 4: what is at (x, y) in the copy is at
    (x + dx, y + dy) in the original.
    """

    packed: Path
    size: int
    batch: int
    pairs: int
    seed: int

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        cv2.setNumThreads(1)
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, info.id if info else 0])
        sources = Sources.load(self.packed)
        while True:
            yield self._batch(sources, rng)

    def _batch(self, sources: Sources, rng: Rng) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        kinds, shares = zip(*sources.plan(), strict=True)
        pictures, labels, moves = [], [], []
        slack = 8
        twins: list[tuple[Bytes, Bytes]] = []
        for i in range(self.batch - self.pairs):
            picture, label = sources.scene(str(rng.choice(kinds, p=shares)), rng)
            picture, label = compose.crop(picture, label, self.size + slack, rng)
            picture = compose.recolour(picture, rng)
            if i < self.pairs:
                x, y = (int(v) * 4 for v in rng.integers(0, slack // 4 + 1, 2))
                twins.append(
                    (
                        picture[y : y + self.size, x : x + self.size],
                        label[y : y + self.size, x : x + self.size],
                    )
                )
                moves.append((x - 4, y - 4))
            pictures.append(picture[4 : 4 + self.size, 4 : 4 + self.size])
            labels.append(label[4 : 4 + self.size, 4 : 4 + self.size])
        pictures += [p for p, _ in twins]
        labels += [m for _, m in twins]
        spoiled = np.stack([compose.spoil(np.ascontiguousarray(p), rng) for p in pictures])
        shifts = torch.tensor(moves, dtype=torch.int64).reshape(-1, 2)
        return torch.from_numpy(spoiled), torch.from_numpy(np.stack(labels)), shifts


def main() -> None:
    """Pack the folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="folder that holds segmentation/")
    parser.add_argument("--rendered", type=Path, nargs="*", default=[], help="folders written by render.py")
    parser.add_argument("--outlined", type=Path, help="folder written by outline.py")
    parser.add_argument("--drawn", type=Path, help="folder written by outline.py --drawn")
    parser.add_argument("--found", type=Path, help="folder written by outline.py --found")
    parser.add_argument("--empty", type=Path, help="folder of more photographs without laptops")
    parser.add_argument("--packed", type=Path, required=True, help="where the .npz files go")
    arguments = parser.parse_args()
    if arguments.data:
        pack(arguments.data, arguments.packed)
    pack_extra(arguments.packed, arguments)


if __name__ == "__main__":
    main()
