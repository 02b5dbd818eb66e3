"""Schedules: when drills are due, in a zone's local time, and why an occurrence is skipped.

A cron expression names local times. Each of them comes once: a time that the spring's clock change
leaves out comes at the first instant after the gap, one that the autumn's repeats comes the first
time. So there is one drill on the night that is an hour longer, and one on the shorter.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim

from shared.core.errors import Fault, SwitchbackError
from shared.core.plan import Plan
from shared.core.samples import EPOCH, Instant, rfc3339

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MS = timedelta(milliseconds=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class SkipReason(StrEnum):
    """Why an occurrence starts no drill, where the schedule itself says so."""

    OUTSIDE_ALLOWED_WINDOWS = "OutsideAllowedWindows"
    IN_BLOCKED_WINDOW = "InBlockedWindow"
    ON_BLOCKED_DATE = "OnBlockedDate"
    MISSED = "Missed"
    """The app was down, or busy, until it was too late."""


BECAUSE = {
    SkipReason.OUTSIDE_ALLOWED_WINDOWS: "No allowed window was open.",
    SkipReason.IN_BLOCKED_WINDOW: "A blocked window was open.",
    SkipReason.ON_BLOCKED_DATE: "The date was blocked.",
    SkipReason.MISSED: "The app was down or busy until it was too late.",
}


class Outcome(StrEnum):
    """What came of an occurrence."""

    STARTING = "starting"
    """Claimed; whether its drill was started is not known yet."""
    STARTED = "started"
    SKIPPED = "skipped"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of local time that opens on each of its days; overnight where `closes` is earlier.

    `closes` does not belong to it. The same time twice is a whole day.
    """

    opens: str
    closes: str
    days: tuple[str, ...] = DAYS

    def holds(self, local: datetime) -> bool:
        """The local time lies in the window, opened on its own day or on the day before."""
        opens, closes = time.fromisoformat(self.opens), time.fromisoformat(self.closes)
        at, today = local.time(), DAYS[local.weekday()]
        if opens < closes:
            return today in self.days and opens <= at < closes
        yesterday = DAYS[(local - DAY).weekday()]
        return (today in self.days and at >= opens) or (yesterday in self.days and at < closes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a schedule's drills are due; everything in the local time of its zone."""

    cron: str
    time_zone: str
    allowed_windows: tuple[Window, ...] = ()
    blocked_windows: tuple[Window, ...] = ()
    blocked_dates: tuple[str, ...] = ()

    def local(self, at: Instant) -> datetime:
        """Return an instant as the zone's clocks show it."""
        return (EPOCH + at * MS).astimezone(ZoneInfo(self.time_zone))

    def skip_reason(self, at: Instant) -> SkipReason | None:
        """Return why no drill may start then, or None."""
        local = self.local(at)
        if local.date().isoformat() in self.blocked_dates:
            return SkipReason.ON_BLOCKED_DATE
        if any(window.holds(local) for window in self.blocked_windows):
            return SkipReason.IN_BLOCKED_WINDOW
        if self.allowed_windows and not any(each.holds(local) for each in self.allowed_windows):
            return SkipReason.OUTSIDE_ALLOWED_WINDOWS
        return None

    def after(self, at: Instant) -> Iterator[Instant]:
        """Yield the occurrences later than `at`, in order, skipped ones too."""
        zone, last = ZoneInfo(self.time_zone), at
        times = CronSim(self.cron, self.local(at).replace(tzinfo=None))
        for local in times:  # pragma: no branch - the rules refuse a cron that ends
            found = _instant(local, zone)
            if found > last:
                yield found
                last = found

    def newest(self, after: Instant, until: Instant, limit: int) -> tuple[Instant, ...]:
        """Return the last occurrences with `after` < occurrence <= `until`, in order."""
        return tuple(reversed([*islice(self._backwards(after, until), limit)]))

    def _backwards(self, after: Instant, until: Instant) -> Iterator[Instant]:
        zone, last = ZoneInfo(self.time_zone), until + 1
        # One second late, for the search begins before its start.
        start = _latest_clock(until, zone).replace(microsecond=0) + timedelta(seconds=1)
        times = CronSim(self.cron, start, reverse=True)
        for local in times:  # pragma: no branch - the caller has enough, or `after` is reached
            found = _instant(local, zone)
            if found <= after:
                return
            if found < last:
                yield found
                last = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A plan and when to carry it out. `version` is the stored row's ETag and travels with it.

    What was due at or before `since` is not the schedule's business.
    """

    name: str
    timing: Timing
    plan: Plan
    plan_as_sent: str
    since: Instant
    enabled: bool = True
    changed_at: Instant = 0
    changed_by: str = ""
    version: str = ""

    def is_same_as(self, other: "Schedule") -> bool:
        """Both would do the same at the same times."""
        return self._content() == other._content()

    def _content(self) -> tuple[object, ...]:
        return self.timing, self.plan_as_sent, self.enabled


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time at which a schedule was due, and what came of it."""

    schedule: str
    at: Instant
    outcome: Outcome
    reason: str = ""
    message: str = ""
    details: tuple[Fault, ...] = ()
    claimed_at: Instant = 0
    version: str = ""

    @property
    def drill_id(self) -> str:
        """The id of its drill: the same however often it is started, so it is started once."""
        compact = rfc3339(self.at)[:19].replace("-", "").replace(":", "").lower()
        return f"{self.schedule.lower()}-{compact}z"

    def started(self) -> Self:
        """Return it with its drill started."""
        return replace(self, outcome=Outcome.STARTED, reason="", message="")

    def skipped(self, reason: SkipReason) -> Self:
        """Return it skipped, for the schedule itself says so."""
        return replace(self, outcome=Outcome.SKIPPED, reason=str(reason), message=BECAUSE[reason])

    def refused(self, error: SwitchbackError) -> Self:
        """Return it skipped, for its drill was refused."""
        told: dict[str, Any] = {
            "reason": error.code,
            "message": str(error),
            "details": error.faults,
        }
        return replace(self, outcome=Outcome.SKIPPED, **told)

    def missed(self) -> Self:
        """Return it as missed; why it could not be started, where that is known, stays."""
        reason = self.reason or str(SkipReason.MISSED)
        message = self.message or BECAUSE[SkipReason.MISSED]
        return replace(self, outcome=Outcome.MISSED, reason=reason, message=message)


def _instant(local: datetime, zone: ZoneInfo) -> Instant:
    """Return when a local time comes for the first time, or the first instant after its gap."""
    while True:
        found = local.replace(tzinfo=zone).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None) == local:
            return (found - EPOCH) // MS
        local += MINUTE


def _latest_clock(at: Instant, zone: ZoneInfo) -> datetime:
    """Return the latest local time that no clock of the zone has shown later than at `at`.

    In an hour that is repeated, the first pass has already been further than the clock is now.
    """
    now = EPOCH + at * MS
    offsets = [each.astimezone(zone).utcoffset() or timedelta() for each in (now, now - DAY)]
    return now.replace(tzinfo=None) + max(offsets)
