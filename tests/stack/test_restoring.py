"""`POST /drills/{id}/restore`: whatever became of a drill, what it broke is put right again."""

from typing import Any

import pytest

from tests.support.aftermath import assert_nothing_is_held, assert_true
from tests.support.hands import (
    DRILL_HEADER,
    PROBE_PATH,
    Hands,
    endpoint_path,
    machine_path,
    truth_since,
)
from tests.support.lab import DRILL_POLL_SECONDS, QUICK_PLAN, VIRGINIA_VM, Lab, at

Json = dict[str, Any]

pytestmark = pytest.mark.long

DRILL_SECONDS = 2_000.0
CLOSING_SECONDS = 200.0  # a reopened record is the watchdog's, who comes every minute
LONG = QUICK_PLAN | {"holdSeconds": 300}  # time enough to ask in the hold
BROKEN_BY_HAND = {
    "endpointDisable": {"endpointStatus": "Disabled"},
    "probePath": {"customHeaders": [DRILL_HEADER]},
}


def reach(lab: Lab, drill_id: str, phase: str, plan: Json) -> Json:
    """Start a drill and wait until it is in that phase and, if it is broken by then, has broken."""
    lab.wait_online()
    drill = lab.start_drill(drill_id, plan)
    for _ in lab.turns(DRILL_SECONDS, f"{drill_id} in {phase}", DRILL_POLL_SECONDS):
        if lab.must("GET", f"/drills/{drill_id}")["phase"] == phase:
            break
    if phase == "failover":
        for _ in lab.turns(DRILL_SECONDS, "the machine to be stopping"):
            if not lab.is_running():
                break
    return drill


def restore(lab: Lab, drill_id: str) -> list[Json]:
    """Restore; what was found and done, resource by resource."""
    answer = lab.call("POST", f"/drills/{drill_id}/restore")
    assert answer.status == 202, answer.body
    told: list[Json] = answer.json["value"]
    return told


def assert_whole(lab: Lab) -> None:
    """Nothing is owed, the machine runs and the endpoint is as it was provisioned."""
    for _ in lab.turns(CLOSING_SECONDS, "every record to be closed"):
        if not [key for _, _, key in lab.tables() if key.startswith(("lock|", "open|"))]:
            break
    assert_nothing_is_held(lab)
    assert lab.is_running()
    shown = Hands.of(lab).endpoint()
    assert (shown["endpointStatus"], shown.get("customHeaders")) == ("Enabled", None)


def finish(lab: Lab, drill_id: str, plan: Json) -> None:
    """Run a drill to its good end."""
    lab.wait_online()
    lab.start_drill(drill_id, QUICK_PLAN | plan)
    assert lab.wait_closed(drill_id, DRILL_SECONDS)["ending"] == "finished"


def test_before_anything_is_broken_there_is_nothing_to_restore(lab: Lab) -> None:
    """And the drill goes its way."""
    reach(lab, "not-yet", "steady", QUICK_PLAN)

    assert restore(lab, "not-yet") == []

    assert lab.wait_closed("not-yet", DRILL_SECONDS)["ending"] == "finished"
    assert_whole(lab)


@pytest.mark.parametrize("phase", ["failover", "hold"])
def test_a_drill_on_its_way_is_stopped_and_its_machine_started(lab: Lab, phase: str) -> None:
    """Once, or nothing would be won: it must not be broken again."""
    drill = reach(lab, f"in-{phase}", phase, LONG)

    (told,) = restore(lab, f"in-{phase}")

    assert (told["resource"].lower(), told["sent"]) == (machine_path(VIRGINIA_VM).lower(), "ok")
    assert told["state"] in ("stopping", "stopped")
    closed = lab.wait_closed(f"in-{phase}", DRILL_SECONDS)
    assert (closed["ending"], closed["reason"]) == ("stopped", "OperatorRestore")
    assert_whole(lab)
    assert_true(lab, lab.report(f"in-{phase}"), at(drill["startedAt"]))


