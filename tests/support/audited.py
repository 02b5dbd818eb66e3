"""Everything that is audited, over toys."""

from dataclasses import dataclass, field, replace

from shared import ledger_ports
from shared.audit import Audit, AuditedActions, AuditedDrills, AuditedStore
from shared.core.audit import verify
from shared.core.errors import UpstreamUnavailable
from shared.core.samples import Act, Entry
from tests.support.drills import at
from tests.support.memory import MemoryAudit
from tests.support.toys import ServiceBench

HERE, ADA, AT_HOME = "instance a process 1", "ada@example.com", "198.51.100.7"


class Failing(MemoryAudit):
    """Chains that cannot be written."""

    def create(self, chain: str, entry: Entry) -> None:
        """Fail."""
        raise UpstreamUnavailable("Tables do not answer.")


@dataclass
class AuditBench(ServiceBench):
    """The drill service and its ledger, audited."""

    chains: MemoryAudit = field(default_factory=MemoryAudit)

    @property
    def audit(self) -> Audit:
        """The audit of a process that has just started."""
        return Audit(self.chains, self.clock.now, HERE)

    def actions(self) -> ledger_ports.ActionLog:
        """Return where actions are written and told."""
        return AuditedActions(self.timeline, self.audit)

    def drills(self) -> AuditedDrills:
        """Return the service, as after a restart."""
        drills = self.drills_over(AuditedStore(self.store, self.audit))
        return AuditedDrills(drills, self.audit)

    def acts(self, chain: str = "d1") -> list[Act]:
        """Return what a chain, which must be whole, tells."""
        entries = self.chains.read(chain)
        assert verify(chain, entries).broken_at is None
        return [entry.act for entry in entries]

    def told(self, chain: str = "d1") -> list[tuple[str, str]]:
        """Return what was done, and what came of it."""
        return [(act.what, str(act.outcome)) for act in self.acts(chain)]


def an_act(**changed: str) -> Act:
    """Return an act of somebody's."""
    act = Act(at=at(0), who=ADA, where=AT_HOME, what="stopDrill", subject="d1")
    return replace(act, **changed)  # type: ignore[arg-type]
