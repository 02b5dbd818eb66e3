"""The timeline route: every record once, in time order, page by page."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest

from functions import timelines, undoing
from shared.core.audit import following
from shared.core.errors import Fault, InvalidInput
from shared.core.samples import (
    Act,
    ActionKind,
    ActionRecord,
    Outcome,
    Sample,
    Timeline,
    Transition,
)
from tests.support.drills import VIRGINIA_VM, at
from tests.support.routes import functions_of

Json = dict[str, Any]

ACTION = ActionRecord(
    kind=ActionKind.INJECT, resource=VIRGINIA_VM, operation="powerOff", by="drill", sent_at=at(3)
)
RECORDED = Timeline(
    samples=tuple(
        Sample(series, at(second), at(second) + 5, Outcome.OK)
        for second in range(5)
        for series in ("a", "b")
    ),
    actions=(ACTION,),
    transitions=(Transition(at=at(0), phase="steady"), Transition(at=at(2), phase="failover")),
)
EARLIER = Act(at=at(0), who="ada", where="198.51.100.7", what="stopDrill", subject="d1")
FIRST = following("d1", None, replace(EARLIER, at=at(1)))
AUDITED = replace(RECORDED, audit=(FIRST, following("d1", FIRST, EARLIER)))
"""The second entry's host has a clock that is behind."""


def asked(url: str, recorded: Timeline = RECORDED) -> Json:
    """Return the answer to one request for the timeline."""
    get = functions_of(timelines.blueprint(lambda drill_id: recorded))["get_timeline"]
    request = func.HttpRequest(
        "GET",
        url,
        params=dict(parse_qsl(urlsplit(url).query)),
        route_params={"drill": "d1"},
        body=b"",
    )
    told: Json = json.loads(get(request).get_body())
    return told


def moment(record: Json) -> str:
    """Return when a record happened."""
    return str(record.get("askedAt") or record.get("sentAt") or record.get("at"))


@pytest.mark.parametrize("top", [1, 2, 5, 100])
def test_the_pages_hold_every_record_once_in_time_order(top: int) -> None:
    """However small they are; the links lead from one to the next."""
    url: str | None = f"http://localhost/api/drills/d1/timeline?$top={top}"
    records: list[Json] = []
    while url:
        page = asked(url)
        assert len(page["value"]) <= top
        records += page["value"]
        url = page.get("nextLink")

    assert len(records) == 13
    assert [moment(r) for r in records] == sorted(moment(r) for r in records)
    assert [r["kind"] for r in records if r["recordKind"] == "action"] == ["inject"]


def test_one_series_can_be_asked_for() -> None:
    """Samples only, and only its own."""
    records = asked("http://localhost/api/drills/d1/timeline?series=a")["value"]

    assert {record["series"] for record in records} == {"a"}
    assert len(records) == 5


def test_a_sample_tells_how_long_its_answer_took() -> None:
    """To a tenth of a millisecond, unlike its two times; nothing where nobody answered."""
    answered = Sample("a", at(0), at(0) + 13, Outcome.OK, "v.test", took_tenths=119)
    recorded = Timeline(samples=(answered, Sample("a", at(1), at(3), Outcome.TIMEOUT)))
    records = asked("http://localhost/api/drills/d1/timeline", recorded)["value"]

    assert [record["tookMilliseconds"] for record in records] == [11.9, None]


def test_the_audit_is_part_of_the_timeline() -> None:
    """In time order among the other records, each entry with an id of its own."""
    records = asked("http://localhost/api/drills/d1/timeline", AUDITED)["value"]

    entries = [record for record in records if record["recordKind"] == "audit"]
    assert len(records) == 15
    assert [entry["id"] for entry in entries] == ["audit/00000002", "audit/00000001"]
    assert [moment(r) for r in records] == sorted(moment(r) for r in records)


@pytest.mark.parametrize("top", [1, 5])
def test_the_audit_alone_comes_in_the_order_of_its_chain(top: int) -> None:
    """So whoever takes the hashes again reads it from the beginning, whatever clocks said."""
    url: str | None = f"http://localhost/api/drills/d1/timeline?series=audit&$top={top}"
    entries: list[Json] = []
    while url:
        page = asked(url, AUDITED)
        entries += page["value"]
        url = page.get("nextLink")

    assert [entry["sequence"] for entry in entries] == [1, 2]
    assert entries[1] == {
        "recordKind": "audit",
        "id": "audit/00000002",
        "sequence": 2,
        "at": "2026-11-22T09:00:00.000Z",
        "who": "ada",
        "fromWhere": "198.51.100.7",
        "what": "stopDrill",
        "subject": "d1",
        "outcome": "unknown",
        "detail": "",
        "previous": entries[0]["hash"],
        "hash": AUDITED.audit[1].hash,
    }


def test_a_continuation_is_taken_from_a_link() -> None:
    """Anything else is told."""
    told = asked("http://localhost/api/drills/d1/timeline?continuation=nonsense")

    assert told["error"]["details"][0]["target"] == "continuation"


def test_with_wrong_settings_the_watchdog_runs_and_health_says_why() -> None:
    """The only two functions that there are; values stay in the log."""
    wrong = InvalidInput("…", (Fault("InvalidSetting", "DNS_RESOLVERS", "It is 8.8.8.8."),))
    found = functions_of(undoing.blueprint(lambda: 0, wrong))

    response = found["get_health"](func.HttpRequest("GET", "http://localhost/", body=b""))

    assert set(found) == {"restore_overdue", "get_health"}
    assert response.status_code == 503
    assert json.loads(response.get_body())["problems"] == [
        "The setting DNS_RESOLVERS is missing or wrong."
    ]
