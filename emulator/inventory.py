"""Everything in the subscription as ARM bodies, of whatever type."""

from emulator.arm import Arm
from emulator.compute_writing import MachineWriter
from emulator.network_writing import NetworkWriter
from emulator.profile_writing import ProfileWriter

Json = dict[str, object]


class Inventory:
    """Lists resources across their types."""

    def __init__(self, arm: Arm) -> None:
        self._cloud = arm.cloud
        self._machines = MachineWriter(arm.cloud)
        self._network = NetworkWriter(arm.cloud)
        self._profiles = ProfileWriter(arm.cloud.subscription_id, arm.plane)

    def bodies(self, group: str | None = None) -> list[Json]:
        """Return every resource, or those of one group; profiles without monitor status."""
        cloud = self._cloud
        return [
            *(self._machines.machine(m, has_view=False) for m in cloud.machines.in_group(group)),
            *(self._network.balancer(b) for b in cloud.balancers.in_group(group)),
            *(self._network.interface(i) for i in cloud.interfaces.in_group(group)),
            *(self._network.public_ip(p) for p in cloud.public_ips.in_group(group)),
            *(self._profiles.profile(p, has_status=False) for p in cloud.profiles.in_group(group)),
        ]

    def holds_what_cannot_be_deleted(self, group: str) -> bool:
        """Whether a group has resources that the emulator cannot take away."""
        tables = (self._cloud.machines, self._cloud.interfaces, self._cloud.balancers)
        return any(len(table.in_group(group)) > 0 for table in tables)
