"""HTML as elements: text is escaped because there is no other way to put it in."""

from __future__ import annotations

from typing import Any, cast
from xml.etree import ElementTree

from vidstyle.errors import visible

Element = ElementTree.Element
Value = str | int | float | bool | None


def tag(name: str, /, *children: Element | str | None, **attributes: Value) -> Element:
    """An element. `class_` means class, other underscores are hyphens; None and False leave an attribute out,
    True gives an empty one. Characters that HTML does not allow are made visible."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None and value is not False:
            text = "" if value is True else visible(str(value))
            element.set(key.rstrip("_").replace("_", "-"), text)
    for child in children:
        if child is not None:
            _append(element, child)
    return element


def _append(element: Element, child: Element | str) -> None:
    if isinstance(child, Element):
        element.append(child)
    elif len(element):
        element[-1].tail = (element[-1].tail or "") + visible(child)
    else:
        element.text = (element.text or "") + visible(child)


def raw(name: str, text: str, /, **attributes: Value) -> Element:
    """An element whose text keeps its line ends; only for <pre>, and for our own <style> and <script>."""
    element = tag(name, **attributes)
    element.text = "\n".join(line if name != "pre" else visible(line) for line in text.split("\n"))
    return element


def comment(text: str) -> Element:
    """<!--text-->, which no text of an element can be mistaken for."""
    made: Any = ElementTree.Comment(text)  # typed apart from elements, but used as one
    return cast(Element, made)


def html(element: Element) -> str:
    """As text."""
    return ElementTree.tostring(element, encoding="unicode", method="html")
