"""The route of an envelope: what is asked for overrides what is live."""

import json
from typing import Any

import azure.functions as func
import pytest

from functions import endpoints
from tests.core.test_desired import BODY
from tests.support.routes import functions_of
from tests.test_profiles import Bench

Json = dict[str, Any]


@pytest.fixture
def bench() -> Bench:
    """The lab's profile, provisioned."""
    made = Bench()
    made.profiles().put("lab", BODY)
    return made


def asked(bench: Bench, **params: str) -> tuple[int, Json]:
    """Return status and body of a request."""
    request = func.HttpRequest(
        "GET",
        "http://h/api/profiles/lab/envelope",
        params=params,
        route_params={"profile": "lab"},
        body=b"",
    )
    answer = functions_of(endpoints.blueprint(bench.profiles()))["get_envelope"](request)
    return answer.status_code, json.loads(answer.get_body())


def test_what_if_has_bounds_and_no_observation(bench: Bench) -> None:
    """Nothing was observed."""
    status, body = asked(bench, ttl="20")

    assert (status, body["failover"]["secondsMax"]) == (200, 130.0 + 20.0 + 3.0)
    assert all("observation" not in formula for formula in body["formulas"])


def test_a_class_of_client_can_be_asked_for(bench: Bench) -> None:
    """Unbounded is null, on either side."""
    status, body = asked(bench, objectiveClient="pinned", fault="probePath")

    assert status == 200
    assert body["failover"]["secondsMax"] is None
    assert body["failback"]["phases"][-1] == {
        "name": "clientReturn",
        "secondsMin": None,
        "secondsMax": 3.0,
    }


def test_a_class_that_there_is_not_is_refused(bench: Bench) -> None:
    """With those that there are."""
    status, body = asked(bench, objectiveClient="sticky")

    assert status == 400
    (detail,) = body["error"]["details"]
    assert detail["target"] == "objectiveClient"
    assert "fresh, ttl, keepalive, pinned" in detail["message"]
