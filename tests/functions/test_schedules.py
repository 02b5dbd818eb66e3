"""The routes of schedules: status codes, conditions, every fault at once, what came of them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import azure.functions as func
import pytest

from functions import schedules
from tests.support.routes import functions_of
from tests.support.schedules import DUE, MINUTE, Bench

Json = dict[str, Any]
Answer = func.HttpResponse

BODY: Json = {
    "cron": "0 3 * * 1-5",
    "timeZone": "Europe/Berlin",
    "plan": {"profile": "lab", "rtoSeconds": 300},
}
ROUTE = "http://localhost/api/schedules/nightly"


class Routes:
    """The functions of the blueprint, called by name as the worker calls them."""

    def __init__(self, bench: Bench) -> None:
        self._functions = functions_of(schedules.blueprint(bench.service))

    def call(
        self,
        function: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        name: str = "nightly",
    ) -> Answer:
        """Call a function with a request."""
        request = func.HttpRequest(
            method="GET",
            url=f"{ROUTE}?$top=1" if params else ROUTE,
            headers=headers or {},
            params=params or {},
            route_params={"schedule": name},
            body=b"" if body is None else json.dumps(body).encode(),
        )
        answer: Answer = self._functions[function](request)
        return answer


@pytest.fixture
def bench() -> Bench:
    """Return the service over toys, without a schedule."""
    return Bench()


@pytest.fixture
def routes(bench: Bench) -> Routes:
    """Return its routes."""
    return Routes(bench)


def told(answer: Answer) -> Any:  # noqa: ANN401 - any JSON
    """Return an answer's JSON."""
    return json.loads(answer.get_body())


def faults(answer: Answer) -> list[str]:
    """Return code and target of everything that an answer complains of."""
    return [f"{each['code']} {each['target']}" for each in told(answer)["error"]["details"]]


def test_a_new_schedule_is_created(routes: Routes) -> None:
    """201, with its ETag, its next five times, and everything that was left open."""
    answer = routes.call("put_schedule", BODY)

    view = told(answer)
    assert (answer.status_code, answer.headers["ETag"]) == (201, 'W/"1"')
    assert {name: view[name] for name in BODY} == BODY
    assert (view["enabled"], view["allowedWindows"], view["blockedDates"]) == (True, [], [])
    assert view["next"][0] == {
        "at": "2026-11-24T02:00:00.000Z",
        "localTime": "2026-11-24T03:00:00+01:00",
        "skipReason": None,
    }
    assert [each["localTime"][:10] for each in view["next"]][-2:] == ["2026-11-27", "2026-11-30"]


def test_the_same_schedule_again_is_200_and_the_same_version(routes: Routes) -> None:
    """What GET answers may be sent back: what only the view tells is ignored."""
    first = routes.call("put_schedule", BODY)
    again = routes.call("put_schedule", told(first))

    assert (again.status_code, again.headers["ETag"]) == (200, first.headers["ETag"])


def test_a_changed_schedule_has_a_new_version(routes: Routes) -> None:
    """200, and another ETag."""
    first = routes.call("put_schedule", BODY)
    changed = routes.call("put_schedule", BODY | {"enabled": False})

    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert told(changed)["next"] == []


def test_a_schedule_can_be_read(routes: Routes) -> None:
    """With its ETag; 304 for who has this version already."""
    routes.call("put_schedule", BODY)

    answer = routes.call("get_schedule")
    again = routes.call("get_schedule", headers={"If-None-Match": answer.headers["ETag"]})

    assert (answer.status_code, told(answer)["name"]) == (200, "nightly")
    assert (again.status_code, again.get_body()) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]


def test_an_unknown_schedule_is_404(routes: Routes) -> None:
    """Its occurrences too; deleting it is 204 all the same."""
    answers = [routes.call(name) for name in ("get_schedule", "list_occurrences")]

    assert [answer.headers["x-ms-error-code"] for answer in answers] == ["ScheduleNotFound"] * 2
    assert routes.call("delete_schedule").status_code == 204


CONDITIONS = {
    "stale": ({"If-Match": 'W/"7"'}, 412),
    "one of several": ({"If-Match": 'W/"7", W/"1"'}, 200),
    "any": ({"If-Match": "*"}, 200),
    "must be new": ({"If-None-Match": "*"}, 412),
    "none": ({}, 200),
}


