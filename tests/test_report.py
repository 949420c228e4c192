"""The HTML report: whole, self-contained, harmless whatever files are called, and alive in a browser."""

from __future__ import annotations

import base64
import json
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import cli_folder
import clips
import numpy as np
import pytest
import watched
from hypothesis import given
from hypothesis import strategies as st

from vidstyle import cli, media, report
from vidstyle.errors import InputError, OutputError, UsageError
from vidstyle.progress import Quiet
from vidstyle.report import posters
from vidstyle.report.markup import html, tag
from vidstyle.report.plot import percent, plot, sparkline, thinned
from vidstyle.types import EncodeOptions, Job, Outcome

ALERT = "<script>alert(1)</script>.mp4"
EVIL = (
    ALERT,
    '"><img src=x onerror=alert(1)>.mp4',
    "a\x00\x1b\u202eb.mp4",
    "\udcff.mp4",
    "</style><!--videos-->",
)


class Page(HTMLParser):
    """Elements with their attributes, and the text of the page without its style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self._inside not in ("style", "script"):
            self.words.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def written(target: Path, outcomes: list[Outcome], settings: Job | None = None, jobs: int = 0) -> Page:
    with report.Report(target, settings, Quiet()) as told:
        told.planned(jobs or len(outcomes), 1)
        for outcome in outcomes:
            if outcome.result:
                told.began(outcome.source, outcome.result.plan)
            told.ended(outcome)
    return Page(target.read_text("utf-8"))


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip, and the same one as if it were painted: its second half is another picture."""
    folder = tmp_path_factory.mktemp("report")
    clips.write_clip(folder / "before.mp4", frames=20, sound=False)
    clips.write_clip(folder / "after.mp4", frames=20, sound=False, square=False)
    return folder


def painted(videos: Path, source: str = "before.mp4", **facts: Any) -> Outcome:
    curve = tuple([0.0] * 15 + [0.3] + [0.1] * 4)
    result = watched.result(source, 20, curve=curve, **facts)
    return Outcome(str(videos / source), str(videos / "after.mp4"), "done", result=result)


def test_what_happened_is_told(videos: Path, tmp_path: Path) -> None:
    settings = Job(
        Path("x"), styles=(("starry", 0.7),), classes=("cup",), invert=True, encode=EncodeOptions(crf=20)
    )
    outcomes = [
        painted(videos, notes=("2 damaged packets skipped",)),
        watched.failed("b.mp4", "b.mp4 holds no video"),
        watched.skipped("c.mp4"),
        replace(watched.failed("d.mp4", "a bug", 70), trace="Traceback:\n  line 2"),
    ]
    page = written(tmp_path / "r.html", outcomes, settings, jobs=5)
    text = " ".join(page.words)
    for words in (
        "2 damaged packets skipped", "b.mp4 holds no video", "done before", "Traceback:\n  line 2",
        "starry (0.7)", "cup, inverted", "20", "1 of 5 videos have no outcome", "stylize", "150.0 ms",
        "reds + invert on CPU", "in 10 of 20 frames", "Frame at 0:00.6",
    ):  # fmt: skip
        assert words in text, words
    assert [each["data-status"] for each in page.all("article")] == ["done", "failed", "skipped", "failed"]


def test_times_are_of_the_frames_of_this_run(tmp_path: Path) -> None:
    outcome = watched.done(frames=20, plan=watched.plan(frames=20, kept=10))
    text = " ".join(written(tmp_path / "r.html", [outcome]).words)
    assert "10 frames of an earlier run" in text and "300.0 ms" in text and "2.5 frames/s" in text


