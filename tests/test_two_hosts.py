"""Two hosts tick at the very same time, over one Table service: one of them acts, nothing is lost.

Threads and a real Azurite; the emulator's core, on a virtual clock, stands for Azure.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pytest

from shared.core.model import Phase
from shared.core.plan import Failback, FaultKind
from tests.support.azurite import fresh_tables
from tests.support.crash_points import ARM, Gate
from tests.support.crash_truth import Witness, wrongs
from tests.support.crash_world import START_AT_SECONDS, TICK_SECONDS
from tests.support.sim_host import SimServices
from tests.support.sim_stage import DRILL_ID, Case, Stage
from tests.support.telling import tell

T = TypeVar("T")

HOSTS = 2
TICKS_MAX = 120
TICKS_PER_WATCHDOG = 12
CASES = [
    Case(FaultKind.VM_POWER_OFF),
    pytest.param(Case(FaultKind.ENDPOINT_DISABLE), marks=pytest.mark.long),
    pytest.param(Case(FaultKind.PROBE_PATH, Failback.HOLD), marks=pytest.mark.long),
]


class OneAtATime(Gate):
    """A host's gate: Azure takes up one request after the other, tables are asked side by side."""

    def __init__(self, azure: threading.RLock) -> None:
        super().__init__(Nothing())
        self._azure = azure

    def pass_through(self, name: str, work: Callable[[], T]) -> T:
        """Make a call."""
        if not name.startswith(ARM):
            return work()
        with self._azure:
            return work()


class Nothing:
    """Nothing befalls these hosts."""

    def freeze(self, seconds: float, *, has_other: bool) -> None:
        """Never."""
        raise NotImplementedError((seconds, has_other))

    def cut_tables(self, seconds: float) -> None:
        """Never."""
        raise NotImplementedError(seconds)

    def are_tables_cut(self) -> bool:
        """Never."""
        return False


class Pair:
    """Two hosts, and a way to have both do the same at once."""

    def __init__(self, stage: Stage) -> None:
        azure = threading.RLock()
        self.hosts = [SimServices(stage, OneAtATime(azure)) for _ in range(HOSTS)]
        self._pool = ThreadPoolExecutor(HOSTS)
        self._line = threading.Barrier(HOSTS)

    def at_once(self, what: Callable[[SimServices], Any]) -> list[Any]:
        """Have both hosts do something at the same time."""
        return list(self._pool.map(partial(self._run, what), self.hosts))

    def _run(self, what: Callable[[SimServices], Any], host: SimServices) -> Any:  # noqa: ANN401 - whatever it returns
        self._line.wait()
        return what(host)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    """Return a stage whose tables are real."""
    return Stage(request.param, service=fresh_tables())


@pytest.fixture
def pair(stage: Stage) -> Iterator[Pair]:
    """Return two hosts."""
    made = Pair(stage)
    yield made
    made.close()


@pytest.mark.parametrize("stage", CASES, indirect=True, ids=str)
def test_two_hosts_that_tick_at_once_do_no_harm(
    stage: Stage, pair: Pair, request: pytest.FixtureRequest
) -> None:
    """Both start the drill, both tick, both watch: one injection takes effect, the end is right."""
    witness = Witness(stage)
    stage.let_pass(START_AT_SECONDS)
    plan = stage.case.plan
    started = pair.at_once(lambda host: host.audited.start(DRILL_ID, plan, "as sent", "a client"))
    ticks = 0
    while (drill := stage.drill) and drill.phase is not Phase.CLOSED and ticks < TICKS_MAX:
        stage.sampler.take()
        stage.let_pass(TICK_SECONDS)
        pair.at_once(lambda host: host.drills.advance())
        ticks += 1
        if ticks % TICKS_PER_WATCHDOG == 0:
            pair.at_once(lambda host: host.ledger.restore_overdue())
    stage.let_pass(TICK_SECONDS * TICKS_PER_WATCHDOG)
    tell(request, f"two hosts, {stage.case}: {ticks} ticks side by side")

    assert sorted(is_new for _, is_new in started) == [False, True]
    assert wrongs(stage, witness) == []
    assert stage.drill is not None
    assert str(stage.drill.ending) == "finished"
