"""The whole page: its head with totals and settings, the words to sort and filter by, and the videos."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources

from vidstyle import __version__
from vidstyle.report import posters
from vidstyle.report.markup import Element, comment, html, raw, tag
from vidstyle.report.plot import percent
from vidstyle.report.row import duration, terms
from vidstyle.types import FEATHER, Job, Outcome, Status

GENERATOR = '<meta name="generator" content="vidstyle '
"""By this, near its beginning, a page is known as ours and may be replaced."""

_STATUSES: tuple[Status, ...] = ("done", "failed", "skipped")
_ORDERS = {
    "place": "in the order they ended",
    "name": "by name",
    "coverage": "by coverage, most first",
    "elapsed": "by time, longest first",
    "frames": "by frames, most first",
    "status": "by status, failed first",
}
_ROWS = "videos"


@dataclass(slots=True)
class Totals:
    """What the outcomes add up to. `jobs`: how many there were to be; `elapsed`: seconds of the batch;
    `begun`: those that were in work when it was stopped."""

    jobs: int = 0
    elapsed: float = 0.0
    stopped: str = ""
    begun: tuple[str, ...] = ()
    counts: dict[Status, int] = field(default_factory=lambda: dict.fromkeys(_STATUSES, 0))
    frames: int = 0
    painted: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.counts[outcome.status] += 1
        if outcome.result is not None:
            self.frames += outcome.result.frames
            self.painted += outcome.result.frames * outcome.result.coverage

    @property
    def over(self) -> int:
        """Jobs that have ended."""
        return sum(self.counts.values())


def page(totals: Totals, rows: Sequence[str], settings: Job | None) -> Iterator[str]:
    """The page in pieces; rows: one piece of HTML for each video."""
    before, _, after = html(_frame(totals, settings)).partition(f"<!--{_ROWS}-->")
    yield "<!doctype html>\n"
    yield before
    yield from rows
    yield after + "\n"


def _frame(totals: Totals, settings: Job | None) -> Element:
    style, script = _asset("page.css"), _asset("page.js")
    main = tag("main", _head(totals, settings), _tools(totals), tag("div", comment(_ROWS), id="videos"))
    body = tag("body", main, raw("script", script))
    return tag("html", _meta(style, script), body, lang="en")


def _meta(style: str, script: str) -> Element:
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="generator", content=f"vidstyle {__version__}"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", "vidstyle report"),
        tag("link", rel="icon", href="data:,"),
        raw("style", style),
    )


def _asset(name: str) -> str:
    return resources.files("vidstyle.report").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _head(totals: Totals, settings: Job | None) -> Element:
    now = datetime.now().astimezone()
    made = tag("time", now.strftime("%Y-%m-%d %H:%M %Z"), datetime=now.isoformat(timespec="seconds"))
    return tag(
        "header",
        tag("h1", "vidstyle report"),
        tag("p", made, class_="made"),
        _stopped(totals),
        _figures(totals),
        _settings(settings) if settings else None,
    )


def _stopped(totals: Totals) -> Element | None:
    left = totals.jobs - totals.over
    if not left and not totals.stopped:
        return None
    reason = f" ({totals.stopped})" if totals.stopped else ""
    words = f"Stopped before its end{reason}: {left:,} of {totals.jobs:,} videos have no outcome."
    begun = f" In work: {', '.join(totals.begun)}." if totals.begun else None
    return tag("p", words, begun, class_="stopped", role="status")


def _figures(totals: Totals) -> Element:
    counts = [(status, f"{count:,}") for status, count in totals.counts.items() if count or status == "done"]
    share = totals.painted / totals.frames if totals.frames else None
    speed = f"{totals.frames / totals.elapsed:.1f}" if totals.frames and totals.elapsed else None
    more = [
        ("frames", f"{totals.frames:,}" if totals.frames else None),
        ("painted", None if share is None else percent(share)),
        ("time", duration(totals.elapsed)),
        ("frames/s", speed),
    ]
    shown = [(name, text) for name, text in (*counts, *more) if text is not None]
    tiles = [tag("div", tag("dt", name), tag("dd", text), class_=f"tile {name}") for name, text in shown]
    return tag("dl", *tiles, class_="tiles")


def _settings(job: Job) -> Element:
    styles = ", ".join(f"{name} ({weight:g})" if weight != 1 else name for name, weight in job.styles)
    part = " to ".join(f"{float(t):g} s" if t is not None else "..." for t in (job.start, job.end))
    encode = job.encode
    options = ", ".join(f"{key}={value}" for key, value in encode.options.items())
    facts: list[tuple[str, object, bool]] = [
        ("Style", styles or "the default", True),
        ("Class", ", ".join(job.classes) + (", inverted" if job.invert else ""), True),
        ("Strength", f"{job.strength:g}", job.strength != 1),
        ("Colour", "the source's", job.preserve_color),
        ("Feather", f"{job.feather:g} px", job.feather != FEATHER),
        ("Threshold", job.threshold, job.threshold is not None),
        ("Part", part, job.start is not None or job.end is not None),
        ("Codec", encode.codec, encode.codec is not None),
        ("CRF", encode.crf, encode.crf is not None),
        ("Preset", encode.preset, encode.preset is not None),
        ("Encoder options", options, bool(options)),
        ("Segmenter", job.segmenter, job.segmenter is not None),
        ("Stylizer", job.stylizer, job.stylizer is not None),
        ("Device", job.device, True),
    ]
    return tag("section", tag("h2", "Settings"), terms([(k, str(v)) for k, v, said in facts if said]))


def _tools(totals: Totals) -> Element | None:
    few = None
    if totals.over > posters.MOST:
        few = tag("p", f"The first {posters.MOST:,} videos have pictures, small ones.", class_="few")
    elif totals.jobs > posters.MANY:
        few = tag("p", f"Pictures are small, as there are more than {posters.MANY:,} videos.", class_="few")
    statuses = [("all", totals.over), *((s, totals.counts[s]) for s in _STATUSES if totals.counts[s])]
    choices = [_choice(status, count) for status, count in statuses]
    orders = [tag("option", words, value=key) for key, words in _ORDERS.items()]
    tools = tag(
        "div",
        tag("label", tag("span", "Name"), tag("input", type="search", id="filter", autocomplete="off")),
        tag("fieldset", tag("legend", "Show"), *choices),
        tag("label", tag("span", "Sort"), tag("select", *orders, id="order", autocomplete="off")),
        tag("button", "Open all", type="button", id="open"),
        tag("p", id="shown", role="status"),
        class_="tools",
        hidden=True,
    )
    return tag("section", tag("h2", "Videos"), few, tools)


def _choice(status: str, count: int) -> Element:
    radio = tag(
        "input", type="radio", name="status", value=status, checked=status == "all", autocomplete="off"
    )
    return tag("label", radio, tag("span", f"{status} {count:,}"))
