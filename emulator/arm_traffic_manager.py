"""ARM's routes for Traffic Manager profiles, endpoints and the two name checks.

Status codes and headers as recorded: endpoint PUT is 201 also for an update, DELETE is 200 with an
empty body, DELETE of what is not there is 204. All operations are synchronous.
"""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import arm_errors, geography
from emulator.arm import GROUP, JSON, Arm, ArmRoute, empty, read_json
from emulator.body import merged
from emulator.cloud import TRAFFIC_MANAGER_ZONE, Endpoint, EndpointKind, Profile, ResourceGroup
from emulator.endpoint_truth import Member, members_of
from emulator.ids import PROFILE_TYPE
from emulator.profile_reading import Place, is_relative_name, read_endpoint, read_profile
from emulator.profile_writing import ProfileWriter

PROFILES_MAX = 200
_PROFILE_QUOTA = "subscription-resource-requests"
_GATEWAY_TYPE = "Microsoft.Network/trafficmanagerprofiles"  # the gateway's spelling, recorded
_PROVIDER = "/providers/Microsoft.Network/trafficManagerProfiles"
_PROFILE = GROUP + _PROVIDER + "/{profile}"
_ENDPOINT = _PROFILE + "/{kind}/{endpoint}"
_METRICS_KEY = (
    "/subscriptions/{subscription}/providers/Microsoft.Network"
    "/trafficManagerUserMetricsKeys/default"
)
_HIERARCHY = "/providers/Microsoft.Network/trafficManagerGeographicHierarchies/default"
_NAME_CHECK = "/providers/Microsoft.Network/checkTrafficManagerNameAvailability"
_KINDS = {kind.value.lower(): kind for kind in EndpointKind}


