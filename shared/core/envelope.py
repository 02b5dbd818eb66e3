"""What a profile's settings promise: bounds of every part of a failover and of a failback.

I, T, N, L are the probing interval, its time-out, the tolerated failures and the TTL. Probes keep
a fixed cadence, so the first one to fail starts within I of the fault, and N more must fail after
it; a probe into silence fails only after T, one that a status refuses at once. Nothing is allowed
for spreading the new answer among the name servers, because no published figure allows anything: a
slow `dnsSwitch` is then seen.

An endpoint that is disabled is out of DNS by that very write: nothing is probed. One that is
enabled is answered from that write on, while it is only being checked (CheckingEndpoint): DNS
returns before the first good probe calls it Online, so `dnsReturn` is negative.

All this moves a client that goes where its resolver sends it. `pinned` never asks again: it leaves
never, and is back as soon as its machine serves. `keepalive` stays where it is answered: it leaves
a machine that has stopped, and neither one that serves on nor, later, the survivor.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from shared.core.intervals import ANYTHING, Elapsed, lies_within, meets, total
from shared.core.model import MonitorSettings, Snapshot
from shared.core.plan import VM_FAULTS, ClientClass, Failback, FaultKind, Plan

AT_ONCE = Elapsed(0.0, 0.0)
UNBOUNDED = Elapsed(0.0, None)

ADVISED_SECONDS = 120
"""How long beyond the TTL Microsoft advises to wait before judging a disabled endpoint."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The bounds of one phase time."""

    name: str
    elapsed: Elapsed


