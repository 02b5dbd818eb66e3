"""Holds a report against the truth: what it puts between two bounds must have happened there.

The emulator tells the exact instant of everything it did. For every milestone that such an event
belongs to, the first one after the request (to break, or to restore) must lie within the
milestone's bounds. Milestones of clients have no event: they are judged by samples alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devtools.clock import parse_instant

Json = Mapping[str, Any]
_BREAKING = ("powerOff", "deallocate")
_OFF = ("stopped", "deallocated")
_SERIES = ("dns/authoritative/", "dns/recursive/", "health/", "monitor/", "power/")


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    at: datetime
    kind: str
    subject: str
    value: object


@dataclass(frozen=True)
class Case:
    """What is known of a milestone when its event is looked for."""

    endpoint: str  # the one under test
    subject: str  # the server, resolver or machine that its vantage names


_ANY = Case("", "")  # a request is known by what it asks for


@dataclass(frozen=True)
class Row:
    """Which event is the truth of a milestone."""

    kind: str
    is_it: Callable[[Case, Event], bool]
    of: str  # after which request it is sought


@dataclass(frozen=True)
class Finding:
    """One milestone beside its truth."""

    name: str
    vantage: str
    after: datetime | None
    not_after: datetime | None
    truth: datetime | None
    holds: bool
    because: str = ""


def _of_endpoint(*values: object) -> Callable[[Case, Event], bool]:
    return lambda case, event: event.subject == case.endpoint and event.value in values


def _of_any(*values: str) -> Callable[[Case, Event], bool]:
    return lambda _, event: event.value in values


def _of_machine(*values: str) -> Callable[[Case, Event], bool]:
    return lambda case, event: event.value in values and _same_machine(event.subject, case.subject)


def _names_survivor(case: Case, event: Event) -> bool:
    return event.subject == case.subject and event.value not in (case.endpoint, "", None)


def _names_endpoint(case: Case, event: Event) -> bool:
    return event.subject == case.subject and event.value == case.endpoint


def _same_machine(subject: str, wanted: str) -> bool:
    """Subjects are resource ids; a vantage may be the id, its last segment, or not there."""
    short = wanted.rpartition("/")[2].lower()
    return short in ("", subject.rpartition("/")[2].lower())


_AWAY, _BACK = "failover", "failback"
_VM_ROWS = {
    "faultRequested": Row("powerOperation", _of_any(*_BREAKING), _AWAY),
    "faultEffective": Row("serving", _of_endpoint(False), _AWAY),
    "vmStopped": Row("powerState", _of_machine(*_OFF), _AWAY),
    "restoreRequested": Row("powerOperation", _of_any("start"), _BACK),
    "vmRunning": Row("powerState", _of_machine("running"), _BACK),
    "endpointServing": Row("serving", _of_endpoint(True), _BACK),
}
_DNS_ROWS = {
    "endpointDegraded": Row("endpointMonitorStatus", _of_endpoint("Degraded", "Disabled"), _AWAY),
    "authoritativeSwitched": Row("answer", _names_survivor, _AWAY),
    "resolverSwitched": Row("resolverAnswer", _names_survivor, _AWAY),
    "endpointOnline": Row("endpointMonitorStatus", _of_endpoint("Online"), _BACK),
    "authoritativeBack": Row("answer", _names_endpoint, _BACK),
    "resolverBack": Row("resolverAnswer", _names_endpoint, _BACK),
}
ROWS_BY_FAULT: Mapping[str, Mapping[str, Row]] = {
    "vmPowerOff": _VM_ROWS | _DNS_ROWS,
    "vmDeallocate": _VM_ROWS | _DNS_ROWS,
}


def check(report: Json, truth: Json) -> list[Finding]:
    """Return a finding for every milestone that has a truth; all must hold."""
    events = _events(truth)
    rows = ROWS_BY_FAULT[_fault(report)]
    requests = _requests(rows, events)
    milestones: Sequence[Json] = report["milestones"]
    found = [
        _judge(milestone, row, str(report["endpoint"]), events, requests)
        for milestone in milestones
        if (row := rows.get(milestone["name"])) is not None
    ]
    return [*found, *_unspoken(report, rows)]


def _fault(report: Json) -> str:
    fault = report["fault"]
    return str(fault["kind"] if isinstance(fault, Mapping) else fault)


def _events(truth: Json) -> list[Event]:
    read = [
        Event(parse_instant(event["at"]), event["kind"], event["subject"], event["value"])
        for event in truth["events"]
    ]
    return sorted(read, key=lambda event: event.at)


def _requests(rows: Mapping[str, Row], events: Sequence[Event]) -> dict[str, datetime]:
    """When the fault was asked for, and after that the way back: what the others come after."""
    requests: dict[str, datetime] = {}
    since: datetime | None = None
    for name in ("faultRequested", "restoreRequested"):
        event = next(_matching(rows[name], _ANY, events, since), None)
        if event is None:
            continue  # a drill that could not break anything may still have sent its undo
        requests[rows[name].of] = since = event.at
    return requests


def _matching(
    row: Row, case: Case, events: Sequence[Event], since: datetime | None
) -> Iterator[Event]:
    return (
        event
        for event in events
        if event.kind == row.kind
        and (since is None or event.at >= since)
        and row.is_it(case, event)
    )


def _judge(
    milestone: Json,
    row: Row,
    endpoint: str,
    events: Sequence[Event],
    requests: Mapping[str, datetime],
) -> Finding:
    name, vantage = str(milestone["name"]), str(milestone.get("vantage") or "")
    after, not_after = parse_instant(milestone["after"]), parse_instant(milestone["notAfter"])
    case = Case(endpoint, _subject(vantage))
    event = None
    if row.of in requests:
        event = next(_matching(row, case, events, requests[row.of]), None)
    if event is None:
        because = "the truth has no such event"
        return Finding(name, vantage, after, not_after, None, holds=False, because=because)
    holds = after <= event.at <= not_after
    because = "" if holds else "it happened outside the bounds"
    return Finding(name, vantage, after, not_after, event.at, holds, because)


def _subject(vantage: str) -> str:
    for prefix in _SERIES:
        vantage = vantage.removeprefix(prefix)
    return vantage


def _unspoken(report: Json, rows: Mapping[str, Row]) -> list[Finding]:
    """Milestones that the report neither gives nor says were not reached."""
    told = {milestone["name"] for milestone in report["milestones"]}
    told |= {
        missing["name"] if isinstance(missing, Mapping) else str(missing)
        for missing in report.get("notReached", ())
    }
    because = "the report says nothing of it"
    return [
        Finding(name, "", None, None, None, holds=False, because=because)
        for name in rows
        if name not in told
    ]
