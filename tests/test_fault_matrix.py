"""Azure fails, lies or is silent at every phase of a drill: nothing stays broken, the ending fits.

The same table as over real sockets (tests/stack/test_fault_matrix.py), on a virtual clock.
"""

from collections.abc import Iterator

import pytest

from emulator.power import Verb
from shared.core.model import Phase
from shared.core.plan import Failback, FaultKind
from tests.support.crash_run import alone
from tests.support.crash_truth import Surprises, Witness, wrongs
from tests.support.crash_world import CrashWorld
from tests.support.fault_cases import (
    ARM_FAULTS,
    DNS_FAULTS,
    FINISHED,
    GUEST_IS_DEAD,
    LONG_SECONDS,
    ONSETS,
    POWER_FAULTS,
    SHORT_SECONDS,
    FaultCase,
    ending,
)
from tests.support.sim_stage import Case

# To a virtual sampler the ways in which no answer comes are all the same.
FAULTS = [
    *ARM_FAULTS,
    *POWER_FAULTS,
    *(f for f in DNS_FAULTS if f.name.endswith(("loss", "delay"))),
]
PERSON_COMES_SECONDS = 800.0
"""Long after a drill has told that it needs attention."""


@pytest.fixture(scope="module")
def surprises() -> Iterator[Surprises]:
    """Return what the product logged of its own mistakes."""
    with alone() as found:
        yield found


def ran(case: Case, fault: FaultCase, onset: Phase, lasts_seconds: float) -> CrashWorld:
    """Run a drill that meets a fault, and see that nothing is left of it."""
    world = CrashWorld(case)
    witness = Witness(world)

    def put(phase: str) -> None:
        if phase == onset:
            world.azure.put_faults(fault.body(case.fault, lasts_seconds))

    world.on_phase = put
    if fault.sort == GUEST_IS_DEAD:
        world.later(PERSON_COMES_SECONDS, lambda: restart(world))
    world.run()
    assert wrongs(world, witness) == []
    return world


def restart(world: CrashWorld) -> None:
    """Do what a person does with a machine that runs and does not serve."""
    for machine in world.azure.targets():
        if not machine.is_serving:
            world.azure.machines.begin(machine, Verb.RESTART)


def struck(world: CrashWorld) -> bool:
    """Whether the fault has ever come to bear."""
    return any(fault["struck"] for fault in world.azure.faults.to_json())


def told(world: CrashWorld) -> str:
    """Return how the drill has ended."""
    drill = world.drill
    return f"{drill.ending} {drill.reason}".rstrip() if drill else "not at all"


def due(world: CrashWorld, fault: FaultCase, onset: Phase, lasts_seconds: float) -> str:
    """Return how a drill has to end."""
    return ending(fault, onset, world.case.fault, lasts_seconds) if struck(world) else FINISHED


def assert_survived(fault: FaultCase, onset: Phase, lasts_seconds: float) -> None:
    """Drills of every kind that can meet the fault end as they have to."""
    for kind in filter(fault.is_about, FaultKind):
        world = ran(Case(kind), fault, onset, lasts_seconds)
        assert told(world) == due(world, fault, onset, lasts_seconds), kind


@pytest.mark.parametrize("onset", ONSETS, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_drill_survives_a_fault_of_azure(
    surprises: Surprises, fault: FaultCase, onset: Phase
) -> None:
    """For a minute, in a drill of every kind that can meet it."""
    assert_survived(fault, onset, SHORT_SECONDS)
    assert surprises.found == []


@pytest.mark.long
@pytest.mark.parametrize("onset", ONSETS, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_drill_survives_a_long_fault_of_azure(
    surprises: Surprises, fault: FaultCase, onset: Phase
) -> None:
    """For longer than a drill waits for anything."""
    assert_survived(fault, onset, LONG_SECONDS)
    assert surprises.found == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "kind"),
    [(fault, kind) for fault in FAULTS for kind in FaultKind if fault.is_about(kind)],
    ids=str,
)
def test_a_held_failback_survives_a_fault_of_azure(
    surprises: Surprises, fault: FaultCase, kind: FaultKind
) -> None:
    """Also while the endpoint is kept disabled; a hold that outlasts a fault ends as usual."""
    for onset in ONSETS:
        for lasts_seconds in (SHORT_SECONDS, LONG_SECONDS):
            world = ran(Case(kind, Failback.HOLD), fault, onset, lasts_seconds)
            usual = due(world, fault, onset, lasts_seconds)
            fitting = {usual, FINISHED} if lasts_seconds == LONG_SECONDS else {usual}
            assert told(world) in fitting, (onset, lasts_seconds)
    assert surprises.found == []
