"""A segmentation network between its pre- and post-graph: pictures in, masks out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vidstyle.cards import ImageInput
from vidstyle.device import Session, batches
from vidstyle.segmenters import ends

Pictures = NDArray[np.uint8]
Masks = NDArray[np.float32]


class NetworkSegmenter:
    """Frames are independent of each other.

    batch: pictures per run. A shorter rest is filled up with its last picture: to `batch` too where that is
    `fixed` by the network, else to the next of few sizes (see `device.batches`).
    """

    def __init__(
        self,
        name: str,
        session: Session,
        how: ImageInput,
        size: tuple[int, int] | None,
        batch: int,
        *,
        fixed: bool = False,
    ) -> None:
        self.name = name
        strays = ", ".join(session.strays)
        self.note = f"{name}: {strays} run on the CPU for lack of CUDA code" if strays else ""
        self._session = session
        self._how = how
        self._size = size
        self._batch, self._fixed = batch, fixed

    def picture_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of the small picture it wants of an upright width x height frame."""
        return ends.picture_size(self._how, self._size, width, height)

    def masks(self, pictures: Pictures) -> Masks:
        """Masks float32 (N, mh, mw), 0 to 1, of (N, h, w, 3) RGB pictures; see `types.Segmenter`."""
        if not len(pictures):
            return np.zeros((0, *pictures.shape[1:3]), np.float32)
        height, width = pictures.shape[1:3]
        most = self._batch if self._fixed else batches.a_call(self._batch, height * width)
        parts = (pictures[start : start + most] for start in range(0, len(pictures), most))
        return np.concatenate([self._run(self._filled(part, most))[: len(part)] for part in parts])

    def _filled(self, part: Pictures, most: int) -> Pictures:
        size = most if self._fixed else batches.filled(len(part), most)
        return (
            part if size == len(part) else np.concatenate([part, np.repeat(part[-1:], size - len(part), 0)])
        )

    def _run(self, pictures: Pictures) -> Masks:
        mask: Masks = self._session.run({"pictures": pictures})[0]
        return mask

    def reset(self) -> None:
        """Nothing to forget."""

    def interrupt(self) -> None:
        """Ends a call that runs in another thread."""
        self._session.interrupt()


class RecurrentSegmenter(NetworkSegmenter):
    """Each frame sees what the network made of the frames before (Lin et al. 2022, RVM).

    states: pairs of an input and the output that feeds it for the next frame; they begin as zeros. ratio:
    the input that says how much the network may shrink the picture, and its value, None for the authors'
    choice, min(512 / longer side, 1).
    """

    def __init__(
        self,
        name: str,
        session: Session,
        how: ImageInput,
        size: tuple[int, int] | None,
        *,
        states: tuple[tuple[str, str], ...],
        ratio: tuple[str, float | None] | None,
    ) -> None:
        super().__init__(name, session, how, size, 1)
        self._states = states
        self._ratio = ratio
        self._zeros = {port.name: _zero(port.dtype, port.shape) for port in session.signature.inputs}
        self._memory = self._fresh()

    def _fresh(self) -> dict[str, NDArray[np.generic]]:
        return {before: self._zeros[before] for before, _ in self._states}

    def _run(self, pictures: Pictures) -> Masks:
        feeds = {"pictures": pictures, **self._memory, **self._shrinking(pictures)}
        mask, *after = self._session.run(feeds)
        self._memory = {before: state for (before, _), state in zip(self._states, after, strict=True)}
        return np.asarray(mask, np.float32)

    def _shrinking(self, pictures: Pictures) -> dict[str, NDArray[np.generic]]:
        if self._ratio is None:
            return {}
        name, value = self._ratio
        ratio = value if value is not None else min(512 / max(pictures.shape[1:3]), 1.0)
        return {name: np.array([ratio], self._zeros[name].dtype)}

    def reset(self) -> None:
        """The next frame is a first frame."""
        self._memory = self._fresh()


def _zero(dtype: str, shape: tuple[int | str | None, ...]) -> NDArray[np.generic]:
    kind = {"float": "float32", "double": "float64"}.get(dtype, dtype)
    return np.zeros([axis if isinstance(axis, int) else 1 for axis in shape], kind)
