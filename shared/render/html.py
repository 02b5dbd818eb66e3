"""A report as one HTML file: no script, no request; every picture is said again in words.

It is a pure function of a drill and its timeline: the same input gives the same bytes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from shared.core.findings import WARNINGS
from shared.core.model import Drill, Phase
from shared.core.plan import Failback, FaultKind
from shared.core.report import Report
from shared.core.samples import Timeline
from shared.render import tables
from shared.render.about import about, configuration, ending, environment
from shared.render.lane_picture import lane_names, lane_picture
from shared.render.lanes import Lane, endpoint_tones, lanes
from shared.render.markup import Html, joined, tag
from shared.render.sheet import sheet
from shared.render.style import STYLE
from shared.render.svg import patterns
from shared.render.verdicts import verdict_cards
from shared.render.waterfall import where_the_time_went
from shared.render.wire import to_wire
from shared.render.wording import clock_time, day

REFRESH_SECONDS = 5
# A page that holds other people's names: nothing in it may run, or ask anybody for anything.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
FAULTS = {
    FaultKind.VM_POWER_OFF: "fails: what runs it is powered off, and later started again",
    FaultKind.VM_DEALLOCATE: "fails: what runs it is deallocated, and later started again",
    FaultKind.ENDPOINT_DISABLE: "is taken out: it is disabled, and later enabled again",
    FaultKind.PROBE_PATH: (
        "is called unhealthy: a header makes its probes fail while it serves on, and is later "
        "taken away"
    ),
}
HELD = " Traffic returned to it only when the failback was released."
IN_JSON = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


class Frame(NamedTuple):
    """What a page has besides its sections: a title, and the report for programs."""

    title: str
    told: Mapping[str, Any]
    refreshes: bool = False


def to_html(report: Report, timeline: Timeline) -> str:
    """Return the whole page; of a running drill one that refreshes itself."""
    drill = report.drill
    title = f"{drill.snapshot.profile}: failover drill {drill.id}"
    frame = Frame(title, to_wire(report), refreshes=drill.phase is not Phase.CLOSED)
    return page(frame, _sections(report, timeline))


def page(frame: Frame, sections: Iterable[Html]) -> str:
    """Return a page of these sections."""
    body = tag("body", patterns(), tag("main", *sections), _data(frame.told))
    return f"<!doctype html>\n{tag('html', _head(frame), body, lang='en')}\n"


def _head(frame: Frame) -> Html:
    refresh = tag("meta", http_equiv="refresh", content=REFRESH_SECONDS)
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        refresh if frame.refreshes else "",
        tag("title", frame.title),
        # Without it, a browser asks the server for a picture of its own.
        tag("link", rel="icon", href="data:,"),
        tag("style", STYLE),
    )


def _sections(report: Report, timeline: Timeline) -> Iterator[Html]:
    yield _header(report)
    yield joined(_warnings(report))
    yield verdict_cards(report)
    yield from measured(report, timeline)
    yield configuration(report.drill)
    yield about(report, timeline)


def measured(report: Report, timeline: Timeline) -> Iterator[Html]:
    """Yield what was measured, in pictures and in words."""
    recorded = lanes(report.drill, timeline)
    yield HOW_TO_READ
    times = where_the_time_went(report)
    yield tables.section("Where the time went", times, READING_BARS) if times else Html()
    yield _lanes(report, recorded)
    yield tables.findings(report)
    yield tables.cautions(report)
    yield tables.phases(report)
    yield tables.milestones(report)
    yield tables.downtime(report)
    yield tables.beside(report)
    yield tables.envelope(report)
    yield tables.samples(report, recorded)


def _header(report: Report) -> Html:
    drill = report.drill
    is_over = drill.phase is Phase.CLOSED
    so_far = f"The report so far \u00b7 refreshes every {REFRESH_SECONDS} s"
    held = HELD if drill.plan.failback is Failback.HOLD else ""
    began = f"{day(drill.started_at)}, {clock_time(drill.started_at)}"
    ended = f" to {clock_time(drill.closed_at)}" if drill.closed_at is not None else ""
    by = f", by {drill.started_by}" if drill.started_by else ""
    return tag(
        "header",
        eyebrow("Drill report" if is_over else so_far, drill),
        tag("h1", "Failover drill of ", tag("em", drill.snapshot.profile)),
        tag(
            "p",
            "What happens when ",
            tag("b", drill.endpoint),
            f" {FAULTS[drill.plan.fault]}.{held}",
            class_="lead",
        ),
        tag("p", f"Drill {drill.id} \u00b7 {began}{ended} UTC{by} \u00b7 {ending(report)}"),
    )


def eyebrow(what: str, drill: Drill) -> Html:
    """Return the line above a page's title: whose page it is, what it is, of which world."""
    return tag(
        "p",
        tag("span", "Switchback", class_="brand"),
        tag("span", what),
        tag("span", environment(drill), class_="badge"),
        class_="eyebrow",
    )


