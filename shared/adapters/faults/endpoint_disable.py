"""The fault `endpointDisable`: Traffic Manager is told to leave an endpoint out.

A switchover: nothing is detected, and nothing that serves is touched.
"""

from shared.adapters.arm import Answer, Arm
from shared.core.errors import SwitchbackError
from shared.core.model import Broken
from shared.core.samples import Instant
from shared.core.undo import ABSENT, Seen

ENABLED, DISABLED = "Enabled", "Disabled"


class EndpointDisable:
    """Disables an endpoint, and gives it the status back that it had."""

    operation = "disable"
    undo_operation = "enable"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def inject(self, broken: Broken, not_after: Instant) -> Answer:
        """Ask for the disabling, once and in time."""
        wanted = {"endpointStatus": DISABLED}
        return self._arm.patch_endpoint(broken.resource, wanted, not_after)

    def undo(self, broken: Broken, state_before: str) -> Answer:
        """Ask for the status that was there before."""
        return self._arm.patch_endpoint(broken.resource, {"endpointStatus": state_before})

    def look(self, broken: Broken) -> Seen:
        """Return the endpoint's status as ARM has it."""
        try:
            found = self._arm.endpoint(broken.resource)
        except SwitchbackError:
            return Seen(state=None, fault_in_place=None)
        if found is None:
            return Seen(state=ABSENT, fault_in_place=None)
        status = str(found["properties"].get("endpointStatus") or ENABLED)
        return Seen(state=status, fault_in_place=status == DISABLED)
