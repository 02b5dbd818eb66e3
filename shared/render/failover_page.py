"""The report of an unplanned failover as one HTML file, like a drill's."""

from collections.abc import Iterator
from typing import Protocol

from shared.core.intervals import Interval
from shared.core.report import Report
from shared.core.samples import Timeline
from shared.core.unplanned import Failover
from shared.render.about import configuration
from shared.render.failover import Account, report_to_wire
from shared.render.html import Frame, eyebrow, measured, page
from shared.render.markup import Html, tag
from shared.render.tables import section, table
from shared.render.verdicts import verdict_cards
from shared.render.wording import bounds, clock_time, day


class Drawn(Account, Protocol):
    """A failover, what is to be reported of it, and what that is known from."""

    @property
    def timeline(self) -> Timeline:
        """The samples around it."""


def to_html(account: Drawn, rto_seconds: int | None) -> str:
    """Return the whole page; without an RTO nothing is judged."""
    report = account.report
    title = f"{report.drill.snapshot.profile}: unplanned failover {account.failover.id}"
    frame = Frame(title, report_to_wire(account, rto_seconds))
    return page(frame, _sections(account, is_judged=rto_seconds is not None))


def _sections(account: Drawn, *, is_judged: bool) -> Iterator[Html]:
    report = account.report
    yield _header(account)
    yield verdict_cards(report) if is_judged else _times(report)
    yield from measured(report, account.timeline)
    yield configuration(report.drill, is_planned=False)


def _header(account: Account) -> Html:
    failover, drill = account.failover, account.report.drill
    said = failover.monitor_status
    return tag(
        "header",
        eyebrow("Failover report", drill),
        tag("h1", "Unplanned failover of ", tag("em", drill.snapshot.profile)),
        tag(
            "p",
            "DNS left ",
            tag("b", failover.endpoint),
            " for ",
            tag("b", failover.survivor),
            f" between {_between(failover.left)}",
            f"; Traffic Manager then said {said}. " if said else ". ",
            _returned(failover),
            class_="lead",
        ),
        tag("p", f"Seen by samples every {drill.plan.sample_interval_seconds} s, without a drill."),
    )


def _returned(failover: Failover) -> str:
    if failover.returned is None:
        return "It was not seen to return."
    return f"It returned between {_between(failover.returned)}."


def _between(interval: Interval) -> str:
    since, until = interval
    first = f"{day(since)}, {clock_time(since)}"
    last = clock_time(until) if day(since) == day(until) else f"{day(until)}, {clock_time(until)}"
    return f"{first} and {last} UTC"


def _times(report: Report) -> Html:
    """Return how long it took: nothing was promised, so nothing is judged."""
    rows = ((str(each.name).capitalize(), bounds(each.elapsed)) for each in report.objectives)
    return section("How long it took", table(("switch", "time"), rows))
