"""Profiles and endpoints for tests of the pure core."""

from dataclasses import replace

from emulator.cloud import Endpoint, EndpointKind, MonitorConfig, Profile, RoutingMethod

MONITOR = MonitorConfig(
    protocol="HTTP",
    port=80,
    path="/",
    interval_seconds=30,
    timeout_seconds=10,
    tolerated_failures=3,
)


def endpoint(name: str, priority: int = 1, **changes: object) -> Endpoint:
    """Return an enabled external endpoint."""
    made = Endpoint(
        name=name,
        kind=EndpointKind.EXTERNAL,
        enabled=True,
        target=f"{name}.example.org",
        priority=priority,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def profile(*endpoints: Endpoint, **changes: object) -> Profile:
    """Return an enabled Priority profile."""
    made = Profile(
        name="lab",
        resource_group="group",
        relative_name="lab",
        ttl_seconds=100,
        method=RoutingMethod.PRIORITY,
        enabled=True,
        monitor=MONITOR,
        endpoints=endpoints,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
