"""The ledger and the drill service over toys: a machine, an endpoint, and rows in memory."""

from dataclasses import dataclass, field

from shared import drill_ports, ledger_ports
from shared.core.errors import Fault
from shared.core.model import Caution, Drill, HealthCheck, Phase
from shared.core.plan import FaultKind, Plan
from shared.drills import Drills
from shared.ledger import Ledger
from shared.preflight import Inspection
from tests.support.drills import LAB, a_drill, an_undo_record, at, lab_samples
from tests.support.machines import ToyClock, ToyMachine, ToySetting
from tests.support.memory import MemoryDrills, MemoryTimeline, MemoryUndos

CHECK = an_undo_record().health_check
PLAN = Plan(profile="lab", rto_seconds=300)


@dataclass
class ToyPreflight:
    """A preflight that finds what a test says."""

    faults: tuple[Fault, ...] = ()
    cautions: tuple[Caution, ...] = ()
    blocking: str = ""

    def inspect(self, plan: Plan) -> Inspection:
        """Return the lab."""
        del plan
        return Inspection("virginia", LAB, self.faults, self.cautions)

    def blocked(self, drill: Drill) -> str:
        """Return what a test says."""
        del drill
        return self.blocking


@dataclass
class LedgerBench:
    """A ledger over a toy machine and a toy endpoint."""

    machine: ToyMachine = field(default_factory=ToyMachine)
    endpoint: ToySetting = field(default_factory=ToySetting)
    clock: ToyClock = field(default_factory=ToyClock)
    undos: MemoryUndos = field(default_factory=MemoryUndos)
    timeline: MemoryTimeline = field(default_factory=MemoryTimeline)
    serves: bool = True
    is_engaged: bool = False

    def ledger(self) -> Ledger:
        """Return the ledger, as after a restart."""
        return Ledger(
            ledger_ports.Dependencies(
                store=self.undos,
                tools={
                    FaultKind.VM_POWER_OFF: self.machine,
                    FaultKind.ENDPOINT_DISABLE: self.endpoint,
                },
                actions=self.actions(),
                answers=self.answers,
                is_lever_engaged=self.is_lever_engaged,
                clock=self.clock,
            )
        )

    def broken(self, plan: Plan = PLAN) -> Drill:
        """Return a drill whose fault was injected and seen in place."""
        drill = a_drill(Phase.FAILOVER, plan=plan)
        self.ledger().inject(drill, CHECK)
        self.ledger().view(drill)
        return drill

    def actions(self) -> ledger_ports.ActionLog:
        """Return where actions are written."""
        return self.timeline

    def answers(self, check: HealthCheck) -> bool:
        """The endpoint serves."""
        del check
        return self.serves and self.machine.state == "running"

    def is_lever_engaged(self) -> bool:
        """Nothing may be broken."""
        return self.is_engaged


@dataclass
class ServiceBench(LedgerBench):
    """What the drill service is made of, over such a ledger."""

    store: MemoryDrills = field(default_factory=MemoryDrills)
    preflight: ToyPreflight = field(default_factory=ToyPreflight)

    def is_lever_engaged(self) -> bool:
        """The lever, as it is stored."""
        return self.store.is_lever_engaged()

    def drills_over(self, store: drill_ports.DrillStore) -> Drills:
        """Return the service over a store, as after a restart."""
        return Drills(
            drill_ports.Dependencies(
                store=store,
                records=self.timeline,
                ledger=self.ledger(),
                preflight=self.preflight,
                health_check=lambda _drill: CHECK,
                now=self.clock.now,
            )
        )


@dataclass
class DrillBench(ServiceBench):
    """The drill service over toys."""

    @classmethod
    def started(cls) -> "DrillBench":
        """Return the service with a drill that has just started."""
        made = cls()
        made.drills().start("d1", PLAN, "as sent", "a test")
        return made

    def drills(self) -> Drills:
        """Return the service, as after a restart."""
        return self.drills_over(self.store)

    def tick(self, seconds: float) -> Drill:
        """Tick at that second and return the drill."""
        self.clock.at = at(seconds)
        self.drills().advance()
        return self.store.load("d1")

    def fail_over(self) -> Drill:
        """Bring the drill to where its fault is in place."""
        self.timeline.samples = lab_samples(range(62))
        self.tick(62)
        return self.tick(67)
