"""`failback: hold`: machines come back at once, traffic when somebody says so, or in the end."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.aftermath import assert_nothing_is_held
from tests.support.hands import (
    CLIENTS,
    DRILL_HEADER,
    PROBE_PATH,
    Hands,
    asked,
    assert_holds_the_truth,
    failed_requests,
    milestones_of,
    not_reached,
    once_each,
    truth_since,
    written,
)
from tests.support.lab import DRILL_POLL_SECONDS, QUICK_PLAN, Lab, at

Json = dict[str, Any]

pytestmark = pytest.mark.long

DRILL_SECONDS = 2_000.0
HELD_SECONDS = 40.0  # how long a person takes; several ticks, and more than any cache keeps
RELEASE_SECONDS = 15.0  # from being told to the write: a tick every 5 s, and this machine's delay
WATCHDOG_SECONDS = 60.0  # restore_overdue's own period
HELD = QUICK_PLAN | {"failback": "hold", "failbackHoldSecondsMax": 900}
STEPS = [
    ("virginia-vm", "powerOff"),
    ("virginia", "Disabled"),
    ("virginia-vm", "start"),
    ("virginia", "Enabled"),
]


def hold(lab: Lab, drill_id: str, plan: Json) -> datetime:
    """Start a drill and wait until only its release is missing; when it started."""
    lab.wait_online()
    started = at(lab.start_drill(drill_id, HELD | plan)["startedAt"])
    for _ in lab.turns(DRILL_SECONDS, "the failback to be held", DRILL_POLL_SECONDS):
        drill = lab.must("GET", f"/drills/{drill_id}")
        assert drill["phase"] != "closed", drill
        if f"POST /drills/{drill_id}/failback" in (drill["waitsFor"] or ""):
            break
    return started


def assert_held(lab: Lab, since: datetime) -> None:
    """The machine serves, and traffic stays away from it."""
    truth = truth_since(lab, since)
    assert Hands.of(lab).endpoint()["endpointStatus"] == "Disabled"
    assert lab.is_running()
    assert [e["value"] for e in truth if e["kind"] == "serving"] == [False, True]
    answers = {e["subject"]: e["value"] for e in truth if e["kind"] == "answer"}
    assert set(answers.values()) == {"amsterdam"}


def enabled_at(lab: Lab, since: datetime) -> datetime:
    """When the endpoint was enabled, waiting for it."""
    for _ in lab.turns(RELEASE_SECONDS + WATCHDOG_SECONDS, "the endpoint to be enabled"):
        writes = [e for e in truth_since(lab, since) if e["kind"] == "endpointWrite"]
        if writes and writes[-1]["value"] == "Enabled":
            return at(writes[-1]["at"])
    raise AssertionError  # turns() has raised


def assert_closed(lab: Lab, drill_id: str, ending: str, reason: str | None = None) -> None:
    """The drill ends so, and leaves nothing behind."""
    closed = lab.wait_closed(drill_id, DRILL_SECONDS)
    assert (closed["ending"], closed["reason"]) == (ending, reason)
    assert_nothing_is_held(lab)
    assert lab.is_running()
    assert Hands.of(lab).endpoint()["endpointStatus"] == "Enabled"


def assert_told_as_it_was(lab: Lab, drill_id: str, since: datetime) -> Json:
    """All that the report tells truly happened then; the report."""
    report, truth = lab.report(drill_id), truth_since(lab, since)
    assert_holds_the_truth(report, truth, milestones_of(report).keys() - CLIENTS)
    return report


def test_traffic_stays_away_from_a_machine_that_runs_until_it_is_released(lab: Lab) -> None:
    """Failback counts from the release; how long the machine took to boot stands beside it."""
    before = Hands.of(lab).endpoint()
    started = hold(lab, "released", {})
    assert once_each(asked(truth_since(lab, started))) == STEPS[:-1]
    lab.pause(HELD_SECONDS)
    assert_held(lab, started)

    told_at = lab.now()
    answers = [lab.call("POST", "/drills/released/failback") for _ in range(2)]

    assert [answer.status for answer in answers] == [202, 202]
    assert_closed(lab, "released", "finished")
    assert Hands.of(lab).endpoint() == before
    assert once_each(asked(truth_since(lab, started))) == STEPS
    assert enabled_at(lab, started) - told_at < timedelta(seconds=RELEASE_SECONDS)
    report = assert_told_as_it_was(lab, "released", started)
    assert not_reached(report) == []
    (restored,) = (m for m in report["milestones"] if m["name"] == "restoreRequested")
    assert at(restored["after"]) > told_at
    phases = [p["name"] for p in report["phases"] if p["of"] == "failback"]
    assert phases == ["reinstatement", "dnsReturn", "cacheDrain", "clientReturn"]
    beside = {entry["name"]: entry for entry in report["beside"]}
    assert 0 < beside["boot"]["secondsMin"] <= beside["boot"]["secondsMax"] < HELD_SECONDS


@pytest.mark.parametrize(
    ("plan", "steps"),
    [
        ({"fault": "endpointDisable"}, ["Disabled", "Enabled"]),
        (
            {"fault": "probePath", "probePath": PROBE_PATH},
            [written(DRILL_HEADER), "Disabled", written(), "Enabled"],
        ),
    ],
    ids=["endpointDisable", "probePath"],
)
def test_a_fault_of_the_endpoint_itself_is_held_too(lab: Lab, plan: Json, steps: list[str]) -> None:
    """What is disabled already stays so; probes that are mended change nothing of that."""
    drill_id = f"held-{plan['fault']}"
    before = Hands.of(lab).endpoint()
    started = hold(lab, drill_id, plan)
    lab.pause(HELD_SECONDS)
    assert Hands.of(lab).endpoint() == before | {"endpointStatus": "Disabled"}

    lab.must("POST", f"/drills/{drill_id}/failback")

    assert_closed(lab, drill_id, "finished")
    assert Hands.of(lab).endpoint() == before
    told = [value for _, value in once_each(asked(truth_since(lab, started)))]
    assert told == steps
    assert_told_as_it_was(lab, drill_id, started)
    assert failed_requests(lab, drill_id) == []


def test_a_hold_ends_by_itself(lab: Lab) -> None:
    """At its limit, without anybody."""
    started = hold(lab, "limited", {"failbackHoldSecondsMax": 90})
    assert_held(lab, started)
    since = at(lab.must("GET", "/drills/limited")["phaseSince"])

    lasted = enabled_at(lab, started) - since

    assert timedelta(seconds=90) <= lasted < timedelta(seconds=90 + RELEASE_SECONDS)
    assert_closed(lab, "limited", "finished")
    assert_told_as_it_was(lab, "limited", started)


def test_a_stop_ends_a_hold(lab: Lab) -> None:
    """Told to stop, a drill lets traffic return at once."""
    started = hold(lab, "halted", {})
    told_at = lab.now()

    lab.must("POST", "/drills/halted/stop")

    assert enabled_at(lab, started) - told_at < timedelta(seconds=RELEASE_SECONDS)
    assert_closed(lab, "halted", "stopped", "OperatorStop")
    assert_told_as_it_was(lab, "halted", started)


def test_a_hold_outlives_the_host(lab: Lab) -> None:
    """Killed while it holds, it holds on where it was, and can be released."""
    started = hold(lab, "survived", {})
    lab.kill_host()
    lab.pause(HELD_SECONDS)
    lab.start_host()
    lab.pause(HELD_SECONDS)
    assert_held(lab, started)

    lab.must("POST", "/drills/survived/failback")

    assert_closed(lab, "survived", "finished")
    assert once_each(asked(truth_since(lab, started))) == STEPS
    assert_told_as_it_was(lab, "survived", started)


def test_the_watchdog_ends_a_hold_that_nobody_else_can(lab: Lab) -> None:
    """All other timers are off: within its period after the record's time traffic may return."""
    started = hold(lab, "orphaned", {"failbackHoldSecondsMax": 60})
    (record,) = (row for (_, _, key), row in lab.tables().items() if key.startswith("open|"))
    assert record["operation"] == "enable"
    restore_by = at(record["restore_by"])
    names = ("take_samples", "advance_drills")
    lab.restart_host({f"AzureWebJobs.{name}.Disabled": "true" for name in names})
    lab.sleep_until(restore_by - timedelta(seconds=10))
    assert_held(lab, started)

    lab.sleep_until(restore_by)

    late = enabled_at(lab, started) - restore_by
    assert timedelta() <= late < timedelta(seconds=WATCHDOG_SECONDS + RELEASE_SECONDS)
    lab.restart_host({})
    assert_closed(lab, "orphaned", "finished")
    assert_told_as_it_was(lab, "orphaned", started)


@pytest.mark.parametrize("plan", [{}, {"failback": "automatic"}], ids=str)
def test_nothing_is_released_that_is_not_held(lab: Lab, plan: Json) -> None:
    """Too early, or a plan without a hold: refused, and the drill goes on as it was."""
    drill_id = f"early-{len(plan)}"
    lab.wait_online()
    lab.start_drill(drill_id, HELD | plan)

    answer = lab.call("POST", f"/drills/{drill_id}/failback")

    assert (answer.status, answer.error["code"]) == (409, "NothingHeld")
    lab.must("POST", f"/drills/{drill_id}/stop")
    closed = lab.wait_closed(drill_id, DRILL_SECONDS)
    assert closed["ending"] == "cancelled"
