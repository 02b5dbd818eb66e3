"""Azure fails, lies or is silent at every phase of a drill, over real sockets.

No fault is injected in doubt and none is left; the ending is the one that the table says. Each pair
of a fault and a phase is met by one kind of drill, in turn; the simulation has them all.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from shared.core.model import Phase
from shared.core.plan import FaultKind
from tests.stack.conftest import StartLab
from tests.support.aftermath import (
    assert_every_write_is_owed,
    assert_nothing_is_left,
    assert_true,
    configuration,
    injections,
)
from tests.support.fault_cases import (
    ARM_FAULTS,
    ARM_IS_SLOW,
    DNS_FAULTS,
    FINISHED,
    GUEST_IS_DEAD,
    NOT_INJECTED,
    ONSETS,
    POWER_FAULTS,
    READS_ARE_OLD,
    SHORT,
    SHORT_SECONDS,
    STOP_IS_VAIN,
    FaultCase,
)
from tests.support.hands import PROBE_PATH, Hands, machine_path
from tests.support.lab import QUICK_PLAN, VIRGINIA_VM, Json, Lab, at, lab_profile
from tests.support.phases import POLL_SECONDS, phase_of, wait_for_phase
from tests.support.telling import tell

pytestmark = pytest.mark.long

SPEED = 20
SEED, SAMPLE = 5, 6
PHASE_SECONDS, CLOSED_SECONDS = 1_000.0, 3_000.0
# A stop is asked for once, right after steady; a start only once the machine is stopped.
UNTRUE = (
    READS_ARE_OLD,  # what ARM tells is all that anybody can report, and it tells of the past
    STOP_IS_VAIN,  # nobody starts what runs: there is no request in the truth to count from
)
POWER_ONSETS = {"stop": (Phase.STEADY,), "start": (Phase.HOLD, Phase.FAILBACK)}


@dataclass(frozen=True)
class Meeting:
    """A fault, the phase as which begins it is put, and the kind of drill that meets it."""

    fault: FaultCase
    onset: Phase
    kind: FaultKind

    def __str__(self) -> str:
        return f"{self.fault}-in-{self.onset}-of-{self.kind}"

    def fitting(self, *, has_struck: bool) -> set[str]:
        """Return the endings that fit."""
        if self.fault.sort == ARM_IS_SLOW:
            # Whether the request is in time depends on how many slow reads come before it.
            return {FINISHED, NOT_INJECTED}
        # In failover it is put once the request was accepted, so what it keeps back is the look;
        # and a dead guest is restarted long before the drill would tell of it.
        is_harmless = self.onset is Phase.FAILOVER or self.fault.sort == GUEST_IS_DEAD
        return {FINISHED if is_harmless or not has_struck else SHORT[self.fault.sort][self.onset]}


def meetings() -> list[Meeting]:
    """Return every fault at every phase that it can be met in."""
    pairs = [(fault, onset) for fault in (*ARM_FAULTS, *DNS_FAULTS) for onset in ONSETS]
    pairs += [(f, onset) for f in POWER_FAULTS for onset in POWER_ONSETS[f.fault["operation"]]]
    found = []
    for turn, (fault, onset) in enumerate(pairs):
        kinds = [kind for kind in FaultKind if fault.is_about(kind)]
        # A fault's phases follow each other: each is met by another kind, and so is each fault.
        found.append(Meeting(fault, onset, kinds[(turn + turn // len(ONSETS)) % len(kinds)]))
    return found


def sampled() -> list[object]:
    """Return all meetings; all but a few, drawn by a seed, are for the soak only."""
    every = meetings()
    few = random.Random(SEED).sample(every, SAMPLE)  # noqa: S311  reproducible on purpose
    return [
        pytest.param(each, id=str(each), marks=[] if each in few else pytest.mark.soak)
        for each in every
    ]


@dataclass
class Runs:
    """The stack that all drills run on."""

    lab: Lab
    before: list[Json]
    done: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def runs(start_lab: StartLab, request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Return a stack with the lab's profile at quick settings."""
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        made = Runs(lab, configuration(lab))
        yield made
        tell(request, f"fault matrix, real processes: {len(made.done)} drills")


def plan_of(kind: FaultKind) -> Json:
    """Return a quick plan of a kind."""
    plan = QUICK_PLAN | {"fault": str(kind)}
    if kind is FaultKind.PROBE_PATH:
        plan["probePath"] = PROBE_PATH
    return plan


def wait_for_onset(lab: Lab, drill_id: str, onset: Phase, started: datetime) -> None:
    """Wait until the phase has begun; failover begins with the request that breaks."""
    if onset is not Phase.FAILOVER:
        wait_for_phase(lab, drill_id, onset, PHASE_SECONDS)
        return
    for _ in lab.turns(PHASE_SECONDS, "the injection", POLL_SECONDS):
        if any(moment >= started for moment in injections(lab)):
            return


def finish(lab: Lab, drill_id: str, meeting: Meeting) -> bool:
    """Let the drill come to its end; whether the fault has ever struck."""
    is_mended, has_struck = meeting.fault.sort != GUEST_IS_DEAD, False
    for _ in lab.turns(CLOSED_SECONDS, f"{drill_id} to close", 0.25):
        faults = lab.stack.arm.get("/emulator/faults").json["faults"]
        has_struck = any(fault["struck"] for fault in faults)
        if has_struck and not is_mended and lab.is_running():
            Hands.of(lab).send("POST", f"{machine_path(VIRGINIA_VM)}/restart")
            is_mended = True
        if phase_of(lab, drill_id) == Phase.CLOSED:
            break
    lab.stack.arm.request("DELETE", "/emulator/faults")
    return has_struck


@pytest.mark.parametrize("meeting", sampled())
def test_a_drill_survives_a_fault_of_azure(runs: Runs, meeting: Meeting) -> None:
    """It ends as the table says, and nothing is left of it."""
    lab, drill_id = runs.lab, str(meeting).lower()
    lab.wait_online()
    started = at(lab.start_drill(drill_id, plan_of(meeting.kind))["startedAt"])
    wait_for_onset(lab, drill_id, meeting.onset, started)
    body = {"seed": SEED, "faults": meeting.fault.body(meeting.kind, SHORT_SECONDS)}
    assert lab.stack.arm.put("/emulator/faults", body).ok
    has_struck = finish(lab, drill_id, meeting)
    report = lab.report(drill_id)
    assert_nothing_is_left(lab, report)
    if meeting.fault.sort not in UNTRUE:
        assert_true(lab, report, started)
    assert_every_write_is_owed(lab, drill_id, started, by_a_person=("restart",))
    assert configuration(lab) == runs.before
    ending = f"{report['ending']} {report['reason'] or ''}".rstrip()
    assert ending in meeting.fitting(has_struck=has_struck)
    runs.done.append(drill_id)
