"""From the words a user says to the class indices of a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from vidstyle.cards import DEFAULT_SEGMENTER, Card, builtin
from vidstyle.errors import ModelError, UsageError, nearest

_SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("person", "people", "human", "man", "woman", "pedestrian", "portrait"),
    ("laptop", "notebook", "notebook computer", "laptop computer", "macbook"),
    ("tv", "television", "tvmonitor", "tv monitor", "monitor", "screen", "television receiver"),
    ("cell phone", "phone", "cellphone", "mobile", "mobile phone", "smartphone"),
    ("couch", "sofa", "settee"),
    ("motorcycle", "motorbike"),
    ("bicycle", "bike", "cycle", "pushbike"),
    ("airplane", "aeroplane", "plane", "aircraft"),
    ("dining table", "diningtable", "table", "desk"),
    ("potted plant", "pottedplant", "houseplant", "plant"),
    ("car", "auto", "automobile"),
    ("truck", "lorry"),
    ("bus", "coach"),
    ("refrigerator", "fridge"),
    ("donut", "doughnut"),
    ("hair drier", "hair dryer", "hairdryer"),
    ("cup", "mug"),
    ("sports ball", "ball", "football", "soccer ball", "basketball"),
    ("traffic light", "stoplight"),
    ("handbag", "purse", "bag"),
    ("mouse", "computer mouse"),
    ("remote", "remote control"),
    ("cow", "cattle"),
    ("dog", "puppy"),
    ("cat", "kitten"),
    ("boat", "ship"),
    ("wine glass", "wineglass"),
    ("teddy bear", "teddy"),
    ("backpack", "rucksack"),
    ("keyboard", "computer keyboard"),
)
"""Words for the same thing. Any of them finds any other; the network's own spelling comes first."""

_IRREGULAR = {"people": "person", "men": "man", "women": "woman", "knives": "knife", "mice": "mouse"}


def class_indices(card: Card, names: Sequence[str]) -> list[int]:
    """Indices of the named classes, sorted, each once.

    Case, hyphens, underscores and plural do not matter, and the usual synonyms are known. A matte finds
    one thing: [0]; one without names finds whatever it was trained for, under any name.
    Raises UsageError for a name that the network does not know.
    """
    wanted = [name for name in names if name.strip()]
    if not wanted:
        raise UsageError("no class was named; `vidstyle classes` lists them")
    if card.task == "matte" and not any(card.classes):
        return [0]
    known = _spellings(card.classes)
    return sorted({_index(card, known, name) for name in wanted})


def _index(card: Card, known: dict[str, int], name: str) -> int:
    found = _found(known, name)
    if found is None:
        raise UsageError(f"{card.name} knows no class {name.strip()!r}{_instead(card, name)}")
    return found


def _found(known: dict[str, int], name: str) -> int | None:
    forms = _forms(name)
    words = [*forms, *(synonym for form in forms for synonym in _synonyms(form))]
    return next((known[word] for word in words if word in known), None)


def _instead(card: Card, name: str) -> str:
    """What to do about a class that the network does not know: another name, or another network."""
    others = _published()
    able = [each.name for each in others if _found(_spellings(each.classes), name) is not None]
    if able:
        return f"; these know it, with --segmenter: {_few(able)} (`vidstyle models` lists all)"
    names = [word for word in card.classes if word and word != "background"]
    which = card.name if card.name in {each.name for each in others} else "PATH"
    flag = "" if card.name == DEFAULT_SEGMENTER else f" --segmenter {which}"
    hint = nearest(name.strip(), names) or f"; it knows {_few(names)}"
    return f"{hint} (`vidstyle classes{flag}` lists all)"


def _published() -> list[Card]:
    with suppress(ModelError):  # a broken card of the user's own
        return builtin("segmenter")
    return []


def _spellings(classes: Iterable[str]) -> dict[str, int]:
    """Every class by its plain name and singular; the first of equal names wins."""
    known: dict[str, int] = {}
    for index, name in enumerate(classes):
        for form in _forms(name) if name else ():
            known.setdefault(form, index)
    return known


def _synonyms(word: str) -> Iterable[str]:
    return (other for group in _SYNONYMS if word in group for other in group)


def _forms(name: str) -> list[str]:
    """The word as it stands (lower case, single blanks), then what it may be the plural of."""
    word = " ".join(name.lower().replace("_", " ").replace("-", " ").split())
    head, _, last = word.rpartition(" ")
    forms = [word]
    for singular in _singulars(last):
        forms.append(f"{head} {singular}".strip())
    return forms


def _singulars(word: str) -> Iterable[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        yield word[:-3] + "y"
    if word.endswith("es") and len(word) > 3:
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
