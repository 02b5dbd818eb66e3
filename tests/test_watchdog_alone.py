"""The watchdog by itself, and people who mend what a drill broke: for every kind of fault.

Real services on a virtual clock over the emulator's core.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from shared.core.model import Phase
from shared.core.plan import VM_FAULTS, Failback, FaultKind
from shared.core.samples import Instant, instant
from tests.support.crash_run import alone
from tests.support.crash_truth import BREAKING, Surprises, Witness, wrongs
from tests.support.crash_world import TICK_SECONDS, WATCHDOG_SECONDS, CrashWorld
from tests.support.sim_arm import SimArm, Write
from tests.support.sim_azure import OWN_HEADERS
from tests.support.sim_stage import Case, rows_of

CASES = [
    *(Case(fault) for fault in FaultKind),
    Case(FaultKind.VM_POWER_OFF, Failback.HOLD),
    Case(FaultKind.ENDPOINT_DISABLE, Failback.HOLD),
]
SECONDS_MAX = 3_000
REFUSED_SECONDS = 400.0


@pytest.fixture(autouse=True)
def surprises() -> Iterator[Surprises]:
    """Demand that nothing was logged of the product's own mistakes."""
    with alone() as found:
        yield found
    assert found.found == []


def until_phase(world: CrashWorld, phase: Phase) -> CrashWorld:
    """Let the drill come to a phase."""
    while world.phase != phase and world.azure.clock.seconds < SECONDS_MAX:
        world.let_pass(1)
    assert world.phase == phase
    return world


def until(world: CrashWorld, at: Instant) -> None:
    """Let time pass until then."""
    world.let_pass((at - world.azure.now()) / 1_000)


def restore_by(world: CrashWorld) -> Instant:
    """Return when the first undo is overdue."""
    records = [row for row in rows_of(world.service, "ledger") if row["RowKey"].startswith("open|")]
    return min(instant(row["restore_by"]) for row in records)


def left_until_overdue(case: Case) -> tuple[CrashWorld, Instant]:
    """Return a world whose watchdog has been alone since the hold, at the instant that is due."""
    world = until_phase(CrashWorld(case), Phase.HOLD)
    overdue_at = restore_by(world)
    world.leave_the_watchdog_alone()
    until(world, overdue_at)
    return world, overdue_at


def undos(world: CrashWorld) -> list[Write]:
    """Return what was asked of ARM to mend something."""
    return [write for write in world.arm.writes if write.operation not in BREAKING]


def mend(world: CrashWorld) -> None:
    """Do what a person does who sees that something is broken."""
    hands, fault = SimArm(world.azure, world.let_pass), world.case.fault
    if fault in VM_FAULTS:
        for machine in world.azure.targets():
            hands.start(world.azure.machine_id(machine.name))
    elif fault is FaultKind.ENDPOINT_DISABLE:
        hands.patch_endpoint(
            world.azure.endpoint_id(world.azure.primary), {"endpointStatus": "Enabled"}
        )
    else:
        headers = json.loads(json.dumps(OWN_HEADERS))
        hands.patch_endpoint(
            world.azure.endpoint_id(world.azure.primary), {"customHeaders": headers}
        )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_watchdog_alone_undoes_what_is_overdue(case: Case) -> None:
    """Within one period of its time, and not a moment before it; then it is quiet."""
    world, overdue_at = left_until_overdue(case)
    before = list(undos(world))
    world.let_pass(WATCHDOG_SECONDS + TICK_SECONDS)
    (undo,) = undos(world)
    world.let_pass(4 * WATCHDOG_SECONDS)

    assert before == []
    assert undo.is_accepted
    assert undo.at - overdue_at <= 1_000 * (WATCHDOG_SECONDS + 2)
    assert world.azure.live == world.before
    assert world.azure.is_well()
    assert world.keys("open|") == []
    assert undos(world) == [undo]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_watchdog_repeats_the_undo_until_it_is_read_back(case: Case) -> None:
    """ARM refuses for minutes; the record stays open, and the undo comes again and again."""
    world, _ = left_until_overdue(case)
    refusal = {"name": "refusal", "on": "arm", "effect": "error", "status": 409}
    method = "POST" if case.fault in VM_FAULTS else "PATCH"
    world.azure.put_faults([refusal | {"method": method, "forSeconds": REFUSED_SECONDS}])
    world.let_pass(REFUSED_SECONDS - 1)
    (fault,) = world.azure.faults.to_json()
    held = world.keys("open|")
    world.let_pass(6 * WATCHDOG_SECONDS)

    assert int(str(fault["struck"])) >= REFUSED_SECONDS / WATCHDOG_SECONDS - 1
    assert len(held) == 1
    assert world.keys("open|") == []
    assert world.azure.live == world.before
    assert world.azure.is_well()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_drill_that_the_watchdog_has_restored_says_so(case: Case) -> None:
    """When its hosts come back it fails back, and ends."""
    world = until_phase(CrashWorld(case), Phase.HOLD)
    witness = Witness(world)
    overdue_at = restore_by(world)
    world.leave_the_watchdog_alone()
    until(world, overdue_at + 1_000 * 300)
    world.hosts[0].is_alive = False
    world.hosts = []
    world.add_host(0.0)
    world.run()

    assert wrongs(world, witness) == []
    assert (world.drill and world.drill.reason) == "FaultRemovedByOthers"


@pytest.mark.parametrize("phase", [Phase.FAILOVER, Phase.HOLD], ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_person_who_mends_it_is_not_undone(case: Case, phase: Phase) -> None:
    """The drill fails back at its next tick, and breaks nothing again."""
    world = until_phase(CrashWorld(replace(case, hold_seconds=60)), phase)
    witness = Witness(world)
    world.let_pass(TICK_SECONDS + 1)  # so that it was seen in place
    broken = [write for write in world.arm.writes if write.operation in BREAKING]
    mend(world)
    mended_at = world.azure.now()
    world.run()

    drill = world.drill
    assert drill is not None
    assert wrongs(world, witness) == []
    assert (str(drill.ending), drill.reason) == ("stopped", "FaultRemovedByOthers")
    again = [w for w in world.arm.writes if w.at > mended_at and w.operation in BREAKING]
    assert (len(broken), again) == (1, [])
