"""What a profile's baseline has seen: its samples, and the failovers that nobody planned."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from shared.core.errors import FailoverNotFound, ProfileNotFound
from shared.core.model import Drill
from shared.core.report import Report
from shared.core.samples import Instant, Sample, Timeline, instant
from shared.core.unplanned import (
    Drilled,
    Failover,
    InForce,
    configuration_at,
    find_failovers,
    instant_of,
)
from shared.core.unplanned_report import Case, around, period, report_failover

Json = dict[str, Any]
Key = tuple[Instant, str]

DAY_MS = 86_400_000
RETURN_DAYS_MAX = 7
"""How long after a failover its return is looked for."""
DRILLS_MAX = 1_000
"""Of a profile: as many of its newest drills are known to have been planned."""
SHOWN = ("dns/authoritative/", "monitor/")
"""What a failover is recognised by."""


class Store(Protocol):
    """Where baselines are kept."""

    def samples(self, profile: str, since: Instant, until: Instant) -> Iterator[list[Sample]]:
        """Yield the samples asked from `since` on and before `until`, in order, in parts."""

    def configurations(self, profile: str, since: Instant, until: Instant) -> list[InForce]:
        """Return what was in force from the day of `since` on and before `until`."""


class Registry(Protocol):
    """Which profiles are known here."""

    def find(self, name: str) -> Json | None:
        """Return `{name, resourceId, …}`, or None."""


class DrillSource(Protocol):
    """Which drills there were."""

    def closed(self, profile: str, top: int) -> list[Json]:
        """Return the newest closed drills' `{started_at, closed_at, …}`."""

    def holder(self, profile: str) -> str | None:
        """Return the id of the drill that is running on a profile."""

    def find(self, drill_id: str) -> Drill | None:
        """Return a drill, or None."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that the service reads."""

    store: Store
    registry: Registry
    drills: DrillSource
    now: Callable[[], Instant]


class Period(NamedTuple):
    """From an instant on, and before another."""

    since: Instant
    until: Instant


class Page(NamedTuple):
    """Some samples in order, and where the next page begins: after this one; None at the end."""

    samples: list[Sample]
    last: Key | None


class Account(NamedTuple):
    """A failover, what is to be reported of it, and what that is known from."""

    failover: Failover
    report: Report
    timeline: Timeline


class History:
    """Baselines, read."""

    def __init__(self, sources: Sources) -> None:
        self._its = sources

    def page(self, profile: str, asked: Period, series: str, after: Key | None, top: int) -> Page:
        """Return samples of a series, or of all below its name, in order of asking."""
        self._must_be_known(profile)
        since = asked.since if after is None else max(asked.since, after[0])
        found: list[Sample] = []
        for part in self._its.store.samples(profile, since, asked.until):
            wanted = (s for s in part if _is_of(s.series, series))
            found += (s for s in sorted(wanted, key=key_of) if after is None or key_of(s) > after)
            if len(found) > top:
                return Page(found[:top], key_of(found[top - 1]))
        return Page(found, None)

    def failovers(self, profile: str, asked: Period) -> list[Failover]:
        """Return the unplanned failovers of a period, the oldest first."""
        self._must_be_known(profile)
        # What was named last before the period began is what it is compared with.
        seen = self._seen(profile, Period(asked.since - DAY_MS, asked.until))
        return [each for each in seen if each.left.not_after >= asked.since]

    def account(self, profile: str, failover_id: str, rto_seconds: int | None = None) -> Account:
        """Return the report of a failover, or raise FailoverNotFound."""
        self._must_be_known(profile)
        at = instant_of(failover_id)
        seen = () if at is None else self._seen(profile, self._around(at))
        failover = next((each for each in seen if each.id == failover_id), None)
        if failover is None:
            raise FailoverNotFound(
                f"Profile {profile!r} has no unplanned failover {failover_id!r}."
            )
        return self._account(profile, failover, rto_seconds)

    def _account(self, profile: str, failover: Failover, rto_seconds: int | None) -> Account:
        at = failover.left.after
        days = self._around(at)
        configuration = configuration_at(at, self._its.store.configurations(profile, *days))
        case = Case(failover=failover, configuration=configuration, rto_seconds=rto_seconds)
        since, until = period(failover, configuration.interval_seconds)
        parts = self._its.store.samples(profile, since, until or days.until)
        seen = around(case, (sample for part in parts for sample in part))
        return Account(failover, report_failover(case, seen), Timeline(samples=seen))

    def _around(self, at: Instant) -> Period:
        until = min(at + RETURN_DAYS_MAX * DAY_MS, self._its.now() + 1)
        return Period(at - DAY_MS, until)

    def _seen(self, profile: str, asked: Period) -> list[Failover]:
        samples = (
            sample
            for part in self._its.store.samples(profile, *asked)
            for sample in part
            if sample.series.startswith(SHOWN)
        )
        in_force = self._its.store.configurations(profile, *asked)
        return find_failovers(samples, in_force, self._drilled(profile))

    def _drilled(self, profile: str) -> list[Drilled]:
        closed = self._its.drills.closed(profile, DRILLS_MAX)
        times = [Drilled(instant(d["started_at"]), instant(d["closed_at"])) for d in closed]
        running = self._its.drills.find(self._its.drills.holder(profile) or "")
        return times if running is None else [*times, Drilled(running.started_at, None)]

    def _must_be_known(self, profile: str) -> None:
        if self._its.registry.find(profile) is None:
            raise ProfileNotFound(f"There is no profile {profile!r}.")


def key_of(sample: Sample) -> Key:
    """Return a sample's place in a page."""
    return (sample.asked_at, f"{sample.series}#{sample.writer}")


def _is_of(name: str, series: str) -> bool:
    """The series is the one that was asked for, or lies below it; asked for none, all are."""
    wanted = series.rstrip("/")
    return not wanted or name == wanted or name.startswith(f"{wanted}/")
