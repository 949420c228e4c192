"""Class lists that many networks share, so that a card may say one word for them."""

from __future__ import annotations

_COCO = """person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant,
stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack,
umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove,
skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple,
sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed,
dining table, toilet, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster, sink,
refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush"""

_VOC = """background, aeroplane, bicycle, bird, boat, bottle, bus, car, cat, chair, cow, dining table, dog,
horse, motorbike, person, potted plant, sheep, sofa, train, tv"""

_CITYSCAPES = """road, sidewalk, building, wall, fence, pole, traffic light, traffic sign, vegetation,
terrain, sky, person, rider, car, truck, bus, train, motorcycle, bicycle"""

# Identifiers of COCO's 91 that no annotation uses, and 0, which stands for the background.
_GAPS = (0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.replace("\n", " ").split(","))


def _coco91() -> tuple[str, ...]:
    names = iter(_names(_COCO))
    return tuple("" if index in _GAPS else next(names) for index in range(91))


PRESETS: dict[str, tuple[str, ...]] = {
    "coco80": _names(_COCO),
    "coco81": ("", *_names(_COCO)),
    "coco91": _coco91(),
    "voc21": _names(_VOC),
    "cityscapes19": _names(_CITYSCAPES),
}
"""coco80: 0 is person. coco81: 1 is person, 0 the background. coco91: COCO's own category numbers.
voc21: PASCAL VOC with the background at 0. cityscapes19: train identifiers."""
