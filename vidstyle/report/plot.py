"""Coverage over time as inline SVG. The words are HTML, so that they keep their size on a narrow screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vidstyle.report.markup import Element, tag

_FINEST = 200
"""Points of a plot; of a sparkline, a quarter of them."""

_TOPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_WIDTH, _HEIGHT = 1000, 200


def thinned(curve: Sequence[float], most: int) -> list[float]:
    """At most `most` means of equally many values each (the last may be of fewer), 0 to 1."""
    known = [min(1.0, value) if value > 0 else 0.0 for value in curve]  # 0 for NaN, too
    step = max(1, math.ceil(len(known) / most))
    groups = [known[at : at + step] for at in range(0, len(known), step)]
    return [sum(group) / len(group) for group in groups]


def sparkline(curve: Sequence[float]) -> Element | None:
    """The curve's form alone, for a list."""
    points = thinned(curve, _FINEST // 4)
    if not points:
        return None
    path = tag("path", d=_path(points, max(*points, 1e-6)))
    return tag("svg", path, class_="spark", viewBox=_box(), preserveAspectRatio="none", aria_hidden="true")


def plot(curve: Sequence[float], labels: Sequence[str], marked: float | None) -> Element | None:
    """The curve with axes. labels: words under the time axis, evenly spread. marked: where on it (0 to 1)
    the poster was taken."""
    points = thinned(curve, _FINEST)
    if not points:
        return None
    top = next((each for each in _TOPS if each >= max(points)), 1.0)
    told = f"Coverage over time: highest {percent(max(points))}, lowest {percent(min(points))}"
    lines = [_line(0, _HEIGHT * at, _WIDTH, _HEIGHT * at, "grid") for at in (0, 0.5, 1)]
    curve_path = _path(points, top)
    area = f"{curve_path} L{_WIDTH} {_HEIGHT} L0 {_HEIGHT} Z"
    drawn = [tag("path", class_="area", d=area), tag("path", class_="curve", d=curve_path)]
    mark = [] if marked is None else [_line(_WIDTH * marked, 0, _WIDTH * marked, _HEIGHT, "mark")]
    picture = tag(
        "svg", tag("title", told), *lines, *drawn, *mark,
        viewBox=_box(), preserveAspectRatio="none", role="img", aria_label=told,
    )  # fmt: skip
    heights = tag("div", *(tag("span", percent(top * at)) for at in (1, 0.5, 0)), class_="heights")
    times = tag("div", *(tag("span", label) for label in labels), class_="times")
    legend = "Coverage over time" + ("" if marked is None else "; the line marks the pictured frame")
    return tag("figure", tag("figcaption", legend), heights, picture, times, class_="plot")


def percent(share: float) -> str:
    """`5.1%`, with as many digits as tell something."""
    if not math.isfinite(share):
        return "unknown"
    return f"{100 * share:.3g}%" if share < 0.1 else f"{100 * share:.1f}%".replace(".0%", "%")


def _box() -> str:
    return f"0 0 {_WIDTH} {_HEIGHT}"


def _path(points: Sequence[float], top: float) -> str:
    """Each value stands over the middle of its span; the ends are level."""
    step = _WIDTH / len(points)
    heights = [round(_HEIGHT * (1 - value / top)) for value in points]
    middles = [f"L{round(step * (index + 0.5))} {height}" for index, height in enumerate(heights)]
    return " ".join([f"M0 {heights[0]}", *middles, f"L{_WIDTH} {heights[-1]}"])


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    return tag("line", x1=round(x1), y1=round(y1), x2=round(x2), y2=round(y2), class_=kind)