def _warnings(report: Report) -> Iterator[Html]:
    """Yield what weakens everything below, or needs a person now."""
    if report.drill.needs_attention:
        resources = ", ".join(report.drill.fault_resources)
        told = f"The fault may still be in place: look after {resources} by hand."
        yield tag("p", tag("b", "Needs attention. "), told, class_="warning", role="alert")
    for finding in report.findings:
        if finding.code in WARNINGS:
            yield tag("p", finding.message, class_="warning")


HOW_TO_READ = tag(
    "p",
    tag("b", "How to read it. "),
    "Every time is an interval: the truth lies between its two bounds, which two samples prove. ",
    "MET means that even the upper bound keeps the promise, MISSED that even the lower one breaks "
    "it, INCONCLUSIVE that sampling cannot tell.",
    class_="how",
)
READING_BARS = tag(
    "p",
    tag("span", class_="key p0"),
    " surely in this phase ",
    tag("span", class_="key doubtful-key"),
    " somewhere here it began, or ended ",
    tag("span", class_="key promise-key"),
    " where the settings promise its end ",
    tag("span", class_="key unfinished-key"),
    " not seen to end",
    class_="legend",
)
OTHERS = (
    ("fail", "failing, stopped, disabled"),
    ("chng", "changing"),
    ("othr", "other"),
    ("unkn", "not known"),
    ("gap", "not asked: a gap"),
    ("milestone", "milestone, as wide as it is uncertain"),
)


def _lanes(report: Report, recorded: Sequence[Lane]) -> Html:
    title = "What every layer answered"
    if not recorded:
        return tables.section(title, tag("p", "No sample was recorded."))
    placed = sheet(report, recorded)
    picture = tag("div", lane_picture(placed), class_="plot")
    grid = tag("div", lane_names(placed), picture, class_="lane-grid")
    box = tag(
        "div", grid, class_="scroll", tabindex="0", role="region", aria_label="Lanes over time"
    )
    first = clock_time(round(placed.scale.first))
    axis = tag("p", f"Minutes since {first} UTC.", class_="aside")
    return tables.section(title, tag("figure", box, axis, _legend(report.drill)))


def _legend(drill: Drill) -> Html:
    endpoints = [(tone, name) for name, tone in endpoint_tones(drill).items()]
    keys = (
        tag("span", _swatch(tone), f" {name}", class_="entry")
        for tone, name in (*endpoints, *OTHERS)
    )
    return tag("p", *keys, class_="legend")


def _swatch(tone: str) -> Html:
    shape = (
        tag("line", x1="0", x2="26", y1="7", y2="7", class_="gap")
        if tone == "gap"
        else tag("rect", x="1", y="1", width="24", height="12", class_=tone)
    )
    return tag("svg", shape, class_="swatch", width="26", height="14", aria_hidden="true")


def _data(report: Mapping[str, Any]) -> Html:
    """Return the report for programs; no text in it can end the element that holds it."""
    told = json.dumps(report, separators=(",", ":"), allow_nan=False)
    for character, written in IN_JSON.items():
        told = told.replace(character, written)
    return tag("script", Html(told), type="application/json", id="report")
