"""ARM resource ids: written in canonical case, read in any."""

import re
import uuid

from emulator.cloud import Endpoint, Profile, Resource, ResourceGroup, VirtualMachine

PROFILE_TYPE = "Microsoft.Network/trafficManagerProfiles"

_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)


def group_id(subscription_id: str, group: str) -> str:
    """Return a resource group's id."""
    return f"/subscriptions/{subscription_id}/resourceGroups/{group}"


def resource_id(subscription_id: str, kind: str, resource: Resource | Profile) -> str:
    """Return the id of a resource of this type (`Microsoft.Network/publicIPAddresses`)."""
    group = group_id(subscription_id, resource.resource_group)
    return f"{group}/providers/{kind}/{resource.name}"


def machine_id(subscription_id: str, machine: VirtualMachine) -> str:
    """Return a VM's id."""
    return resource_id(subscription_id, "Microsoft.Compute/virtualMachines", machine)


def profile_id(subscription_id: str, profile: Profile) -> str:
    """Return a profile's id."""
    return resource_id(subscription_id, PROFILE_TYPE, profile)


def endpoint_id(subscription_id: str, profile: Profile, endpoint: Endpoint) -> str:
    """Return an endpoint's id."""
    return f"{profile_id(subscription_id, profile)}/{endpoint.kind.value}/{endpoint.name}"


def read_id(text: str) -> tuple[str, str, str, str] | None:
    """Return subscription, group, type and name (type in lower case), None for what is no id."""
    match = _ID.fullmatch(text)
    if match is None:
        return None
    return match["subscription"], match["group"], match["type"].lower(), match["name"]


def guid(text: str) -> str:
    """Return a stable GUID for a resource: the same id, the same GUID in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text.lower()))


def etag(text: str, revision: int = 0) -> str:
    """Return the ETag of one revision of a network resource."""
    return f'W/"{guid(f"etag {revision} {text}")}"'


def group_json(subscription_id: str, group: ResourceGroup) -> dict[str, object]:
    """Return a resource group's body."""
    return {
        "id": group_id(subscription_id, group.name),
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": group.tags,
        "properties": {"provisioningState": "Succeeded"},
    }
