"""The real services on a virtual clock: hosts that die or freeze, over one Azure and its tables.

A host is a fresh set of services, as after a start of the process; its timers tick on the clock.
What one host is frozen in, others outlive: time goes on within the very call that is frozen.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from azure.core.exceptions import AzureError  # noqa: TID251 (what a table may raise)

from shared import drills, ledger, preflight
from shared.adapters.arm import Arm
from shared.adapters.audit_table import AuditTable
from shared.adapters.drill_table import DrillTable
from shared.adapters.faults import tools
from shared.adapters.tables import Tables
from shared.adapters.timeline_table import TimelineTable
from shared.adapters.undo_table import UndoTable
from shared.audit import Audit, AuditedActions, AuditedStore
from shared.core.errors import SwitchbackError
from shared.core.model import Drill, HealthCheck, Phase, Vantages
from shared.core.plan import Failback, FaultKind, Plan, ProbePath
from shared.core.questions import health_check
from shared.core.samples import Instant, Sample, Timeline
from shared.drill_ports import Dependencies as DrillDependencies
from shared.ledger_ports import Dependencies as LedgerDependencies
from tests.support.azure import MemoryProfiles
from tests.support.crash_points import ARM, HTTP, TABLES, Died, Gate, Gated, Point
from tests.support.sim_arm import SimArm
from tests.support.sim_azure import SimAzure
from tests.support.sim_samples import MACHINE, RESOLVER, SERVER, Sampler
from tests.support.table_service import Row, TableService

DRILL_ID = "d1"
TICK_SECONDS, WATCHDOG_SECONDS = 5.0, 60.0
RESTART_SECONDS = 7.0
"""From a death to the next host's first tick."""
PATIENCE_SECONDS = 10.0
"""After this a client asks again."""
START_AT_SECONDS = 20.0
"""Both endpoints have been probed by then."""
QUIET_SECONDS = 200.0
"""After a drill has closed: whatever was sent has arrived, the watchdog has looked three times."""
SECONDS_MAX = 6_000.0
MONITOR = {"intervalInSeconds": 10, "timeoutInSeconds": 9, "toleratedNumberOfFailures": 0}
SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
GROUPS = ("switchback-lab-eastus", "switchback-lab-westeurope", "switchback-lab")


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of fault, and how its drill fails back."""

    fault: FaultKind
    failback: Failback = Failback.AUTOMATIC
    is_released: bool = False
    """Somebody ends the hold before its limit."""

    def __str__(self) -> str:
        held = "" if self.failback is Failback.AUTOMATIC else "-held"
        return f"{self.fault}{held}{'-released' if self.is_released else ''}"

    @property
    def plan(self) -> Plan:
        """As short a drill as there can be."""
        is_probe = self.fault is FaultKind.PROBE_PATH
        return Plan(
            profile="lab",
            rto_seconds=300,
            fault=self.fault,
            probe_path=ProbePath(header="X-Failover-Drill", value="fail") if is_probe else None,
            failback=self.failback,
            failback_hold_seconds_max=90,
            steady_seconds=10,
            hold_seconds=10,
            stability_seconds=10,
            switch_seconds_max=300,
            sample_interval_seconds=5,
        )


class SimTimeline(TimelineTable):
    """A drill's timeline: acts in the tables, samples at hand, in order of asking."""

    def __init__(self, tables: Tables, samples: list[Sample]) -> None:
        super().__init__(tables)
        self._samples = samples

    def read(self, drill_id: str, since: Instant | None = None) -> Timeline:
        """Return what was recorded since then."""
        first = bisect_left(self._samples, since or 0, key=lambda sample: sample.asked_at)
        return replace(super().read(drill_id, since), samples=tuple(self._samples[first:]))


class GatedTables:
    """Tables, each reached through a host's gate."""

    def __init__(self, service: TableService, gate: Gate) -> None:
        self._service, self._gate = service, gate

    def table(self, name: str) -> Gated:
        """Return a table."""
        return Gated(self._service.table(name), self._gate, f"{TABLES}.{name}")


