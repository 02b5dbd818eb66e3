"""What truly happened in a random drill, and when: from what its simulation knows, from no report.

All times are the simulation's own seconds. A truth is a span: mostly an instant, wider only where
nothing but a client's own visits defines it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from emulator.truth import Kind
from shared.core.plan import VM_FAULTS, FaultKind
from shared.core.samples import Outcome
from tests.emulator.running import ANCHOR
from tests.support.meddling import HEADER
from tests.support.random_drills import RandomDrill
from tests.support.sim_attempts import Asked

PRIMARY, SURVIVOR = "virginia", "amsterdam"
SENT_EARLIER_SECONDS = 0.5
"""A request is sent no longer than so before it is accepted."""
GAP_INTERVALS = 3
ARM_SECONDS = 2
OUTAGE_SLOTS = 3
"""So many failures in a row show an outage, and no loss."""
NEVER = float("inf")


class Span(NamedTuple):
    """When something was: not before, not later."""

    first: float
    last: float

    def since(self, at: float) -> "Span":
        """Return how long after that instant it was."""
        return Span(self.first - at, self.last - at)


class Happened(NamedTuple):
    """One event of the truth."""

    at: float
    kind: Kind
    subject: str
    value: str | bool


class Switch(NamedTuple):
    """What a milestone is of: which events, which values are its new state, who samples it."""

    kind: Kind
    news: tuple[str | bool, ...]
    series: str
    is_failover: bool
    is_of_machine: bool = False
    olds: tuple[str | bool, ...] = ()
    """Which values are its old state again; empty where all others are."""

    def falls_back(self, value: str | bool) -> bool:
        """Whether the state is the old one with this value."""
        return value in self.olds if self.olds else value not in self.news


def switches_of(fault: FaultKind) -> Mapping[str, Switch]:
    """Return every milestone of a kind of fault that is a switch of some state, by its name."""
    status = "Disabled" if fault is FaultKind.ENDPOINT_DISABLE else "Degraded"
    monitor, power = Kind.ENDPOINT_MONITOR_STATUS, Kind.POWER_STATE
    found = {
        # A failback that is held disables what is degraded: that takes nothing back.
        "endpointDegraded": Switch(monitor, (status,), "monitor/", True, olds=("Online",)),
        "authoritativeSwitched": Switch(Kind.ANSWER, (SURVIVOR,), "dns/authoritative/", True),
        "resolverSwitched": Switch(Kind.RESOLVER_ANSWER, (SURVIVOR,), "dns/recursive/", True),
        "endpointOnline": Switch(monitor, ("Online",), "monitor/", False),
        "authoritativeBack": Switch(Kind.ANSWER, (PRIMARY,), "dns/authoritative/", False),
        "resolverBack": Switch(Kind.RESOLVER_ANSWER, (PRIMARY,), "dns/recursive/", False),
    }
    if fault in VM_FAULTS:
        found |= {
            "faultEffective": Switch(Kind.SERVING, (False,), "health/", True, True),
            "vmStopped": Switch(power, ("stopped", "deallocated"), "power/", True, True),
            "vmRunning": Switch(power, ("running",), "power/", False, True),
            "endpointServing": Switch(Kind.SERVING, (True,), "health/", False, True),
        }
    return found


@dataclass(frozen=True)
class Oracle:
    """The truth of one drill that has come to its end."""

    drill: RandomDrill

    @cached_property
    def switches(self) -> Mapping[str, Switch]:
        """Every milestone of the drill's kind that is a switch of some state."""
        return switches_of(self.fault)

    @property
    def fault(self) -> FaultKind:
        """What was broken."""
        return self.drill.drill.plan.fault

    def every(self, series: str) -> int:
        """Return how many seconds lie between two attempts of a series."""
        seconds = self.drill.drill.plan.sample_interval_seconds
        return max(seconds, ARM_SECONDS) if series.startswith(("monitor/", "power/")) else seconds

    @cached_property
    def events(self) -> Sequence[Happened]:
        """All that happened, in the simulation's own time."""
        return [
            Happened((e.at - ANCHOR).total_seconds(), e.kind, e.subject, e.value)
            for e in self.drill.azure.truth.events
        ]

    @cached_property
    def asked(self) -> Mapping[str, Sequence[Asked]]:
        """Every attempt that was recorded, by its series, in order of asking."""
        found: dict[str, list[Asked]] = {}
        for asked in self.drill.sampler.log:
            if asked.sample is not None:
                found.setdefault(asked.series, []).append(asked)
        return found

    # -- what was asked for ----------------------------------------------------------------------

    @cached_property
    def fault_at(self) -> float:
        """When the request to break was accepted."""
        return self._accepted(self.fault, 0.0, breaks=True)

    @cached_property
    def undone_at(self) -> float:
        """When the request to undo the fault was accepted."""
        return self._accepted(self.fault, self.fault_at, breaks=False)

    @cached_property
    def back_at(self) -> float:
        """When the request that let traffic return was accepted."""
        disabling = FaultKind.ENDPOINT_DISABLE
        held_at = self._accepted(disabling, self.fault_at, breaks=True)
        if self.fault is disabling or held_at == NEVER:
            return self.undone_at
        return self._accepted(disabling, held_at, breaks=False)

    @property
    def effective_at(self) -> float:
        """When the fault took effect."""
        if self.fault not in VM_FAULTS:
            return self.fault_at
        truth = self.switched("faultEffective", PRIMARY)
        return truth.first if truth else NEVER

    def _accepted(self, fault: FaultKind, since: float, *, breaks: bool) -> float:
        is_it = _request(fault, breaks=breaks)
        return next((e.at for e in self.events if e.at >= since and is_it(e)), NEVER)

    def window(self, switch: Switch) -> Span:
        """Return from when until when a switch is sought."""
        undone_at = self.undone_at if switch.is_of_machine else self.back_at
        return Span(self.fault_at, undone_at) if switch.is_failover else Span(undone_at, NEVER)

    # -- switches of state -----------------------------------------------------------------------

    def switched(self, name: str, vantage: str) -> Span | None:
        """Return when a state switched for good, or for long enough, within its window.

        Of a state that fell back before, while no sample of its own looked, it was either time.
        """
        switch = self.switches[name]
        window, stability = self.window(switch), self.drill.drill.plan.stability_seconds
        first, before = NEVER, -NEVER
        for run in self._runs(switch, vantage):
            if not window.first <= run.first < window.last:
                continue
            is_seen = self._is_met(switch.series + vantage, Span(before, run.first))
            first, before = (run.first if is_seen else min(first, run.first)), run.last
            if run.last >= window.last or run.last - run.first >= stability:
                return Span(first, run.first)
        return None

    def _is_met(self, series: str, when: Span) -> bool:
        asked = self.asked.get(series, ())
        return _shows([a for a in asked if when.first <= _met(a) < when.last], 0)

    def is_due(self, name: str, vantage: str) -> bool:
        """Whether a switch happened and was seen so well that a report must tell of it."""
        switch, truth = self.switches[name], self.switched(name, vantage)
        if truth is None:
            return False
        window = self.window(switch)
        lasted = next(r for r in self._runs(switch, vantage) if r.first == truth.last)
        if lasted.last < window.last:
            return False  # it fell back: seen long enough or not, that is told as well
        asked = self.asked.get(switch.series + vantage, ())
        until = window.last - SENT_EARLIER_SECONDS
        news = [a for a in asked if window.first <= a.asked < until and _met(a) >= truth.last]
        olds = [a for a in asked if a.asked >= self.fault_at and _met(a) < truth.first]
        is_seen = _shows_outage if switch.kind is Kind.SERVING else _shows
        if switch.is_failover:
            return is_seen(news, self.every(switch.series))
        return _shows(news, 0) and is_seen(olds, self.every(switch.series))

    def _runs(self, switch: Switch, vantage: str) -> Iterator[Span]:
        """Yield from when until when a state was the new one, each time."""
        since: float | None = None
        for event in self.events:
            is_its = event.subject == vantage or event.subject.endswith(f"/{vantage}")
            if event.kind is not switch.kind or not is_its:
                continue
            if event.value in switch.news and since is None:
                since = event.at
            elif switch.falls_back(event.value) and since is not None:
                yield Span(since, event.at)
                since = None
        if since is not None:
            yield Span(since, NEVER)