@pytest.mark.parametrize(("headers", "status"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions_guard_a_change(routes: Routes, headers: dict[str, str], status: int) -> None:
    """412 where the version is another; nothing is written then."""
    routes.call("put_schedule", BODY)

    answer = routes.call("put_schedule", BODY | {"enabled": False}, headers)

    assert answer.status_code == status
    assert told(routes.call("get_schedule"))["enabled"] is (status == 412)


def test_a_condition_guards_a_deletion(routes: Routes) -> None:
    """412 with a stale version, 204 with the current one."""
    etag = routes.call("put_schedule", BODY).headers["ETag"]

    stale = routes.call("delete_schedule", headers={"If-Match": "stale"})
    current = routes.call("delete_schedule", headers={"If-Match": etag})

    assert (stale.status_code, current.status_code) == (412, 204)
    assert routes.call("get_schedule").status_code == 404


def test_the_documented_schedule_can_be_kept(routes: Routes) -> None:
    """The example is what the page says it is."""
    page = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text()
    example = page.split("```json")[1].split("```")[0]

    answer = routes.call("put_schedule", json.loads(example))

    assert answer.status_code == 201
    assert {each["skipReason"] for each in told(answer)["next"]} == {None}


def test_every_fault_of_a_body_is_told_at_once(routes: Routes) -> None:
    """What cannot be read and what makes no sense, side by side, each with its path."""
    answer = routes.call(
        "put_schedule",
        {
            "cron": "0 3 30 2 *",
            "timeZone": "Europe/Berlni",
            "plan": {"profile": "lab", "rtoSeconds": -1, "steadySeconds": "1"},
            "enabled": "yes",
            "often": True,
            "allowedWindows": [{"days": ["mon", "someday"], "from": "22:00", "to": "6"}],
            "blockedWindows": [{"from": "22:00"}],
            "blockedDates": ["24.12.2026"],
        },
    )

    assert answer.status_code == 400
    assert sorted(faults(answer)) == [
        "InvalidValue allowedWindows[0].days[1]",
        "InvalidValue allowedWindows[0].to",
        "InvalidValue blockedDates[0]",
        "InvalidValue enabled",
        "InvalidValue plan.steadySeconds",
        "InvalidValue timeZone",
        "MissingValue blockedWindows[0].to",
        "NeverFires cron",
        "UnknownMember often",
    ]
    assert routes.call("get_schedule").status_code == 404


REFUSED: dict[str, tuple[object, list[str]]] = {
    "nothing": ({}, ["MissingValue cron", "MissingValue timeZone", "MissingValue plan"]),
    "no object": ([BODY], ["InvalidValue "]),
    "no zone": (
        {"cron": "?", "plan": BODY["plan"]},
        ["MissingValue timeZone", "InvalidValue cron"],
    ),
    "a plan out of range": (
        BODY | {"plan": {"profile": "lab", "rtoSeconds": 0, "holdSeconds": -1}},
        ["InvalidValue plan.rtoSeconds", "InvalidValue plan.holdSeconds"],
    ),
    "a null plan": (BODY | {"plan": None}, ["MissingValue plan"]),
}


@pytest.mark.parametrize(("body", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_named(routes: Routes, body: object, expected: list[str]) -> None:
    """By code and JSON path."""
    answer = routes.call("put_schedule", body)

    assert (answer.status_code, faults(answer)) == (400, expected)


@pytest.mark.parametrize("name", ["-x", "a_b", "ü", "x" * 47])
def test_a_name_must_make_a_drills_id(routes: Routes, name: str) -> None:
    """Letters, digits and hyphens, and short enough for the time behind it."""
    assert faults(routes.call("put_schedule", BODY, name=name)) == ["InvalidValue name"]


def test_schedules_are_listed_by_name(routes: Routes) -> None:
    """Each with its next times."""
    for name in ("weekly", "nightly"):
        routes.call("put_schedule", BODY, name=name)

    listed = told(routes.call("list_schedules"))["value"]

    assert [each["name"] for each in listed] == ["nightly", "weekly"]
    assert all(each["next"] for each in listed)


def test_occurrences_tell_what_came_and_what_comes(bench: Bench, routes: Routes) -> None:
    """A drill by its id, a skip by its reason, and the next five."""
    routes.call("put_schedule", BODY | {"blockedDates": ["2026-11-25", "2026-11-27"]})
    bench.run(DUE)
    bench.run(DUE + 24 * 60 * MINUTE)

    answer = told(routes.call("list_occurrences"))

    blocked, started = answer["value"]
    assert (started["outcome"], started["drillId"]) == ("started", "nightly-20261124t020000z")
    assert started["localTime"] == "2026-11-24T03:00:00+01:00"
    assert (blocked["outcome"], blocked["reason"]) == ("skipped", "OnBlockedDate")
    assert (blocked["drillId"], blocked["message"]) == (None, "The date was blocked.")
    reasons = [each["skipReason"] for each in answer["next"]]
    assert reasons == [None, "OnBlockedDate", None, None, None]


def test_occurrences_come_in_pages(bench: Bench, routes: Routes) -> None:
    """Newest first, behind an opaque link."""
    routes.call("put_schedule", BODY)
    for night in range(3):
        bench.run(DUE + night * 24 * 60 * MINUTE)

    first = told(routes.call("list_occurrences", params={"$top": "2"}))
    address, _, query = first["nextLink"].partition("?")
    rest = told(routes.call("list_occurrences", params=dict(parse_qsl(query))))

    assert (address, parse_qsl(query)[0]) == (ROUTE, ("$top", "2"))
    assert [each["at"][:10] for each in first["value"]] == ["2026-11-26", "2026-11-25"]
    assert [each["at"][:10] for each in rest["value"]] == ["2026-11-24"]
    assert "nextLink" not in rest


@pytest.mark.parametrize("params", [{"$top": "0"}, {"$top": "501"}, {"continuation": "x"}])
def test_a_page_that_is_none_is_refused(routes: Routes, params: dict[str, str]) -> None:
    """By name."""
    routes.call("put_schedule", BODY)

    answer = routes.call("list_occurrences", params=params)

    assert faults(answer) == [f"InvalidValue {next(iter(params))}"]
