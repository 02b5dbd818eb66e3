"""What a profile's settings promise: bounds of every part of a failover and of a failback.

I, T, N, L are the probing interval, its time-out, the tolerated failures and the TTL. Probes keep
a fixed cadence, so the first one to fail starts within I of the fault, and N more must fail after
it; a probe into silence fails only after T. Nothing is allowed for spreading the new answer among
the name servers, because no published figure allows anything: a slow `dnsSwitch` is then seen.
"""

from dataclasses import dataclass

from shared.core.intervals import Elapsed, total
from shared.core.model import MonitorSettings, Snapshot
from shared.core.plan import FaultKind, Plan

AT_ONCE = Elapsed(0.0, 0.0)
UNBOUNDED = Elapsed(0.0, None)

DROPS_PACKETS = frozenset({FaultKind.VM_POWER_OFF})
"""Faults after which nobody answers: a probe must time out before it has failed."""


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
    formulas: tuple[Formula, ...]

    @property
    def failover_total(self) -> Elapsed:
        """From the fault taking effect to the client being served by a survivor."""
        return total([promise.elapsed for promise in self.failover])

    @property
    def failback_total(self) -> Elapsed:
        """From the request to restore to the client being served by the primary again."""
        return total([promise.elapsed for promise in self.failback])

    @property
    def rto_floor_seconds(self) -> float:
        """No drill can meet a failover RTO below this: its endpoint would not be Degraded yet."""
        return self.failover_total.seconds_min

    def promised(self, of: str, name: str) -> Elapsed:
        """Return the bounds of one phase time of the failover or the failback."""
        promises = self.failover if of == "failover" else self.failback
        return next(promise.elapsed for promise in promises if promise.name == name)


def envelope(
    monitor: MonitorSettings, ttl_seconds: int, fault: FaultKind, sampling: Sampling
) -> Envelope:
    """Return what these settings promise for this kind of fault."""
    drain = Elapsed(0.0, float(ttl_seconds))
    client = Elapsed(0.0, float(sampling.interval_seconds + sampling.timeout_seconds))
    next_probe = Elapsed(0.0, float(monitor.interval_seconds + monitor.timeout_seconds))
    failover = (
        Promise("detection", detection(monitor, fault)),
        Promise("dnsSwitch", AT_ONCE),
        Promise("cacheDrain", drain),
        Promise("clientRecovery", client),
    )
    failback = (
        Promise("boot", UNBOUNDED),
        Promise("reinstatement", next_probe),
        Promise("dnsReturn", AT_ONCE),
        Promise("cacheDrain", drain),
        Promise("clientReturn", client),
    )
    ours = total([promise.elapsed for promise in failover])
    formulas = (*_published(monitor, ttl_seconds), Formula("switchback", OURS[fault], ours))
    return Envelope(failover=failover, failback=failback, formulas=formulas)


def envelope_of(snapshot: Snapshot, plan: Plan) -> Envelope:
    """Return what a drill's own configuration promises."""
    sampling = Sampling(
        interval_seconds=plan.sample_interval_seconds, timeout_seconds=plan.sample_timeout_seconds
    )
    return envelope(snapshot.monitor, snapshot.ttl_seconds, plan.fault, sampling)


def detection(monitor: MonitorSettings, fault: FaultKind) -> Elapsed:
    """Return how long probing takes to call the endpoint Degraded."""
    fails_after = monitor.timeout_seconds if fault in DROPS_PACKETS else 0
    failed_last = monitor.tolerated_failures * monitor.interval_seconds + fails_after
    return Elapsed(float(failed_last), float(failed_last + monitor.interval_seconds))


OURS = {
    FaultKind.VM_POWER_OFF: "[N * I + T, (N + 1) * I + T] + [0, L] + [0, sampling]",
}


def _published(monitor: MonitorSettings, ttl_seconds: int) -> tuple[Formula, ...]:
    interval, timeout = monitor.interval_seconds, monitor.timeout_seconds
    tolerated = monitor.tolerated_failures
    # Microsoft's disaster recovery page states a maximum; azure-docs#104593 corrects it.
    published = float(ttl_seconds + tolerated * interval)
    corrected = float((interval + timeout) * (tolerated + 1) + ttl_seconds)
    return (
        Formula("published", "TTL + Retry * Interval", Elapsed(0.0, published)),
        Formula("corrected", "(I + T) * (N + 1) + L", Elapsed(0.0, corrected)),
    )