def _met(asked: Asked) -> float:
    """Return when what an attempt met was so; events are told to the microsecond."""
    return asked.asked if asked.read is None else round(asked.read, 6)


def _shows(asked: Sequence[Asked], every: int) -> bool:
    """One answer is enough."""
    del every
    return any(a.sample is not None and a.sample.outcome is Outcome.OK for a in asked)


def _shows_outage(asked: Sequence[Asked], every: int) -> bool:
    """Several failures in a row, with no gap between them."""
    count, before = 0, -NEVER
    for one in asked:
        failed = one.sample is not None and one.sample.outcome is not Outcome.OK
        goes_on = failed and one.asked - before <= GAP_INTERVALS * every
        count, before = (count + 1 if goes_on else int(failed)), one.asked
        if count >= OUTAGE_SLOTS:
            return True
    return False


def _request(fault: FaultKind, *, breaks: bool) -> Callable[[Happened], bool]:
    """Return what tells the event of a request to break, or to undo that."""
    if fault in VM_FAULTS:
        verbs = ("powerOff", "deallocate") if breaks else ("start",)
        return lambda e: e.kind is Kind.POWER_OPERATION and e.value in verbs
    if fault is FaultKind.ENDPOINT_DISABLE:
        value = "Disabled" if breaks else "Enabled"
        return lambda e: (e.kind, e.subject, e.value) == (Kind.ENDPOINT_WRITE, PRIMARY, value)

    def is_header(event: Happened) -> bool:
        told = str(event.value)
        is_write = event.kind is Kind.ENDPOINT_WRITE and event.subject == PRIMARY
        return is_write and told.startswith("customHeaders=") and (HEADER.header in told) == breaks

    return is_header
