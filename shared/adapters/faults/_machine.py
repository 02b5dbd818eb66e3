"""What the faults that stop machines have in common: how a machine is looked at and started."""

from shared.adapters.arm import Answer, Arm
from shared.core.errors import SwitchbackError
from shared.core.model import Broken
from shared.core.samples import Instant
from shared.core.undo import ABSENT, Seen

IN_PLACE = {"stopping", "stopped", "deallocating", "deallocated"}
STATE_BEFORE = "running"


class MachineFault:
    """Starts a machine that a fault has stopped, and looks at it."""

    operation = ""
    undo_operation = "start"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def inject(self, broken: Broken, not_after: Instant) -> Answer:
        """Ask for the stop, once and in time."""
        return self._arm.stop(broken.resource, self.operation, not_after)

    def undo(self, broken: Broken, state_before: str, not_after: Instant | None) -> Answer:
        """Ask for the start, once and in time; only what ran is ever stopped."""
        del state_before
        return self._arm.start(broken.resource, not_after)

    def look(self, broken: Broken) -> Seen:
        """Return the machine's state. `starting`, absent and unknown tell nothing of the fault."""
        try:
            # Not as a sample is taken: a look may ask twice rather than know nothing.
            machine = self._arm.machine(broken.resource)
        except SwitchbackError:
            return Seen(state=None, fault_in_place=None)
        state = machine.power_state if machine else ABSENT
        known = {STATE_BEFORE: False} | dict.fromkeys(IN_PLACE, True)
        return Seen(state=state, fault_in_place=known.get(state))
