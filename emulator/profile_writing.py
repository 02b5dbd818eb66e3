"""Profiles and endpoints to ARM bodies, members in the recorded order."""

from emulator.cloud import Endpoint, EndpointKind, MonitorConfig, Profile
from emulator.ids import PROFILE_TYPE, endpoint_id, profile_id
from emulator.plane import DataPlane


class ProfileWriter:
    """Writes the bodies of one subscription."""

    def __init__(self, subscription_id: str, plane: DataPlane) -> None:
        self._subscription_id, self._plane = subscription_id, plane

    def profile(
        self, profile: Profile, *, has_status: bool = True, is_put: bool = False
    ) -> dict[str, object]:
        """Return a profile's body; a list never carries monitor status (recorded)."""
        status = self._plane.profile_status_of(profile).value if has_status else None
        body: dict[str, object] = {
            "id": profile_id(self._subscription_id, profile),
            "name": profile.name,
            "type": PROFILE_TYPE,
            "location": "global",
        }
        # Recorded: the answer to a PUT without tags has none, a later GET shows {}.
        if profile.tags is not None or not is_put:
            body["tags"] = dict(profile.tags or ())
        properties: dict[str, object] = {
            "profileStatus": "Enabled" if profile.enabled else "Disabled",
            "trafficRoutingMethod": profile.method.value,
            "dnsConfig": {
                "relativeName": profile.relative_name,
                "fqdn": profile.fqdn,
                "ttl": profile.ttl_seconds,
            },
            "monitorConfig": {"profileMonitorStatus": status} | _monitor(profile.monitor),
            "endpoints": [
                self.endpoint(profile, e, has_status=has_status, is_put=is_put)
                for e in profile.endpoints
            ],
            "trafficViewEnrollmentStatus": "Disabled",
            "maxReturn": profile.max_return,
        }
        if profile.record_type is not None:
            properties["recordType"] = profile.record_type
        if profile.record_types:
            properties["allowedEndpointRecordTypes"] = list(profile.record_types)
        return body | {"properties": properties}

    def endpoint(
        self,
        profile: Profile,
        endpoint: Endpoint,
        *,
        has_status: bool = True,
        is_put: bool = False,
    ) -> dict[str, object]:
        """Return an endpoint's body; the answer to a PUT has no status if nested (recorded)."""
        has_status = has_status and not (is_put and endpoint.kind is EndpointKind.NESTED)
        status = self._plane.status_of(profile, endpoint).value if has_status else None
        properties: dict[str, object] = {
            "endpointStatus": "Enabled" if endpoint.enabled else "Disabled",
            "endpointMonitorStatus": status,
            "targetResourceId": endpoint.target_resource_id,
            "target": endpoint.target,
            "weight": endpoint.weight,
            "priority": endpoint.priority,
            "endpointLocation": endpoint.location,
            "minChildEndpoints": endpoint.min_child_endpoints,
            "minChildEndpointsIPv4": endpoint.min_child_endpoints_ipv4,
            "minChildEndpointsIPv6": endpoint.min_child_endpoints_ipv6,
        }
        return {
            "id": endpoint_id(self._subscription_id, profile, endpoint),
            "name": endpoint.name,
            "type": f"{PROFILE_TYPE}/{endpoint.kind.value}",
            "properties": properties | _when_set(endpoint),
        }


def _when_set(endpoint: Endpoint) -> dict[str, object]:
    """Return the members that appear only when they were set."""
    shown: dict[str, object] = {}
    if endpoint.geo_mapping:
        shown["geoMapping"] = list(endpoint.geo_mapping)
    if endpoint.subnets:
        shown["subnets"] = [dict(subnet) for subnet in endpoint.subnets]
    if endpoint.headers:
        shown["customHeaders"] = [{"name": n, "value": v} for n, v in endpoint.headers]
    if endpoint.always_serve:
        shown["alwaysServe"] = "Enabled"
    return shown


def _monitor(monitor: MonitorConfig) -> dict[str, object]:
    shown: dict[str, object] = {"protocol": monitor.protocol, "port": monitor.port}
    if monitor.path is not None:
        shown["path"] = monitor.path
    shown |= {
        "intervalInSeconds": monitor.interval_seconds,
        "toleratedNumberOfFailures": monitor.tolerated_failures,
        "timeoutInSeconds": monitor.timeout_seconds,
    }
    if monitor.headers:
        shown["customHeaders"] = [{"name": n, "value": v} for n, v in monitor.headers]
    if monitor.expected_statuses:
        ranges = monitor.expected_statuses
        shown["expectedStatusCodeRanges"] = [{"min": low, "max": high} for low, high in ranges]
    return shown
