"""The model card: what a `.onnx` file is, as dataclasses that mirror the tables of `<name>.toml`.

    name = "spotter"          # the file's stem
    task = "semantic"          # one of `Task`
    licence = "MIT"
    source = "https://..."     # where it comes from, who trained it on what
    classes = ["background", "laptop"]    # or a word of `labels.PRESETS`: "coco80", "voc21", ...
    threshold = 0.5
    [model]                    # "style-arbitrary" has [style] and [apply] instead
    file = "spotter.onnx"     # beside the card, or pulled into the user's cache
    sha256 = "..."             # may be left out for a file without url
    url = "https://..."        # with bytes and, where only that is published, md5
    [model.input]              # keys of `ImageInput`
    [model.output]             # keys of `Output`
    [quality]                  # free: measured figures

Reading and checking live in the sibling modules; this page is the format. A key that is not here is an
error that names the file and the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Task = Literal[
    "semantic",  # image -> logits, probabilities or labels of all classes (Fast-SCNN, DeepLab, SegFormer)
    "matte",  # image (+ recurrent states) -> one soft matte (U2-Net, RVM, PP-HumanSeg)
    "yolo-seg",  # image -> detections with mask coefficients, prototype masks
    "mask-rcnn",  # image -> boxes, labels, scores, box-sized masks (ONNX model zoo, torchvision)
    "rf-detr-seg",  # image -> box queries, class logits, mask logits
    "style-fixed",  # image -> image, one style (Johnson et al. 2016)
    "style-arbitrary",  # two graphs: style picture -> code; image, code -> image
]


RANGES: dict[str, tuple[float, float]] = {"0..1": (0.0, 1.0), "0..255": (0.0, 255.0), "-1..1": (-1.0, 1.0)}
"""Black and white by the word of `range`."""


def tables(task: Task) -> tuple[str, ...]:
    """Names of a card's graphs, which are also the names of their tables."""
    return ("style", "apply") if task == "style-arbitrary" else ("model",)


def roles(task: Task, graph: str = "model") -> tuple[str, ...]:
    """What the outputs of a graph are called in `Output.names`.

    semantic: out (N, C, h, w) or labels (N, h, w). matte: matte (N, 1, h, w). yolo-seg: detections,
    prototypes. mask-rcnn: boxes (n, 4), labels (n,), scores (n,), masks (n, 1, h, w). rf-detr-seg:
    boxes (1, Q, 4), labels (1, Q, C), masks (1, Q, h, w). Styles: picture, or code.
    """
    return {
        "semantic": ("out",),
        "matte": ("matte",),
        "yolo-seg": ("detections", "prototypes"),
        "mask-rcnn": ("boxes", "labels", "scores", "masks"),
        "rf-detr-seg": ("boxes", "labels", "masks"),
        "style-fixed": ("picture",),
        "style-arbitrary": ("code",) if graph == "style" else ("picture",),
    }[task]


@dataclass(frozen=True, slots=True)
class ImageInput:
    """How a picture enters a network: value = ((sample / 255 * span + low) - mean) / std per channel,
    where `range` gives low and span; mean and std are in the units of `range`, in the order of `channels`.

    size: fixed (height, width), or None where height and width are free. Then `side` is the length that
    the frame's longer side is scaled to (None: as it is), rounded to a multiple of `multiple`.
    resize: "stretch" fills the size, "letterbox" keeps the aspect ratio and fills up with `pad` (0..255).
    margin: pixels around a crop that a stylizer needs to paint its rim as it paints its middle.
    rim: pixels that are reflected past the frame's own edges, for a stylizer that draws lines along them.
    """

    name: str | None = None
    layout: Literal["NCHW", "NHWC", "CHW"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    range: Literal["0..1", "0..255", "-1..1"] = "0..1"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size: tuple[int, int] | None = None
    side: int | None = None
    multiple: int = 1
    resize: Literal["stretch", "letterbox"] = "stretch"
    pad: int = 114
    margin: int = 16
    rim: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """What leaves a network. Fields that a task does not use stay at their defaults.

    names: graph outputs by role (see `roles`), where they cannot be told from shapes or from their own
    names (e.g. {"boxes": "6568"}).
    kind: of semantic and matte networks. layout/channels/range: of the picture of a style network or the
    class axis of a semantic one. boxes: units of detection boxes. nms: whether the graph already did it.
    For "yolo-seg", layout is that of the prototypes; that of the detections shows in their shape.
    states: of a recurrent matte, pairs of input and output names; an input "downsample_ratio" gets
    `downsample`.
    high: of semantic logits or probabilities. The class probability that a part of the mask must reach
    somewhere, else it is left out (hysteresis; the card's `threshold` is the lower one). seed: the side, in
    cells of the output, of the square that must all reach it.
    """

    names: dict[str, str] = field(default_factory=dict)
    kind: Literal["logits", "probabilities", "labels"] = "logits"
    layout: Literal["NCHW", "NHWC", "CHW"] = "NCHW"
    channels: Literal["RGB", "BGR"] = "RGB"
    range: Literal["0..1", "0..255", "-1..1"] = "0..1"
    boxes: Literal["pixels", "unit"] = "pixels"
    nms: bool = False
    states: tuple[tuple[str, str], ...] = ()
    downsample: float | None = None
    high: float | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True)
class GraphFile:
    """One `.onnx` file of a card with its ends. `path` is where it lies or would lie once pulled."""

    file: str
    sha256: str | None
    path: Path
    input: ImageInput = ImageInput()
    output: Output = Output()
    url: str | None = None
    bytes: int | None = None
    md5: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One model. `graphs` holds one file under "model" or, for "style-arbitrary", "style" and "apply".

    classes: names in index order ("" for an index without a class); empty for matte and style networks.
    A matte lists the one name it finds (e.g. ("person",)). threshold: of the class probability, or the
    confidence of a detection.
    """

    name: str
    task: Task
    licence: str
    source: str
    graphs: dict[str, GraphFile]
    origin: Path | None = None
    classes: tuple[str, ...] = ()
    threshold: float = 0.5
    quality: dict[str, object] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["segmenter", "stylizer"]:
        """Which of the two protocols of `vidstyle.types` it can serve."""
        return "stylizer" if self.task.startswith("style") else "segmenter"
