"""A toy Azure: profiles and other resources by id, and a note of every write."""

import copy
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class ToyAzure:
    """Answers as ARM does, as far as provisioning asks."""

    resources: dict[str, Json] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def profile(self, profile_id: str) -> Json | None:
        """Return a profile, or None."""
        return copy.deepcopy(self.resources.get(profile_id.lower()))

    resource = profile

    def put_profile(self, profile_id: str, body: Json) -> Json:
        """Create or replace a profile; the FQDN and the statuses are filled in."""
        self.writes.append(f"PUT {profile_id}")
        made = copy.deepcopy(body) | {"id": profile_id}
        dns = made["properties"]["dnsConfig"]
        dns["fqdn"] = f"{dns['relativeName']}.trafficmanager.net"
        made["properties"]["monitorConfig"]["profileMonitorStatus"] = "CheckingEndpoints"
        self.resources[profile_id.lower()] = made
        return copy.deepcopy(made)

    def delete_profile(self, profile_id: str) -> None:
        """Delete a profile."""
        self.writes.append(f"DELETE {profile_id}")
        self.resources.pop(profile_id.lower(), None)

    def put_endpoint(self, profile_id: str, kind: str, name: str, body: Json) -> Json:
        """Create or replace one endpoint."""
        self.writes.append(f"PUT {profile_id}/{kind}/{name}")
        properties = self.resources[profile_id.lower()]["properties"]
        others = [e for e in properties["endpoints"] if e["name"].lower() != name.lower()]
        properties["endpoints"] = [*others, copy.deepcopy(body)]
        return copy.deepcopy(body)

    def delete_endpoint(self, profile_id: str, kind: str, name: str) -> None:
        """Delete one endpoint."""
        self.writes.append(f"DELETE {profile_id}/{kind}/{name}")
        properties = self.resources[profile_id.lower()]["properties"]
        properties["endpoints"] = [
            e for e in properties["endpoints"] if e["name"].lower() != name.lower()
        ]


@dataclass
class MemoryProfiles:
    """Which profiles are known."""

    entries: dict[str, Json] = field(default_factory=dict)

    def find(self, name: str) -> Json | None:
        """Return an entry, or None."""
        return self.entries.get(name.lower())

    def all(self) -> list[Json]:
        """Return every entry."""
        return list(self.entries.values())

    def put(self, entry: Json) -> None:
        """Keep an entry."""
        self.entries[entry["name"].lower()] = entry

    def delete(self, name: str) -> None:
        """Forget an entry."""
        self.entries.pop(name.lower(), None)