class Support(StrEnum):
    """What an observed failover time says of a formula; both are intervals."""

    SUPPORTED = "supported"
    """Whatever the time truly was, it lies within the formula's bounds."""
    REFUTED = "refuted"
    """Whatever it was, it does not."""
    UNDECIDED = "undecided"
    """It may or may not, or it was not observed."""
    NOT_APPLICABLE = "notApplicable"
    """The formula is about another kind of fault, or of client."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A way to compute the failover time, as text and with its result.

    `is_about_it` tells whether it is meant for this fault and this client; `observation` is None
    where nothing was to be observed.
    """

    name: str
    text: str
    elapsed: Elapsed
    is_about_it: bool = True
    observation: Support | None = None

    def beside(self, observed: Elapsed | None) -> "Formula":
        """Return the formula with what an observed failover time says of it."""
        return replace(self, observation=self._supported_by(observed))

    def _supported_by(self, observed: Elapsed | None) -> Support:
        if not self.is_about_it:
            return Support.NOT_APPLICABLE
        if observed is None:
            return Support.UNDECIDED
        # Only sampling puts an effect before its cause.
        seen = Elapsed(max(0.0, observed.seconds_min), observed.seconds_max)
        if not meets(seen, self.elapsed):
            return Support.REFUTED
        return Support.SUPPORTED if lies_within(seen, self.elapsed) else Support.UNDECIDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How our own client asks: how often, how long it waits, and what it keeps."""

    interval_seconds: int
    timeout_seconds: int
    client: ClientClass = ClientClass.FRESH

    @property
    def visit(self) -> Elapsed:
        """From when a visit would be served to when one was."""
        return Elapsed(0.0, float(self.interval_seconds + self.timeout_seconds))


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

    def total_of(self, of: str, steps: Collection[str]) -> Elapsed:
        """Return the bounds of these phases together; of all of them, those of the whole."""
        is_failover = of == "failover"
        promises = self.failover if is_failover else self.failback
        if len(steps) == len(promises):
            return self.failover_total if is_failover else self.failback_total
        return _total(tuple(promise for promise in promises if promise.name in steps))

    def beside(self, observed: Elapsed | None) -> "Envelope":
        """Return the envelope with what an observed failover time says of each formula."""
        return replace(self, formulas=tuple(each.beside(observed) for each in self.formulas))


def envelope(
    monitor: MonitorSettings,
    ttl_seconds: int,
    fault: FaultKind,
    sampling: Sampling,
    *,
    is_held: bool = False,
) -> Envelope:
    """Return what these settings promise for this kind of fault, and for a failback that waits."""
    detected = detection(monitor, fault)
    drain = Promise("cacheDrain", Elapsed(0.0, float(ttl_seconds)))
    recovery, in_words = _recovery(sampling, fault, detected)
    failover = (
        Promise("detection", detected),
        Promise("dnsSwitch", AT_ONCE),
        drain,
        Promise("clientRecovery", recovery),
    )
    is_enabled_back = is_held or fault is FaultKind.ENDPOINT_DISABLE
    failback = (
        *_way_back(monitor, fault, is_enabled_back=is_enabled_back),
        drain,
        Promise("clientReturn", _return(sampling)),
    )
    ours = Formula("switchback", f"{OURS[fault]}[0, L] + {in_words}", _total(failover))
    return Envelope(
        failover=failover,
        failback=failback,
        failback_total=_failback_total(failback, sampling, is_enabled_back=is_enabled_back),
        formulas=(*_published(monitor, ttl_seconds, fault, sampling.client), ours),
    )


def envelope_of(snapshot: Snapshot, plan: Plan, *, is_held: bool | None = None) -> Envelope:
    """Return what a drill's own configuration promises; how it went may differ from its plan."""
    sampling = Sampling(
        interval_seconds=plan.sample_interval_seconds,
        timeout_seconds=plan.sample_timeout_seconds,
        client=plan.objective_client,
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


def stays(client: ClientClass, fault: FaultKind) -> bool:
    """What the client keeps holds it on the endpoint under test, whatever its resolver says."""
    return client is ClientClass.PINNED or (
        client is ClientClass.KEEPALIVE and fault not in VM_FAULTS
    )


def _recovery(sampling: Sampling, fault: FaultKind, detected: Elapsed) -> tuple[Elapsed, str]:
    """Return how long after its resolver the client is on a survivor, and the formula's words."""
    if stays(sampling.client, fault):
        return UNBOUNDED, "[0, unbounded)"
    visit = sampling.visit
    # A request over the connection that died must time out first; the resolver may be earlier.
    late = max(0.0, (visit.seconds_max or 0.0) - detected.seconds_min)
    if sampling.client is not ClientClass.KEEPALIVE or not late:
        return visit, "[0, sampling]"
    return visit + Elapsed(0.0, late), "[0, 2 * sampling - (N * I + T)]"


def _return(sampling: Sampling) -> Elapsed:
    """Return how long after its resolver the client is back.

    Who does not ask the resolver is back whenever that is, perhaps long before.
    """
    if sampling.client is ClientClass.PINNED:
        return Elapsed(-inf, sampling.visit.seconds_max)
    return ANYTHING if sampling.client is ClientClass.KEEPALIVE else sampling.visit


def _way_back(
    monitor: MonitorSettings, fault: FaultKind, *, is_enabled_back: bool
) -> tuple[Promise, ...]:
    """Return the parts of a failback up to the name servers."""
    next_probe = float(monitor.interval_seconds + monitor.timeout_seconds)
    boots = fault in VM_FAULTS and not is_enabled_back
    return (
        *((Promise("boot", UNBOUNDED),) if boots else ()),
        Promise("reinstatement", Elapsed(0.0, next_probe)),
        Promise("dnsReturn", Elapsed(-next_probe, 0.0) if is_enabled_back else AT_ONCE),
    )


def _failback_total(
    failback: tuple[Promise, ...], sampling: Sampling, *, is_enabled_back: bool
) -> Elapsed:
    if sampling.client is ClientClass.KEEPALIVE:
        return UNBOUNDED
    if sampling.client is ClientClass.PINNED:
        return _total(tuple(p for p in failback if p.name == "boot")) + sampling.visit
    # DNS names an enabled endpoint at once: that it is not yet Online costs nobody any time.
    return _total(failback[-2:] if is_enabled_back else failback)


def _total(promises: tuple[Promise, ...]) -> Elapsed:
    return total([promise.elapsed for promise in promises])


def _published(
    monitor: MonitorSettings, ttl_seconds: int, fault: FaultKind, client: ClientClass
) -> tuple[Formula, ...]:
    interval, timeout = monitor.interval_seconds, monitor.timeout_seconds
    tolerated = monitor.tolerated_failures
    # Microsoft's disaster recovery page states a maximum; azure-docs#104593 corrects it.
    published = float(ttl_seconds + tolerated * interval)
    corrected = float((interval + timeout) * (tolerated + 1) + ttl_seconds)
    # All are of clients that go where DNS sends them.
    follows, is_probed = not stays(client, fault), fault is not FaultKind.ENDPOINT_DISABLE
    is_about = follows and is_probed
    formulas = (
        Formula("published", "TTL + Retry * Interval", Elapsed(0.0, published), is_about),
        Formula("corrected", "(I + T) * (N + 1) + L", Elapsed(0.0, corrected), is_about),
    )
    if is_probed:
        return formulas
    # Both are about probing. Of a disabled endpoint Microsoft's page on testing says something.
    advised = Elapsed(0.0, float(ttl_seconds + ADVISED_SECONDS))
    return (*formulas, Formula("advised", "TTL + 2 min", advised, follows))
