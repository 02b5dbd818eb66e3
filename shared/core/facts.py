"""What preflight has seen of everything that a drill touches, as values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.errors import Fault
from shared.core.model import EndpointSnapshot, Machine, Snapshot, TargetMachine
from shared.core.permissions import Grant
from shared.core.plan import VM_FAULTS, Failback, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind the endpoint under test, as far as ARM tells; or why it does not."""

    machines: tuple[TargetMachine, ...] = ()
    faults: tuple[Fault, ...] = ()
    loses_address: bool = False
    """Its address is Dynamic and the machine's own: it goes when the machine is deallocated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was seen just now; what could not be seen, or was not asked, is None or absent."""

    plan: Plan
    snapshot: Snapshot
    endpoint: str
    is_profile_enabled: bool
    is_endpoint_enabled: bool
    routing_method: str
    statuses: Mapping[str, str]
    machines: Mapping[str, Machine | None]
    """Of the machines to be stopped; None: ARM has no such machine."""
    hidden: Mapping[str, str]
    """Those that ARM does not show to this identity, with its words."""
    allowed_groups: tuple[str, ...]
    subscription_id: str
    region: str
    """Where this control plane runs; empty: unknown."""
    named_by_dns: str | None = None
    answering: Mapping[str, bool] = field(default_factory=dict)
    """Which endpoints answer our own request."""
    answers_with_header: bool | None = None
    """Whether the endpoint under test does so with the header of `probePath`."""
    behind: Behind = field(default_factory=Behind)
    grants: Mapping[str, tuple[Grant, ...] | None] = field(default_factory=dict)
    """What the identity may do, by scope; None: ARM does not tell."""

    @property
    def under_test(self) -> EndpointSnapshot:
        """The endpoint under test."""
        return self.snapshot.endpoint(self.endpoint)

    @property
    def stops_machines(self) -> bool:
        """The fault stops machines."""
        return self.plan.fault in VM_FAULTS

    @property
    def writes_endpoint(self) -> bool:
        """The drill changes the endpoint itself: by its fault, or to hold traffic back."""
        return not self.stops_machines or self.plan.failback is Failback.HOLD
