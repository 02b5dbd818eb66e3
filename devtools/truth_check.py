"""Holds a report against the truth: what it puts between two bounds must have happened there.

The emulator tells the exact instant of everything it did. For every milestone that such an event
belongs to, the first one after the request (to break, or to restore) must lie within the
milestone's bounds; one that did not last is passed over, if the report tells of it as a flap.
Milestones of clients have no event: they are judged by samples alone.

Where a failback was held, the endpoint was disabled after the fault and enabled later: that is the
request to restore then, and the machines came back after an earlier one, to undo the fault.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from devtools.clock import parse_instant

Json = Mapping[str, Any]
_BREAKING = ("powerOff", "deallocate")
_OFF = ("stopped", "deallocated")
_HEADERS = "customHeaders="
_SERVER = re.compile(r"(\S+?:\d+)/")
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
    subject: str = ""  # the server, resolver or machine that its vantage names
    header: tuple[str, str] = ("", "")  # what makes probes fail, of the fault probePath


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


def _headers(event: Event) -> list[tuple[str, str]] | None:
    """The custom headers that a write left, names in lower case; None if it named none."""
    told = str(event.value)
    if not told.startswith(_HEADERS):
        return None
    return [(e["name"].lower(), e["value"]) for e in json.loads(told.removeprefix(_HEADERS))]


def _adds_header(case: Case, event: Event) -> bool:
    return event.subject == case.endpoint and case.header in (_headers(event) or ())


def _lacks_header(case: Case, event: Event) -> bool:
    left = _headers(event)
    return event.subject == case.endpoint and left is not None and case.header not in left


# After which request an event is sought: to break, to undo the fault, to let traffic return.
_AWAY, _UNDONE, _BACK = "away", "undone", "back"
_DISABLED = Row("endpointWrite", _of_endpoint("Disabled"), _AWAY)
_ENABLED = Row("endpointWrite", _of_endpoint("Enabled"), _BACK)
_POWERED_OFF = Row("powerOperation", _of_any(*_BREAKING), _AWAY)
_STARTED = Row("powerOperation", _of_any("start"), _BACK)
_HEADER_ADDED = Row("endpointWrite", _adds_header, _AWAY)
_HEADER_TAKEN = Row("endpointWrite", _lacks_header, _BACK)

_DNS_ROWS = {
    "authoritativeSwitched": Row("answer", _names_survivor, _AWAY),
    "resolverSwitched": Row("resolverAnswer", _names_survivor, _AWAY),
    "endpointOnline": Row("endpointMonitorStatus", _of_endpoint("Online"), _BACK),
    "authoritativeBack": Row("answer", _names_endpoint, _BACK),
    "resolverBack": Row("resolverAnswer", _names_endpoint, _BACK),
}


def _rows(broken: Row, undone: Row, status: str) -> dict[str, Row]:
    """The milestones of any fault, by its two requests and the status that shows it."""
    return {
        "faultRequested": broken,
        "faultEffective": broken,
        "endpointDegraded": Row("endpointMonitorStatus", _of_endpoint(status), _AWAY),
        "restoreRequested": undone,
        **_DNS_ROWS,
    }


_VM_ROWS = {
    **_rows(_POWERED_OFF, _STARTED, "Degraded"),
    "faultEffective": Row("serving", _of_endpoint(False), _AWAY),
    "vmStopped": Row("powerState", _of_machine(*_OFF), _AWAY),
    "vmRunning": Row("powerState", _of_machine("running"), _UNDONE),
    "endpointServing": Row("serving", _of_endpoint(True), _UNDONE),
}
ROWS_BY_FAULT: Mapping[str, Mapping[str, Row]] = {
    "vmPowerOff": _VM_ROWS,
    "vmDeallocate": _VM_ROWS,
    "endpointDisable": _rows(_DISABLED, _ENABLED, "Disabled"),
    "probePath": _rows(_HEADER_ADDED, _HEADER_TAKEN, "Degraded"),
}


def check(report: Json, truth: Json) -> list[Finding]:
    """Return a finding for every milestone that has a truth; all must hold."""
    events = _events(truth)
    rows = ROWS_BY_FAULT[_fault(report)]
    case = Case(str(report["endpoint"]), header=_header(report))
    requests = _requests(rows, case, events, _started_at(report))
    if requests.get(_BACK) != requests.get(_UNDONE):
        rows = {**rows, "restoreRequested": _ENABLED}
    flaps = [_Flap.read(flap) for flap in report.get("flaps", ())]
    evidence = _Evidence(case, events, requests, flaps)
    milestones: Sequence[Json] = report["milestones"]
    found = [
        evidence.judge(milestone, row)
        for milestone in milestones
        if (row := rows.get(milestone["name"])) is not None
    ]
    return [*found, *_unspoken(report, rows)]


@dataclass(frozen=True)
class _Flap:
    """A milestone's new state that did not last, as the report tells it."""

    name: str
    vantage: str
    after: datetime
    not_after: datetime

    @classmethod
    def read(cls, told: Json) -> "_Flap":
        after, not_after = parse_instant(told["after"]), parse_instant(told["notAfter"])
        return cls(told["name"], told["vantage"], after, not_after)


