"""A drill and its rehearsal as the wire shows them: cautions, what is spared, who released."""

import json
from dataclasses import replace

from functions._drill_answers import drill_state, rehearsal
from shared.core.errors import Fault
from shared.core.model import Caution, TargetMachine
from shared.core.plan import Failback, FaultKind, Plan, ProbePath
from shared.preflight import Inspection
from tests.support.drills import LAB, VIRGINIA_VM, a_drill, at

SPARED = f"{VIRGINIA_VM}2"
CAUTION = Caution(code="MachinesSpared", target="targets", message="Left running.")
TOLD = {"code": "MachinesSpared", "target": "targets", "message": "Left running."}
SNAPSHOT = replace(LAB, spared=(TargetMachine(id=SPARED, name="virginia-vm2"),))
PLAN = Plan(
    profile="lab",
    rto_seconds=300,
    fault=FaultKind.PROBE_PATH,
    probe_path=ProbePath(header="X-Drill", value="fail"),
    failback=Failback.HOLD,
)


def test_a_drill_keeps_its_cautions() -> None:
    """Whoever reads it later sees what its starter was told."""
    shown = drill_state(a_drill(snapshot=SNAPSHOT, cautions=(CAUTION,)))

    assert (shown["cautions"], shown["spared"]) == ([TOLD], [SPARED])
    assert drill_state(a_drill())["cautions"] == []


def test_a_drill_says_who_released_it_and_when() -> None:
    """Null until then."""
    before = drill_state(a_drill())
    after = drill_state(a_drill(release_requested="OperatorRelease", released_at=at(60)))

    assert (before["releaseRequested"], before["releasedAt"]) == (None, None)
    assert (after["releaseRequested"], after["releasedAt"]) == (
        "OperatorRelease",
        "2026-11-22T09:01:00.000Z",
    )


def test_a_plan_is_shown_in_the_words_that_it_was_sent_in() -> None:
    """Header and value are an object of their own."""
    shown = json.loads(json.dumps(drill_state(a_drill(plan=PLAN))["plan"]))

    assert shown["probePath"] == {"header": "X-Drill", "value": "fail"}
    assert (shown["failback"], shown["failbackHoldSecondsMax"]) == ("hold", 3_600)
    assert (shown["fault"], shown["targets"]) == ("probePath", [])


def test_a_rehearsal_tells_faults_and_cautions_apart() -> None:
    """The former forbid the drill, the latter do not."""
    fault = Fault("NoSurvivor", "profile", "None.")
    shown = rehearsal(PLAN, Inspection("virginia", SNAPSHOT, (fault,), (CAUTION,)))

    assert shown["preflight"] == [{"code": "NoSurvivor", "target": "profile", "message": "None."}]
    assert (shown["cautions"], shown["spared"]) == ([TOLD], [SPARED])
    assert (shown["endpoint"], shown["targets"]) == ("virginia", [VIRGINIA_VM])
