"""The data plane: turns writes and probe results into statuses and DNS answers, with their truth.

Every change ends in `_settle`, which recomputes, publishes and records in one step and with one
clock reading: what the log says happened at an instant could be seen from that instant on.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from emulator.clock import Clock
from emulator.cloud import Cloud, Endpoint, EndpointKind, Profile
from emulator.endpoint_truth import Member, told_of_write
from emulator.monitor import (
    EndpointStatus,
    ProbeHistory,
    ProfileStatus,
    endpoint_status,
    is_healthy,
    is_probed,
    profile_status,
)
from emulator.nested import LEVELS_MAX, Child, nested_status
from emulator.routing import NO_SUCH_NAME, Answer, route
from emulator.rules import DEFAULT_RULES, Rules
from emulator.truth import Event, Kind, Truth
from emulator.zones import TrafficManagerZone

Written = Mapping[str, frozenset[Member]]
"""By an endpoint's key, what a write named of it."""


class NameServer:
    """A name server's copy of the answers, which may lag behind the verdict."""

    def __init__(self, zone: TrafficManagerZone, lag_seconds: float) -> None:
        self.zone, self.lag_seconds = zone, lag_seconds
        self.name = ""  # address:port, known once it listens
        self._told: dict[str, str] = {}
        self._submitted: dict[str, Answer | None] = {}

    def submit(self, profile: Profile, answer: Answer | None) -> bool:
        """Take note of what is to be answered; False when that was said before."""
        if profile.fqdn in self._submitted and self._submitted[profile.fqdn] == answer:
            return False
        self._submitted[profile.fqdn] = answer
        return True

    def publish(self, profile: Profile, answer: Answer | None) -> str | None:
        """Answer this from now on; return what the truth must tell, None when nothing changed."""
        self.zone.publish(profile.fqdn, answer)
        told = answer.told if answer else "none"
        before = self._told.get(profile.fqdn)
        self._told[profile.fqdn] = told
        return told if told != before else None