@dataclass(frozen=True)
class _Evidence:
    """What a milestone is held against."""

    case: Case
    events: Sequence[Event]
    requests: Mapping[str, datetime]
    flaps: Sequence[_Flap]

    def judge(self, milestone: Json, row: Row) -> Finding:
        """Return whether the first such event lies within the milestone's bounds."""
        name, vantage = str(milestone["name"]), str(milestone.get("vantage") or "")
        after, not_after = parse_instant(milestone["after"]), parse_instant(milestone["notAfter"])
        case = replace(self.case, subject=_subject(vantage))
        since = self.requests.get(row.of)
        for flap in self.flaps:
            is_before = (flap.name, flap.vantage) == (name, vantage) and flap.after < after
            if since is not None and is_before and self._fell_back(row, case, flap):
                since = max(since, flap.after)
        event = None
        if since is not None:
            event = next(_matching(row, case, self.events, since), None)
        if event is None:
            because = "the truth has no such event"
            return Finding(name, vantage, after, not_after, None, holds=False, because=because)
        holds = after <= event.at <= not_after
        because = "" if holds else "it happened outside the bounds"
        return Finding(name, vantage, after, not_after, event.at, holds, because)

    def _fell_back(self, row: Row, case: Case, flap: _Flap) -> bool:
        """Whether what the report calls a flap really was one: only then may it be passed over."""
        subjects = {event.subject for event in _matching(row, case, self.events, None)}
        return any(
            event.kind == row.kind and event.subject in subjects and not row.is_it(case, event)
            for event in self.events
            if flap.after <= event.at <= flap.not_after
        )


def _fault(report: Json) -> str:
    fault = report["fault"]
    return str(fault["kind"] if isinstance(fault, Mapping) else fault)


def _events(truth: Json) -> list[Event]:
    read = [
        Event(parse_instant(event["at"]), event["kind"], event["subject"], event["value"])
        for event in truth["events"]
    ]
    return sorted(read, key=lambda event: event.at)


def _header(report: Json) -> tuple[str, str]:
    told = report.get("probePath") or {}
    return str(told.get("header", "")).lower(), str(told.get("value", ""))


def _started_at(report: Json) -> datetime | None:
    """When the drill began; what was written before was no part of it."""
    return parse_instant(report["startedAt"]) if "startedAt" in report else None


def _requests(
    rows: Mapping[str, Row], case: Case, events: Sequence[Event], since: datetime | None
) -> dict[str, datetime]:
    """When the fault was asked for, and after that the way back: what the others come after."""

    def first(row: Row, after: datetime | None) -> datetime | None:
        return next((event.at for event in _matching(row, case, events, after)), None)

    away = first(rows["faultRequested"], since)
    # A drill that could not break anything may still have sent its undo.
    undone = back = first(rows["restoreRequested"], away or since)
    held = first(_DISABLED, away) if away is not None else None
    if held is not None and rows["faultRequested"] is not _DISABLED:
        back = first(_ENABLED, held)
    known = {_AWAY: away, _UNDONE: undone, _BACK: back}
    return {of: at for of, at in known.items() if at is not None}


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


def _subject(vantage: str) -> str:
    for prefix in _SERIES:
        vantage = vantage.removeprefix(prefix)
    # A client subnet may stand behind a server; the truth knows servers only.
    server = _SERVER.match(vantage)
    return server[1] if server else vantage


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
