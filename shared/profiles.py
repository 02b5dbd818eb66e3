"""Provisions profiles to their desired state, and shows what is live."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from shared.core.desired import Change, changes, short_type, wanted_endpoint, wanted_profile
from shared.core.envelope import Envelope, Sampling, envelope
from shared.core.errors import (
    Fault,
    InvalidInput,
    ProfileBusy,
    ProfileNotFound,
    ProfileObserved,
    ProfileRegistered,
    RefusedByAzure,
)
from shared.core.plan import ClientClass, FaultKind
from shared.core.profile_rules import endpoint_faults, monitor_faults, profile_faults, ttl_faults
from shared.core.profile_view import (
    clashes,
    endpoint_view,
    endpoints_of,
    find_endpoint,
    kept_priority,
    monitor_settings,
    profile_view,
)
from shared.core.resource_ids import is_same, parse

log = logging.getLogger(__name__)

Json = dict[str, Any]

CONFLICT = 409
MANAGED, OBSERVED = "managed", "observed"
MONITOR_QUESTIONS = ("intervalInSeconds", "timeoutInSeconds", "toleratedNumberOfFailures")
PROFILE = "microsoft.network/trafficmanagerprofiles"
PUBLIC_IP = "microsoft.network/publicipaddresses"


class Azure(Protocol):
    """What is read of ARM and written to it."""

    def profile(self, profile_id: str) -> Json | None:
        """Return the live profile, or None."""

    def put_profile(self, profile_id: str, body: Json) -> Json:
        """Create or replace a profile with all its endpoints."""

    def delete_profile(self, profile_id: str) -> None:
        """Delete a profile, if there is one."""

    def put_endpoint(self, profile_id: str, kind: str, name: str, body: Json) -> Json:
        """Create or replace one endpoint."""

    def delete_endpoint(self, profile_id: str, kind: str, name: str) -> None:
        """Delete one endpoint, if there is one."""

    def resource(self, resource_id: str) -> Json | None:
        """Return any resource, or None."""


class Registry(Protocol):
    """Which profiles are known here."""

    def find(self, name: str) -> Json | None:
        """Return `{name, resourceId, mode, lastApplied}`, or None."""

    def all(self) -> list[Json]:
        """Return every profile."""

    def put(self, entry: Json) -> None:
        """Register a profile, or note what was applied to it."""

    def delete(self, name: str) -> None:
        """Forget a profile."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else the service asks."""

    registry: Registry
    holder: Callable[[str], str | None]
    """profile -> the id of the drill running on it."""
    authoritative_answers: Callable[[str], dict[str, str]]
    """fqdn -> what each authoritative server answers now."""
    subscription_id: str


class Written(NamedTuple):
    """A profile after a write, what was changed for it, and whether it is new."""

    view: Json
    changes: tuple[Change, ...]
    is_new: bool


