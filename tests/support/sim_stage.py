"""What a drill in virtual time happens on: the lab's Azure, its tables, and what samplers see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from shared.adapters.audit_table import AuditTable
from shared.adapters.drill_table import DrillTable
from shared.adapters.tables import Tables
from shared.core.audit import verify
from shared.core.model import Drill
from shared.core.plan import Failback, FaultKind, Plan, ProbePath
from shared.core.samples import Sample
from tests.support.sim_arm import SimArm
from tests.support.sim_azure import SimAzure
from tests.support.sim_samples import Sampler
from tests.support.table_service import Row, TableService

DRILL_ID = "d1"
MONITOR = {"intervalInSeconds": 10, "timeoutInSeconds": 9, "toleratedNumberOfFailures": 0}


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of fault, and how its drill fails back."""

    fault: FaultKind
    failback: Failback = Failback.AUTOMATIC
    is_released: bool = False
    """Somebody ends the hold before its limit."""
    hold_seconds: int = 10
    is_balanced: bool = False
    """Two machines behind a load balancer are to be broken, instead of one with an address."""

    def __str__(self) -> str:
        held = "" if self.failback is Failback.AUTOMATIC else "-held"
        more = ("-released" if self.is_released else "") + ("-balanced" if self.is_balanced else "")
        return f"{self.fault}{held}{more}"

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
            hold_seconds=self.hold_seconds,
            stability_seconds=10,
            switch_seconds_max=300,
            sample_interval_seconds=5,
        )


class Stage:
    """The world of one drill, as far as no host is needed for it."""

    def __init__(self, case: Case, seed: object = 1, service: Any = None) -> None:  # noqa: ANN401 - tables, real or in memory
        self.case = case
        primary = "amsterdam" if case.is_balanced else "virginia"
        self.azure = SimAzure(seed, ttl=5, primary=primary, **MONITOR)
        self.arm = SimArm(self.azure, self.let_pass)
        self.before = self.azure.live
        self.samples: list[Sample] = []
        self.sampler = Sampler(self.azure, self.samples)
        self.service = TableService() if service is None else service
        self.phase = ""
        self.on_phase: Callable[[str], None] = lambda _phase: None
        """Told in the very step in which the drill enters a phase."""
        if isinstance(self.service, TableService):
            self.service.on_write = self._follow

    @property
    def drill(self) -> Drill | None:
        """The drill, as the tables have it."""
        return DrillTable(cast("Tables", self.service)).find(DRILL_ID)

    def keys(self, prefix: str) -> list[str]:
        """Return the keys of all drills', locks' and undo records' rows that begin so."""
        rows = [*rows_of(self.service, "ledger"), *rows_of(self.service, "drills")]
        return [row["RowKey"] for row in rows if row["RowKey"].startswith(prefix)]

    def audit_verdict(self) -> str:
        """Return whether the drill's audit is whole, up to what the closed drill names."""
        drill = self.drill
        entries = AuditTable(cast("Tables", self.service)).read(DRILL_ID)
        return verify(DRILL_ID, entries, drill.audit_head if drill else "").verdict

    def let_pass(self, seconds: float) -> None:
        """Let time pass, for everybody who is not frozen."""
        clock = self.azure.clock
        clock.run_until(clock.seconds + seconds)

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Let something happen after a while."""
        self.azure.clock.call_later(seconds, cast("Callable[[], None]", call))

    def _follow(self, row: Row) -> None:
        phase = row.get("phase", "") if row["RowKey"].startswith("drill|") else ""
        if phase and phase != self.phase:
            self.phase = phase
            self.on_phase(phase)


def rows_of(service: Any, table: str) -> list[Row]:  # noqa: ANN401 - tables, real or in memory
    """Return all rows of a table."""
    return [dict(row) for row in service.table(table).list_entities()]
