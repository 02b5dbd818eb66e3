"""Death at any moment: the function host is killed or frozen, and the machine ends running.

What happened is told by the emulated Azure, not by the report.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.aftermath import assert_all_is_well, injections
from tests.support.interruptions import Absence, Interruption, interrupt, spread
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20  # a sample's time-out is then 100 ms of this machine's time
SEED = 3
DRILL_SECONDS = 126.0  # of this drill, left in peace
CLOSED_SECONDS = 2_000.0
FIRST_SAMPLES_SECONDS = 25.0  # after a drill's start some have surely been written
LATE_SECONDS = 120.0  # nothing that was ever sent arrives later
SOAK_COUNT, SAMPLE_EVERY = 40, 5
INTERRUPTIONS = [
    pytest.param(
        interruption,
        id=str(interruption),
        marks=[] if at_ % SAMPLE_EVERY == 0 else pytest.mark.soak,
    )
    for at_, interruption in enumerate(spread(SOAK_COUNT, SEED, DRILL_SECONDS))
]


@dataclass
class Runs:
    """The stack that all drills run on, and from when until when each was open."""

    lab: Lab
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)


@pytest.fixture(scope="module")
def runs(start_lab: StartLab) -> Iterator[Runs]:
    """Return a stack with the lab's profile at quick settings."""
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield Runs(lab)


def assert_only_within_drills(runs: Runs) -> None:
    """No machine was asked to stop while no drill was open."""
    strays = [
        moment
        for moment in injections(runs.lab)
        if not any(start <= moment <= end for start, end in runs.windows)
    ]
    assert strays == []


def assert_gap_is_named(report: Json, absence: Absence) -> None:
    """The report says from when until when nobody looked, within a tenth of a second of ours."""
    slack = timedelta(seconds=1 + 0.1 * SPEED)
    named = [
        gap
        for gap in report["samples"]["gaps"]
        if at(gap["after"]) <= absence.since + slack and at(gap["until"]) >= absence.until - slack
    ]
    assert {gap["series"] for gap in named} >= {"client/fresh", "health/virginia"}


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_whatever_dies_the_machine_ends_running(runs: Runs, interruption: Interruption) -> None:
    """The drill goes on or rolls back, ends, frees its lock, and its report names the gap."""
    lab, drill_id = runs.lab, f"d-{interruption}".replace(".", "-")
    lab.wait_online()
    started = at(lab.start_drill(drill_id, QUICK_PLAN)["startedAt"])
    lab.sleep_until(started + timedelta(seconds=interruption.after_seconds))
    absence = interrupt(lab, interruption.kind)
    closed = lab.wait_closed(drill_id, CLOSED_SECONDS)
    closed_at = at(closed["closedAt"])
    runs.windows.append((started, closed_at))
    report = lab.report(drill_id)
    assert_all_is_well(lab, report)
    assert_only_within_drills(runs)
    assert closed["ending"] in ("finished", "stopped", "cancelled")
    if interruption.after_seconds > FIRST_SAMPLES_SECONDS and closed_at > absence.until:
        assert_gap_is_named(report, absence)


def test_nothing_arrives_late(runs: Runs) -> None:
    """Long after all drills have closed no request of theirs has stopped a machine."""
    runs.lab.pause(LATE_SECONDS)
    assert_only_within_drills(runs)
    assert runs.lab.is_running()


def test_the_watchdog_restores_what_a_dead_host_has_left(runs: Runs) -> None:
    """The host is down past restoreBy: its first watchdog tick restores, without any drill's."""
    lab, plan = runs.lab, QUICK_PLAN | {"switchSecondsMax": 60, "rtoSeconds": 60}
    lab.wait_online()
    started = at(lab.start_drill("abandoned", plan)["startedAt"])
    for _ in lab.turns(300, "the machine to be stopped"):
        if not lab.is_running() and lab.power_states()[-1]["value"] == "stopped":
            break
    lab.kill_host()
    lab.sleep_until(restore_by(lab) + timedelta(seconds=30))
    assert not lab.is_running()
    lab.start_host({"AzureWebJobs.advance_drills.Disabled": "true"})
    up_at = lab.now()
    for _ in lab.turns(300, "the machine to run"):
        if lab.is_running():
            break
    restored = [at(e["at"]) for e in lab.truth("powerOperation") if e["value"] == "start"][-1]
    assert restored <= up_at + timedelta(seconds=60)
    lab.restart_host({})
    closed = lab.wait_closed("abandoned", CLOSED_SECONDS)
    assert closed["ending"] == "stopped"
    assert closed["reason"] == "FaultRemovedByOthers"
    runs.windows.append((started, at(closed["closedAt"])))
    assert_all_is_well(lab, lab.report("abandoned"))
    assert_only_within_drills(runs)


def restore_by(lab: Lab) -> datetime:
    """When the watchdog has to act, as the open undo record says."""
    rows = [row for (_, _, key), row in lab.tables().items() if key.startswith("open|")]
    assert len(rows) == 1
    return at(rows[0]["restore_by"])
