"""What the faults that are settings of an endpoint have in common: how it is looked at."""

from abc import ABC, abstractmethod
from typing import Any

from shared.adapters.arm import Arm
from shared.core.errors import SwitchbackError
from shared.core.model import Broken
from shared.core.undo import ABSENT, Seen


class SettingFault(ABC):
    """Looks at an endpoint as ARM has it."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def look(self, broken: Broken) -> Seen:
        """Return what the endpoint's properties tell."""
        try:
            found = self._arm.endpoint(broken.resource)
        except SwitchbackError:
            return Seen(state=None, fault_in_place=None)
        if found is None:
            return Seen(state=ABSENT, fault_in_place=None)
        return self._read(found["properties"], broken)

    @abstractmethod
    def _read(self, properties: dict[str, Any], broken: Broken) -> Seen:
        """Return the setting, and whether it is the fault's."""
