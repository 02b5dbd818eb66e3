"""The fault `vmDeallocate`: a machine is stopped and its host released.

It is not billed meanwhile, and a Dynamic public address is lost: the start brings another one.
"""

from shared.adapters.faults._machine import MachineFault


class VmDeallocate(MachineFault):
    """Deallocates a machine, and starts it again."""

    operation = "deallocate"
