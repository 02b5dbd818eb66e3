"""The function host dies, freezes, or loses its tables, at any call of a drill: nothing is left.

Real services on a virtual clock over the emulator's core, whose truth is what is asked afterwards.
Which calls there are is counted in a drill that nothing befalls.
"""

import time
from collections.abc import Iterator

import pytest

from shared.core.decide import Moment
from shared.core.plan import Failback, FaultKind
from tests.support.crash_points import ARM, TABLES, Fate
from tests.support.crash_run import Matrix, calls_of, every_point, some_points
from tests.support.sim_arm import SimArm
from tests.support.sim_stage import Case
from tests.support.telling import tell

CASES = [
    *(Case(fault) for fault in FaultKind),
    Case(FaultKind.VM_POWER_OFF, is_balanced=True),
    Case(FaultKind.VM_POWER_OFF, Failback.HOLD, is_released=True),
    Case(FaultKind.ENDPOINT_DISABLE, Failback.HOLD),
    Case(FaultKind.PROBE_PATH, Failback.HOLD, is_released=True),
]
SEED = 11
FAST_COUNT, LONG_COUNT = 50, 200
WRONGS_SHOWN = 20


@pytest.fixture
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """Return what counts the drills, and tells how many there were."""
    made, began = Matrix(), time.monotonic()
    yield made
    took = time.monotonic() - began
    tell(request, f"crash matrix, simulation: {made.runs} drills in {took:.0f} s {made.endings}")


def assert_all_is_well(matrix: Matrix) -> None:
    """No drill left anything that is not as it must be."""
    assert matrix.wrong[:WRONGS_SHOWN] == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_whatever_befalls_a_host_nothing_is_left_broken(matrix: Matrix, case: Case) -> None:
    """A few of all points, drawn by a seed."""
    matrix.run(case, some_points(case, FAST_COUNT, SEED))

    assert_all_is_well(matrix)
    assert matrix.runs == FAST_COUNT


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=str)
def test_at_many_points_nothing_is_left_broken(matrix: Matrix, case: Case) -> None:
    """More of them, by another seed."""
    matrix.run(case, some_points(case, LONG_COUNT, SEED + 1))

    assert_all_is_well(matrix)


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES, ids=str)
def test_at_every_point_nothing_is_left_broken(matrix: Matrix, case: Case) -> None:
    """Every call, every fate."""
    matrix.run(case, every_point(case))

    assert_all_is_well(matrix)
    assert matrix.runs == len(every_point(case))


def test_the_matrix_notices_a_request_that_is_sent_too_late(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the last look at the clock, a host that wakes late would break what nobody mends."""
    send = SimArm._write
    monkeypatch.setattr(
        SimArm,
        "_write",
        lambda arm, method, what, asked, _limit: send(arm, method, what, asked, None),
    )
    case = Case(FaultKind.VM_POWER_OFF)
    stop = calls_of(case).index(f"{ARM}.stop")
    near = [p for p in every_point(case) if p.call == stop and p.fate is Fate.FREEZE_BEFORE]

    matrix.run(case, near)

    assert any("was accepted at" in wrong for wrong in matrix.wrong)


def test_the_matrix_notices_a_drill_that_closes_too_soon(
    matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the wait for late requests, a drill could end before its fault begins."""
    monkeypatch.setattr(Moment, "is_settled", lambda _moment: True)
    case = Case(FaultKind.VM_POWER_OFF)
    stop = calls_of(case).index(f"{ARM}.stop")
    near = [p for p in every_point(case) if p.call == stop and p.fate is Fate.FREEZE_BEFORE]

    matrix.run(case, near)

    assert any("it ended stopped FaultNotInjected" in wrong for wrong in matrix.wrong)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_sort_of_call_is_counted(case: Case) -> None:
    """Reads and writes of every table, and of ARM; each may meet every fate that fits it."""
    calls = set(calls_of(case))

    assert calls >= {
        f"{TABLES}.drills.submit_transaction",  # it starts, it ends
        f"{TABLES}.drills.update_entity",
        f"{TABLES}.drills.query_entities",
        f"{TABLES}.ledger.submit_transaction",  # a record is committed, a record is closed
        f"{TABLES}.ledger.update_entity",
        f"{TABLES}.timeline.upsert_entity",
        f"{ARM}.profile",
    }
    assert {call for call in calls if call.startswith(ARM)} >= _acts(case)
    assert {point.fate for point in every_point(case)} == set(Fate)


def _acts(case: Case) -> set[str]:
    """Return the requests that break and mend."""
    acts = {"stop", "start"} if case.fault.startswith("vm") else {"patch_endpoint"}
    if case.failback is Failback.HOLD:
        acts.add("patch_endpoint")
    return {f"{ARM}.{act}" for act in acts}
