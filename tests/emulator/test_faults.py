"""Faults on demand: each does what it says, to whom it says, as often as it says, and is told."""

import time

import httpx2
import pytest

from tests.emulator.faulty import put
from tests.emulator.running import (
    EASTUS,
    PROFILE,
    VIRGINIA_VM,
    Emulator,
    Json,
    seconds_between,
)

VIRGINIA = f"{PROFILE}/azureEndpoints/virginia"


def arm(effect: str, **members: object) -> Json:
    """Return an ARM fault."""
    return {"on": "arm", "effect": effect} | members


def test_there_are_none_unless_somebody_puts_them(quick: Emulator) -> None:
    """And DELETE ends them."""
    assert quick.http.get("/emulator/faults").json() == {"faults": []}
    put(quick, arm("error"))
    assert quick.arm("GET", PROFILE).status_code == 500
    assert quick.http.delete("/emulator/faults").status_code == 204
    assert quick.arm("GET", PROFILE).status_code == 200


def test_throttling_is_computes_429_with_retry_after(quick: Emulator) -> None:
    """And the request is in the log, as one that reached ARM."""
    put(quick, arm("throttled", retryAfterSeconds=7, count=1))

    answered = quick.arm("GET", PROFILE)

    assert (answered.status_code, answered.headers["retry-after"]) == (429, "7")
    assert answered.json()["error"]["details"][0]["code"] == "TooManyRequests"
    assert quick.arm("GET", PROFILE).status_code == 200
    logged = quick.http.get("/emulator/requests").json()["requests"]
    assert [entry["status"] for entry in logged[-2:]] == [429, 200]


@pytest.mark.parametrize("status", [500, 503])
def test_server_errors(quick: Emulator, status: int) -> None:
    """In ARM's envelope; nothing was done."""
    put(quick, arm("error", status=status, method="PATCH"))

    refused = quick.arm("PATCH", VIRGINIA, {"properties": {"endpointStatus": "Disabled"}})

    assert refused.status_code == status
    assert set(refused.json()["error"]) == {"code", "message"}
    assert quick.arm("GET", VIRGINIA).json()["properties"]["endpointStatus"] == "Enabled"


def test_matching_by_method_and_path_then_sparing_then_counting(quick: Emulator) -> None:
    """The second and third GET of the profile fail, nothing else does."""
    put(quick, arm("error", method="get", path="TRAFFICMANAGERPROFILES/lab$", skip=1, count=2))

    assert quick.arm("GET", VIRGINIA_VM).status_code == 200
    assert [quick.arm("GET", PROFILE).status_code for _ in range(4)] == [200, 500, 500, 200]
    (shown,) = quick.http.get("/emulator/faults").json()["faults"]
    assert (shown["matched"], shown["struck"], shown["isOn"]) == (3, 2, False)


def test_a_window_of_virtual_time(quick: Emulator) -> None:
    """From so many seconds after it was put, for so many; both ends are in the truth."""
    put(quick, arm("error", afterSeconds=4, forSeconds=6) | {"name": "storm"})

    assert quick.arm("GET", PROFILE).status_code == 200
    began = quick.wait_for("fault", "storm", True)
    assert quick.arm("GET", PROFILE).status_code == 500
    ended = quick.wait_for("fault", "storm", False)
    assert quick.arm("GET", PROFILE).status_code == 200
    assert 6 <= seconds_between(began, ended) < 7


def test_chance_has_a_part_only_where_it_is_asked_for_and_repeats(quick: Emulator) -> None:
    """The same seed, the same requests struck."""
    rounds = []
    for seed in (1, 1, 2):
        put(quick, arm("error", probability=0.5), seed=seed)
        rounds.append([quick.arm("GET", PROFILE).status_code for _ in range(20)])

    assert rounds[0] == rounds[1] != rounds[2]
    assert set(rounds[0]) == {200, 500}


def test_latency_is_virtual_and_the_work_is_done(quick: Emulator) -> None:
    """Ten virtual seconds of a clock twenty times as fast."""
    put(quick, arm("latency", delaySeconds=10, count=1))
    began = time.monotonic()

    assert quick.arm("GET", PROFILE).status_code == 200
    assert 0.5 <= time.monotonic() - began < 1.5


def test_a_reset_before_any_work_and_an_answer_lost_after_it(quick: Emulator) -> None:
    """The client sees the same; ARM does not."""
    off = {"properties": {"endpointStatus": "Disabled"}}
    put(quick, arm("reset", method="PATCH", count=1), arm("answerLost", method="PATCH", count=1))

    for expected in ("Enabled", "Disabled"):
        with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
            quick.arm("PATCH", VIRGINIA, off)
        shown = quick.arm("GET", VIRGINIA).json()["properties"]
        assert shown["endpointStatus"] == expected
    logged = quick.http.get("/emulator/requests").json()["requests"]
    assert [e["status"] for e in logged if e["method"] == "PATCH"] == [None, 200]


def test_stale_reads_lag_by_their_age(quick: Emulator) -> None:
    """A write is answered, and reading it back shows the state before, for a while."""
    put(quick, arm("stale", ageSeconds=20))
    quick.arm("GET", VIRGINIA)

    quick.arm("PATCH", VIRGINIA, {"properties": {"endpointStatus": "Disabled"}})
    assert quick.arm("GET", VIRGINIA).json()["properties"]["endpointStatus"] == "Enabled"
    written = quick.truth("endpointWrite", "virginia")[-1]
    put(quick, arm("stale", ageSeconds=0) | {"name": "prompt"})
    assert quick.arm("GET", VIRGINIA).json()["properties"]["endpointStatus"] == "Disabled"
    assert written["value"] == "Disabled"


WRONG: dict[str, object] = {
    "no list": {"faults": {}},
    "an unknown effect": {"faults": [arm("explode") | {"name": "x"}]},
    "an unknown place": {"faults": [{"on": "moon", "effect": "loss", "name": "x"}]},
    "two of one name": {"faults": [arm("error") | {"name": "x"}] * 2},
    "a broken pattern": {"faults": [arm("error", path="(") | {"name": "x"}]},
    "an unknown member": {"faults": [arm("error", colour="red") | {"name": "x"}]},
    "a probability above one": {"faults": [arm("error", probability=2) | {"name": "x"}]},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_what_is_no_fault_is_refused_and_changes_nothing(quick: Emulator, body: object) -> None:
    """400, and what was in force stays."""
    put(quick, arm("error") | {"name": "kept"})

    assert quick.http.put("/emulator/faults", json=body).status_code == 400
    (shown,) = quick.http.get("/emulator/faults").json()["faults"]
    assert shown["name"] == "kept"


def test_tokens_and_control_routes_are_never_struck(quick: Emulator) -> None:
    """Else nobody could end a fault."""
    put(quick, arm("error"))

    assert quick.http.get("/emulator/truth").status_code == 200
    assert quick.token()
    assert quick.arm("GET", EASTUS.rpartition("/")[0]).status_code == 500
