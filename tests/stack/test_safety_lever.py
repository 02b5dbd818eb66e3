"""The safety lever over real sockets: engaged in the middle of a drill, traffic comes back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.stack.conftest import SPEED
from tests.support.aftermath import assert_all_is_well, injections
from tests.support.lab import QUICK_PLAN, Json, Lab, at
from tests.support.phases import wait_for_phase

pytestmark = pytest.mark.long

PHASE_SECONDS, CLOSED_SECONDS = 600.0, 2_000.0
# A tick of 5 s, a start of 21.7 s, a boot of 10 s, a probe every 10 s and a TTL of 5 s, each at its
# worst; and what these requests may take on this machine at this speed.
BACK_SECONDS = 5 + 21.7 + 10 + 10 + 5 + 1 * SPEED
PLAN = QUICK_PLAN | {"holdSeconds": 600}  # it would stay away for long


@pytest.fixture(autouse=True)
def released(lab: Lab) -> Iterator[None]:
    """Release the lever in the end."""
    yield
    lab.must("PUT", "/safety-lever", {"engaged": False})


def engage(lab: Lab) -> datetime:
    """Engage the lever; when."""
    since = lab.now()
    lab.must("PUT", "/safety-lever", {"engaged": True, "reason": "an incident"})
    return since


def assert_nothing_starts(lab: Lab, drill_id: str) -> None:
    """A new drill is refused, and leaves nothing behind."""
    answer = lab.call("PUT", f"/drills/{drill_id}", PLAN)
    assert (answer.status, answer.error["code"]) == (423, "SafetyLeverEngaged")
    assert lab.call("GET", f"/drills/{drill_id}").status == 404


def back_at(lab: Lab, since: datetime) -> datetime:
    """Return when the first resolver named the primary again."""
    named: list[Json] = [e for e in lab.truth("resolverAnswer") if at(e["at"]) >= since]
    return next(at(event["at"]) for event in named if event["value"] == "virginia")


def test_an_engaged_lever_brings_traffic_back_and_lets_nothing_start(lab: Lab) -> None:
    """Within the time that failing back takes; also over a death of the host."""
    lab.wait_online()
    lab.start_drill("levered", PLAN)
    wait_for_phase(lab, "levered", "hold", PHASE_SECONDS)
    engaged = engage(lab)
    assert_nothing_starts(lab, "refused")
    lab.kill_host()
    lab.start_host()
    assert lab.must("GET", "/safety-lever")["engaged"]
    assert_nothing_starts(lab, "refused-too")

    closed = lab.wait_closed("levered", CLOSED_SECONDS)
    report = lab.report("levered")
    assert (closed["ending"], closed["reason"]) == ("stopped", "SafetyLeverEngaged")
    assert back_at(lab, engaged) - engaged <= timedelta(seconds=BACK_SECONDS + RESTART_SECONDS)
    assert_all_is_well(lab, report)
    assert_nothing_starts(lab, "still-refused")


def test_a_drill_that_has_broken_nothing_yet_is_cancelled(lab: Lab) -> None:
    """And nothing is broken after it."""
    lab.wait_online()
    lab.start_drill("cancelled", PLAN | {"steadySeconds": 120})
    before = injections(lab)
    engage(lab)
    closed = lab.wait_closed("cancelled", CLOSED_SECONDS)
    lab.pause(60)

    assert (closed["ending"], closed["reason"]) == ("cancelled", "SafetyLeverEngaged")
    assert injections(lab) == before


RESTART_SECONDS = 3.0 * SPEED
"""Virtual: what a host takes from its death to its first tick."""
