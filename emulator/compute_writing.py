"""VMs to ARM bodies, members as recorded."""

from emulator.cloud import Cloud, PowerState, VirtualMachine
from emulator.ids import guid, machine_id, resource_id

Json = dict[str, object]
MACHINE_TYPE = "Microsoft.Compute/virtualMachines"
_UNCHANGED_SINCE = "2026-01-01T00:00:00+00:00"  # when the lab's machines were made, so to speak

_AGENT: Json = {
    "vmAgentVersion": "2.11.1.4",
    "statuses": [
        {
            "code": "ProvisioningState/succeeded",
            "level": "Info",
            "displayStatus": "Ready",
            "message": "Guest Agent is running",
            "time": _UNCHANGED_SINCE,
        }
    ],
    "extensionHandlers": [],
}


class MachineWriter:
    """Writes the VMs of one subscription."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def machine(self, machine: VirtualMachine, *, has_view: bool) -> Json:
        """Return a VM's body, with its instance view when asked for."""
        subscription = self._cloud.subscription_id
        interface = self._cloud.interfaces.by_key(machine.interface)
        interface_id = resource_id(subscription, "Microsoft.Network/networkInterfaces", interface)
        properties: Json = {
            "vmId": guid(machine_id(subscription, machine)),
            "hardwareProfile": {"vmSize": machine.size},
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux",
                    "name": f"{machine.name}_OsDisk_1",
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                },
                "dataDisks": [],
            },
            "osProfile": {
                "computerName": machine.name,
                "adminUsername": "azureuser",
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "provisionVMAgent": True,
                    "patchSettings": {"patchMode": "ImageDefault"},
                },
                "secrets": [],
                "allowExtensionOperations": True,
                "requireGuestProvisionSignal": True,
            },
            "networkProfile": {
                "networkInterfaces": [{"id": interface_id, "properties": {"primary": True}}]
            },
            "provisioningState": "Updating" if machine.is_updating else "Succeeded",
        }
        if has_view:
            properties["instanceView"] = instance_view(machine)
        return {
            "name": machine.name,
            "id": machine_id(subscription, machine),
            "type": MACHINE_TYPE,
            "location": machine.location,
            "tags": machine.tags,
            "properties": properties,
        }


def instance_view(machine: VirtualMachine) -> Json:
    """Return the view: a deallocated VM has no guest to tell of, the power status has no time."""
    word = "updating" if machine.is_updating else "succeeded"
    shown = "Updating" if machine.is_updating else "Provisioning succeeded"
    provisioning = {
        "code": f"ProvisioningState/{word}",
        "level": "Info",
        "displayStatus": shown,
        "time": _UNCHANGED_SINCE,
    }
    power = {
        "code": f"PowerState/{machine.power.value}",
        "level": "Info",
        "displayStatus": f"VM {machine.power.value}",
    }
    guest: Json = {}
    if machine.power is not PowerState.DEALLOCATED:
        guest = {
            "computerName": machine.name,
            "osName": "debian",
            "osVersion": "12",
            "vmAgent": _AGENT,
        }
    disk = {"name": f"{machine.name}_OsDisk_1", "statuses": [provisioning]}
    tail = {"disks": [disk], "hyperVGeneration": "V2", "statuses": [provisioning, power]}
    return guest | tail
