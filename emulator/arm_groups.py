"""ARM's routes for tenants, subscriptions, locations, resource groups and lists of resources."""

import re
from collections.abc import Callable
from operator import itemgetter

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors, regions
from emulator.arm import GROUP, Arm, ArmRoute, answer, empty, read_json
from emulator.arm_errors import ArmError
from emulator.cloud import ResourceGroup
from emulator.ids import group_json
from emulator.inventory import Inventory, Json
from emulator.lro import Operations, OperationStatus
from emulator.tokens import TENANT_ID

_SUBSCRIPTION = "/subscriptions/{subscription}"
_NAME = re.compile(r"[-\w._()]{0,89}[-\w_()]")
_TERM = re.compile(r"(?P<name>\w+)\s+eq\s+'(?P<value>[^']*)'", re.IGNORECASE)
_FILTERS: dict[str, Callable[[Json], object]] = {
    "resourcetype": itemgetter("type"),
    "resourcegroup": lambda body: str(body["id"]).split("/")[4],
    "name": itemgetter("name"),
    "location": itemgetter("location"),
}
_SHOWN = ("id", "name", "type", "location", "sku", "tags")
_DELETION_SECONDS = 5.0  # virtual (ours)
_RETRY_AFTER_SECONDS = 15


class GroupRoutes:
    """The parts of ARM itself that need no resource provider."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._inventory = Inventory(arm)
        self._deletions = Operations()

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            ArmRoute("GET", "/tenants", self.list_tenants),
            ArmRoute("GET", "/subscriptions", self.list_subscriptions),
            ArmRoute("GET", _SUBSCRIPTION, self.get_subscription),
            ArmRoute("GET", _SUBSCRIPTION + "/locations", self.list_locations),
            ArmRoute("GET", _SUBSCRIPTION + "/resources", self.list_resources),
            ArmRoute("GET", _SUBSCRIPTION + "/resourceGroups", self.list_groups),
            ArmRoute("GET", _SUBSCRIPTION + "/operationresults/{operation}", self.poll),
            ArmRoute("GET", GROUP, self.get_group),
            ArmRoute("HEAD", GROUP, self.head_group),
            ArmRoute("PUT", GROUP, self.put_group),
            ArmRoute("DELETE", GROUP, self.delete_group),
            ArmRoute("GET", GROUP + "/resources", self.list_resources_of_group),
        ]

    async def list_tenants(self, _request: Request) -> Response:
        """List the one tenant."""
        tenant = {
            "id": f"/tenants/{TENANT_ID}",
            "tenantId": TENANT_ID,
            "displayName": "Switchback emulator",
            "tenantCategory": "Home",
        }
        return answer({"value": [tenant]})

    async def list_subscriptions(self, _request: Request) -> Response:
        """List the one subscription."""
        return answer({"value": [self._subscription()], "count": _count(1)})

    async def get_subscription(self, request: Request) -> Response:
        """Show the subscription."""
        self._arm.find_subscription(request)
        return answer(self._subscription())

    async def list_locations(self, request: Request) -> Response:
        """List the regions."""
        subscription = self._arm.find_subscription(request)
        shown = [
            {
                "id": f"/subscriptions/{subscription}/locations/{name}",
                "name": name,
                "type": "Region",
                "displayName": display_name,
                "regionalDisplayName": display_name,
                "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
            }
            for name, display_name in regions.names().items()
        ]
        return answer({"value": shown})

    async def list_resources(self, request: Request) -> Response:
        """List all resources, or those that `$filter` names."""
        self._arm.find_subscription(request)
        return self._resources(request, None)

    async def list_resources_of_group(self, request: Request) -> Response:
        """List one group's resources."""
        return self._resources(request, self._arm.find_group(request).name)

    async def list_groups(self, request: Request) -> Response:
        """List the resource groups."""
        subscription = self._arm.find_subscription(request)
        shown = [group_json(subscription, group) for group in self._arm.cloud.groups.values()]
        return answer({"value": shown}, 200, self._arm.quotas.spend("subscription-reads"))

    async def get_group(self, request: Request) -> Response:
        """Show a resource group."""
        group = self._arm.find_group(request)
        shown = group_json(self._arm.cloud.subscription_id, group)
        return answer(shown, 200, self._arm.quotas.spend("subscription-reads"))

    async def head_group(self, request: Request) -> Response:
        """Say whether a resource group exists: 204 or 404, without a body."""
        self._arm.find_subscription(request)
        exists = request.path_params["group"].lower() in self._arm.cloud.groups
        return empty(204 if exists else 404, self._arm.quotas.spend("subscription-reads"))

    async def put_group(self, request: Request) -> Response:
        """Create a resource group, or set its tags."""
        subscription, name = self._arm.find_subscription(request), request.path_params["group"]
        before = self._arm.cloud.groups.get(name.lower())
        group = _read_group(name, before, await read_json(request))
        self._arm.cloud.groups[name.lower()] = group
        headers = self._arm.quotas.spend("subscription-writes")
        return answer(group_json(subscription, group), 200 if before else 201, headers)

    async def delete_group(self, request: Request) -> Response:
        """Delete a resource group and what is in it: 202, and where to watch it."""
        group = self._arm.find_group(request)
        if self._inventory.holds_what_cannot_be_deleted(group.name):
            raise arm_errors.not_emulated("Deleting a group that holds machines or their network")
        clock = self._arm.clock
        operation = self._deletions.start(group.location, clock.now())

        def succeed() -> None:
            self._empty(group)
            self._deletions.end(operation.id, clock.now())

        clock.call_later(_DELETION_SECONDS, succeed)
        base = str(request.base_url).rstrip("/")
        version = request.query_params["api-version"]
        subscription = self._arm.cloud.subscription_id
        url = f"{base}/subscriptions/{subscription}/operationresults/{operation.id}"
        headers = {"location": f"{url}?api-version={version}", **self._retry_after()}
        return empty(202, headers | self._arm.quotas.spend("subscription-deletes"))

    async def poll(self, request: Request) -> Response:
        """Answer 202 until a group's deletion has ended, then 200."""
        self._arm.find_subscription(request)
        operation = self._deletions.find(request.path_params["operation"])
        if operation is None:
            raise arm_errors.operation_not_found(request.path_params["operation"])
        if operation.status is OperationStatus.IN_PROGRESS:
            return empty(202, {"location": str(request.url), **self._retry_after()})
        return empty(200, self._arm.quotas.spend("subscription-reads"))

    def _retry_after(self) -> dict[str, str]:
        seconds = self._arm.retry_after_seconds
        return {"retry-after": str(_RETRY_AFTER_SECONDS if seconds is None else seconds)}

    def _empty(self, group: ResourceGroup) -> None:
        for profile in self._arm.cloud.profiles.in_group(group.name):
            self._arm.plane.delete(profile)
        for public_ip in self._arm.cloud.public_ips.in_group(group.name):
            self._arm.cloud.public_ips.remove(public_ip.key)
        self._arm.cloud.groups.pop(group.name.lower(), None)

    def _subscription(self) -> Json:
        subscription = self._arm.cloud.subscription_id
        return {
            "id": f"/subscriptions/{subscription}",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": subscription,
            "tenantId": TENANT_ID,
            "displayName": "Switchback emulator",
            "state": "Enabled",
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
        }

    def _resources(self, request: Request, group: str | None) -> Response:
        wanted = _read_filter(request.query_params.get("$filter", ""))
        found = [
            {key: body[key] for key in _SHOWN if key in body}
            for body in self._inventory.bodies(group)
            if all(str(read(body)).lower() == value for read, value in wanted)
        ]
        return answer({"value": found}, 200, self._arm.quotas.spend("subscription-reads"))


