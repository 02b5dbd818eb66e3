"""The report's route: the format that is asked for."""

from collections.abc import Callable, Iterable

import azure.functions as func
import pytest

from functions.reports import blueprint
from shared.core.model import Drill
from shared.core.samples import Instant, Timeline
from shared.reports import Reports
from tests.support.drills import START
from tests.support.reports import LAB_TIMELINE
from tests.support.routes import functions_of
from tests.support.worlds import a_finished_drill


class Recorded:
    """A drill and its timeline, whoever asks."""

    def load(self, drill_id: str) -> Drill:
        """Return the drill."""
        assert drill_id == "d1"
        return a_finished_drill()

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return its timeline."""
        assert (drill_id, since) == ("d1", None)
        return LAB_TIMELINE

    def read_thinned(
        self, drill_id: str, every_ms: Callable[[str], int], instants: Iterable[Instant]
    ) -> Timeline:
        """Return what a report needs of it."""
        assert every_ms("client/fresh") == 1_000
        assert START in set(instants)
        return self.read(drill_id)


def get(accept: str = "", **query: str) -> func.HttpResponse:
    """Return what the route answers."""
    (function,) = functions_of(blueprint(Reports(Recorded(), Recorded()))).values()
    request = func.HttpRequest(
        method="GET",
        url="http://127.0.0.1/api/drills/d1/report",
        headers={"accept": accept},
        params=query,
        route_params={"drill": "d1"},
        body=b"",
    )
    answer = function(request)
    assert isinstance(answer, func.HttpResponse)
    return answer


@pytest.mark.parametrize(
    ("wanted", "mimetype", "begins"),
    [
        ("json", "application/json", b'{"drillId":"d1"'),
        ("markdown", "text/markdown", b"# Drill d1"),
        ("html", "text/html", b"<!doctype html>"),
    ],
)
def test_a_format_is_named(wanted: str, mimetype: str, begins: bytes) -> None:
    """In the query."""
    answer = get(format=wanted)

    assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert answer.get_body().startswith(begins)


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/markdown", "text/markdown"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ],
)
def test_a_browser_is_shown_the_page(accept: str, mimetype: str) -> None:
    """A script that accepts anything is given JSON."""
    assert get(accept).mimetype == mimetype


def test_the_query_counts_more_than_what_is_accepted() -> None:
    """Who opens `format=json` in a browser wants JSON."""
    assert get("text/html", format="json").mimetype == "application/json"


def test_a_page_may_not_load_or_run_anything() -> None:
    """The header says it too, for what might be put before the page."""
    assert "default-src 'none'" in get(format="html").headers["Content-Security-Policy"]


def test_an_unknown_format_is_refused() -> None:
    """With those that there are."""
    answer = get(format="pdf")

    assert answer.status_code == 400
    assert b"one of json, markdown, html" in answer.get_body()
