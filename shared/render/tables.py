"""The report's tables: the text form of its pictures, to the millisecond."""

import re
from collections.abc import Iterable, Iterator, Sequence

from shared.core.intervals import Elapsed
from shared.core.milestones import Milestone
from shared.core.report import Report
from shared.core.samples import Instant, rfc3339
from shared.render.lanes import Lane
from shared.render.markup import Html, joined, tag
from shared.render.wording import clock_time, observation

ROWS_MAX = 200
"""Of one table; the rest is in the data that the page carries, or in the tables of the drill."""
LONG_WORD = 30
"""A longer word is broken where its line ends, else it would push the others off the paper."""
WORD = re.compile(r"<[^>]*>|\s+")
DAY_MS = 86_400_000

Cells = tuple[object, ...]


class Seconds(str):
    """A number of seconds, to be aligned with those above it."""

    __slots__ = ()


def seconds(value: float | None) -> Seconds:
    """Return the seconds to the millisecond; a dash where nothing bounds them."""
    return Seconds("\u2013" if value is None else f"{value:.3f}".replace("-", "\u2212"))


def table(head: Sequence[str], rows: Iterable[Cells]) -> Html:
    """Return a table that scrolls by itself where it is wider than the page."""
    all_rows = list(rows)
    shown = [tag("tr", *map(_cell, row)) for row in all_rows[:ROWS_MAX]]
    if len(all_rows) > ROWS_MAX:
        more = f"and {len(all_rows) - ROWS_MAX} more"
        shown.append(tag("tr", tag("td", more, colspan=len(head))))
    names = zip(head, all_rows[0] if all_rows else head, strict=True)
    heads = tag("thead", tag("tr", *(_head(name, below) for name, below in names)))
    body = tag("tbody", *shown)
    return tag("div", tag("table", heads, body), class_="scroll", tabindex="0")


def _head(name: str, below: object) -> Html:
    """Return a column's head, aligned as what stands below it."""
    return tag("th", name, scope="col", class_="number" if isinstance(below, Seconds) else None)


def _cell(value: object) -> Html:
    is_long = max(map(len, WORD.split(str(value))), default=0) > LONG_WORD
    class_ = "number" if isinstance(value, Seconds) else ("long" if is_long else None)
    return tag("td", value, class_=class_)


def section(title: str, *content: object) -> Html:
    """Return a part of the page under a heading."""
    return tag("section", tag("h2", title), *content)


def both(elapsed: Elapsed | None) -> tuple[Seconds, Seconds]:
    """Return the two bounds, each in its cell."""
    if elapsed is None:
        return seconds(None), seconds(None)
    return seconds(elapsed.seconds_least), seconds(elapsed.seconds_max)


def when(at: Instant, near: Instant) -> Html:
    """Return a time of day, with the day where it is another than that of `near`."""
    is_same_day = at // DAY_MS == near // DAY_MS
    shown = clock_time(at, with_ms=True) if is_same_day else rfc3339(at)
    return tag("time", shown, datetime=rfc3339(at))


def phases(report: Report) -> Html:
    """Return the phase times beside their promises."""
    head = ("switch", "phase", "at least, s", "at most, s", "promised from, s", "to, s", "compared")
    rows = (
        (t.of, t.name, *both(t.elapsed), *both(t.promised), t.comparison) for t in report.phases
    )
    return section("Phase times", table(head, rows)) if report.phases else Html()


def milestones(report: Report) -> Html:
    """Return the milestones with their bounds and proofs, and why the others were not reached."""
    head = ("milestone", "vantage", "after", "not after", "width, s", "proved by")
    rows = (_milestone(m, report.drill.started_at) for m in report.milestones)
    missing = [
        tag(
            "li",
            tag("code", m.name),
            f" at {m.vantage}" if m.vantage else "",
            f": {m.because}",
        )
        for m in report.not_reached
    ]
    not_reached = tag("h3", "Not reached") + tag("ul", *missing) if missing else ""
    shown = table(head, rows) if report.milestones else tag("p", "None was reached.")
    return section("Milestones", shown, Html(not_reached))