class TrafficManagerRoutes:
    """The Traffic Manager resource provider."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._writer = ProfileWriter(arm.cloud.subscription_id, arm.plane)

    def routes(self) -> list[Route]:
        """Return all routes."""
        listed = "/subscriptions/{subscription}" + _PROVIDER
        check_v2 = "/subscriptions/{subscription}" + _NAME_CHECK + "V2"
        return [
            ArmRoute("GET", listed, self.list_by_subscription),
            ArmRoute("GET", GROUP + _PROVIDER, self.list_by_group),
            ArmRoute("GET", _PROFILE, self.get_profile),
            ArmRoute("PUT", _PROFILE, self.put_profile),
            ArmRoute("PATCH", _PROFILE, self.patch_profile),
            ArmRoute("DELETE", _PROFILE, self.delete_profile),
            ArmRoute("GET", _HIERARCHY, self.get_hierarchy),
            ArmRoute("GET", _PROFILE + "/heatMaps/{name}", self.refuse_heat_map),
            *(ArmRoute(m, _METRICS_KEY, self.refuse_metrics_key) for m in ("GET", "PUT", "DELETE")),
            ArmRoute("GET", _ENDPOINT, self.get_endpoint),
            ArmRoute("PUT", _ENDPOINT, self.put_endpoint),
            ArmRoute("PATCH", _ENDPOINT, self.patch_endpoint),
            ArmRoute("DELETE", _ENDPOINT, self.delete_endpoint),
            ArmRoute("PATCH", _PROFILE + "/{a}/{b}/{kind}/{endpoint}", self.refuse_full_type),
            ArmRoute("POST", _NAME_CHECK, self.check_name),
            ArmRoute("POST", check_v2, self.check_name_in_subscription),
        ]

    async def list_by_subscription(self, request: Request) -> Response:
        """List all profiles."""
        self._arm.find_subscription(request)
        return self._list(None)

    async def list_by_group(self, request: Request) -> Response:
        """List one group's profiles."""
        return self._list(self._arm.find_group(request).name)

    async def get_profile(self, request: Request) -> Response:
        """Show a profile with its monitor status."""
        _, profile = self._find_profile(request)
        return self._answer(self._writer.profile(profile), 200, _PROFILE_QUOTA, "reads")

    async def put_profile(self, request: Request) -> Response:
        """Create or replace a profile and all its endpoints."""
        group = self._arm.find_group(request)
        body = await read_json(request)
        return self._write_profile(group, request.path_params["profile"], body)

    async def patch_profile(self, request: Request) -> Response:
        """Change the members that are sent."""
        group, before = self._find_profile(request)
        shown = self._writer.profile(before, has_status=False, is_put=True)
        body = await read_json(request)
        return self._write_profile(group, before.name, merged(shown, body))

    async def delete_profile(self, request: Request) -> Response:
        """Delete a profile; 204 when there is none."""
        group = self._arm.find_group(request)
        headers = self._arm.quotas.spend(_PROFILE_QUOTA, "deletes")
        profile = self._arm.cloud.profiles.find(group.name, request.path_params["profile"])
        if profile is None:
            return empty(204, headers)
        self._arm.plane.delete(profile)
        return empty(200, headers)

    async def get_endpoint(self, request: Request) -> Response:
        """Show an endpoint."""
        _, profile = self._find_profile(request)
        return self._answer(self._writer.endpoint(profile, _find_endpoint(request, profile)), 200)

    async def put_endpoint(self, request: Request) -> Response:
        """Create or replace an endpoint."""
        _, profile = self._find_profile(request)
        kind = _kind(request)
        body = await read_json(request)
        named = frozenset({Member.STATUS})
        written = self._write_endpoint(
            profile, (kind, request.path_params["endpoint"]), body, named
        )
        return self._answer(written, 201, "subscription-writes")

    async def patch_endpoint(self, request: Request) -> Response:
        """Change the members of an endpoint that are sent."""
        _, profile = self._find_profile(request)
        endpoint = _find_endpoint(request, profile)
        shown = self._writer.endpoint(profile, endpoint, has_status=False)
        patch = await read_json(request)
        which, body = (endpoint.kind, endpoint.name), merged(shown, patch)
        written = self._write_endpoint(profile, which, body, members_of(patch))
        return self._answer(written, 200, "subscription-writes")

    async def delete_endpoint(self, request: Request) -> Response:
        """Delete an endpoint; 204 when there is none."""
        _, profile = self._find_profile(request)
        key = f"{_kind(request)}/{request.path_params['endpoint']}".lower()
        headers = self._arm.quotas.spend("subscription-deletes")
        if profile.endpoint(key) is None:
            return empty(204, headers)
        self._arm.plane.write(profile.with_endpoints(e for e in profile.endpoints if e.key != key))
        return empty(200, headers)

    async def refuse_heat_map(self, _request: Request) -> Response:
        """Traffic view needs real users' traffic."""
        raise arm_errors.not_emulated("The heat map")

    async def refuse_metrics_key(self, _request: Request) -> Response:
        """Real user measurements need real users."""
        raise arm_errors.not_emulated("The user metrics key")

    async def get_hierarchy(self, _request: Request) -> Response:
        """Show all regions of the Geographic routing method."""
        shown = {
            "id": "/providers/Microsoft.Network/trafficManagerGeographicHierarchies/default",
            "name": "default",
            "type": "Microsoft.Network/trafficManagerGeographicHierarchies",
            "properties": {"geographicHierarchy": geography.hierarchy()},
        }
        return self._answer(shown, 200, "tenant-reads")

    async def refuse_full_type(self, request: Request) -> Response:
        """A whole, URL-encoded type in the path is 400 in Azure (azure-powershell#3474)."""
        kind = "/".join(request.path_params[part] for part in ("a", "b", "kind"))
        raise arm_errors.bad_request(f"The endpoint type '{kind}' is invalid.")  # ours

    async def check_name(self, request: Request) -> Response:
        """Say whether a DNS name is free; always 200."""
        body = await read_json(request)
        name = body.get("name")
        if not isinstance(name, str):
            raise arm_errors.bad_request("The name to check is required.")  # ours
        kind = body.get("type")
        checked = _name_availability(name, kind, is_taken=self._is_taken(name))
        return self._answer(checked, 200, "tenant-writes")

    async def check_name_in_subscription(self, request: Request) -> Response:
        """Say the same (version 2 of the check)."""
        self._arm.find_subscription(request)
        return await self.check_name(request)

    def _write_profile(self, group: ResourceGroup, name: str, body: dict[str, object]) -> Response:
        profiles = self._arm.cloud.profiles
        before = profiles.find(group.name, name)
        profile = read_profile(self._arm.cloud, Place(group.name, name, before), body)
        if before is None and self._is_taken(profile.relative_name):
            raise arm_errors.name_taken(profile.fqdn)
        if before is None and len(profiles) >= PROFILES_MAX:
            raise arm_errors.bad_request(  # ours
                f"The subscription has reached its limit of {PROFILES_MAX} profiles."
            )
        self._arm.plane.write(profile)
        shown = self._writer.profile(profile, is_put=True)
        status = 201 if before is None else 200
        return self._answer(shown, status, _PROFILE_QUOTA, "writes")

    def _write_endpoint(
        self,
        profile: Profile,
        which: tuple[EndpointKind, str],
        body: dict[str, object],
        named: frozenset[Member],
    ) -> dict[str, object]:
        kind, name = which
        written = read_endpoint(self._arm.cloud, profile, kind, name, body)
        key = f"{kind}/{name}".lower()
        self._arm.plane.write(written, written={key: named})
        endpoint = written.endpoint(key)
        if endpoint is None:
            raise LookupError(f"{key} is not in the profile that it was written to")
        return self._writer.endpoint(written, endpoint, is_put=True)

    def _list(self, group: str | None) -> Response:
        profiles = self._arm.cloud.profiles.in_group(group)
        shown = [self._writer.profile(profile, has_status=False) for profile in profiles]
        return self._answer({"value": shown}, 200, _PROFILE_QUOTA, "reads")

    def _find_profile(self, request: Request) -> tuple[ResourceGroup, Profile]:
        """Return group and profile, or raise 404 naming the profile, for endpoints too."""
        group, name = self._arm.find_group(request), request.path_params["profile"]
        profile = self._arm.cloud.profiles.find(group.name, name)
        if profile is None:
            raise arm_errors.resource_not_found(_GATEWAY_TYPE, name, group.name)
        return group, profile

    def _is_taken(self, relative_name: str) -> bool:
        wanted = relative_name.lower()
        return any(p.relative_name.lower() == wanted for p in self._arm.cloud.profiles)

    def _answer(
        self, body: object, status: int, quota: str | None = None, kind: str = ""
    ) -> Response:
        """Return JSON as this provider writes it: with every slash escaped."""
        headers = self._arm.quotas.spend(quota, kind) if quota else None
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        return Response(content.replace("/", "\\/"), status, headers, media_type=JSON)


def _kind(request: Request) -> EndpointKind:
    """Return the endpoint type that the path names; what is none of the three is not emulated."""
    kind = _KINDS.get(request.path_params["kind"].lower())
    if kind is None:
        raise arm_errors.not_emulated(f"{request.method} {request.url.path}")
    return kind


def _find_endpoint(request: Request, profile: Profile) -> Endpoint:
    kind, name = _kind(request), request.path_params["endpoint"]
    endpoint = profile.endpoint(f"{kind}/{name}".lower())
    if endpoint is None:
        raise arm_errors.endpoint_not_found(name, kind, profile.name)
    return endpoint


def _name_availability(name: str, kind: object, *, is_taken: bool) -> dict[str, object]:
    checked: dict[str, object] = {"name": name, "type": kind or PROFILE_TYPE}
    if is_taken:
        fqdn = f"{name}.{TRAFFIC_MANAGER_ZONE}"
        message = f"Domain name {fqdn} already exists. Please choose a different DNS prefix."
        return checked | {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    if not is_relative_name(name):
        message = f"The domain name {name} is invalid."  # ours
        return checked | {"nameAvailable": False, "reason": "Invalid", "message": message}
    return checked | {"nameAvailable": True, "reason": None, "message": None}