def test_nothing_comes_from_elsewhere(videos: Path, tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    page = written(target, [painted(videos)])
    text = target.read_text("utf-8")
    bare = re.sub(r"base64,[\w+/=]+", "", text)
    assert len(bare) < 40_000 and not re.search(r"https?:|url\(|@import|//[a-z]", bare)
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert all((attributes.get(name) or "data:").startswith("data:") for name in ("src", "href"))
    assert len(page.all("script")) == len(page.all("style")) == 1
    (policy,) = [each["content"] for each in page.all("meta") if each.get("http-equiv")]
    assert policy and policy.startswith("default-src 'none'") and "unsafe" not in policy


@pytest.mark.parametrize("name", EVIL)
def test_any_name_is_harmless(name: str, videos: Path, tmp_path: Path) -> None:
    job = Job(Path(name), styles=((name, 1.0),), classes=(name,), segmenter=name)
    bad = replace(watched.failed(name, f"{name} is no video"), trace=name, target=name)
    good = replace(painted(videos, notes=(name,)), source=name)
    harmless = written(tmp_path / "harmless.html", [watched.failed("x"), painted(videos, notes=("x",))])
    page = written(tmp_path / "r.html", [bad, good], job)
    kinds = {tag for tag, _ in page.elements}
    assert kinds <= {tag for tag, _ in harmless.elements} | {"pre", "h2", "section"}
    assert len(page.all("script")) == 1 and len(page.all("article")) == 2
    raw = (tmp_path / "r.html").read_text("utf-8")
    assert not [each for each in raw if (each < " " and each != "\n") or each == "\u202e"]
    if name == ALERT:
        assert "&lt;script&gt;alert(1)" in raw and ALERT in " ".join(page.words)


@given(st.text(), st.text())
def test_text_and_attributes_come_back_as_they_went_in(text: str, value: str) -> None:
    from vidstyle.errors import visible

    page = Page(html(tag("p", text, title=value)))
    assert "".join(page.words) == visible(text)
    assert page.elements == [("p", {"title": visible(value)})]


def test_posters_are_the_frame_where_most_is_painted(videos: Path) -> None:
    pictures = posters.taken(painted(videos), 96, None)
    assert pictures.before and pictures.after and not pictures.lack
    assert (pictures.before.width, pictures.before.height) == (96, 72)
    assert 15 / 20 - 0.03 < pictures.share < 16 / 20 and pictures.length == pytest.approx(0.8)
    full = posters.taken(painted(videos), 640, None).before
    assert full and (full.width, full.height) == clips.SIZE  # never larger than the video
    assert distance(full, clips.picture(15)) < 12 < distance(full, clips.picture(12))


def test_posters_of_a_part_show_the_same_frame(videos: Path) -> None:
    part = clips.write_clip(videos / "part.mp4", frames=10, sound=False)  # as frames 7 to 17
    for start in (Fraction(7, 25), Fraction(13, 50), Fraction(27, 100)):
        pictures = posters.taken(
            Outcome(
                str(videos / "before.mp4"),
                str(part),
                "done",
                result=watched.result(frames=10, curve=(0, 0, 0, 0, 1.0, 0, 0, 0, 0, 0)),
            ),
            640,
            start,
        )
        assert pictures.before and distance(pictures.before, clips.picture(11)) < 12


def distance(poster: media.Poster, picture: np.ndarray) -> float:
    """Mean difference in the rows where the square moves."""
    context = av.CodecContext.create("mjpeg", "r")
    frames = [*context.decode(av.Packet(poster.jpeg)), *context.decode(None)]
    rgb = frames[0].to_ndarray(format="rgb24").astype(float)
    return float(abs(rgb - picture)[30:50].mean())


@pytest.mark.parametrize("curve", [(), (0.0, 0.0), (0.0, 1.0)])
def test_the_fullest_moment(curve: tuple[float, ...]) -> None:
    assert posters.fullest(curve) == (0.75 if any(curve) else 0.5)


def test_what_cannot_be_pictured_is_said(videos: Path, tmp_path: Path) -> None:
    import os

    gone = replace(painted(videos), source=str(tmp_path / "gone.mp4"))
    pictures = posters.taken(gone, 640, None)
    assert pictures.after and not pictures.before and "gone.mp4" in pictures.lack
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    assert "text.mp4" in posters.taken(replace(gone, target=str(text)), 640, None).lack
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a file" in posters.taken(replace(gone, target=str(pipe)), 640, None).lack  # and never waits
    page = written(tmp_path / "r.html", [gone])
    assert len(page.all("img")) == 1 and not [each for each in page.all("input") if each["type"] == "range"]
    with pytest.raises(InputError):
        media.poster(videos / "before.mp4", Fraction(99), 640)


def test_many_videos_get_smaller_pictures_then_none() -> None:
    assert posters.size(200, 199) == 640 and posters.size(201, 0) == posters.size(5000, 999) == 240
    assert posters.size(5000, 1000) == 0


def test_thousands_of_rows_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posters, "MOST", 100)
    curve = tuple(index % 7 / 7 for index in range(1024))
    page = written(tmp_path / "r.html", [watched.done(f"{index}.mp4", curve=curve) for index in range(101)])
    assert (tmp_path / "r.html").stat().st_size < 8_000 * 101
    assert "The first 100 videos have pictures" in " ".join(page.words)
    assert not [each for each in page.all("details") if "open" in each]


