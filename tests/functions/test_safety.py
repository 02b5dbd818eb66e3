"""The safety lever's route: its position, who put it there, and its audit."""

import json
from typing import Any

import azure.functions as func
import pytest

from functions import safety
from shared.health import Health
from tests.support.routes import functions_of
from tests.test_safety import Bench

Json = dict[str, Any]


class NoBeats:
    """Heartbeats that nobody wrote."""

    def heartbeats(self) -> dict[str, Any]:
        """Return none."""
        return {}

    def write_heartbeat(self, timer: str, beat: object) -> None:
        """Forget it."""


@pytest.fixture
def functions() -> dict[str, Any]:
    """The routes over a lever that nobody has touched."""
    bench = Bench()
    health = Health(NoBeats(), lambda: (), lambda: (), bench.clock.now)
    return functions_of(safety.blueprint(bench.safety(), health))


def asked(function: Any, body: Json | None = None) -> Json:  # noqa: ANN401 - a trigger
    """Return the answer to one request."""
    request = func.HttpRequest(
        "PUT" if body else "GET",
        "http://localhost/api/safety-lever",
        headers={"x-functions-key": "a key", "x-forwarded-for": "198.51.100.7"},
        body=json.dumps(body).encode() if body else b"",
    )
    told: Json = json.loads(function(request).get_body())
    return told


def test_a_lever_that_nobody_touched_says_so(functions: dict[str, Any]) -> None:
    """Nulls, and an audit that is empty and whole."""
    assert asked(functions["get_safety_lever"]) == {
        "engaged": False,
        "reason": None,
        "changedAt": None,
        "changedBy": None,
        "changedFrom": None,
        "audit": {"entries": 0, "chain": "intact", "head": ""},
        "history": [],
    }


def test_the_lever_is_engaged_by_somebody(functions: dict[str, Any]) -> None:
    """The answer says by whom, when, from where and why."""
    told = asked(functions["put_safety_lever"], {"engaged": True, "reason": "an incident"})

    assert told == {
        "engaged": True,
        "reason": "an incident",
        "changedAt": "2026-11-22T09:00:00.000Z",
        "changedBy": "function key 8fa3aab2",
        "changedFrom": "198.51.100.7",
    }


def test_a_reason_is_no_novel(functions: dict[str, Any]) -> None:
    """What no row could hold is refused, and the lever stays."""
    told = asked(functions["put_safety_lever"], {"engaged": True, "reason": "x" * 1_001})

    assert told["error"]["details"][0]["target"] == "reason"
    assert asked(functions["get_safety_lever"])["engaged"] is False


def test_the_newest_of_the_history_comes_first(functions: dict[str, Any]) -> None:
    """Not all of a long one, but its length and whether it is whole."""
    for _ in range(12):
        asked(functions["put_safety_lever"], {"engaged": True})
        asked(functions["put_safety_lever"], {"engaged": False})

    told = asked(functions["get_safety_lever"])
    assert (told["engaged"], told["audit"]["entries"], told["audit"]["chain"]) == (
        False,
        36,
        "intact",
    )
    assert [each["sequence"] for each in told["history"]] == list(range(36, 16, -1))
    assert told["history"][0]["hash"] == told["audit"]["head"]
