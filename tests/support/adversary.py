"""A small world that does its worst: what is looked at may be unknown, what is asked for may fail.

One drill of the lab, the real services over tables in memory, resources that a test can lie about,
a clock that may step, and hosts that die after as many calls as a test says.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar, cast

from shared.adapters.drill_table import DrillTable
from shared.adapters.tables import Tables
from shared.adapters.undo_table import UndoTable
from shared.core.model import Broken, Drill, HealthCheck, Phase
from shared.core.plan import VM_FAULTS, Failback, FaultKind, Plan, ProbePath
from shared.core.samples import Attempt, Instant, Outcome, Sample
from shared.core.undo import Seen
from shared.drill_ports import Dependencies as DrillDependencies
from shared.drills import Drills
from shared.ledger import Ledger
from shared.ledger_ports import Dependencies as LedgerDependencies
from shared.ledger_ports import FaultTool
from tests.support.crash_points import Died, Gate, Gated
from tests.support.drills import (
    AMSTERDAM,
    AMSTERDAM_NAME,
    RESOLVER,
    SERVER,
    VIRGINIA,
    VIRGINIA_NAME,
    a_drill,
    an_undo_record,
)
from tests.support.machines import Told, ToyClock
from tests.support.sim_host import GatedTables, SimTimeline
from tests.support.table_service import TableService

T = TypeVar("T")

SCENE_SECONDS = 60
SLOT_SECONDS = 5
HELD_SECONDS = 120
WHOLE, BROKEN = "whole", "broken"


class Answering(Gate):
    """A host's gate: after so many calls the host dies, before the next one or right after it."""

    def __init__(self, calls_left: int | None, *, is_done: bool) -> None:
        super().__init__(cast("Any", None))
        self._calls_left, self._is_done = calls_left, is_done

    def pass_through(self, name: str, work: Callable[[], T]) -> T:
        """Make a call, if the host lives to make it and to hear of it."""
        del name
        if self.is_dead:
            raise Died
        if self._calls_left == 0:
            self.is_dead = True
            if self._is_done:
                work()
            raise Died
        if self._calls_left is not None:
            self._calls_left -= 1
        return work()


@dataclass
class Resource:
    """Something that is whole or broken, and how it shows itself and answers for the moment."""

    is_broken: bool = False
    shown: bool | None = None
    """What is seen of it instead of the truth, if `is_masked`; None is nothing."""
    is_masked: bool = False
    outcome: Attempt = Attempt.OK
    is_done: bool = True
    times_broken: int = 0

    on_the_way: list[bool] = field(default_factory=list)
    """Requests that were sent, and are not there yet."""
    is_slow: bool = False

    def set(self, *, is_broken: bool) -> Told:
        """Take a request up, or not, and answer whatever a test says."""
        if self.is_slow and self.outcome is Attempt.UNKNOWN:
            self.on_the_way.append(is_broken)
        elif self.is_done:
            self.take_up(is_broken=is_broken)
        return Told(self.outcome)

    def take_up(self, *, is_broken: bool) -> None:
        """Do what was asked for."""
        self.times_broken += is_broken and not self.is_broken
        self.is_broken = is_broken

    def arrive(self) -> None:
        """Let what is on its way arrive."""
        while self.on_the_way:
            self.take_up(is_broken=self.on_the_way.pop(0))


@dataclass
class Tool:
    """Breaks and mends one resource, for any kind of fault."""

    world: "Adversary"
    of: Resource
    kind: FaultKind
    operation: str = "break"
    undo_operation: str = "mend"

    def inject(self, broken: Broken, not_after: Instant) -> Told:
        """Break, in time."""
        if self.world.clock.now() > not_after:
            return Told(Attempt.FAILED)
        self.world.witness(broken)
        return self.of.set(is_broken=True)

    def undo(self, broken: Broken, state_before: str, not_after: Instant | None) -> Told:
        """Mend."""
        del broken, state_before, not_after
        return self.of.set(is_broken=False)

    def look(self, broken: Broken) -> Seen:
        """Return what is seen."""
        del broken
        seen = self.of.shown if self.of.is_masked else self.of.is_broken
        return Seen(state=None if seen is None else STATES[seen], fault_in_place=seen)


STATES = {False: WHOLE, True: BROKEN}


