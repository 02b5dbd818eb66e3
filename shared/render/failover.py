"""An unplanned failover and its report, as JSON-ready values and as Markdown; nothing is judged."""

from collections.abc import Iterator
from typing import Any, Protocol

from shared.core.intervals import Elapsed, Interval, bounds_in_words
from shared.core.report import Report
from shared.core.samples import rfc3339
from shared.core.unplanned import Failover
from shared.render import wire
from shared.render.markdown import joined, sections, text

Wire = dict[str, Any]

OF_DRILLS = (
    "drillId",
    "fault",
    "failback",
    "phase",
    "ending",
    "reason",
    "startedBy",
    "startedAt",
    "closedAt",
    "cautions",
    "transitions",
    "audit",
)
"""Members of a drill's report that only a drill has."""
UNPROMISED = {"rtoSeconds": None, "verdict": None, "because": None}
MEASURED = ("phases", "milestones", "downtime", "vantages", "envelope", "findings", "samples")


class Account(Protocol):
    """A failover and what is to be reported of it."""

    @property
    def failover(self) -> Failover:
        """What was recognised."""

    @property
    def report(self) -> Report:
        """What it showed."""


def to_wire(failover: Failover) -> Wire:
    """Return what is known of a failover at a glance."""
    return {
        "id": failover.id,
        "endpoint": failover.endpoint,
        "survivor": failover.survivor,
        "left": _interval(failover.left),
        "returned": None if failover.returned is None else _interval(failover.returned),
        "monitorStatus": failover.monitor_status,
        "samples": list(failover.samples),
    }


def report_to_wire(account: Account, rto_seconds: int | None) -> Wire:
    """Return the report in a drill's members; without an RTO nothing is judged."""
    told = wire.to_wire(account.report)
    kept = {name: value for name, value in told.items() if name not in OF_DRILLS}
    if rto_seconds is None:
        kept["objectives"] = [each | UNPROMISED for each in kept["objectives"]]
    for each in kept["objectives"]:
        each.pop("sinceRequest", None)
    return {"failover": to_wire(account.failover), **kept}


def report_to_markdown(account: Account, rto_seconds: int | None) -> str:
    """Return the report as one Markdown text; without an RTO nothing is judged."""
    names = ("warnings", *(("verdict",) if rto_seconds else ()), *MEASURED)
    return joined([_title(account), *sections(account.report, *names)])


def _title(account: Account) -> Iterator[str]:
    failover, report = account.failover, account.report
    vantages = report.drill.snapshot.vantages
    said = f"; Traffic Manager then said {failover.monitor_status}"
    yield f"# Unplanned failover {text(failover.id)}"
    yield ""
    yield (
        f"Profile **{text(report.drill.snapshot.profile)}** left endpoint "
        f"**{text(failover.endpoint)}** for **{text(failover.survivor)}** "
        f"{_between(failover.left)}{text(said) if failover.monitor_status else ''}."
    )
    yield f"It {_returned(failover)}."
    for objective in report.objectives:
        yield f"The {objective.name} took {_bounds(objective.elapsed)}."
    yield (
        f"Seen by samples every {report.drill.plan.sample_interval_seconds} s, without a drill. "
        f"Environment: {text(vantages.environment)}, clock speed {vantages.clock_speed:g}."
    )


def _returned(failover: Failover) -> str:
    if failover.returned is None:
        return "was not seen to return"
    return f"returned {_between(failover.returned)}"


def _between(interval: Interval) -> str:
    return f"between {rfc3339(interval.after)} and {rfc3339(interval.not_after)}"


def _bounds(elapsed: Elapsed | None) -> str:
    return "a time that is not known" if elapsed is None else bounds_in_words(elapsed)


def _interval(interval: Interval) -> Wire:
    return {"after": rfc3339(interval.after), "notAfter": rfc3339(interval.not_after)}
