"""Baselines in memory, read as the table's are."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.core.model import Drill
from shared.core.samples import Instant, Sample
from shared.core.unplanned import InForce

DAY_MS = 86_400_000
Json = dict[str, object]


@dataclass
class MemoryBaselines:
    """Samples and configurations of one profile; `reads` counts the days that were looked at."""

    kept: list[Sample] = field(default_factory=list)
    in_force: list[InForce] = field(default_factory=list)
    reads: int = 0

    def samples(self, profile: str, since: Instant, until: Instant) -> Iterator[list[Sample]]:
        """Yield the samples of a period, a day at a time."""
        del profile
        for day in range(since // DAY_MS * DAY_MS, until, DAY_MS):
            self.reads += 1
            first, last = max(day, since), min(day + DAY_MS, until)
            yield [s for s in self.kept if first <= s.asked_at < last]

    def configurations(self, profile: str, since: Instant, until: Instant) -> list[InForce]:
        """Return what was in force from the day of `since` on."""
        del profile
        day = since // DAY_MS * DAY_MS
        return [each for each in self.in_force if day <= each.since < until]


@dataclass
class SomeDrills:
    """Drills that were, and one that may be running."""

    summaries: list[Json] = field(default_factory=list)
    running: Drill | None = None

    def closed(self, profile: str, top: int) -> list[Json]:
        """Return the newest."""
        del profile
        return self.summaries[:top]

    def holder(self, profile: str) -> str | None:
        """Return the running one's id."""
        del profile
        return self.running.id if self.running else None

    def find(self, drill_id: str) -> Drill | None:
        """Return the running one, if it is that."""
        return self.running if self.running and self.running.id == drill_id else None