def _count(number: int) -> Json:
    return {"type": "Total", "value": number}


def _read_filter(text: str) -> list[tuple[Callable[[Json], object], str]]:
    """Return what an OData filter asks for; other filters than equalities are not emulated."""
    wanted = []
    for term in re.split(r"\s+and\s+", text, flags=re.IGNORECASE) if text else ():
        match = _TERM.fullmatch(term.strip("() "))
        read = _FILTERS.get(match["name"].lower()) if match else None
        if match is None or read is None:
            raise arm_errors.not_emulated(f"The filter {term}")
        wanted.append((read, match["value"].lower()))
    return wanted


def _read_group(name: str, before: ResourceGroup | None, body: Json) -> ResourceGroup:
    location, tags = body.get("location"), body.get("tags") or {}
    if not _NAME.fullmatch(name):
        raise ArmError(400, "InvalidResourceGroup", f"The resource group name '{name}' is invalid.")
    if not isinstance(location, str):
        message = "The location property is required for this definition."
        raise ArmError(400, "LocationRequired", message)
    if regions.display_name(location) is None:
        message = f"The provided location '{location}' is not available for resource group."
        raise ArmError(400, "LocationNotAvailableForResourceGroup", message)
    if not isinstance(tags, dict) or not all(isinstance(v, str) for v in tags.values()):
        raise arm_errors.bad_request("Tags must be an object of strings.")
    short = location.replace(" ", "").lower()
    if before is not None and short != before.location:
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{short}'. The Resource group already exists in "
            f"location '{before.location}'.",
        )
    return ResourceGroup(name=before.name if before else name, location=short, tags=tags)
