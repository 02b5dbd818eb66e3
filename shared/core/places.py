"""Where a milestone is sought: its row of the table, at one vantage; and what a search brings."""

from dataclasses import dataclass

from shared.core.course import Course
from shared.core.evidence import Evidence
from shared.core.milestones import Flap, Milestone, NotReached, Row, Switch
from shared.core.samples import Instant, Sample
from shared.core.switches import Reversal, bounds, is_proved_by_timeout

NEVER_AWAY = "what it is the end of was never seen"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one milestone is sought: its row of the table, at one vantage."""

    evidence: Evidence
    row: Row
    vantage: str

    @property
    def series(self) -> str:
        """The series that shows it."""
        return f"{self.row.series}{self.vantage}"

    def reached(self, old: Sample | None, new: Sample, since: Instant) -> Milestone:
        """Return the milestone that lies between the two samples."""
        return Milestone(
            name=self.row.name,
            of=self.row.of,
            vantage=self.vantage,
            interval=bounds(old, new, since),
            samples=(old.id if old else None, new.id),
            is_proved_by_timeout=is_proved_by_timeout(old, new),
        )

    def missed(self, because: str) -> NotReached:
        """Return why there is no such milestone."""
        row = self.row
        return NotReached(name=row.name, of=row.of, vantage=self.vantage, because=because)

    def missed_after(
        self, old: Sample | None, since: Instant, because: str, observed_seconds: float = 0.0
    ) -> NotReached:
        """Return why there is no such milestone, and before when it certainly was not."""
        return NotReached(
            name=self.row.name,
            of=self.row.of,
            vantage=self.vantage,
            because=because,
            not_before=since if old is None else max(since, old.asked_at),
            sample=old.id if old else None,
            observed_seconds=observed_seconds,
        )

    def flap(self, reversal: Reversal) -> Flap:
        """Return a reversal by the milestone's name."""
        return Flap(
            name=self.row.name,
            of=self.row.of,
            vantage=self.vantage,
            interval=reversal.interval,
            samples=(reversal.new.id, reversal.old.id),
        )


Sought = tuple[Milestone | NotReached, list[Flap]]


def was_never_away(place: Place, old: Sample | None, course: Course) -> bool:
    """Nothing can come back that was not seen to leave."""
    if place.row.of is Switch.FAILOVER or course.fault_since is None:
        return False
    return old is None or old.asked_at < course.fault_since
