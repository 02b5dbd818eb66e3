"""What is too old to be kept. Pure."""

from typing import NamedTuple

from shared.core.samples import Instant

DAY_MS = 86_400_000


class Expired(NamedTuple):
    """A closed drill that is too old, and the key of its summary."""

    drill_id: str
    summary: str


def cutoff(now: Instant, days: int) -> Instant:
    """Return the midnight before which things are too old: so there is news of it once a day."""
    return (now // DAY_MS - days) * DAY_MS
