"""The faults that can be injected: one file per kind, one line here."""

from shared.adapters.arm import Arm
from shared.adapters.faults.vm_power_off import VmPowerOff
from shared.core.plan import FaultKind


def tools(arm: Arm) -> dict[FaultKind, VmPowerOff]:
    """Return what injects, undoes and looks for each kind of fault."""
    return {FaultKind.VM_POWER_OFF: VmPowerOff(arm)}
