"""The fault `vmPowerOff`: a machine is stopped, still billed, and keeps its addresses."""

from shared.adapters.faults._machine import MachineFault


class VmPowerOff(MachineFault):
    """Stops a machine, and starts it again."""

    operation = "powerOff"
