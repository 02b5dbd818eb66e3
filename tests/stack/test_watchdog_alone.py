"""The watchdog with all else switched off, and people who mend what a drill broke; real sockets."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.core.plan import VM_FAULTS, FaultKind
from tests.stack.conftest import StartLab
from tests.support.aftermath import assert_all_is_well, configuration, injections
from tests.support.hands import PROBE_PATH, Hands, endpoint_path, machine_path
from tests.support.lab import NO_TIMERS, QUICK_PLAN, VIRGINIA_VM, Json, Lab, at, lab_profile
from tests.support.phases import wait_for_phase

pytestmark = pytest.mark.long

SPEED = 30
PHASE_SECONDS, CLOSED_SECONDS = 600.0, 3_000.0
PERIOD_SECONDS = 60
WATCHDOG_ONLY = {k: v for k, v in NO_TIMERS.items() if "restore_overdue" not in k}
REFUSALS = 2
ENABLED: Json = {"endpointStatus": "Enabled"}


def every_kind(sample: FaultKind) -> list[object]:
    """Return every kind of fault; all but one are for the soak only."""
    return [
        pytest.param(kind, marks=[] if kind is sample else pytest.mark.soak) for kind in FaultKind
    ]


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack with the lab's profile at quick settings."""
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield lab


def plan_of(kind: FaultKind, **more: object) -> Json:
    """Return a quick plan of a kind."""
    probe = {"probePath": PROBE_PATH} if kind is FaultKind.PROBE_PATH else {}
    return QUICK_PLAN | {"fault": str(kind)} | probe | more


def open_records(lab: Lab) -> list[Json]:
    """Return the undo records that are not closed."""
    return [row for (_, _, key), row in lab.tables().items() if key.startswith("open|")]


def refuse_acts(lab: Lab, kind: FaultKind, count: int) -> None:
    """Have ARM fail the next requests to mend."""
    method = "POST" if kind in VM_FAULTS else "PATCH"
    fault = {"name": "refusal", "on": "arm", "effect": "error", "method": method, "count": count}
    assert lab.stack.arm.put("/emulator/faults", {"seed": 1, "faults": [fault]}).ok


@pytest.mark.parametrize("kind", every_kind(FaultKind.PROBE_PATH), ids=str)
def test_the_watchdog_alone_repeats_the_undo_until_it_is_read_back(
    lab: Lab, kind: FaultKind
) -> None:
    """Within one period of its time, again in the next as long as ARM fails, then no more."""
    lab.wait_online()
    before, drill_id = configuration(lab), f"watched-{kind}".lower()
    lab.start_drill(drill_id, plan_of(kind, switchSecondsMax=60, rtoSeconds=60))
    wait_for_phase(lab, drill_id, "hold", PHASE_SECONDS)
    lab.kill_host()
    (record,) = open_records(lab)
    overdue_at = at(record["restore_by"])
    refuse_acts(lab, kind, REFUSALS)
    lab.start_host(WATCHDOG_ONLY)
    since = lab.now()
    for _ in lab.turns(CLOSED_SECONDS, "the undo to be read back", 0.25):
        if not open_records(lab):
            break
    requests = lab.stack.arm.get("/emulator/requests").json["requests"]
    undos = [r for r in requests if r["method"] != "GET" and at(r["at"]) >= since]
    sent = [at(undo["at"]) for undo in undos]

    assert [undo["status"] for undo in undos[:REFUSALS]] == [500] * REFUSALS
    assert undos[REFUSALS]["status"] < 300
    assert overdue_at < sent[0] <= overdue_at + timedelta(seconds=PERIOD_SECONDS + SPEED)
    assert all(
        later - earlier <= timedelta(seconds=PERIOD_SECONDS + SPEED)
        for earlier, later in pairwise(sent)
    )
    lab.restart_host({})
    closed = lab.wait_closed(drill_id, CLOSED_SECONDS)
    assert closed["reason"] == "FaultRemovedByOthers"
    assert_all_is_well(lab, lab.report(drill_id))
    assert configuration(lab) == before


def mend(lab: Lab, kind: FaultKind) -> None:
    """Do what a person does who sees that something is broken."""
    hands = Hands.of(lab)
    if kind in VM_FAULTS:
        hands.send("POST", f"{machine_path(VIRGINIA_VM)}/start")
    else:
        mended = ENABLED if kind is FaultKind.ENDPOINT_DISABLE else {"customHeaders": []}
        hands.send("PATCH", endpoint_path(), {"properties": mended})


@pytest.mark.parametrize("kind", every_kind(FaultKind.VM_POWER_OFF), ids=str)
def test_a_person_who_mends_it_is_not_undone(lab: Lab, kind: FaultKind) -> None:
    """The drill fails back and says that others removed the fault; nothing is broken again."""
    lab.wait_online()
    before, drill_id = configuration(lab), f"mended-{kind}".lower()
    lab.start_drill(drill_id, plan_of(kind, holdSeconds=300))
    wait_for_phase(lab, drill_id, "hold", PHASE_SECONDS)
    broken = injections(lab)
    mend(lab, kind)
    closed = lab.wait_closed(drill_id, CLOSED_SECONDS)

    assert (closed["ending"], closed["reason"]) == ("stopped", "FaultRemovedByOthers")
    assert injections(lab) == broken
    assert_all_is_well(lab, lab.report(drill_id))
    assert configuration(lab) == before
