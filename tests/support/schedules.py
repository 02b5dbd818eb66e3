"""The schedule service over toys: a schedule for three in the morning, drills that only note it."""

from dataclasses import dataclass, field, replace

from shared.core.conditions import Condition
from shared.core.errors import DrillNotFound, SwitchbackError
from shared.core.model import Drill
from shared.core.plan import Plan
from shared.core.samples import Instant, instant, rfc3339
from shared.core.schedule import Occurrence, Outcome, Schedule, Timing
from shared.schedules import Schedules
from tests.support.drills import a_drill
from tests.support.machines import ToyClock
from tests.support.memory_schedules import MemorySchedules

EVENING = instant("2026-11-23T20:00:00Z")
DUE = instant("2026-11-24T02:00:00Z")
"""Three in the morning in Berlin."""
MINUTE, DAY = 60_000, 86_400_000
ANY = Condition()


class Died(BaseException):
    """The process dies here."""


@dataclass
class ToyDrills:
    """Drills that start, or do what a test says."""

    started: dict[str, tuple[Plan, str, str]] = field(default_factory=dict)
    trouble: SwitchbackError | None = None
    dies: bool = False
    asked: int = 0

    def start(self, drill_id: str, plan: Plan, plan_as_sent: str, by: str) -> tuple[Drill, bool]:
        """Start a drill, idempotent by its id."""
        self.asked += 1
        if self.trouble:
            raise self.trouble
        is_new = drill_id not in self.started
        self.started[drill_id] = (plan, plan_as_sent, by)
        if self.dies:
            raise Died
        return a_drill(id=drill_id), is_new

    def get(self, drill_id: str) -> object:
        """Return a drill, or raise DrillNotFound."""
        if drill_id not in self.started:
            raise DrillNotFound(drill_id)
        return self.started[drill_id]


@dataclass
class Bench:
    """The service over toys."""

    store: MemorySchedules = field(default_factory=MemorySchedules)
    drills: ToyDrills = field(default_factory=ToyDrills)
    clock: ToyClock = field(default_factory=lambda: ToyClock(EVENING))

    def __post_init__(self) -> None:
        self.service = self.host()

    def host(self) -> Schedules:
        """Return the service of another process, as after a restart."""
        return Schedules(self.store, self.drills, self.clock.now)

    def run(self, at: Instant) -> list[str]:
        """Run what is due then, and return what came of each time, newest first."""
        self.clock.at = at
        self.service.run_due()
        return self.told()

    def told(self, name: str = "nightly") -> list[str]:
        """Return what came of each time of a schedule, newest first."""
        return [
            f"{rfc3339(each.at)[5:16]} {each.outcome} {each.reason}".strip()
            for each in self.store.occurrences(name, 100)
        ]


def a_schedule(name: str = "nightly", **timing: object) -> Schedule:
    """Return a schedule for three in the morning, in Berlin."""
    nightly = Timing(cron="0 3 * * *", time_zone="Europe/Berlin")
    return Schedule(
        name=name,
        timing=replace(nightly, **timing),  # type: ignore[arg-type]
        plan=Plan(profile="lab", rto_seconds=300),
        plan_as_sent='{"profile":"lab","rtoSeconds":300}',
        since=0,
        changed_by="a test",
    )


def a_bench() -> Bench:
    """Return the service over toys, with a schedule made the evening before."""
    made = Bench()
    made.service.put(a_schedule(), ANY)
    return made


def a_claim() -> Occurrence:
    """Return a claim of the night's drill by a process that has died since."""
    return Occurrence(schedule="nightly", at=DUE, outcome=Outcome.STARTING, claimed_at=DUE)
