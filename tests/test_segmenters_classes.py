"""Words for classes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstyle.cards import PRESETS, Card, GraphFile
from vidstyle.errors import UsageError
from vidstyle.segmenters import class_indices

GRAPH = {"model": GraphFile("x.onnx", None, Path("x.onnx"))}


def names(preset: str, *words: str) -> list[str]:
    card = Card("tiny", "semantic", "MIT", "tests", GRAPH, classes=PRESETS[preset])
    return [card.classes[index] for index in class_indices(card, words)]


@pytest.mark.parametrize(
    ("word", "coco", "voc"),
    [
        ("tv", "tv", "tv"),
        ("TVmonitor", "tv", "tv"),
        ("televisions", "tv", "tv"),
        ("sofa", "couch", "sofa"),
        ("couches", "couch", "sofa"),
        ("motorbike", "motorcycle", "motorbike"),
        ("motorcycles", "motorcycle", "motorbike"),
        ("aeroplane", "airplane", "aeroplane"),
        ("airplanes", "airplane", "aeroplane"),
        ("diningtable", "dining table", "dining table"),
        ("Dining-Tables", "dining table", "dining table"),
        ("potted_plant", "potted plant", "potted plant"),
        ("pottedplant", "potted plant", "potted plant"),
        ("people", "person", "person"),
        ("Humans", "person", "person"),
        ("bike", "bicycle", "bicycle"),
        ("buses", "bus", "bus"),
        ("bus", "bus", "bus"),
    ],
)
def test_synonyms_work_in_both_directions(word: str, coco: str, voc: str) -> None:
    assert names("coco80", word) == [coco] and names("voc21", word) == [voc]


@pytest.mark.parametrize(
    ("word", "coco"),
    [
        ("notebook", "laptop"),
        (" Laptops ", "laptop"),
        ("phone", "cell phone"),
        ("mobile phones", "cell phone"),
        ("cellphone", "cell phone"),
        ("knives", "knife"),
        ("mice", "mouse"),
        ("wine glasses", "wine glass"),
        ("skis", "skis"),
        ("scissors", "scissors"),
        ("fridge", "refrigerator"),
        ("teddies", "teddy bear"),
    ],
)
def test_words_for_coco_s_classes(word: str, coco: str) -> None:
    assert names("coco80", word) == [coco]


@given(st.lists(st.sampled_from(PRESETS["coco80"]), min_size=1))
def test_every_class_is_found_under_its_own_name(words: list[str]) -> None:
    assert set(names("coco91", *words)) == set(words)


def test_the_network_s_own_word_comes_before_synonyms() -> None:
    card = Card("a", "semantic", "MIT", "tests", GRAPH, classes=("sofa", "couch", "person", "man"))
    assert class_indices(card, ["couch"]) == [1] and class_indices(card, ["men", "sofa"]) == [0, 3]


def test_an_unknown_class_names_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"tiny knows no class 'labtop'; did you mean 'laptop'.*vidstyle classes"
    ):
        names("coco80", "labtop")
    with pytest.raises(UsageError, match="no class 'xyzzy'; it knows person, bicycle, car, motorcycle"):
        names("coco80", "person", "xyzzy")
    with pytest.raises(UsageError, match="no class was named"):
        names("coco80", " ")


@pytest.mark.parametrize(
    ("card", "word", "end"),
    [
        (
            "spotter",
            "person",
            r"; these know it, with --segmenter: maskrcnn, .*, \.\.\. \(`vidstyle models` ",
        ),
        ("spotter", "people", r"; these know it, with --segmenter: maskrcnn, "),
        ("spotter", "labtop", r"; did you mean 'laptop'\? \(`vidstyle classes` "),
        ("spotter", "xyzzy", r"; it knows laptop \(`vidstyle classes` "),
        ("pphumanseg", "xyzzy", r"; it knows person \(`vidstyle classes --segmenter pphumanseg` "),
        ("tiny", "xyzzy", r"; it knows person \(`vidstyle classes --segmenter PATH` "),
    ],
)
def test_an_unknown_class_names_the_networks_that_know_it(card: str, word: str, end: str) -> None:
    known = ("background", "laptop" if card == "spotter" else "person")
    with pytest.raises(UsageError, match=rf"{card} knows no class '{word}'{end}"):
        class_indices(Card(card, "semantic", "MIT", "tests", GRAPH, classes=known), [word])


def test_a_matte_without_names_finds_its_one_thing() -> None:
    card = Card("u2net", "matte", "MIT", "tests", GRAPH)
    assert class_indices(card, ["anything"]) == [0]
