"""What a profile's settings promise: bounds of every part of a failover and of a failback.

I, T, N, L are the probing interval, its time-out, the tolerated failures and the TTL. Probes keep
a fixed cadence, so the first one to fail starts within I of the fault, and N more must fail after
it; a probe into silence fails only after T, one that a status refuses at once. Nothing is allowed
for spreading the new answer among the name servers, because no published figure allows anything: a
slow `dnsSwitch` is then seen.

An endpoint that is disabled is out of DNS by that very write: nothing is probed. One that is
enabled is answered from that write on, while it is only being checked (CheckingEndpoint): DNS
returns before the first good probe calls it Online, so `dnsReturn` is negative.
"""

from dataclasses import dataclass

from shared.core.intervals import Elapsed, total
from shared.core.model import MonitorSettings, Snapshot
from shared.core.plan import VM_FAULTS, Failback, FaultKind, Plan

AT_ONCE = Elapsed(0.0, 0.0)
UNBOUNDED = Elapsed(0.0, None)

ADVISED_SECONDS = 120
"""How long beyond the TTL Microsoft advises to wait before judging a disabled endpoint."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The bounds of one phase time."""

    name: str
    elapsed: Elapsed


@dataclass(frozen=True, slots=True)
class Formula:
    """A way to compute the failover time, as text and with its result."""

    name: str
    text: str
    elapsed: Elapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How often our own client asks, and how long it waits."""

    interval_seconds: int
    timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Bounds for the failover, the failback and each of their parts; nothing is measured here."""

    failover: tuple[Promise, ...]
    failback: tuple[Promise, ...]
    failback_total: Elapsed
    formulas: tuple[Formula, ...]

    @property
    def failover_total(self) -> Elapsed:
        """From the fault taking effect to the client being served by a survivor."""
        return _total(self.failover)

    @property
    def rto_floor_seconds(self) -> float:
        """No drill can meet a failover RTO below this: its endpoint would not be Degraded yet."""
        return self.failover_total.seconds_min

    def promised(self, of: str, name: str) -> Elapsed:
        """Return the bounds of one phase time of the failover or the failback."""
        promises = self.failover if of == "failover" else self.failback
        return next(promise.elapsed for promise in promises if promise.name == name)


def envelope(
    monitor: MonitorSettings,
    ttl_seconds: int,
    fault: FaultKind,
    sampling: Sampling,
    *,
    is_held: bool = False,
) -> Envelope:
    """Return what these settings promise for this kind of fault, and for a failback that waits."""
    client = Elapsed(0.0, float(sampling.interval_seconds + sampling.timeout_seconds))
    in_caches = (
        Promise("cacheDrain", Elapsed(0.0, float(ttl_seconds))),
        Promise("clientRecovery", client),
    )
    failover = (
        Promise("detection", detection(monitor, fault)),
        Promise("dnsSwitch", AT_ONCE),
        *in_caches,
    )
    is_enabled_back = is_held or fault is FaultKind.ENDPOINT_DISABLE
    failback = _failback(monitor, fault, in_caches, is_enabled_back=is_enabled_back)
    ours = Formula("switchback", f"{OURS[fault]}[0, L] + [0, sampling]", _total(failover))
    return Envelope(
        failover=failover,
        failback=failback,
        # DNS names an enabled endpoint at once: that it is not yet Online costs nobody any time.
        failback_total=_total(in_caches if is_enabled_back else failback),
        formulas=(*_published(monitor, ttl_seconds, fault), ours),
    )


def envelope_of(snapshot: Snapshot, plan: Plan, *, is_held: bool | None = None) -> Envelope:
    """Return what a drill's own configuration promises; how it went may differ from its plan."""
    sampling = Sampling(
        interval_seconds=plan.sample_interval_seconds, timeout_seconds=plan.sample_timeout_seconds
    )
    held = plan.failback is Failback.HOLD if is_held is None else is_held
    return envelope(snapshot.monitor, snapshot.ttl_seconds, plan.fault, sampling, is_held=held)


def detection(monitor: MonitorSettings, fault: FaultKind) -> Elapsed:
    """Return how long Traffic Manager takes to leave the endpoint out."""
    if fault is FaultKind.ENDPOINT_DISABLE:
        return AT_ONCE
    # Stopped machines drop packets: a probe must time out before it has failed.
    fails_after = monitor.timeout_seconds if fault in VM_FAULTS else 0
    failed_last = monitor.tolerated_failures * monitor.interval_seconds + fails_after
    return Elapsed(float(failed_last), float(failed_last + monitor.interval_seconds))


OURS = {
    FaultKind.VM_POWER_OFF: "[N * I + T, (N + 1) * I + T] + ",
    FaultKind.VM_DEALLOCATE: "[N * I + T, (N + 1) * I + T] + ",
    FaultKind.ENDPOINT_DISABLE: "",
    FaultKind.PROBE_PATH: "[N * I, (N + 1) * I] + ",
}
"""How detection is computed; the rest is the same for all."""


def _failback(
    monitor: MonitorSettings,
    fault: FaultKind,
    in_caches: tuple[Promise, Promise],
    *,
    is_enabled_back: bool,
) -> tuple[Promise, ...]:
    next_probe = float(monitor.interval_seconds + monitor.timeout_seconds)
    boots = fault in VM_FAULTS and not is_enabled_back
    drain, client = in_caches
    return (
        *((Promise("boot", UNBOUNDED),) if boots else ()),
        Promise("reinstatement", Elapsed(0.0, next_probe)),
        Promise("dnsReturn", Elapsed(-next_probe, 0.0) if is_enabled_back else AT_ONCE),
        drain,
        Promise("clientReturn", client.elapsed),
    )


def _total(promises: tuple[Promise, ...]) -> Elapsed:
    return total([promise.elapsed for promise in promises])


def _published(monitor: MonitorSettings, ttl_seconds: int, fault: FaultKind) -> tuple[Formula, ...]:
    interval, timeout = monitor.interval_seconds, monitor.timeout_seconds
    tolerated = monitor.tolerated_failures
    # Microsoft's disaster recovery page states a maximum; azure-docs#104593 corrects it.
    published = float(ttl_seconds + tolerated * interval)
    corrected = float((interval + timeout) * (tolerated + 1) + ttl_seconds)
    formulas = (
        Formula("published", "TTL + Retry * Interval", Elapsed(0.0, published)),
        Formula("corrected", "(I + T) * (N + 1) + L", Elapsed(0.0, corrected)),
    )
    if fault is not FaultKind.ENDPOINT_DISABLE:
        return formulas
    # Both are about probing. Of a disabled endpoint Microsoft's page on testing says something.
    advised = Elapsed(0.0, float(ttl_seconds + ADVISED_SECONDS))
    return (*formulas, Formula("advised", "TTL + 2 min", advised))
