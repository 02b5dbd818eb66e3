"""What a drill is made of: the configuration it measures, its state, its undo records."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, Self

from shared.core.plan import VM_FAULTS, FaultKind, Plan, ProbePath
from shared.core.samples import Instant


class Phase(StrEnum):
    """Where a drill is. The phase is the intent, for undoing."""

    STEADY = "steady"
    FAILOVER = "failover"
    HOLD = "hold"
    FAILBACK = "failback"
    CLOSED = "closed"


class Ending(StrEnum):
    """How a drill ended. Whether the RTO was met is the report's business."""

    FINISHED = "finished"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    NO_STEADY_STATE = "no-steady-state"
    ROLLBACK_FAILED = "rollback-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """A profile's health checks, as ARM states them."""

    protocol: str = "HTTP"
    port: int = 80
    path: str = "/"
    interval_seconds: int = 30
    timeout_seconds: int = 10
    tolerated_failures: int = 3
    expected_statuses: tuple[tuple[int, int], ...] = ((200, 200),)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSnapshot:
    """An endpoint as it was configured when the drill began.

    `target` is the DNS name (or address) that Traffic Manager answers with, `address` where our
    own health samples connect (an address, or a name that is resolved anew for each of them),
    `host` the Host header they carry, `headers` the custom headers that probes carry.
    """

    name: str
    type: str
    target: str
    priority: int
    host: str
    address: str | None = None
    target_resource_id: str | None = None
    enabled: bool = True
    always_serve: bool = False
    headers: tuple[tuple[str, str], ...] = ()


class Machine(NamedTuple):
    """A virtual machine as ARM shows it; `power_state` is `unknown` where ARM tells none."""

    power_state: str
    tags: dict[str, str]
    location: str
    scale_set: str = ""
    """The id of the scale set that it is an instance of, if it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMachine:
    """A machine to be broken; `name` is short and unique in the drill (series `power/{name}`)."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """What a drill's starter should know, and what forbids nothing."""

    code: str
    target: str
    message: str