def test_a_drill_that_restores_is_not_disturbed(lab: Lab) -> None:
    """The machine is starting already; a second start does no harm."""
    drill = reach(lab, "in-failback", "failback", QUICK_PLAN)

    (told,) = restore(lab, "in-failback")

    assert told["resource"].lower() == machine_path(VIRGINIA_VM).lower()
    assert lab.wait_closed("in-failback", DRILL_SECONDS)["ending"] in ("finished", "stopped")
    assert_whole(lab)
    assert_true(lab, lab.report("in-failback"), at(drill["startedAt"]))


def test_a_held_failback_is_let_go(lab: Lab) -> None:
    """The machine runs behind a disabled endpoint; restored, traffic returns."""
    lab.wait_online()
    lab.start_drill("in-hold-back", QUICK_PLAN | {"failback": "hold"})
    for _ in lab.turns(DRILL_SECONDS, "the failback to be held", DRILL_POLL_SECONDS):
        if "/failback" in (lab.must("GET", "/drills/in-hold-back")["waitsFor"] or ""):
            break
    assert Hands.of(lab).endpoint()["endpointStatus"] == "Disabled"

    told = {each["resource"].rpartition("/")[2]: each for each in restore(lab, "in-hold-back")}

    assert (told[VIRGINIA_VM]["state"], told[VIRGINIA_VM]["sent"]) == ("running", None)
    assert (told["virginia"]["state"], told["virginia"]["sent"]) == ("Disabled", "ok")
    assert lab.wait_closed("in-hold-back", DRILL_SECONDS)["ending"] == "stopped"
    assert_whole(lab)


def test_a_closed_drill_with_nothing_broken_says_so(lab: Lab) -> None:
    """Its machine is looked at, and nothing is written to ARM, however often it is asked."""
    finish(lab, "well", {})
    before = lab.writes()

    told = [restore(lab, "well") for _ in range(2)]

    assert [[(t["state"], t["sent"]) for t in each] for each in told] == [[("running", None)]] * 2
    assert lab.writes() == before
    assert_whole(lab)


def test_a_machine_stopped_after_the_end_is_started_again(lab: Lab) -> None:
    """Whoever stopped it: the drill once did, so it knows how to put that right."""
    finish(lab, "long-ago", {})
    hands = Hands.of(lab)
    hands.operate(VIRGINIA_VM, "powerOff", "stopped")
    since = lab.now()

    (told,) = restore(lab, "long-ago")

    assert (told["state"], told["sent"]) == ("stopped", "ok")
    hands.wait_power(VIRGINIA_VM, "running")
    requests = [e["value"] for e in truth_since(lab, since) if e["kind"] == "powerOperation"]
    assert set(requests) == {"start"}
    assert_whole(lab)
    assert lab.must("GET", "/drills/long-ago")["ending"] == "finished"


@pytest.mark.parametrize("fault", BROKEN_BY_HAND)
def test_an_endpoint_broken_after_the_end_is_mended(lab: Lab, fault: str) -> None:
    """Its status and its headers are what they were before the drill, and nothing else is."""
    plan: Json = {"fault": fault} | ({"probePath": PROBE_PATH} if fault == "probePath" else {})
    finish(lab, f"once-{fault}", plan)
    before = Hands.of(lab).endpoint()
    Hands.of(lab).send("PATCH", endpoint_path(), {"properties": BROKEN_BY_HAND[fault]})

    (told,) = restore(lab, f"once-{fault}")

    assert (told["resource"].rpartition("/")[2], told["sent"]) == ("virginia", "ok")
    assert Hands.of(lab).endpoint() == before
    assert_whole(lab)


def test_a_drill_that_never_was_cannot_be_restored(lab: Lab) -> None:
    """404, in the words of every other route."""
    answer = lab.call("POST", "/drills/never/restore")

    assert (answer.status, answer.error["code"]) == (404, "DrillNotFound")