@given(st.lists(st.floats(allow_nan=True), max_size=1100))
def test_any_curve_can_be_drawn(curve: list[float]) -> None:
    points = thinned(curve, 400)
    assert len(points) <= 400 and bool(points) == bool(curve)
    for drawn in (plot(curve, ["0", "1"], 0.5), sparkline(curve)):
        assert (drawn is not None) == bool(curve)
        assert drawn is None or not re.search(r"\d(nan|inf)|[ ML\"](nan|inf|-)", html(drawn))
    assert percent(0.0512) == "5.12%" and percent(0.5) == "50%" and percent(float("nan")) == "unknown"


def test_a_stopped_batch_has_a_report(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    with pytest.raises(KeyboardInterrupt), report.Report(target, None, Quiet()) as told:
        told.planned(3, 1)
        told.began("a.mp4", watched.plan())
        told.ended(watched.done())
        told.began("b.mp4", watched.plan("b.mp4"))
        raise KeyboardInterrupt
    text = " ".join(Page(target.read_text()).words)
    assert "In work: b.mp4." in text
    assert "Stopped before its end (interrupted): 2 of 3 videos have no outcome" in text


def test_a_signal_amid_the_pictures_loses_no_outcome(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posters, "taken", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "r.html", [painted(videos)])
    assert len(Page((tmp_path / "r.html").read_text()).all("article")) == 1


def test_a_batch_that_never_began_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(InputError), report.Report(tmp_path / "r.html", None, Quiet()):
        raise InputError("nothing to do")
    assert not list(tmp_path.iterdir())


def test_a_report_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> Iterator[str]:
        yield "<!doctype html>"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vidstyle.report.report.page", cut)
    with pytest.raises(OutputError, match="no space left"):
        written(tmp_path / "r.html", [watched.done()])
    assert not list(tmp_path.iterdir())


def test_an_older_report_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    written(target, [watched.done()])
    written(target, [watched.failed()])
    assert "it holds no video" in target.read_text()
    target.write_text("<!doctype html><p>my diary")
    with pytest.raises(OutputError, match="no report of vidstyle"):
        report.check(target)
    with pytest.raises(UsageError, match=r"ends in \.html"):
        report.check(tmp_path / "clip.mp4")
    with pytest.raises(OutputError, match=r"does not exist; name another with --report"):
        report.check(tmp_path / "no" / "r.html")


def test_everything_is_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from vidstyle.progress.lines import Lines

    clock = watched.Ticks()
    watched.batch(Lines(clock), clock)
    alone = capsys.readouterr()
    clock = watched.Ticks()
    with report.Report(tmp_path / "r.html", None, Lines(clock)) as told:
        watched.batch(told, clock)
    assert capsys.readouterr() == alone


def test_the_command_writes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = cli_folder.fill(tmp_path)
    (folder / "in").mkdir()
    (folder / "clip.mp4").rename(folder / "in" / "clip.mp4")
    (folder / "in" / "text.mp4").write_text("no video" * 99)
    target, flags = folder / "r.html", cli_folder.flags(folder)
    command = [str(folder / "in"), "-o", str(folder / "out"), "--report", str(target), *flags]
    assert cli.code([*command[:4], str(folder / "r.mp4"), *flags]) == 2
    assert not (folder / "out").exists()
    capsys.readouterr()
    assert cli.code(command) == 1
    assert f"wrote {target}" in capsys.readouterr().err
    page = Page(target.read_text())
    assert sorted(str(each["data-status"]) for each in page.all("article")) == ["done", "failed"]
    assert len(page.all("img")) == 2
    assert (
        cli.code([str(folder / "in" / "text.mp4"), *command[1:2], str(folder / "o.mp4"), *command[3:]]) == 3
    )
    assert "text.mp4" in target.read_text() and "wrote" not in capsys.readouterr().err


@pytest.fixture(scope="module")
def opened(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page of a mixed batch in a browser."""
    from browser import chromium

    folder = tmp_path_factory.mktemp("browser")
    outcomes = [
        painted(videos),
        watched.failed(ALERT, f"{ALERT} is no video"),
        replace(painted(videos, coverage=0.9), source="zebra.mp4"),
        watched.skipped("c.mp4"),
        watched.failed('"><img src=x onerror=alert(1)>.mp4'),
    ]
    written(folder / "r.html", outcomes)
    with chromium(folder / "profile") as driver:
        driver.get((folder / "r.html").as_uri())
        yield driver


def names(driver: Any) -> list[str]:
    script = "return [...document.querySelectorAll('.video:not([hidden]) h3')].map(e => e.textContent)"
    return [Path(name).name for name in driver.execute_script(script)]


def test_in_a_browser_nothing_is_wrong_or_fetched(opened: Any) -> None:
    assert opened.title == "vidstyle report"
    assert opened.execute_script("return document.querySelectorAll('script').length") == 1
    assert opened.execute_script("return [...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert opened.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    asked = [
        each["params"]["request"]["url"]
        for each in sent
        if each["method"] == "Network.requestWillBeSent"
        and not each["params"]["documentURL"].startswith("chrome")  # the new tab's own page
    ]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == [] and asked


def test_the_slider_uncovers_the_picture(opened: Any) -> None:
    from selenium.webdriver import ActionChains, Keys

    slider = opened.find_element("css selector", ".stage input")
    clip = "return getComputedStyle(document.querySelector('.stage .after')).clipPath"
    assert "50%" in opened.execute_script(clip)
    slider.send_keys(Keys.ARROW_RIGHT * 5)
    assert "55%" in opened.execute_script(clip) and "55% before" in slider.get_attribute("aria-valuetext")
    slider.send_keys(Keys.END)
    assert "100%" in opened.execute_script(clip)
    width = slider.size["width"]
    ActionChains(opened).move_to_element_with_offset(slider, int(-0.25 * width), 0).click().perform()
    assert abs(float(re.findall(r"([\d.]+)%", opened.execute_script(clip))[0]) - 25) <= 1
    ActionChains(opened).move_to_element_with_offset(
        slider, int(-0.25 * width), 0
    ).click_and_hold().move_by_offset(int(0.5 * width), 0).release().perform()
    assert abs(float(re.findall(r"([\d.]+)%", opened.execute_script(clip))[0]) - 75) <= 1


def test_rows_are_sorted_and_filtered(opened: Any) -> None:
    from selenium.webdriver.support.ui import Select

    order = Select(opened.find_element("id", "order"))
    order.select_by_value("coverage")
    assert names(opened)[:2] == ["zebra.mp4", "before.mp4"]
    order.select_by_value("status")
    assert names(opened)[0] == Path(ALERT).name and names(opened)[2] == "c.mp4"
    opened.execute_script("document.querySelector('input[value=failed]').click()")
    assert len(names(opened)) == 2 and opened.find_element("id", "shown").text == "2 of 5 shown"
    opened.execute_script("document.querySelector('input[value=all]').click()")
    search = opened.find_element("id", "filter")
    search.send_keys("ZEB")
    assert names(opened) == ["zebra.mp4"]
    search.clear()
    search.send_keys(" ")
    order.select_by_value("place")
    assert names(opened)[0] == "before.mp4" and len(names(opened)) == 5


def test_rows_close_and_open(opened: Any) -> None:
    button = opened.find_element("id", "open")
    count = "return document.querySelectorAll('details[open]').length"
    button.click()
    assert opened.execute_script(count) == 0 and button.text == "Open all"
    button.click()
    assert opened.execute_script(count) == 5


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_narrow_and_dark_screen(scheme: str, opened: Any) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        ground = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
        level = sum(map(int, re.findall(r"\d+", ground)[:3]))
        assert level < 150 if scheme == "dark" else level > 600
        assert opened.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_it_prints_side_by_side(opened: Any) -> None:
    pdf = base64.b64decode(opened.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert pdf.startswith(b"%PDF")
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        script = "return getComputedStyle(document.querySelector('.stage .after')).position"
        assert opened.execute_script(script) == "static"
        assert not opened.find_element("css selector", ".tools").is_displayed()
    finally:
        opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