class Profiles:
    """Profiles, managed by us or owned by others and observed."""

    def __init__(self, azure: Azure, surroundings: Surroundings) -> None:
        self._azure, self._its = azure, surroundings

    def put(self, name: str, body: Json, *, is_dry_run: bool = False) -> Written:
        """Make the profile what the body says; write nothing when it is so already."""
        _raise_if(profile_faults(name, body))
        _raise_if_observed(self._its.registry.find(name))
        if not is_dry_run:
            self._raise_if_busy(name)
        profile_id = self._id(body["resourceGroup"], name)
        self._raise_if_known_otherwise(name, profile_id)
        was = live = self._azure.profile(profile_id)
        wanted = wanted_profile(body)
        todo = changes(live, wanted)
        _raise_if(tuple(self._target_faults(live, wanted["properties"]["endpoints"])))
        if todo and not is_dry_run:
            log.info("profile written profile=%s changes=%s", name, [c.path for c in todo])
            live = self._written(profile_id, wanted)
        if not is_dry_run:
            self._register(name, profile_id, wanted)
        return Written(profile_view(name, MANAGED, live or wanted), todo, is_new=was is None)

    def observe(self, name: str, resource_id: str, *, is_dry_run: bool = False) -> Written:
        """Register a profile that others own: drills and samples, never a write."""
        _raise_if(tuple(_observed_faults(resource_id)))
        self._raise_if_busy(name)
        live = self._azure.profile(resource_id)
        if live is None:
            message = f"resourceId: ARM has no profile {resource_id}."
            raise InvalidInput(message, (Fault("TargetNotFound", "resourceId", message),))
        self._raise_if_known_otherwise(name, resource_id)
        was = self._its.registry.find(name)
        entry = {"name": name, "resourceId": live["id"], "mode": OBSERVED, "lastApplied": None}
        if not is_dry_run:
            self._its.registry.put(entry)
        return Written(profile_view(name, OBSERVED, live), (), is_new=was is None)

    def envelope(
        self,
        name: str,
        asked: Mapping[str, int],
        fault: str = FaultKind.VM_POWER_OFF,
        client: str = ClientClass.FRESH,
    ) -> Envelope:
        """Return what the live settings promise for a fault and a class of client.

        What is asked for overrides them.
        """
        known = {"fault": (fault, FaultKind), "objectiveClient": (client, ClientClass)}
        _raise_if(tuple(wrong for each, of in known.items() for wrong in _unknown(each, *of)))
        _, live = self._live(name)
        live_config = live["properties"]["monitorConfig"]
        config = live_config | {n: asked[n] for n in MONITOR_QUESTIONS if n in asked}
        ttl = asked.get("ttl", live["properties"]["dnsConfig"]["ttl"])
        _raise_if((*monitor_faults(config), *ttl_faults(ttl)))
        monitor = monitor_settings(config)
        sampling = Sampling(interval_seconds=1, timeout_seconds=2, client=ClientClass(client))
        return envelope(monitor, ttl, FaultKind(fault), sampling)

    def get(self, name: str) -> Json:
        """Return a profile: live statuses, what DNS answers now, drift from what was applied."""
        entry, live = self._live(name)
        view = profile_view(entry["name"], entry["mode"], live)
        view["answers"] = self._its.authoritative_answers(view["fqdn"])
        applied = entry["lastApplied"]
        view["drift"] = [_told(change) for change in changes(live, applied)] if applied else []
        return view

    def all(self) -> list[Json]:
        """Return every known profile: name, resource and mode, without asking ARM."""
        known = ("name", "resourceId", "mode")
        return [{name: entry[name] for name in known} for entry in self._its.registry.all()]

    def delete(self, name: str) -> None:
        """Delete a managed profile, or forget an observed one; nothing happens if unknown."""
        entry = self._its.registry.find(name)
        if entry is None:
            return
        self._raise_if_busy(name)
        if entry["mode"] == MANAGED:
            self._azure.delete_profile(entry["resourceId"])
        self._its.registry.delete(name)

    def get_endpoint(self, name: str, endpoint: str) -> Json:
        """Return one endpoint with its live status."""
        _, live = self._live(name)
        return endpoint_view(find_endpoint(live, endpoint))

    def put_endpoint(self, name: str, endpoint: str, body: Json) -> Written:
        """Make one endpoint what the body says; write nothing when it is so already."""
        body = body | {"name": endpoint}
        _raise_if(tuple(endpoint_faults(body, "")))
        self._raise_if_busy(name)
        entry, live = self._live(name)
        _raise_if_observed(entry)
        endpoints = endpoints_of(live)
        others = [e for e in endpoints if e["name"].lower() != endpoint.lower()]
        mine = [e for e in endpoints if e["name"].lower() == endpoint.lower()]
        wanted = wanted_endpoint(body, body.get("priority") or kept_priority(mine, others))
        _raise_if(tuple(clashes(wanted, others)))
        _raise_if(tuple(self._target_faults(live, [wanted])))
        after = live | {"properties": live["properties"] | {"endpoints": [*others, wanted]}}
        todo = changes(live, after)
        written = mine[0] if mine else wanted
        if todo:
            kind = short_type(wanted["type"])
            written = self._azure.put_endpoint(entry["resourceId"], kind, endpoint, wanted)
            self._register(entry["name"], entry["resourceId"], _applied(entry, endpoint, [wanted]))
        return Written(endpoint_view(written), todo, is_new=not mine)

    def delete_endpoint(self, name: str, endpoint: str) -> None:
        """Delete one endpoint; nothing happens if there is none."""
        self._raise_if_busy(name)
        entry, live = self._live(name)
        _raise_if_observed(entry)
        endpoints = endpoints_of(live)
        for found in endpoints:
            if found["name"].lower() == endpoint.lower():
                kind = short_type(found["type"])
                self._azure.delete_endpoint(entry["resourceId"], kind, found["name"])
                self._register(entry["name"], entry["resourceId"], _applied(entry, endpoint, []))

    def _written(self, profile_id: str, wanted: Json) -> Json:
        try:
            return self._azure.put_profile(profile_id, wanted)
        except RefusedByAzure as refused:
            # Only the service knows whose a DNS name is; it refuses one of others as a conflict.
            if refused.status != CONFLICT:
                raise
            name = wanted["properties"]["dnsConfig"]["relativeName"]
            where = "dnsConfig.relativeName"
            message = f"{where} is {name!r}; it must be a name that is free. {refused}"
            raise InvalidInput(message, (Fault("DnsNameTaken", where, message),)) from refused

    def _id(self, group: str, name: str) -> str:
        return (
            f"/subscriptions/{self._its.subscription_id}/resourceGroups/{group}"
            f"/providers/Microsoft.Network/trafficmanagerprofiles/{name}"
        )

    def _live(self, name: str) -> tuple[Json, Json]:
        entry = self._its.registry.find(name)
        live = self._azure.profile(entry["resourceId"]) if entry else None
        if entry is None or live is None:
            raise ProfileNotFound(f"There is no profile {name!r}.")
        return entry, live

    def _register(self, name: str, profile_id: str, applied: Json) -> None:
        self._its.registry.put(
            {"name": name, "resourceId": profile_id, "mode": MANAGED, "lastApplied": applied}
        )

    def _raise_if_busy(self, name: str) -> None:
        if holder := self._its.holder(name):
            raise ProfileBusy(
                f"Profile {name!r} has a drill running ({holder!r}): it must not change under it."
            )

    def _raise_if_known_otherwise(self, name: str, resource_id: str) -> None:
        """A drill's lock has the profile's name: two names for one profile would be two locks."""
        for entry in self._its.registry.all():
            is_other = entry["name"].lower() != name.lower()
            if is_other and is_same(entry["resourceId"], resource_id):
                raise ProfileRegistered(
                    f"{resource_id} is registered here as {entry['name']!r} already."
                )

    def _target_faults(self, live: Json | None, endpoints: list[Json]) -> Iterator[Fault]:
        """Yield what is wrong with public IPs that the live profile does not have yet."""
        have = [e["properties"].get("targetResourceId") or "" for e in endpoints_of(live)]
        for index, endpoint in enumerate(endpoints):
            resource_id = endpoint["properties"].get("targetResourceId")
            is_known = resource_id and any(is_same(resource_id, one) for one in have if one)
            if not resource_id or is_known or not parse(resource_id).is_a(PUBLIC_IP):
                continue
            yield from self._public_ip_faults(resource_id, f"endpoints[{index}].targetResourceId")

    def _public_ip_faults(self, resource_id: str, where: str) -> Iterator[Fault]:
        found = self._azure.resource(resource_id)
        if found is None:
            yield Fault("TargetNotFound", where, f"{where}: ARM has no public IP {resource_id}.")
        elif not (found["properties"].get("dnsSettings") or {}).get("fqdn"):
            yield Fault(
                "PublicIpWithoutLabel",
                where,
                f"{where}: {resource_id} has no DNS label; Traffic Manager answers with its name.",
            )


