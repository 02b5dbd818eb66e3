"""Schedules over real sockets: a drill starts at its virtual instant, or is told to be missed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.stack.conftest import StartLab
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
ZONE = "Asia/Kathmandu"
"""A quarter of an hour off everybody else's grid."""
LEAD_SECONDS = 60
START_SECONDS_MAX = 120
"""Virtual: a tick every five seconds, and preflight's requests at twenty times their speed."""
TOO_LATE_SECONDS = 330
DRILL_SECONDS = 3_000.0


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack on which the lab's profile is Online."""
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile())
        yield lab


def scheduled(lab: Lab, name: str) -> datetime:
    """Keep a schedule for the next whole minute but one, and return its instant."""
    due = lab.now().replace(second=0, microsecond=0) + timedelta(seconds=60 + LEAD_SECONDS)
    local = due.astimezone(ZoneInfo(ZONE))
    cron = f"{local.minute} {local.hour} {local.day} {local.month} *"
    view = lab.must(
        "PUT", f"/schedules/{name}", {"cron": cron, "timeZone": ZONE, "plan": QUICK_PLAN}
    )
    assert at(view["next"][0]["at"]) == due
    return due


def first_outcome(lab: Lab, name: str) -> Json:
    """Wait for what comes of the schedule's first time."""
    for _ in lab.turns(START_SECONDS_MAX, f"{name} to be settled"):
        settled: list[Json] = lab.must("GET", f"/schedules/{name}/occurrences")["value"]
        if settled and settled[0]["outcome"] != "starting":
            return settled[0]
    raise AssertionError  # turns() has raised


def test_a_schedule_starts_its_drill_at_the_right_instant(lab: Lab) -> None:
    """Not before it, and within a few ticks of it; the drill runs to its end like any other."""
    due = scheduled(lab, "nightly")
    while lab.now() < due - timedelta(seconds=LEAD_SECONDS / 2):
        assert lab.must("GET", "/drills")["value"] == []
        lab.pause(1)
    lab.sleep_until(due)

    occurrence = first_outcome(lab, "nightly")

    assert (at(occurrence["at"]), occurrence["outcome"]) == (due, "started")
    assert occurrence["drillId"] == f"nightly-{due:%Y%m%dt%H%M%S}z"
    drill = lab.must("GET", f"/drills/{occurrence['drillId']}")
    assert drill["startedBy"] == "schedule nightly"
    assert timedelta(0) <= at(drill["startedAt"]) - due <= timedelta(seconds=START_SECONDS_MAX)
    closed = lab.wait_closed(drill["id"], DRILL_SECONDS)
    assert (closed["ending"], lab.is_running()) == ("finished", True)


def test_a_time_that_the_app_slept_through_is_missed(lab: Lab) -> None:
    """Killed before it, started again too late: no drill, and the record says why."""
    writes = lab.writes()
    due = scheduled(lab, "slept")
    lab.kill_host()
    lab.sleep_until(due + timedelta(seconds=TOO_LATE_SECONDS))
    lab.start_host()

    occurrence = first_outcome(lab, "slept")

    assert (at(occurrence["at"]), occurrence["outcome"]) == (due, "missed")
    assert (occurrence["reason"], occurrence["drillId"]) == ("Missed", None)
    assert lab.writes() == writes
