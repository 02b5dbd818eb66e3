"""The routes of baselines: samples by time and series, unplanned failovers and their reports."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest

from functions import samples
from shared.core.samples import instant
from tests.support.drills import at
from tests.support.routes import functions_of
from tests.test_history import END, Bench

Json = dict[str, Any]
URL = "http://h/api/profiles/lab"


class Routes:
    """The routes over an outage of the lab that has just ended."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.functions = functions_of(samples.blueprint(self.bench.history, lambda: END))

    def get(
        self, function: str, path: str, accept: str = "", **params: str
    ) -> tuple[int, Json | str]:
        """Return status and body of a request; `since` is sent as `from`."""
        asked = {{"since": "from"}.get(name, name): value for name, value in params.items()}
        request = func.HttpRequest(
            method="GET",
            url=f"{URL}/{path}",
            params=asked,
            headers={"accept": accept},
            route_params={"profile": "lab", "failover": path.rpartition("/")[2]},
            body=b"",
        )
        answer = self.functions[function](request)
        text = answer.get_body().decode()
        is_json = answer.mimetype == "application/json"
        return answer.status_code, json.loads(text) if is_json else text

    def samples(self, **params: str) -> list[Json]:
        """Return the samples that are answered."""
        status, body = self.get("get_samples", "samples", **params)
        assert status == 200, body
        assert isinstance(body, dict)
        return list(body["value"])

    def refused(self, function: str = "get_samples", **params: str) -> list[tuple[str, str]]:
        """Return what is said to be wrong."""
        status, body = self.get(function, "samples", **params)
        assert status == 400, body
        assert isinstance(body, dict)
        return [(fault["target"], fault["message"]) for fault in body["error"]["details"]]


@pytest.fixture
def routes() -> Routes:
    """The routes over an outage of the lab that has just ended."""
    return Routes()


def test_the_last_hour_is_the_default(routes: Routes) -> None:
    """In order, every series."""
    told = routes.samples()

    assert {sample["recordKind"] for sample in told} == {"sample"}
    asked = [instant(sample["askedAt"]) for sample in told]
    assert asked == sorted(asked)
    assert at(4_800 - 3_600) <= asked[0] < at(4_800 - 3_600 + 60)
    assert asked[-1] < END
    assert len(told) == 60 * len({sample["series"] for sample in told})


def test_a_period_and_a_series_can_be_asked_for(routes: Routes) -> None:
    """Times with any offset; a plus sign that was not escaped is understood."""
    for since in ("2026-11-22T09:10:00Z", "2026-11-22T10:10:00+01:00", "2026-11-22T10:10:00 01:00"):
        told = routes.samples(since=since, to="2026-11-22T09:12:00Z", series="health")

        assert {s["series"] for s in told} == {"health/amsterdam", "health/virginia"}
        assert len(told) == 4


def test_pages_follow_one_another_though_time_goes_on(routes: Routes) -> None:
    """The next page is of the same hour as the first."""
    status, first = routes.get("get_samples", "samples", **{"$top": "200"})
    assert status == 200
    assert isinstance(first, dict)
    found = list(first["value"])
    link = first["nextLink"]
    while link:
        asked = dict(parse_qsl(urlsplit(link).query))
        assert asked["to"] == "2026-11-22T10:20:00.000Z"
        assert asked["$top"] == "200"
        since = asked.pop("from")
        _, page = routes.get("get_samples", "samples", since=since, **asked)
        assert isinstance(page, dict)
        found += page["value"]
        link = page.get("nextLink")

    assert found == routes.samples()


@pytest.mark.parametrize(
    ("params", "targets"),
    [
        ({"since": "yesterday"}, ["from"]),
        ({"since": "2026-11-22T09:00:00"}, ["from"]),
        ({"since": "2026-11-22", "to": "x"}, ["to", "from"]),
        ({"since": "2026-11-22T09:00:00Z", "to": "2026-11-22T09:00:00Z"}, ["from"]),
        ({"since": "2026-10-01T09:00:00Z"}, ["from"]),
        ({"to": "0001-01-01T00:00:00Z"}, ["to"]),
        ({"to": "9999-12-31T23:59:59Z"}, ["to"]),
    ],
)
def test_what_is_no_period_is_refused(
    routes: Routes, params: dict[str, str], targets: list[str]
) -> None:
    """Every bound that is wrong, with its value and what is right."""
    faults = routes.refused(**params)

    assert [target for target, _ in faults] == targets
    assert all("must be" in message for _, message in faults)
    assert routes.refused("list_failovers", **params) == faults