class DataPlane:
    """Statuses and answers of every profile."""

    def __init__(
        self, cloud: Cloud, clock: Clock, truth: Truth, rules: Rules = DEFAULT_RULES
    ) -> None:
        self._cloud, self._clock, self._truth, self._rules = cloud, clock, truth, rules
        self._never_probed = (ProbeHistory(),) * rules.probers
        self._histories: dict[tuple[str, str], tuple[ProbeHistory, ...]] = {}
        self._statuses: dict[tuple[str, str], EndpointStatus] = {}
        self._serving: dict[tuple[str, str], bool] = {}
        self.name_servers: list[NameServer] = []
        self.on_change: list[Callable[[Profile | None, Profile | None], None]] = []

    def status_of(self, profile: Profile, endpoint: Endpoint) -> EndpointStatus:
        """Return the endpoint's monitor status."""
        return self._statuses[profile.key, endpoint.key]

    def profile_status_of(self, profile: Profile) -> ProfileStatus:
        """Return the profile's monitor status."""
        statuses = (self.status_of(profile, e) for e in profile.endpoints)
        return profile_status(profile, statuses, self._rules)

    def write(self, profile: Profile, written: Written | None = None) -> None:
        """Store a profile; `written` tells which endpoints were written even if nothing changed."""
        at = self._clock.now()
        before = self._cloud.profiles.find(profile.resource_group, profile.name)
        self._cloud.profiles.put(profile)
        self._forget_stale_health(before, profile)
        self._record_writes(before, profile, written or {}, at)
        self._settle(profile, at)
        self._tell_change(before, profile)

    def delete(self, profile: Profile) -> None:
        """Remove a profile and its name."""
        at = self._clock.now()
        for endpoint in profile.endpoints:
            self._record(at, Kind.ENDPOINT_WRITE, endpoint.name, "Deleted", profile)
            self._forget(profile, endpoint)
        self._publish(profile, None, at)
        parents = self._parents_of(profile)
        self._cloud.profiles.remove(profile.key)
        for parent in parents:
            self._settle(parent, at)
        self._record_nested_serving(at)
        self._tell_change(profile, None)

    def probed(
        self, profile_key: str, endpoint_key: str, *, succeeded: bool, prober: int = 0
    ) -> None:
        """Take in one probe's result."""
        at = self._clock.now()
        profile = self._cloud.profiles.by_key(profile_key)
        key = (profile_key, endpoint_key)
        before = self._histories.get(key, self._never_probed)
        tolerated = profile.monitor.tolerated_failures
        one = before[prober].after(succeeded=succeeded, tolerated_failures=tolerated)
        after = self._histories[key] = (*before[:prober], one, *before[prober + 1 :])
        quorum = self._rules.quorum
        if is_healthy(before, quorum) is not is_healthy(after, quorum):
            self._settle(profile, at)

    def serving_changed(self, public_ip_keys: set[str], at: datetime) -> None:
        """Record for every endpoint on these addresses whether it is served now."""
        if not public_ip_keys:
            return
        for profile in self._cloud.profiles:
            for endpoint in profile.endpoints:
                public_ip = self._cloud.public_ip_of(endpoint)
                if public_ip is not None and public_ip.key in public_ip_keys:
                    self._record_serving(at, profile, endpoint)
        self._record_nested_serving(at)

    def _forget_stale_health(self, before: Profile | None, after: Profile) -> None:
        """Start afresh (CheckingEndpoint) what was not probed before or points elsewhere now."""
        for endpoint in after.endpoints:
            old = before.endpoint(endpoint.key) if before else None
            was_probed = before is not None and old is not None and is_probed(before, old)
            if old is None or not was_probed or not old.points_like(endpoint):
                self._histories.pop((after.key, endpoint.key), None)

    def _record_writes(
        self, before: Profile | None, after: Profile, written: Written, at: datetime
    ) -> None:
        old = {e.key: e for e in before.endpoints} if before else {}
        for endpoint in after.endpoints:
            previous = old.pop(endpoint.key, None)
            members = written.get(endpoint.key, frozenset())
            for value in told_of_write(previous, endpoint, members):
                self._record(at, Kind.ENDPOINT_WRITE, endpoint.name, value, after)
            if previous is None or not previous.points_like(endpoint):
                self._record_serving(at, after, endpoint)
        for gone in old.values():
            self._record(at, Kind.ENDPOINT_WRITE, gone.name, "Deleted", after)
            self._forget(after, gone)
        self._record_nested_serving(at)

    def _forget(self, profile: Profile, endpoint: Endpoint) -> None:
        key = (profile.key, endpoint.key)
        self._histories.pop(key, None)
        self._statuses.pop(key, None)
        self._serving.pop(key, None)

    def _record_serving(self, at: datetime, profile: Profile, endpoint: Endpoint) -> None:
        is_served = self._is_served(endpoint, LEVELS_MAX)
        if is_served is not None:
            self._serving[profile.key, endpoint.key] = is_served
            self._record(at, Kind.SERVING, endpoint.name, is_served, profile)

    def _record_nested_serving(self, at: datetime) -> None:
        """Record for nested endpoints what has changed behind them."""
        for profile in self._cloud.profiles:
            for endpoint in profile.endpoints:
                if endpoint.kind is EndpointKind.NESTED:
                    before = self._serving.get((profile.key, endpoint.key))
                    if self._is_served(endpoint, LEVELS_MAX) is not before:
                        self._record_serving(at, profile, endpoint)

    def _is_served(self, endpoint: Endpoint, levels: int) -> bool | None:
        """Whether any machine behind the endpoint answers; None for what is not emulated."""
        child = self._cloud.child_of(endpoint)
        if child is not None and levels > 0:
            below = [self._is_served(e, levels - 1) for e in child.endpoints]
            return None if all(one is None for one in below) else True in below
        public_ip = self._cloud.public_ip_of(endpoint)
        return None if public_ip is None else self._cloud.is_served(public_ip)

    def _settle(self, profile: Profile, at: datetime, level: int = 1) -> None:
        """Recompute statuses and the answer; publish and record what changed, parents last."""
        for endpoint in profile.endpoints:
            key = (profile.key, endpoint.key)
            status = self._current_status(profile, endpoint)
            if self._statuses.get(key) is not status:
                self._statuses[key] = status
                kind = Kind.ENDPOINT_MONITOR_STATUS
                self._record(at, kind, endpoint.name, status.value, profile)
        self._publish(profile, self._answer(profile, LEVELS_MAX), at)
        self._settle_parents(profile, at, level)

    def _settle_parents(self, profile: Profile, at: datetime, level: int) -> None:
        """Carry a change upwards; ARM allows no more levels, so a loop ends here too."""
        if level < LEVELS_MAX:
            for parent in self._parents_of(profile):
                self._settle(parent, at, level + 1)

    def _parents_of(self, profile: Profile) -> list[Profile]:
        """Return the profiles that have this one as a nested endpoint; names never change."""
        name = profile.fqdn.lower()
        return [
            parent
            for parent in self._cloud.profiles
            if any(
                e.kind is EndpointKind.NESTED and e.target.lower() == name for e in parent.endpoints
            )
        ]

    def _current_status(self, profile: Profile, endpoint: Endpoint) -> EndpointStatus:
        if endpoint.kind is not EndpointKind.NESTED:
            histories = self._histories.get((profile.key, endpoint.key), self._never_probed)
            return endpoint_status(profile, endpoint, histories, self._rules.quorum)
        below = self._cloud.child_of(endpoint)
        child = Child(below, self._known_statuses(below)) if below is not None else None
        return nested_status(profile, endpoint, child, self._rules)

    def _known_statuses(self, profile: Profile) -> dict[str, EndpointStatus]:
        """Return the statuses as last settled; in a loop of profiles some may still be missing."""
        checking = EndpointStatus.CHECKING
        return {
            e.key: self._statuses.get((profile.key, e.key), checking) for e in profile.endpoints
        }

    def _answer(self, profile: Profile, levels: int) -> Answer:
        def child_answer(endpoint: Endpoint) -> Answer:
            child = self._cloud.child_of(endpoint)
            if child is None or levels <= 0:
                return NO_SUCH_NAME
            return self._answer(child, levels - 1)

        return route(profile, self._known_statuses(profile), child_answer, self._rules)

    def _publish(self, profile: Profile, answer: Answer | None, at: datetime) -> None:
        for server in self.name_servers:
            if not server.submit(profile, answer):
                continue
            if server.lag_seconds > 0:
                self._publish_later(server, profile, answer)
            else:
                self._publish_now(server, profile, answer, at)

    def _publish_later(self, server: NameServer, profile: Profile, answer: Answer | None) -> None:
        def publish() -> None:
            self._publish_now(server, profile, answer, self._clock.now())

        self._clock.call_later(server.lag_seconds, publish)

    def _publish_now(
        self, server: NameServer, profile: Profile, answer: Answer | None, at: datetime
    ) -> None:
        told = server.publish(profile, answer)
        if told is not None:
            self._record(at, Kind.ANSWER, server.name, told, profile)

    def _record(
        self, at: datetime, kind: Kind, subject: str, value: str | bool, profile: Profile
    ) -> None:
        which = profile.name if len(self._cloud.profiles) > 1 else None
        self._truth.record(Event(at, kind, subject, value, which))

    def _tell_change(self, before: Profile | None, after: Profile | None) -> None:
        for listener in self.on_change:
            listener(before, after)