@dataclass
class Adversary:
    """The world of one drill."""

    plan: Plan
    clock: ToyClock = field(default_factory=ToyClock)
    service: TableService = field(default_factory=TableService)
    samples: list[Sample] = field(default_factory=list)
    resource: Resource = field(default_factory=Resource)
    hold: Resource = field(default_factory=Resource)
    blocking: str = ""
    wrongs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store.create(a_drill(plan=self.plan))

    @property
    def store(self) -> DrillTable:
        """The drills, as they are."""
        return DrillTable(cast("Tables", self.service))

    @property
    def drill(self) -> Drill:
        """The drill, as it is."""
        return self.store.load("d1")

    def witness(self, broken: Broken) -> None:
        """Note a request to break without an open record, or after the drill's end."""
        records = UndoTable(cast("Tables", self.service)).open()
        if broken.resource not in {record.resource for record in records}:
            self.wrongs.append(f"{broken.resource} was broken without an open record")
        if self.drill.phase is Phase.CLOSED:
            self.wrongs.append(f"{broken.resource} was broken after the drill had closed")

    def host(
        self, calls_left: int | None = None, *, is_done: bool = False
    ) -> tuple[Drills, Ledger]:
        """Return the services of a new host, which dies after so many calls."""
        gate = Answering(calls_left, is_done=is_done)
        tables = cast("Tables", GatedTables(self.service, gate))
        store, timeline = DrillTable(tables), SimTimeline(tables, self.samples)
        ledger = Ledger(
            LedgerDependencies(
                store=UndoTable(tables),
                tools=self._tools(gate),
                actions=timeline,
                answers=lambda _check: not self.resource.is_broken,
                is_lever_engaged=store.is_lever_engaged,
                clock=self.clock,
            )
        )
        dependencies = DrillDependencies(
            store=store,
            records=timeline,
            ledger=ledger,
            preflight=self,
            health_check=_health_check,
            now=self.clock.now,
        )
        return Drills(dependencies), ledger

    def inspect(self, plan: Plan) -> NoReturn:
        """Refuse: the one drill there is has started already."""
        raise NotImplementedError(plan)

    def blocked(self, drill: Drill) -> str:
        """Return what a test says."""
        del drill
        return self.blocking

    def show(self, scene: str) -> None:
        """Let the last minute's samples tell of a scene."""
        self.samples[:] = [
            sample
            for seconds in range(SCENE_SECONDS, 0, -SLOT_SECONDS)
            for sample in SCENES[scene](self.clock.now() - 1_000 * seconds)
        ]

    def _tools(self, gate: Gate) -> dict[FaultKind, FaultTool]:
        made: dict[FaultKind, FaultTool] = {}
        for kind in FaultKind:
            is_fault = kind is self.plan.fault
            tool = Tool(self, self.resource if is_fault else self.hold, kind)
            made[kind] = cast("FaultTool", Gated(tool, gate, "tool"))
        return made


def plan_of(kind: FaultKind, failback: Failback) -> Plan:
    """Return a short plan."""
    is_probe = kind is FaultKind.PROBE_PATH
    return Plan(
        profile="lab",
        rto_seconds=60,
        fault=kind,
        probe_path=ProbePath(header="x", value="y") if is_probe else None,
        failback=failback,
        failback_hold_seconds_max=HELD_SECONDS,
        steady_seconds=10,
        hold_seconds=10,
        stability_seconds=10,
        switch_seconds_max=60,
        sample_interval_seconds=SLOT_SECONDS,
    )


def _health_check(drill: Drill) -> HealthCheck | None:
    is_machine = drill.plan.fault in VM_FAULTS
    return an_undo_record().health_check if is_machine else None


def _seen_from(serving: str, monitor: str, *, is_survivor_well: bool = True) -> Callable[..., Any]:
    """Return what makes a slot's samples: who serves, and what Traffic Manager says."""
    name, address = {
        "virginia": (VIRGINIA_NAME, VIRGINIA),
        "amsterdam": (AMSTERDAM_NAME, AMSTERDAM),
    }[serving]

    def slot(at: Instant) -> list[Sample]:
        good = Sample("", at, at + 3, Outcome.OK, "", 200)
        chain = f"{name}>{address}"
        amsterdam = good if is_survivor_well else good._replace(outcome=Outcome.TIMEOUT)
        return [
            good._replace(series=f"dns/authoritative/{SERVER}", answer=chain),
            good._replace(series=f"dns/recursive/{RESOLVER}", answer=chain),
            good._replace(series="client/fresh", answer=address),
            good._replace(series="health/virginia", answer=VIRGINIA),
            amsterdam._replace(series="health/amsterdam", answer=AMSTERDAM),
            good._replace(series="monitor/virginia", answer=monitor),
            good._replace(series="monitor/amsterdam", answer="Online"),
        ]

    return slot


SCENES: dict[str, Callable[[Instant], list[Sample]]] = {
    "at home": _seen_from("virginia", "Online"),
    "away": _seen_from("amsterdam", "Degraded"),
    "survivor sick": _seen_from("amsterdam", "Degraded", is_survivor_well=False),
    "silence": lambda _at: [],
}