@pytest.mark.parametrize(
    "params", [{"$top": "0"}, {"$top": "5001"}, {"continuation": "%%%"}, {"continuation": "YQ=="}]
)
def test_what_is_no_page_is_refused(routes: Routes, params: dict[str, str]) -> None:
    """A continuation is opaque, and ours."""
    ((target, _),) = routes.refused(**params)

    assert target == next(iter(params))


def test_failovers_are_listed(routes: Routes) -> None:
    """Of the last week, at a glance."""
    status, body = routes.get("list_failovers", "failovers")

    assert status == 200
    assert isinstance(body, dict)
    (told,) = body["value"]
    assert told["id"] == "20261122T092210.178Z"
    assert (told["endpoint"], told["survivor"]) == ("virginia", "amsterdam")
    assert told["left"] == {
        "after": "2026-11-22T09:22:10.178Z",
        "notAfter": "2026-11-22T09:23:10.098Z",
    }
    assert told["monitorStatus"] == "Degraded"
    assert set(told["returned"]) == {"after", "notAfter"}


def test_a_report_has_a_drill_s_members_but_what_only_a_drill_has(routes: Routes) -> None:
    """Without an RTO nothing is judged; times are measured all the same."""
    status, body = routes.get("get_failover", "failovers/20261122T092210.178Z")

    assert status == 200
    assert isinstance(body, dict)
    assert body["failover"]["endpoint"] == "virginia"
    assert {"drillId", "fault", "audit", "transitions"} & set(body) == set()
    assert {"phases", "milestones", "notReached", "clientDowntime", "envelope"} <= set(body)
    assert [o["verdict"] for o in body["objectives"]] == [None, None]
    assert all(o["secondsMin"] is not None for o in body["objectives"])


def test_an_rto_may_be_asked_for(routes: Routes) -> None:
    """Then the failover is judged by it, in a sentence."""
    path = "failovers/20261122T092210.178Z"
    _, body = routes.get("get_failover", path, rtoSeconds="50")
    assert isinstance(body, dict)
    assert body["objectives"][0]["verdict"] == "missed"
    assert body["objectives"][0]["because"].startswith("Missed: ")

    status, body = routes.get("get_failover", path, rtoSeconds="0")
    assert status == 400


def test_a_report_can_be_read(routes: Routes) -> None:
    """As Markdown, by parameter or by Accept."""
    path = "failovers/20261122T092210.178Z"
    status, text = routes.get("get_failover", path, format="markdown")

    assert status == 200
    assert isinstance(text, str)
    assert text.startswith("# Unplanned failover 20261122T092210.178Z\n")
    assert "left endpoint **virginia** for **amsterdam**" in text
    assert "Traffic Manager then said Degraded" in text
    assert "## Where the time went" in text
    assert "## Verdict" not in text
    assert routes.get("get_failover", path, accept="text/markdown") == (200, text)
    _, judged = routes.get("get_failover", path, format="markdown", rtoSeconds="50")
    assert "## Verdict" in judged


def test_what_is_not_there_is_told(routes: Routes) -> None:
    """A failover, or a format."""
    status, body = routes.get("get_failover", "failovers/20261122T090000.000Z")
    assert status == 404
    assert isinstance(body, dict)
    assert body["error"]["code"] == "FailoverNotFound"

    status, body = routes.get("get_failover", "failovers/20261122T092210.178Z", format="pdf")
    assert status == 400


def test_a_failover_s_report_is_a_page_too(routes: Routes) -> None:
    """As a drill's: by `format` or as browsers ask; with the same report for programs in it."""
    path = "failovers/20261122T092210.178Z"
    status, text = routes.get("get_failover", path, format="html", rtoSeconds="50")
    _, asked_for = routes.get("get_failover", path, accept="text/html", rtoSeconds="50")
    _, told = routes.get("get_failover", path, rtoSeconds="50")

    assert status == 200
    assert isinstance(text, str)
    assert text == asked_for
    assert "Unplanned failover of <em>lab</em>" in text
    assert "Failover <strong>MISSED</strong>" in text
    data = re.search(r'<script type="application/json" id="report">(.*?)</script>', text)
    assert data is not None
    assert json.loads(data[1]) == told


def test_a_page_judges_nothing_without_an_rto(routes: Routes) -> None:
    """It tells how long it took; and of no plan, phase or request, for there was none."""
    _, text = routes.get("get_failover", "failovers/20261122T092210.178Z", format="html")

    assert isinstance(text, str)
    assert "How long it took" in text
    assert not any(
        word in text for word in ("MISSED</strong>", "promised (RTO)", "Plan<", ">steady<")
    )
