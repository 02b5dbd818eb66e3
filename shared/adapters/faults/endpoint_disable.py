"""The fault `endpointDisable`: Traffic Manager is told to leave an endpoint out.

A switchover: nothing is detected, and nothing that serves is touched.
"""

from typing import Any

from shared.adapters.arm import Answer
from shared.adapters.faults._setting import SettingFault
from shared.core.model import Broken
from shared.core.samples import Instant
from shared.core.undo import Seen

ENABLED, DISABLED = "Enabled", "Disabled"


class EndpointDisable(SettingFault):
    """Disables an endpoint, and gives it the status back that it had."""

    operation = "disable"
    undo_operation = "enable"

    def inject(self, broken: Broken, not_after: Instant) -> Answer:
        """Ask for the disabling, once and in time."""
        wanted = {"endpointStatus": DISABLED}
        return self._arm.patch_endpoint(broken.resource, wanted, not_after)

    def undo(self, broken: Broken, state_before: str, not_after: Instant | None) -> Answer:
        """Ask for the status that was there before, once and in time."""
        wanted = {"endpointStatus": state_before}
        return self._arm.patch_endpoint(broken.resource, wanted, not_after)

    def _read(self, properties: dict[str, Any], broken: Broken) -> Seen:
        del broken
        status = str(properties.get("endpointStatus") or ENABLED)
        return Seen(state=status, fault_in_place=status == DISABLED)
