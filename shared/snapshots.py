"""Takes the configuration that samples are judged by from what ARM says of a profile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shared.core.baseline import Configuration
from shared.core.errors import RefusedByAzure
from shared.core.model import MonitorSettings, Snapshot, Vantages
from shared.core.profile_view import endpoint_snapshot, monitor_settings
from shared.core.resource_ids import PUBLIC_IP, parse

Json = dict[str, Any]


class Azure(Protocol):
    """What is read of ARM."""

    def profile(self, profile_id: str) -> Json | None:
        """Return the live profile, or None."""

    def resource(self, resource_id: str) -> Json | None:
        """Return any resource, or None."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Builds snapshots: a profile's settings, where its endpoints are, and who is to be asked."""

    azure: Azure
    resolve: Callable[[str], str | None]
    """name -> an address of it, by the client's resolver; an address is itself."""
    vantages: Callable[[str, str], Vantages]
    """(fqdn, default client URL) -> where samples are taken from."""

    def take(self, profile: str, live: Json, client_url: str | None = None) -> Snapshot:
        """Return the live profile's configuration; a drill adds the machines it breaks."""
        properties = live["properties"]
        monitor = monitor_settings(properties["monitorConfig"])
        fqdn = properties["dnsConfig"]["fqdn"].lower()
        endpoints = tuple(
            endpoint_snapshot(e, properties["monitorConfig"], self._address(e["properties"]))
            for e in properties.get("endpoints") or []
        )
        return Snapshot(
            profile=profile,
            profile_id=live["id"],
            fqdn=fqdn,
            ttl_seconds=properties["dnsConfig"]["ttl"],
            monitor=monitor,
            endpoints=endpoints,
            targets=(),
            vantages=self.vantages(fqdn, client_url or _url(monitor, fqdn)),
        )

    def configuration(
        self, profile: str, profile_id: str, interval_seconds: int
    ) -> Configuration | None:
        """Return what a baseline's samples are judged by; None of a profile that is gone."""
        live = self.azure.profile(profile_id)
        if live is None:
            return None
        return Configuration(
            snapshot=self.take(profile, live),
            routing_method=live["properties"].get("trafficRoutingMethod") or "",
            interval_seconds=interval_seconds,
        )

    def _address(self, properties: Json) -> str | None:
        """Return where an endpoint is asked: its public IP's address, else what its name says."""
        resource_id, target = properties.get("targetResourceId"), properties.get("target") or ""
        if resource_id is not None and parse(resource_id).is_a(PUBLIC_IP):
            try:
                found = self.azure.resource(resource_id)
            except RefusedByAzure:
                pass  # of another subscription, or not shown to this identity: its name will do
            else:
                return found["properties"].get("ipAddress") if found else None
        return self.resolve(target) if target else None


def _url(monitor: MonitorSettings, host: str) -> str:
    return f"{monitor.protocol.lower()}://{host}:{monitor.port}{monitor.path}"
