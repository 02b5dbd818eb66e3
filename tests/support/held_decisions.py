"""Cases of the state machine for drills whose failback is held: what is seen, and what follows."""

from dataclasses import replace

from shared.core.decide import Action, Observation
from shared.core.model import Drill, Ending, Phase
from shared.core.plan import Failback, FaultKind, Plan
from tests.support.drills import a_drill, at

Case = tuple[tuple[Drill, Observation, float], tuple[Phase, Ending | None, tuple[Action, ...]]]

PLAN = Plan(profile="lab", rto_seconds=300, failback=Failback.HOLD, failback_hold_seconds_max=600)
SWITCHED = replace(PLAN, fault=FaultKind.ENDPOINT_DISABLE)
HELD = a_drill(Phase.FAILBACK, plan=PLAN)
ASKED = replace(HELD, release_requested="OperatorRelease")
RELEASED = replace(HELD, released_at=at(0))
DISABLED = a_drill(Phase.FAILBACK, plan=SWITCHED)

IN_PLACE = Observation(effect_seen=True, fault_in_place=True, ledger_clear=False, fault_clear=False)
KEPT = replace(IN_PLACE, hold_in_place=True, hold_seen=True)
MENDED = replace(
    KEPT, fault_in_place=False, undone_by_others=True, fault_clear=True, ledger_clear=False
)
DOUBTED = replace(MENDED, hold_in_place=None)
ENABLED = replace(MENDED, hold_in_place=False)
ALL_BACK = replace(
    ENABLED, ledger_clear=True, endpoint_online=True, dns_back=True, client_back_for_seconds=60
)

HOLD_BACK, FAULT_ONLY = (Action.HOLD_BACK,), (Action.ROLL_BACK_FAULT,)
ROLL_BACK, NOTHING = (Action.ROLL_BACK,), ()

CASES: dict[str, Case] = {
    "disables the endpoint before it starts the machine": (
        (a_drill(Phase.HOLD, plan=PLAN), IN_PLACE, 120),
        (Phase.FAILBACK, None, HOLD_BACK),
    ),
    "disables it again while that was not seen": (
        (HELD, IN_PLACE, 20),
        (Phase.FAILBACK, None, HOLD_BACK),
    ),
    "starts the machine behind the disabled endpoint": (
        (HELD, KEPT, 20),
        (Phase.FAILBACK, None, FAULT_ONLY),
    ),
    "keeps traffic away while nobody releases it": (
        (HELD, MENDED, 599),
        (Phase.FAILBACK, None, NOTHING),
    ),
    "takes silence for neither release nor loss": (
        (HELD, DOUBTED, 599),
        (Phase.FAILBACK, None, NOTHING),
    ),
    "lets traffic return when it is released": (
        (ASKED, MENDED, 300),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "lets traffic return after the longest hold": (
        (HELD, MENDED, 600),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "lets traffic return at once when told to stop": (
        (replace(HELD, stop_requested="OperatorStop"), MENDED, 300),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "follows whoever enabled the endpoint": (
        (HELD, ENABLED, 300),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "gives up a hold that cannot be had": (
        (HELD, IN_PLACE, 30),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "is released once": (
        (RELEASED, MENDED, 300),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "lets nobody return to a machine that does not serve yet": (
        (ASKED, KEPT, 300),
        (Phase.FAILBACK, None, FAULT_ONLY),
    ),
    "not even when told to stop": (
        (replace(HELD, stop_requested="OperatorStop"), KEPT, 20),
        (Phase.FAILBACK, Ending.STOPPED, FAULT_ONLY),
    ),
    "closes a released drill like any other": (
        (RELEASED, ALL_BACK, 300),
        (Phase.CLOSED, Ending.FINISHED, NOTHING),
    ),
    "does not hold a drill that was stopped": (
        (a_drill(Phase.HOLD, plan=PLAN, stop_requested="OperatorStop"), IN_PLACE, 20),
        (Phase.FAILBACK, Ending.STOPPED, ROLL_BACK),
    ),
    "keeps a disabled endpoint disabled": (
        (DISABLED, IN_PLACE, 599),
        (Phase.FAILBACK, None, NOTHING),
    ),
    "enables a disabled endpoint when it is released": (
        (replace(DISABLED, release_requested="OperatorRelease"), IN_PLACE, 300),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
    "follows whoever enabled an endpoint that the fault had disabled": (
        (DISABLED, replace(IN_PLACE, fault_in_place=False, undone_by_others=True), 300),
        (Phase.FAILBACK, None, ROLL_BACK),
    ),
}
