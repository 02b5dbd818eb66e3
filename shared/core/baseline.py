"""What a profile's baseline asks, and when: a sample of everything every so often, with no drill.

Pure. Profiles take turns: each has its own ten seconds of the interval, so that a thousand of them
are asked evenly, and a profile is asked at nearly the same second of each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from shared.core.model import Drill, Phase, Snapshot
from shared.core.plan import ClientClass, Plan
from shared.core.questions import (
    ArmQuestion,
    MonitorQuestion,
    OwnQuestion,
    arm_questions,
    own_questions,
)
from shared.core.samples import Instant

WINDOW_MS = 600_000
"""Of a row: ten samples of every series at the usual interval, 144 rows a day."""
TURN_MS = 10_000
"""How far a profile's turn may be taken late within its interval: a run of the timer."""
MONITORED_PROFILES_MAX = 200
"""Beyond, ARM is not asked for statuses: 200 reads a minute are what it allows an hour long."""
PRIORITY = "Priority"
FRESH = f"client/{ClientClass.FRESH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a baseline's samples are judged by."""

    snapshot: Snapshot
    routing_method: str
    interval_seconds: int = 60

    @property
    def has_order(self) -> bool:
        """Endpoints have an order of preference: another one named means that one failed."""
        return self.routing_method == PRIORITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that is asked of one profile in its turn."""

    own: tuple[OwnQuestion, ...]
    arm: tuple[ArmQuestion, ...]


def questions(configuration: Configuration, *, is_monitored: bool) -> Asked:
    """Return what a profile's baseline asks: what a drill asks, of what has no state to keep.

    Client classes that keep something between two visits are a drill's: in a minute it is stale.
    No machine is looked at: nobody is about to break one.
    """
    drill = as_drill(configuration)
    own = (q for q in own_questions(drill) if not _is_client(q.series) or q.series == FRESH)
    statuses = (q for q in arm_questions(drill) if isinstance(q, MonitorQuestion))
    return Asked(own=tuple(own), arm=tuple(statuses) if is_monitored else ())


def as_drill(configuration: Configuration, rto_seconds: int = 1) -> Drill:
    """Return a profile's baseline as the drill that it would be, if anybody had started it."""
    snapshot, interval_seconds = configuration.snapshot, configuration.interval_seconds
    return Drill(
        id=f"baseline of {snapshot.profile}",
        plan=Plan(
            profile=snapshot.profile,
            rto_seconds=rto_seconds,
            sample_interval_seconds=interval_seconds,
            stability_seconds=interval_seconds,
        ),
        plan_as_sent="",
        endpoint="",
        snapshot=snapshot,
        phase=Phase.STEADY,
        phase_since=0,
        started_at=0,
    )


def _is_client(series: str) -> bool:
    return series.startswith("client/")


def turn_ms(profile: str, interval_ms: int) -> int:
    """Return where in every interval the profile's turn begins: always the same, evenly spread."""
    turns = max(1, interval_ms // TURN_MS)
    return crc32(profile.lower().encode()) % turns * TURN_MS


class Rota:
    """Remembers whose turn was taken; one that was slept through is taken late, once."""

    def __init__(self, interval_ms: int) -> None:
        self._interval_ms = interval_ms
        self._taken: dict[str, int] = {}

    def due(self, profiles: Iterable[str], now: Instant) -> list[str]:
        """Return the profiles whose turn has come, the most overdue first; forget all others.

        A profile that is new here waits for its next turn: else a start would ask all at once.
        """
        known = {profile: self._known(profile, now) for profile in profiles}
        self._taken = known
        waiting = [profile for profile in known if self._slot(profile, now) > known[profile]]
        return sorted(waiting, key=lambda p: (self._begun_at(p, now), p))

    def take(self, profile: str, now: Instant) -> None:
        """Note that the profile's turn is taken."""
        self._taken[profile] = self._slot(profile, now)

    def _known(self, profile: str, now: Instant) -> int:
        if profile in self._taken:
            return self._taken[profile]
        slot = self._slot(profile, now)
        # Its turn is now, or was earlier in this interval.
        return slot - 1 if now - self._begun_at(profile, now) < TURN_MS else slot

    def _slot(self, profile: str, now: Instant) -> int:
        return (now - turn_ms(profile, self._interval_ms)) // self._interval_ms

    def _begun_at(self, profile: str, now: Instant) -> Instant:
        """Return when the turn began that `now` lies in."""
        since = turn_ms(profile, self._interval_ms)
        return (now - since) // self._interval_ms * self._interval_ms + since
