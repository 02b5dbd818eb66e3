"""When a random drill's clients truly recovered, and how long its failover and failback truly took.

A client has recovered when it is led to whom it should be, and that one serves: an instant that
the simulation knows. Only where visits of its own were lost just there may the visits define it: a
client that was not served, whatever the reason, is one that has not recovered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from emulator.truth import Kind
from shared.core.plan import ClientClass
from shared.core.samples import Outcome
from tests.support.drill_oracle import (
    GAP_INTERVALS,
    NEVER,
    PRIMARY,
    SENT_EARLIER_SECONDS,
    SURVIVOR,
    Happened,
    Oracle,
    Span,
)
from tests.support.sim_attempts import Asked
from tests.support.sim_resolver import Lead


class Fate(Enum):
    """What became of a visit."""

    GOOD = "served by whom it should be"
    UNWANTED = "served by whom it should have left"
    UNSERVED = "truly served by nobody"
    LOST = "lost on its way, or late"


class Visit(NamedTuple):
    """One visit of a client, and what became of it."""

    fate: Fate
    at: Asked

    @property
    def failed(self) -> bool:
        """Nobody served it, for whatever reason."""
        return self.fate in (Fate.UNSERVED, Fate.LOST)


class Stretch(NamedTuple):
    """The visits from which on a client had recovered: the first's place, and how long it held."""

    begin: int
    seconds: float


@dataclass(frozen=True)
class Recovery:
    """One client's way back to being served by whom it should be."""

    oracle: Oracle
    client: str
    is_failover: bool

    @property
    def wanted(self) -> str:
        """Who should serve it."""
        return SURVIVOR if self.is_failover else PRIMARY

    @property
    def window(self) -> Span:
        """From when until when it is sought."""
        oracle = self.oracle
        if self.is_failover:
            return Span(oracle.fault_at, oracle.back_at)
        return Span(oracle.back_at, NEVER)

    @cached_property
    def visits(self) -> Sequence[Visit]:
        """Its visits within the window, and those before."""
        until = self.window.last
        asked = self.oracle.asked.get(f"client/{self.client}", ())
        return [Visit(self._fate(one), one) for one in asked if one.asked < until]

    def _fate(self, one: Asked) -> Fate:
        if one.sample is not None and one.sample.outcome is Outcome.OK:
            return Fate.GOOD if one.state == self.wanted else Fate.UNWANTED
        return Fate.LOST if one.is_lost or one.state == self.wanted else Fate.UNSERVED

    # -- the stretch of visits -------------------------------------------------------------------

    def stretch(self, *, gaps_restart: bool) -> Stretch | None:
        """Return the first stretch of visits that holds for long enough, or the last one."""
        every, visits, needed = self.oracle.every("client/"), self.visits, self._needed
        begin: int | None = None
        seconds = 0.0
        for at, visit in enumerate(visits):
            before = visits[at - 1] if at else None
            is_far = before and visit.at.asked - before.at.asked > GAP_INTERVALS * every
            again = visit.failed and before is not None and before.failed and not is_far
            if visit.fate is Fate.UNWANTED or again or (is_far and gaps_restart):
                begin = None
            may_begin = visit.fate is Fate.GOOD and visit.at.asked >= self.window.first
            if begin is None and may_begin:
                begin = at
            if begin is not None:
                seconds = visit.at.asked - visits[begin].at.asked + every
                if seconds >= needed:
                    return Stretch(begin, seconds)
        return None if begin is None else Stretch(begin, seconds)

    @property
    def _needed(self) -> int:
        return self.oracle.drill.drill.plan.stability_seconds

    @property
    def is_due(self) -> bool:
        """Whether it was seen so well that a report must tell of it."""
        oracle, needed = self.oracle, self._needed
        stretch = self.stretch(gaps_restart=True)
        was_away = any(
            v.fate in (Fate.UNWANTED, Fate.UNSERVED) and v.at.asked >= oracle.fault_at
            for v in self.visits
        )
        margin = 2 * oracle.every("client/") + SENT_EARLIER_SECONDS
        begun = stretch and self.visits[stretch.begin].at.asked
        ends = self.visits[-1].at.asked if self.visits else -NEVER
        is_whole = begun is not None and ends - begun >= needed + margin
        return bool(is_whole and stretch and stretch.seconds >= needed and was_away)

    @property
    def is_undisturbed(self) -> bool:
        """Whether nothing befell its visits, nor their clock, once it was first well served."""
        good = (v.at for v in self.visits if v.fate is Fate.GOOD)
        first = next((one for one in good if one.asked >= self.window.first), None)
        if self.truth is None or first is None or first.ended < self.truth.first:
            return False
        every, since = self.oracle.every("client/"), self.truth.first
        times = [visit.at.asked for visit in self.visits]
        if self.window.last != NEVER:
            times.append(self.window.last)
        is_whole = all(
            other - one <= GAP_INTERVALS * every for one, other in pairwise(times) if other >= since
        )
        is_served = all(v.fate is Fate.GOOD for v in self.visits if v.at.asked >= since)
        is_set = any(since <= at <= self.window.last for at in self.oracle.drill.set_at)
        return is_whole and is_served and not is_set

    # -- the instant -----------------------------------------------------------------------------

    @cached_property
    def truth(self) -> Span | None:
        """When it recovered; None if it never did, or never had anything to recover from."""
        stretch = self.stretch(gaps_restart=False)
        if stretch is None:
            return None
        first = self.visits[stretch.begin].at
        before = self.visits[: stretch.begin]
        real = [v for v in before if v.fate in (Fate.UNWANTED, Fate.UNSERVED)]
        bad = next((v.at.asked for v in reversed(real)), -NEVER)
        since = max(bad, self.window.first)
        turns = [at for at in self._turns_good() if since < at <= first.ended]
        if not turns and bad < self.oracle.fault_at:
            return None
        missed = [v for v in before if v.at.asked > since]
        is_exact = bool(turns) and not missed
        return Span(turns[0] if turns else since, turns[-1] if is_exact else first.ended)

    @property
    def lasting(self) -> Span:
        """When it recovered for long enough; without an end where that was not seen."""
        stretch, needed = self.stretch(gaps_restart=False), self._needed
        if self.truth is None or stretch is None:
            return Span(0.0, NEVER)
        return self.truth if stretch.seconds >= needed else Span(self.truth.first, NEVER)

    def _leads(self) -> Sequence[Lead]:
        if self.client == ClientClass.TTL:
            return self.oracle.drill.sampler.memory.leads
        return self.oracle.drill.resolvers[self._resolver].leads

    @property
    def _resolver(self) -> str:
        return self.oracle.drill.drill.snapshot.vantages.client_resolver

    def _is_of_wanted(self, event: Happened) -> bool:
        return event.kind is Kind.SERVING and event.subject == self.wanted

    def _turns_good(self) -> Iterator[float]:
        """Yield when a visit would have been served by whom it should be, and not just before."""
        changes = [
            *((lead.at, 0, lead.endpoint == self.wanted) for lead in self._leads()),
            *((e.at, 1, e.value is True) for e in self.oracle.events if self._is_of_wanted(e)),
        ]
        now, was_good = [False, False], False
        for at, which, is_so in sorted(changes):
            now[which] = is_so
            if all(now) and not was_good:
                yield at
            was_good = all(now)
