"""The page as a browser shows it: by day, by night, on paper and on a telephone."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from shared.core.model import Drill
from shared.core.report import build_report
from shared.core.samples import Timeline
from shared.render.html import to_html
from tests.support.browser import CHROMIUM, Browser, chromium, pages_on_a4
from tests.support.drills import LAB
from tests.support.reports import LAB_TIMELINE
from tests.support.worlds import Sampler, World, a_finished_drill, timeline

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        CHROMIUM is None and os.geteuid() != 0, reason="chromium is not installed (.ci/run does)"
    ),
]

HOSTILE = "<script>document.title='run'</script>\"'><img src=http://evil.test/ onerror=alert(1)>"
PAGES: Mapping[str, tuple[Drill, Timeline]] = {
    "lab": (a_finished_drill(), LAB_TIMELINE),
    "gaps": (
        a_finished_drill(rto_seconds=180),
        timeline(World(), Sampler(gaps=((250.0, 330.0),), loss=0.03, seed=3)),
    ),
    "hostile": (
        replace(
            a_finished_drill(),
            id=HOSTILE,
            started_by=HOSTILE,
            reason=HOSTILE,
            snapshot=replace(
                LAB,
                profile=HOSTILE,
                fqdn=HOSTILE,
                endpoints=(LAB.endpoints[0], replace(LAB.endpoints[1], name=HOSTILE)),
            ),
        ),
        LAB_TIMELINE,
    ),
}
SCREENS: Mapping[str, tuple[int, Mapping[str, str]]] = {
    "light": (1180, {"prefers-color-scheme": "light"}),
    "dark": (1180, {"prefers-color-scheme": "dark"}),
    "tablet": (760, {}),
    "telephone": (375, {}),
    "print": (688, {"media": "print"}),
}
HEIGHT = 700

# Words that lie on other words, in pixels that both cover; text within one picture only.
OVERLAPS = """[...document.querySelectorAll('svg')].flatMap(svg => {
  const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent,
    t.getBoundingClientRect()]);
  return boxes.flatMap(([a, one], i) => boxes.slice(i + 1).filter(([b, other]) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 0.5 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 3
  ).map(([b]) => a + ' / ' + b));
})"""
# Words that reach beyond the picture that they stand in.
CUT = """[...document.querySelectorAll('svg.lanes, svg.bars, svg.gauge')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(t => {
    const box = t.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1;
  }).map(t => t.textContent);
})"""
# Names of lanes that reach into the lanes, or into each other.
CROWDED = """[...document.querySelectorAll('.lane-name')].filter(name => {
  const box = name.getBoundingClientRect();
  return [...name.children].some(c => c.getBoundingClientRect().bottom > box.bottom + 3
    || c.getBoundingClientRect().top < box.top - 3 || c.scrollWidth > c.clientWidth + 1);
}).map(name => name.textContent)"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with a directory of its own."""
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, as files."""
    directory = tmp_path_factory.mktemp("pages")
    for name, (drill, recorded) in PAGES.items():
        page = to_html(build_report(drill, recorded), recorded)
        (directory / f"{name}.html").write_text(page, encoding="utf-8")
    return directory


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("page", PAGES)
def test_nothing_overlaps_and_nothing_is_cut(
    browser: Browser, pages: Path, page: str, screen: str
) -> None:
    """Whatever the names are and however wide the screen, every word can be read."""
    width, media = SCREENS[screen]

    browser.show((pages / f"{page}.html").as_uri(), width, HEIGHT, media)

    assert browser.ask(OVERLAPS) == []
    assert browser.ask(CUT) == []
    assert browser.ask(CROWDED) == []
    assert browser.ask(OVERFLOW) <= 0


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_silent_and_asks_nobody(browser: Browser, pages: Path, page: str) -> None:
    """No console message, no request but for the file itself, no script run."""
    browser.events.clear()

    browser.show((pages / f"{page}.html").as_uri(), 1180, HEIGHT, {})

    assert browser.complaints() == []
    assert browser.requested() <= {"file", "data"}
    assert browser.ask("document.title") != "run"
    assert browser.ask("document.scripts.length") == 1
    assert browser.ask("document.images.length") == 0


def test_night_is_dark_and_day_is_light(browser: Browser, pages: Path) -> None:
    """The colours follow the reader's choice."""
    brightness = {}
    for screen in ("light", "dark"):
        browser.show((pages / "lab.html").as_uri(), 480, 300, SCREENS[screen][1])
        picture = browser.screenshot()
        assert not picture.is_blank
        brightness[screen] = picture.brightness

    assert brightness["light"] > 180
    assert brightness["dark"] < 90


def test_paper_is_white_at_night_too(browser: Browser, pages: Path) -> None:
    """Nobody wants to print a black page."""
    night = {"media": "print", "prefers-color-scheme": "dark"}

    browser.show((pages / "lab.html").as_uri(), 480, 300, night)

    assert browser.screenshot().brightness > 180


def test_it_prints_on_a4(browser: Browser, pages: Path) -> None:
    """On a few pages, of the size that the page asks for."""
    browser.show((pages / "lab.html").as_uri(), 1180, HEIGHT, {})

    assert 3 <= pages_on_a4(browser.paper()) <= 8


def test_the_lanes_scroll_in_their_own_box(browser: Browser, pages: Path) -> None:
    """On a telephone the page stays, and so do the lanes' names."""
    browser.show((pages / "lab.html").as_uri(), 375, HEIGHT, {})
    before = browser.ask("document.querySelector('.lane-name').getBoundingClientRect().left")

    browser.ask("document.querySelector('.lane-grid').parentElement.scrollLeft = 300")

    assert browser.ask("document.querySelector('.lane-grid').parentElement.scrollLeft") == 300
    after = browser.ask("document.querySelector('.lane-name').getBoundingClientRect().left")
    assert abs(after - before) <= 20
