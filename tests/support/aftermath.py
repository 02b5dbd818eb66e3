"""What must be true after a drill, whatever happened while it ran; told by the emulated Azure."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from devtools import truth_check
from tests.support.hands import DRILL_HEADER
from tests.support.lab import PROFILE, Lab, at

Json = dict[str, Any]

STOPS = ("powerOff", "deallocate")
STOPPING = ("stopping", "deallocating")
HEADERS = "customHeaders="


def injections(lab: Lab) -> list[datetime]:
    """When ARM accepted a request to stop a machine, to disable an endpoint or to add a header."""
    stops = [e for e in lab.truth("powerOperation") if e["value"] in STOPS]
    writes = [e for e in lab.truth("endpointWrite") if _is_breaking(e["value"])]
    return sorted(at(event["at"]) for event in (*stops, *writes))


def configuration(lab: Lab) -> list[Json]:
    """How every endpoint is configured; what Traffic Manager says of its health is left out."""
    endpoints: list[Json] = lab.must("GET", f"/profiles/{PROFILE}")["endpoints"]
    return [
        {name: value for name, value in each.items() if name != "endpointMonitorStatus"}
        for each in endpoints
    ]


def assert_all_is_well(lab: Lab, report: Json) -> None:
    """All machines run and were broken once at most; nothing is locked or owed; the report is true.

    The report is that of the newest drill.
    """
    assert_nothing_is_left(lab, report)
    assert_true(lab, report, at(report["startedAt"]))


def assert_nothing_is_left(lab: Lab, report: Json) -> None:
    """All machines run and were broken once at most; nothing is locked, owed, or broken later."""
    assert_machines_run(lab)
    assert_nothing_is_held(lab)
    late = [moment for moment in injections(lab) if moment > at(report["closedAt"])]
    assert late == [], late
    assert_broken_once_at_most(lab, at(report["startedAt"]))


def assert_machines_run(lab: Lab) -> None:
    """Whatever became of a machine, it runs."""
    newest = {event["subject"]: event["value"] for event in lab.truth("powerState")}
    assert set(newest.values()) <= {"running"}, newest


def assert_nothing_is_held(lab: Lab) -> None:
    """No drill holds a profile, and no undo is owed."""
    held = [key for _, _, key in lab.tables() if key.startswith(("lock|", "open|"))]
    assert held == [], held


def assert_broken_once_at_most(lab: Lab, since: datetime) -> None:
    """At most one injection took effect, of each sort that there is."""
    stopped = [e for e in _since(lab, "powerState", since) if e["value"] in STOPPING]
    assert len({e["subject"] for e in stopped}) == len(stopped), stopped
    writes = [str(e["value"]) for e in _since(lab, "endpointWrite", since)]
    for sort in (
        ["Enabled", *[w for w in writes if not w.startswith(HEADERS)]],
        [HEADERS, *[w for w in writes if w.startswith(HEADERS)]],
    ):
        broken = [now for was, now in pairwise(map(_is_breaking, sort)) if now and not was]
        assert len(broken) <= 1, sort


def assert_every_write_is_owed(
    lab: Lab, drill_id: str, since: datetime, by_a_person: tuple[str, ...] = ()
) -> None:
    """ARM was asked to change nothing that the drill's ledger and its actions do not name."""
    tables = lab.tables()
    owed = {
        row["resource"].lower()
        for (_, _, key), row in tables.items()
        if key.startswith((f"open|{drill_id}|", f"closed|{drill_id}|"))
    }
    announced = [
        (f"{row['resource']}/{row['operation']}".lower(), row["sentAt"])
        for (_, partition, key), row in tables.items()
        if partition == drill_id and key.startswith("action|")
    ]
    for asked in _asked_of_arm(lab, since):
        resource, _, operation = asked["path"].lower().rpartition("/")
        if operation in by_a_person:
            continue
        if asked["method"] == "PATCH":
            assert asked["path"].lower() in owed, asked
            continue
        assert resource in owed, asked
        told = [sent for what, sent in announced if what == f"{resource}/{operation}"]
        assert min(told) <= at(asked["at"]), asked


def assert_true(lab: Lab, report: Json, since: datetime) -> None:
    """Whatever the report does tell of milestones holds what happened."""
    truth = [event for event in lab.truth() if at(event["at"]) >= since]
    findings = truth_check.check(report, {"events": truth})
    wrong = [finding for finding in findings if not finding.holds]
    assert wrong == [], wrong


def _since(lab: Lab, kind: str, since: datetime) -> list[Json]:
    return [event for event in lab.truth(kind) if at(event["at"]) >= since]


def _asked_of_arm(lab: Lab, since: datetime) -> list[Json]:
    """Every write that has reached ARM, whatever has come of it."""
    asked: list[Json] = lab.stack.arm.get("/emulator/requests").json["requests"]
    return [each for each in asked if each["method"] != "GET" and at(each["at"]) >= since]


def _is_breaking(written: str) -> bool:
    """Whether a write of an endpoint disables it, or adds the drill's header."""
    is_headers = written.startswith(HEADERS)
    return DRILL_HEADER["name"] in written if is_headers else written == "Disabled"