def _milestone(milestone: Milestone, near: Instant) -> Cells:
    after, not_after = milestone.interval
    return (
        tag("code", milestone.name),
        milestone.vantage,
        when(after, near),
        when(not_after, near),
        seconds(milestone.interval.width_seconds),
        _proof(milestone),
    )


def _proof(milestone: Milestone) -> Html:
    proofs = dict.fromkeys(sample for sample in milestone.samples if sample)
    return joined(tag("div", tag("code", proof), class_="proof") for proof in proofs)


def downtime(report: Report) -> Html:
    """Return how long each class of client was failing."""
    if not report.client_downtime:
        return Html()
    head = ("client", "failing at least, s", "at most, s", "failed slots")
    rows = (
        (d.client, *both(d.elapsed), Seconds(str(d.failed_slots))) for d in report.client_downtime
    )
    return section("Client downtime", table(head, rows))


def beside(report: Report) -> Html:
    """Return every vantage's own time."""
    if not report.beside:
        return Html()
    head = ("milestone", "vantage", "since", "at least, s", "at most, s")
    rows = (
        (tag("code", b.name), b.milestone.vantage, tag("code", b.since), *both(b.elapsed))
        for b in report.beside
    )
    return section("Every vantage", table(head, rows))


def envelope(report: Report) -> Html:
    """Return the formulas, each beside what was observed, and the totals beside ours."""
    formulas = table(
        ("formula", "text", "failover takes at least, s", "at most, s", "by the observation"),
        (
            (f.name, tag("code", f.text), *both(f.elapsed), observation(f))
            for f in report.envelope.formulas
        ),
    )
    compared = table(
        ("switch", "took at least, s", "at most, s", "promised from, s", "to, s", "compared", "by"),
        (
            (c.of, *both(c.observed), *both(c.promised), c.comparison, ", ".join(c.phases))
            for c in report.compared
        ),
    )
    return section("Envelope", formulas, compared if report.compared else "")


def findings(report: Report) -> Html:
    """Return what else to know."""
    told = [
        tag("li", tag("code", finding.code), " ", finding.message)
        for finding in report.findings[:ROWS_MAX]
    ]
    more = len(report.findings) - ROWS_MAX
    if more > 0:
        told.append(tag("li", f"and {more} more"))
    return section("Findings", tag("ul", *told) if told else tag("p", "None."))


def cautions(report: Report) -> Html:
    """Return what preflight warned of and forbade nothing for."""
    told = [tag("li", tag("code", c.code), " ", c.message) for c in report.drill.cautions]
    return section("Cautions", tag("ul", *told)) if told else Html()


def samples(report: Report, lanes: Sequence[Lane]) -> Html:
    """Return what the report is made from: counts, gaps, and every lane in words."""
    coverage, error = report.coverage, report.sampling_error
    counted = (
        f"{coverage.count} samples, {coverage.failed} failed, {len(coverage.gaps)} gaps; "
        f"{100 * coverage.attempted_share:.2f} % of the slots were attempted."
    )
    paragraphs = [tag("p", counted)]
    if error is not None:
        told = (
            f"Sampling error of the milestones: median {error.seconds_median:.3f} s, "
            f"at most {error.seconds_max:.3f} s ({error.widest})."
        )
        paragraphs.append(tag("p", told))
    head = ("series", "from", "to", "answered", "samples")
    rows = table(head, _bands(lanes))
    words = tag("details", tag("summary", "What every series answered, in words"), rows)
    return section("Samples", *paragraphs, words if lanes else "")


def _bands(lanes: Sequence[Lane]) -> Iterator[Cells]:
    for lane in lanes:
        for at, band in enumerate(lane.bands):
            since, until = (clock_time(end, with_ms=True) for end in (band.since, band.until))
            series = tag("code", lane.series) if at == 0 else ""
            yield series, since, until, band.says, Seconds(str(band.asked))
