"""The routes that list and show drills: newest first, page by page, and what a cache may keep."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import azure.functions as func
import pytest

from functions.drills import looking
from shared.core.errors import InvalidInput
from shared.core.model import Drill, Ending, Phase
from shared.core.plan import Plan
from shared.drills import View
from tests.support.drills import a_drill, at
from tests.support.memory import MemoryDrills
from tests.support.routes import functions_of

Json = dict[str, Any]


class ShownDrills:
    """The drills of a memory store, as their routes ask for them."""

    def __init__(self, store: MemoryDrills) -> None:
        self.open, self.closed, self.state = store.open_drills, store.closed, store.load

    def get(self, drill_id: str) -> View:
        """Return one drill; nothing is seen of it."""
        return View(self.state(drill_id), "", None, {})


class Routes:
    """The routes, over a store with three closed drills and an open one."""

    def __init__(self) -> None:
        self.store = MemoryDrills()
        for number in (1, 2, 3):
            self.close(self.store.create(plain(f"d{number}", "lab")), number * 100)
        self.store.create(plain("d4", "lab"))
        self.close(self.store.create(plain("other", "elsewhere")), 50)
        shown = ShownDrills(self.store)
        self._functions = functions_of(looking(shown))  # type: ignore[arg-type]

    def close(self, drill: Drill, seconds: float) -> None:
        """Close a drill at that time."""
        ended = replace(drill, phase=Phase.CLOSED, ending=Ending.FINISHED, closed_at=at(seconds))
        self.store.save(ended)

    def call(self, function: str, drill: str = "", **asked: dict[str, str]) -> func.HttpResponse:
        """Call a function with a request."""
        request = func.HttpRequest(
            method="GET",
            url="http://localhost/api/drills",
            headers=asked.get("headers", {}),
            params=asked.get("params", {}),
            route_params={"drill": drill},
            body=b"",
        )
        answer: func.HttpResponse = self._functions[function](request)
        return answer

    def listed(self, **params: str) -> Json:
        """Return one page."""
        told: Json = json.loads(self.call("list_drills", params=params).get_body())
        return told


def plain(drill_id: str, profile: str) -> Drill:
    """Return a drill of that profile."""
    return a_drill(id=drill_id, plan=Plan(profile=profile, rto_seconds=300))


@pytest.fixture
def routes() -> Routes:
    """Return the routes over a store."""
    return Routes()


def names(page: Json) -> list[str]:
    """Return the drills of a page."""
    return [each["id"] for each in page["value"]]


def test_the_running_come_first_then_the_newest(routes: Routes) -> None:
    """As whoever looks wants them."""
    assert names(routes.listed(profile="lab")) == ["d4", "d3", "d2", "d1"]


@pytest.mark.parametrize("top", [1, 2, 3, 4])
def test_pages_follow_each_other_without_loss_or_repetition(routes: Routes, top: int) -> None:
    """Every link leads on; the last page has none."""
    page = routes.listed(profile="lab", **{"$top": str(top)})
    seen = names(page)
    while "nextLink" in page:
        query = {n: v[0] for n, v in parse_qs(urlsplit(page["nextLink"]).query).items()}
        page = routes.listed(**query)
        assert 0 < len(names(page)) <= top
        seen += names(page)

    assert seen == ["d4", "d3", "d2", "d1"]


@pytest.mark.parametrize(
    ("phase", "expected"), [("steady", ["d4"]), ("closed", ["d3", "d2", "d1"]), ("hold", [])]
)
def test_a_phase_is_looked_for(routes: Routes, phase: str, expected: list[str]) -> None:
    """Only those in it are listed."""
    assert names(routes.listed(profile="lab", phase=phase)) == expected


@pytest.mark.parametrize(
    "params", [{"phase": "done"}, {"continuation": "!"}, {"continuation": "_w=="}, {"$top": "0"}]
)
def test_what_cannot_be_listed_is_said(routes: Routes, params: dict[str, str]) -> None:
    """Field, value, and what would be right."""
    answer = routes.call("list_drills", params=params)

    (fault,) = json.loads(answer.get_body())["error"]["details"]
    assert answer.status_code == 400
    assert fault["target"] in params
    assert InvalidInput.code == json.loads(answer.get_body())["error"]["code"]


def test_a_closed_drill_may_be_cached(routes: Routes) -> None:
    """It does not change any more: whoever has its version is told so."""
    version = routes.call("get_drill", "d1").headers["ETag"]

    again = routes.call("get_drill", "d1", headers={"If-None-Match": version})

    assert (again.status_code, again.get_body()) == (304, b"")


def test_a_running_drill_is_told_anew(routes: Routes) -> None:
    """What was seen last changes without its version."""
    version = routes.call("get_drill", "d4").headers["ETag"]

    again = routes.call("get_drill", "d4", headers={"If-None-Match": version})

    assert again.status_code == 200