class Vantage(NamedTuple):
    """A DNS server, and the client subnet (EDNS) on whose behalf it is asked, if any."""

    server: str
    client_subnet: str = ""

    @property
    def name(self) -> str:
        """What follows `dns/authoritative/` or `dns/recursive/` in the series' name."""
        return "/".join(filter(None, self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantages:
    """Where samples are taken from, and of what clock."""

    authoritative: tuple[str, ...]
    resolvers: tuple[str, ...]
    client_resolver: str
    client_url: str
    client_subnets: tuple[str, ...] = ()
    environment: str = "azure"
    clock_speed: float = 1.0

    @property
    def of_name_servers(self) -> tuple[Vantage, ...]:
        """Each authoritative server, as itself and on behalf of each client subnet."""
        return self._each(self.authoritative)

    @property
    def of_resolvers(self) -> tuple[Vantage, ...]:
        """Each resolver likewise."""
        return self._each(self.resolvers)

    def _each(self, servers: tuple[str, ...]) -> tuple[Vantage, ...]:
        subnets = ("", *self.client_subnets)
        return tuple(Vantage(server, subnet) for server in servers for subnet in subnets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All configuration that a drill's samples are judged by, as it was when the drill began.

    `targets` are the machines to be stopped, `spared` those behind the same endpoint that are not.
    """

    profile: str
    profile_id: str
    fqdn: str
    ttl_seconds: int
    monitor: MonitorSettings
    endpoints: tuple[EndpointSnapshot, ...]
    targets: tuple[TargetMachine, ...]
    vantages: Vantages
    spared: tuple[TargetMachine, ...] = ()

    def endpoint(self, name: str) -> EndpointSnapshot:
        """Return the endpoint of that name; KeyError if there is none."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        raise KeyError(name)

    def endpoint_id(self, name: str) -> str:
        """Return the endpoint's own resource id; KeyError if there is none of that name."""
        return f"{self.profile_id}/{self.endpoint(name).type}/{name}"

    def endpoint_named(self, answer: str) -> str | None:
        """Return the endpoint that an answer names, `other:{text}`, or None of an empty answer.

        The first name in the chain equal to an endpoint's target (case and trailing dot ignored)
        or to its own name (what a `servedByHeader` tells), else an address of one.
        """
        chain = [part.rstrip(".").lower() for part in answer.split(">") if part]
        for part in chain:
            for endpoint in self.endpoints:
                if part in (endpoint.target.rstrip(".").lower(), endpoint.name.lower()):
                    return endpoint.name
        for part in chain:
            for endpoint in self.endpoints:
                if part == endpoint.address:
                    return endpoint.name
        return f"other:{answer}" if chain else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One execution of a plan. `version` is the stored row's ETag and travels with it."""

    id: str
    plan: Plan
    plan_as_sent: str
    endpoint: str
    snapshot: Snapshot
    phase: Phase
    phase_since: Instant
    started_at: Instant
    started_by: str = ""
    ending: Ending | None = None
    reason: str = ""
    stop_requested: str = ""
    release_requested: str = ""
    released_at: Instant | None = None
    inject_not_after: Instant | None = None
    needs_attention: bool = False
    closed_at: Instant | None = None
    cautions: tuple[Caution, ...] = ()
    audit_head: str = ""
    """The hash of its audit's newest entry when it closed."""
    version: str = ""

    @property
    def fault_resources(self) -> tuple[str, ...]:
        """The ids of what the fault acts on: machines, or the endpoint itself."""
        if self.plan.fault in VM_FAULTS:
            return tuple(target.id for target in self.snapshot.targets)
        return (self.snapshot.endpoint_id(self.endpoint),)

    def enter(self, phase: Phase, now: Instant, ending: Ending | None, reason: str) -> Self:
        """Return the drill in its next phase; an ending and its reason, once set, stay."""
        return replace(
            self,
            phase=phase,
            phase_since=now,
            ending=self.ending or ending,
            reason=self.reason or reason,
            closed_at=now if phase is Phase.CLOSED else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How to ask an endpoint whether it serves: enough for a watchdog that knows no drill.

    `address` may be a name: it is then resolved at each asking, for an address that changes.
    """

    url: str
    address: str
    host: str
    expected_statuses: tuple[tuple[int, int], ...]
    timeout_seconds: int
    headers: tuple[tuple[str, str], ...] = ()


class Purpose(StrEnum):
    """Why something was changed."""

    FAULT = "fault"
    HOLD = "hold"
    """To keep traffic away after the hold (`failback: hold`)."""


class Broken(NamedTuple):
    """What a fault's tool acts on, and how."""

    resource: str
    probe_path: ProbePath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRecord:
    """What must be put back, committed before it is broken.

    It is closed only after the state seen before has been read back and, where the endpoint
    answered us before, answers us again. `accepted_at` is when ARM first accepted its undo.
    """

    drill_id: str
    resource: str
    fault: FaultKind
    state_before: str
    operation: str
    inject_not_after: Instant
    restore_by: Instant
    health_check: HealthCheck | None
    answered_before: bool
    purpose: Purpose = Purpose.FAULT
    probe_path: ProbePath | None = None
    accepted_at: Instant | None = None
    effect_seen_at: Instant | None = None
    last_sent_at: Instant | None = None
    sent_count: int = 0
    closed_at: Instant | None = None
    closed_by: str = ""
    version: str = ""

    @property
    def broken(self) -> Broken:
        """What the fault's tool acts on."""
        return Broken(self.resource, self.probe_path)

    @property
    def is_open(self) -> bool:
        """The fault may still be in place."""
        return self.closed_at is None

    def is_overdue(self, now: Instant) -> bool:
        """A watchdog must act on it."""
        return self.is_open and now > self.restore_by


class Heartbeat(NamedTuple):
    """When a timer last ran, as far as was written, and how long after the time before."""

    at: Instant
    period_ms: int
