"""The fault `vmPowerOff`: a machine is stopped, still billed, and keeps its addresses."""

from shared.adapters.arm import Arm, PowerAnswer
from shared.core.errors import SwitchbackError
from shared.core.samples import Instant
from shared.core.undo import Seen

IN_PLACE = {"stopping", "stopped", "deallocating", "deallocated"}
STATE_BEFORE = "running"


class VmPowerOff:
    """Stops a machine, and starts it again."""

    operation = "powerOff"
    undo_operation = "start"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def inject(self, resource: str, not_after: Instant) -> PowerAnswer:
        """Ask for the stop, once and in time."""
        return self._arm.power_off(resource, not_after)

    def undo(self, resource: str) -> PowerAnswer:
        """Ask for the start."""
        return self._arm.start(resource)

    def look(self, resource: str) -> Seen:
        """Return the machine's state. `starting`, absent and unknown tell nothing of the fault."""
        try:
            # Not as a sample is taken: a look may ask twice rather than know nothing.
            machine = self._arm.machine(resource)
        except SwitchbackError:
            return Seen(state=None, fault_in_place=None)
        state = machine.power_state if machine else "absent"
        known = {STATE_BEFORE: False} | dict.fromkeys(IN_PLACE, True)
        return Seen(state=state, fault_in_place=known.get(state))