def _applied(entry: Json, endpoint: str, now: list[Json]) -> Json:
    """Return what was last applied with one endpoint changed: other drift stays visible."""
    applied: Json = entry["lastApplied"]
    others = [e for e in endpoints_of(applied) if e["name"].lower() != endpoint.lower()]
    return applied | {"properties": applied["properties"] | {"endpoints": [*others, *now]}}


def _unknown(name: str, value: str, known: type[StrEnum]) -> Iterator[Fault]:
    if value not in set(known):
        message = f"{name} is {value!r}; it must be one of {', '.join(known)}."
        yield Fault("InvalidValue", name, message)


def _observed_faults(resource_id: str) -> Iterator[Fault]:
    right = "the resource id of a Traffic Manager profile"
    try:
        is_profile = parse(resource_id).is_a(PROFILE)
    except ValueError:
        is_profile = False
    if not is_profile:
        message = f"resourceId is {resource_id!r}; it must be {right}."
        yield Fault("InvalidValue", "resourceId", message)


def _raise_if_observed(entry: Json | None) -> None:
    if entry and entry["mode"] == OBSERVED:
        name = entry["name"]
        raise ProfileObserved(
            f"Profile {name!r} is only observed: who owns it changes it. "
            f"DELETE /profiles/{name} forgets it here, and leaves it as it is."
        )


def _told(change: Change) -> Json:
    return {"path": change.path, "live": change.live, "applied": change.wanted}


def _raise_if(faults: tuple[Fault, ...]) -> None:
    if faults:
        raise InvalidInput(" ".join(fault.message for fault in faults), faults)
