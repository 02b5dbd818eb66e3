"""Worlds of the other faults, and of a failback that is held.

A `World` is the lab's drill of a machine that is stopped; what differs in these is told here.
"""

from dataclasses import dataclass

from shared.core.samples import ActionKind, ActionRecord
from tests.support.worlds import World, an_action


@dataclass(frozen=True, kw_only=True)
class DisabledWorld(World):
    """The endpoint is disabled and enabled: DNS follows at once, and nothing that serves stops."""

    def power(self, now: float) -> str:
        """Return the machine's power state."""
        del now
        return "running"

    def serves(self, now: float) -> bool:
        """The endpoint under test answers."""
        del now
        return True

    def monitor(self, now: float) -> str:
        """Return what ARM says of the endpoint."""
        if self.fault_accepted <= now < self.restore_accepted:
            return "Disabled"
        return "CheckingEndpoint" if self.restore_accepted <= now < self.online else "Online"

    def named_by_server(self, now: float) -> str:
        """Return the endpoint that the name server answers with."""
        return "amsterdam" if self.fault_accepted <= now < self.restore_accepted else "virginia"


@dataclass(frozen=True, kw_only=True)
class HeaderWorld(DisabledWorld):
    """Probes fail by a header and succeed without it, while everybody is served on."""

    def monitor(self, now: float) -> str:
        """Return what ARM says of the endpoint."""
        return "Degraded" if self.degraded <= now < self.online else "Online"

    def named_by_server(self, now: float) -> str:
        """Return the endpoint that the name server answers with."""
        return "amsterdam" if self.degraded <= now < self.online else "virginia"


@dataclass(frozen=True, kw_only=True)
class HeldWorld(World):
    """The machine comes back behind a disabled endpoint, which is enabled later."""

    held_sent: float = 400.0
    held_accepted: float = 400.1
    held_answered: float = 400.2
    release_sent: float = 450.0
    release_accepted: float = 450.1
    release_answered: float = 450.2

    def monitor(self, now: float) -> str:
        """Return what ARM says of the endpoint."""
        changes = (
            (self.online, "Online"),
            (self.release_accepted, "CheckingEndpoint"),
            (self.held_accepted, "Disabled"),
            (self.degraded, "Degraded"),
        )
        return next((state for since, state in changes if now >= since), "Online")

    def named_by_server(self, now: float) -> str:
        """Return the endpoint that the name server answers with."""
        away = self.authoritative_switched <= now < self.release_accepted
        return "amsterdam" if away else "virginia"

    def requests(self) -> tuple[ActionRecord, ...]:
        """Return what the drill asked for."""
        held = an_action(ActionKind.HOLD_BACK, self.held_sent, self.held_answered)
        released = an_action(ActionKind.RELEASE, self.release_sent, self.release_answered)
        return (*super().requests(), held, released)
