"""The real services of one host over a stage: every call of theirs goes through the host's gate."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from shared.adapters.arm import Arm
from shared.adapters.audit_table import AuditTable
from shared.adapters.drill_table import DrillTable
from shared.adapters.faults import tools
from shared.adapters.tables import Tables
from shared.adapters.timeline_table import TimelineTable
from shared.adapters.undo_table import UndoTable
from shared.audit import Audit, AuditedActions, AuditedDrills, AuditedStore
from shared.core.model import Drill, HealthCheck, Vantages
from shared.core.questions import health_check
from shared.core.samples import Instant, Sample, Timeline
from shared.drill_ports import Dependencies as DrillDependencies
from shared.drills import Drills
from shared.ledger import Ledger
from shared.ledger_ports import Dependencies as LedgerDependencies
from shared.preflight import Preflight, Surroundings
from tests.support.azure import MemoryProfiles
from tests.support.crash_points import ARM, HTTP, TABLES, Gate, Gated
from tests.support.sim_samples import RESOLVER, SERVER
from tests.support.sim_stage import Stage

SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
GROUPS = ("switchback-lab-eastus", "switchback-lab-westeurope", "switchback-lab")


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

    def __init__(self, service: Any, gate: Gate) -> None:  # noqa: ANN401 - tables, real or in memory
        self._service, self._gate = service, gate

    def table(self, name: str) -> Gated:
        """Return a table."""
        return Gated(self._service.table(name), self._gate, f"{TABLES}.{name}")


class SimServices:
    """What the triggers of one host call, made as `shared.wiring` makes it."""

    def __init__(self, stage: Stage, gate: Gate) -> None:
        arm = cast("Arm", Gated(stage.arm, gate, ARM))
        tables = cast("Tables", GatedTables(stage.service, gate))
        timeline = SimTimeline(tables, stage.samples)
        answers = Gated(stage.azure, gate, HTTP).answers
        audit = Audit(AuditTable(tables), stage.azure.now, "a host")
        drill_table = DrillTable(tables)
        self.ledger = Ledger(
            LedgerDependencies(
                store=UndoTable(tables),
                tools=tools(arm),
                actions=AuditedActions(timeline, audit),
                answers=answers,
                is_lever_engaged=drill_table.is_lever_engaged,
                clock=stage.azure,
            )
        )
        self.drills = Drills(
            DrillDependencies(
                store=AuditedStore(drill_table, audit),
                records=timeline,
                ledger=self.ledger,
                preflight=Preflight(arm, _surroundings(stage, answers)),
                health_check=_health_check,
                now=stage.azure.now,
            )
        )
        self.audited = AuditedDrills(self.drills, audit)


def _surroundings(stage: Stage, answers: Callable[[HealthCheck], bool]) -> Surroundings:
    azure = stage.azure
    registry = MemoryProfiles()
    registry.put({"name": "lab", "resourceId": azure.profile_id, "mode": "managed"})

    def vantages(fqdn: str, url: str) -> Vantages:
        del fqdn
        return Vantages(
            authoritative=(SERVER,), resolvers=(RESOLVER,), client_resolver=RESOLVER, client_url=url
        )

    return Surroundings(
        registry=registry,
        ask=lambda _server, _name: stage.sampler.authoritative(),
        resolve=azure.address,
        answers=answers,
        vantages=vantages,
        allowed_groups=GROUPS,
        subscription_id=SUBSCRIPTION,
    )


def _health_check(drill: Drill) -> HealthCheck | None:
    endpoint = drill.snapshot.endpoint(drill.endpoint)
    return health_check(drill.snapshot, endpoint, drill.snapshot.monitor.timeout_seconds)