class Host:
    """One process of the function app."""

    def __init__(self, world: "CrashWorld", point: Point | None = None) -> None:
        self._world = world
        self.is_alive, self.is_frozen = True, False
        self.gate = Gate(_Befallen(world, self), point)
        gated = partial(Gated, gate=self.gate)
        arm = cast("Arm", gated(world.arm, name=ARM))
        self.tables = cast("Tables", GatedTables(world.service, self.gate))
        timeline = SimTimeline(self.tables, world.samples)
        answers = gated(world.azure, name=HTTP).answers
        audit = Audit(AuditTable(self.tables), world.azure.now, "a host")
        drill_table = DrillTable(self.tables)
        store = AuditedStore(drill_table, audit)
        self.ledger = ledger.Ledger(
            LedgerDependencies(
                store=UndoTable(self.tables),
                tools=tools(arm),
                actions=AuditedActions(timeline, audit),
                answers=answers,
                is_lever_engaged=drill_table.is_lever_engaged,
                clock=world.azure,
            )
        )
        self.drills = drills.Drills(
            DrillDependencies(
                store=store,
                records=timeline,
                ledger=self.ledger,
                preflight=preflight.Preflight(arm, _surroundings(world, answers)),
                health_check=_health_check,
                now=world.azure.now,
            )
        )

    def begin(self, phase_seconds: float) -> None:
        """Let the timers tick from now on."""
        self._every(TICK_SECONDS, phase_seconds, self.drills.advance)
        self._every(WATCHDOG_SECONDS, phase_seconds + 2, self.ledger.restore_overdue)

    def run(self, work: Callable[[], object]) -> bool:
        """Let the process do something, which may be its end; whether it was done."""
        try:
            work()
        except Died:
            self.is_alive = False
            self._world.bury(self)
        except (AzureError, SwitchbackError) as error:
            self._world.log.info("a function failed: %r", error)
        else:
            return True
        return False

    @property
    def is_up(self) -> bool:
        """It is there, and does something."""
        return self.is_alive and not self.is_frozen

    def _every(self, seconds: float, first: float, work: Callable[[], object]) -> None:
        """Run a timer: never beside itself, and not while the process is frozen."""

        def turn() -> None:
            if self.is_up:
                self.run(work)
            if self.is_alive:
                self._world.azure.clock.call_later(seconds, turn)

        self._world.azure.clock.call_later(first, turn)


class _Befallen:
    """What may befall one host of a world."""

    def __init__(self, world: "CrashWorld", host: Host) -> None:
        self._world, self._host = world, host

    def freeze(self, seconds: float, *, has_other: bool) -> None:
        """Let time pass without this host."""
        self._host.is_frozen = True
        if has_other:
            self._world.add_host(TICK_SECONDS / 2)
        self._world.let_pass(seconds)
        self._host.is_frozen = False

    def cut_tables(self, seconds: float) -> None:
        """Let nobody reach a table for a while."""
        self._world.cut_until = self._world.azure.clock.seconds + seconds

    def are_tables_cut(self) -> bool:
        """Whether nobody reaches a table now."""
        return self._world.are_tables_cut


