"""One video of the page: a line that tells how it went, and below it the pictures and the figures."""

from __future__ import annotations

import base64

from vidstyle.media import Poster
from vidstyle.report.markup import Element, raw, tag
from vidstyle.report.plot import percent, plot, sparkline
from vidstyle.report.posters import Pictures
from vidstyle.types import JobResult, Outcome, Plan


def row(outcome: Outcome, place: int, pictures: Pictures, plan: Plan | None, opened: bool) -> Element:
    """place: 0 for the video that ended first. plan: of a video that failed after its beginning."""
    result = outcome.result
    return tag(
        "article",
        tag("details", _summary(outcome), _body(outcome, pictures, plan), open=opened),
        class_="video",
        data_status=outcome.status,
        data_name=outcome.source,
        data_place=place,
        data_coverage=round(result.coverage, 6) if result and result.coverage >= 0 else -1,
        data_frames=result.frames if result else -1,
        data_elapsed=round(result.elapsed, 3) if result else -1,
    )


def _summary(outcome: Outcome) -> Element:
    result = outcome.result
    figures = (
        [
            tag("span", sparkline(result.curve), class_="form"),
            tag("span", percent(result.coverage), class_="figure coverage"),
            tag("span", f"{result.frames:,} frames", class_="figure"),
            tag("span", duration(result.elapsed), class_="figure"),
        ]
        if result
        else []
    )
    reason = tag("span", outcome.reason, class_="reason") if outcome.reason else None
    status = tag("span", outcome.status, class_=f"status {outcome.status}")
    name = tag("h3", tag("bdi", outcome.source))
    return tag("summary", status, name, tag("span", *figures, class_="figures"), reason)


def _body(outcome: Outcome, pictures: Pictures, plan: Plan | None) -> Element:
    result = outcome.result
    known = result.plan if result else plan
    left = tag("div", _compare(pictures, outcome.source), _facts(outcome, known), class_="looks")
    told = [
        _notes(outcome, pictures),
        _plot(result, pictures) if result else None,
        _timings(result) if result else None,
        raw("pre", outcome.trace) if outcome.trace else None,
    ]
    right = tag("div", *told, class_="measures") if any(each is not None for each in told) else None
    return tag("div", left, right, class_="body")


def _compare(pictures: Pictures, name: str) -> Element | None:
    if pictures.after is None:
        return None
    shape = " tall" if pictures.after.height > pictures.after.width else ""
    at = f"Frame at {clock(pictures.at)}" if pictures.length else "A frame"
    if pictures.before is None:
        after = tag("div", _image(pictures.after, "after", f"{name}: painted"), class_="one")
        return tag("figure", after, tag("figcaption", f"{at}, painted"), class_=f"compare{shape}")
    stage = tag(
        "div",
        _image(pictures.before, "before", f"{name}: before"),
        _image(pictures.after, "after", f"{name}: after"),
        tag("span", "before", class_="label left", aria_hidden="true"),
        tag("span", "after", class_="label right", aria_hidden="true"),
        tag("input", type="range", min=0, max=100, value=50, step=1, aria_label=f"Before and after: {name}"),
        class_="stage",
    )
    return tag("figure", stage, tag("figcaption", f"{at}, before and after"), class_=f"compare{shape}")


def _image(poster: Poster, kind: str, told: str) -> Element:
    data = base64.b64encode(poster.jpeg).decode("ascii")
    return tag(
        "img", class_=kind, alt=told, width=poster.width, height=poster.height, decoding="async",
        src=f"data:image/jpeg;base64,{data}",
    )  # fmt: skip


def _plot(result: JobResult, pictures: Pictures) -> Element | None:
    if pictures.length:
        steps = 4 if pictures.length >= 4 else 2  # labels show tenths of a second
        labels = [clock(pictures.length * step / steps) for step in range(steps + 1)]
    else:
        labels = ["0", f"{result.frames // 2:,}", f"{result.frames:,} frames"]
    return plot(result.curve, labels, pictures.share if pictures.length else None)


def _notes(outcome: Outcome, pictures: Pictures) -> Element | None:
    notes = [*(outcome.result.notes if outcome.result else ()), *filter(None, [pictures.lack])]
    return tag("ul", *(tag("li", note) for note in notes), class_="notes") if notes else None


def _timings(result: JobResult) -> Element:
    longest = max(*result.seconds.values(), 1e-9) if result.seconds else 1.0
    frames = result.frames - result.plan.kept  # the others' time was an earlier run's
    rows = [_stage(stage, seconds, frames, longest) for stage, seconds in result.seconds.items()]
    heads = tag("tr", *(tag("th", head, scope="col") for head in ("Stage", "Busy", "A frame", "")))
    whole = tag(
        "tr", tag("th", "whole", scope="row"), tag("td", duration(result.elapsed)),
        tag("td", _each(result.elapsed, frames)), tag("td", f"{result.fps:.1f} frames/s"),
    )  # fmt: skip
    return tag(
        "table", tag("caption", "Time (stages overlap)"), tag("thead", heads), tag("tbody", *rows, whole)
    )


def _stage(stage: str, seconds: float, frames: int, longest: float) -> Element:
    bar = tag("rect", width=round(1000 * seconds / longest), height=10)
    picture = tag("svg", bar, viewBox="0 0 1000 10", preserveAspectRatio="none", aria_hidden="true")
    cells = [tag("td", duration(seconds)), tag("td", _each(seconds, frames)), tag("td", picture)]
    return tag("tr", tag("th", stage, scope="row"), *cells)


def _each(seconds: float, frames: int) -> str:
    return f"{1000 * seconds / frames:.1f} ms" if frames > 0 else ""


def _facts(outcome: Outcome, plan: Plan | None) -> Element:
    facts: list[tuple[str, str]] = [("Input", outcome.source), ("Output", outcome.target or "none")]
    if plan is not None:
        facts += [("Networks", plan.networks), ("Video", f"{plan.decoder} to {plan.codec}")]
        facts += [("Kept", f"{plan.kept:,} frames of an earlier run")] if plan.kept else []
    if outcome.result is not None:
        result = outcome.result
        facts += [("Class found", f"in {result.frames_with_class:,} of {result.frames:,} frames")]
    if outcome.status == "failed":
        facts += [("Exit code", str(outcome.exit_code))]
    return terms(facts)


def terms(facts: list[tuple[str, str]]) -> Element:
    """A list of names and what they stand for."""
    pairs = [tag("div", tag("dt", name), tag("dd", tag("bdi", text))) for name, text in facts]
    return tag("dl", *pairs)


def clock(seconds: float) -> str:
    """A place in a video: `0:03.2`, `1:02:03`."""
    tenths = round(10 * max(0.0, seconds))
    minutes, rest = divmod(tenths, 600)
    if minutes >= 60:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest // 10:02d}"
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


def duration(seconds: float) -> str:
    """A span of time: `3.2 s`, `4 min 05 s`, `2 h 03 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
