"""The faults that can be injected: one file per kind, one line here."""

from shared.adapters.arm import Arm
from shared.adapters.faults.endpoint_disable import EndpointDisable
from shared.adapters.faults.probe_path import ProbePathHeader
from shared.adapters.faults.vm_deallocate import VmDeallocate
from shared.adapters.faults.vm_power_off import VmPowerOff
from shared.core.plan import FaultKind
from shared.ledger_ports import FaultTool


def tools(arm: Arm) -> dict[FaultKind, FaultTool]:
    """Return what injects, undoes and looks for each kind of fault."""
    return {
        FaultKind.VM_POWER_OFF: VmPowerOff(arm),
        FaultKind.VM_DEALLOCATE: VmDeallocate(arm),
        FaultKind.ENDPOINT_DISABLE: EndpointDisable(arm),
        FaultKind.PROBE_PATH: ProbePathHeader(arm),
    }