class CrashWorld:
    """One drill from its start until long after its end."""

    def __init__(self, case: Case, point: Point | None = None, seed: object = 1) -> None:
        self.case = case
        self.log = logging.getLogger("tests.crash")
        self.azure = SimAzure(seed, ttl=5, **MONITOR)
        self.arm = SimArm(self.azure, self.let_pass)
        self.before = self.azure.live
        self.service = TableService()
        self.service.on_write = self._follow
        self.phase = ""
        self.on_phase: Callable[[str], None] = lambda _phase: None
        """Told in the very step in which the drill enters a phase."""
        self.samples: list[Sample] = []
        self.sampler = Sampler(self.azure, self.samples)
        self.cut_until = -1.0
        self.hosts: list[Host] = []
        self.is_started = False
        self.first = self.add_host(0.0, point)
        self.later(START_AT_SECONDS, self._client)
        self.later(START_AT_SECONDS, self._sample)
        if case.is_released:
            self.later(START_AT_SECONDS, self._operator)

    def run(self) -> "CrashWorld":
        """Let the drill come to its end, and some quiet time after it."""
        clock = self.azure.clock
        while not self.is_over and clock.seconds < SECONDS_MAX:
            self.let_pass(TICK_SECONDS)
        self.let_pass(QUIET_SECONDS)
        return self

    @property
    def is_over(self) -> bool:
        """The drill is closed and nothing is owed."""
        return self.phase == Phase.CLOSED and not self.keys("open|")

    @property
    def drill(self) -> Drill | None:
        """The drill, as the tables have it."""
        return DrillTable(cast("Tables", self.service)).find(DRILL_ID)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of all rows that begin so."""
        rows = [*self.service.table("ledger").rows, *self.service.table("drills").rows]
        return [row["RowKey"] for row in rows if row["RowKey"].startswith(prefix)]

    @property
    def are_tables_cut(self) -> bool:
        """Whether nobody reaches a table now."""
        return self.azure.clock.seconds < self.cut_until

    def let_pass(self, seconds: float) -> None:
        """Let time pass, for everybody who is not frozen."""
        clock = self.azure.clock
        clock.run_until(clock.seconds + seconds)

    def add_host(self, phase_seconds: float, point: Point | None = None) -> Host:
        """Start a host."""
        host = Host(self, point)
        self.hosts.append(host)
        host.begin(phase_seconds)
        return host

    def bury(self, host: Host) -> None:
        """Start another host where one has died, if it was the only one."""
        self.hosts.remove(host)
        if not self.hosts:
            self.later(RESTART_SECONDS, lambda: self.add_host(0.0))

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Let something happen after a while."""
        self.azure.clock.call_later(seconds, cast("Callable[[], None]", call))

    def _up(self) -> Host | None:
        return next((host for host in self.hosts if host.is_up), None)

    def _client(self) -> None:
        """Ask for the drill until somebody says that it has started."""
        if self.is_started:
            return
        self.later(PATIENCE_SECONDS, self._client)
        host = self._up()

        def ask() -> None:
            if host is not None:
                host.drills.start(DRILL_ID, self.case.plan, "as sent", "a client")

        if host is not None and host.run(ask):
            self.is_started = True

    def _operator(self) -> None:
        """Release the held failback once machines run again, until that is heard."""
        self.later(PATIENCE_SECONDS, self._operator)
        host = self._up()
        if host is None or self.phase != Phase.FAILBACK or not self.azure.is_well(MACHINE):
            return
        if self.drill and not self.drill.release_requested:
            host.run(lambda: host.drills.release(DRILL_ID))

    def _follow(self, row: Row) -> None:
        phase = row.get("phase", "") if row["RowKey"].startswith("drill|") else ""
        if phase and phase != self.phase:
            self.phase = phase
            self.on_phase(phase)

    def _sample(self) -> None:
        """Take a slot's samples while a drill is open and somebody is there to take them."""
        self.later(self.case.plan.sample_interval_seconds, self._sample)
        if self.keys("lock|") and self._up() is not None and not self.are_tables_cut:
            self.sampler.take()


def _surroundings(
    world: CrashWorld, answers: Callable[[HealthCheck], bool]
) -> preflight.Surroundings:
    azure = world.azure
    registry = MemoryProfiles()
    registry.put({"name": "lab", "resourceId": azure.profile_id, "mode": "managed"})

    def vantages(fqdn: str, url: str) -> Vantages:
        del fqdn
        return Vantages(
            authoritative=(SERVER,), resolvers=(RESOLVER,), client_resolver=RESOLVER, client_url=url
        )

    return preflight.Surroundings(
        registry=registry,
        ask=lambda _server, _name: world.sampler.authoritative(),
        resolve=azure.address,
        answers=answers,
        vantages=vantages,
        allowed_groups=GROUPS,
        subscription_id=SUBSCRIPTION,
    )


def _health_check(drill: Drill) -> HealthCheck | None:
    endpoint = drill.snapshot.endpoint(drill.endpoint)
    return health_check(drill.snapshot, endpoint, drill.snapshot.monitor.timeout_seconds)
