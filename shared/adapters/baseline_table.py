"""Profiles' baselines in the timeline's table: a packed row every ten minutes and writer.

Partition: `profile|20261122`, a profile's day: 144 rows for each writer, and one for each
`configuration|...` that was in force. Rows are as a drill's minutes are. Partition `!days|20261122`
has a row for every profile that has such a partition: so what is too old is found.
"""

from collections.abc import Iterator, Sequence

from shared.adapters.codec import from_json, to_json
from shared.adapters.tables import Row, Rows, Tables, joined_text, split_text
from shared.adapters.timeline_table import (
    PACKED_COLUMNS,
    to_timeline,
    to_window_row,
    window_key,
)
from shared.core.baseline import WINDOW_MS, Configuration
from shared.core.samples import Instant, Sample, instant, rfc3339
from shared.core.unplanned import InForce

DAY_MS = 86_400_000
DAYS = "!days|"
"""No profile's name begins with such a letter."""
CONFIGURATION = "configuration|"


class BaselineTable:
    """What profiles' baselines have seen."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables, "timeline")
        self._listed: dict[str, str] = {}

    def write_window(
        self, profile: str, start: Instant, writer: str, samples: Sequence[Sample]
    ) -> None:
        """Write all of a window's samples by one writer, in place of what it wrote before."""
        self._list(profile, start)
        self._rows.put(to_window_row(partition(profile, start), start, writer, samples))

    def write_configuration(
        self, profile: str, since: Instant, configuration: Configuration
    ) -> None:
        """Write what the samples from then on are judged by."""
        self._list(profile, since)
        self._rows.put(to_configuration_row(profile, since, configuration))

    def samples(self, profile: str, since: Instant, until: Instant) -> Iterator[list[Sample]]:
        """Yield the samples asked from `since` on and before `until`, a day at a time, in order."""
        for day in range(since // DAY_MS * DAY_MS, until, DAY_MS):
            first = window_key(max(day, since // WINDOW_MS * WINDOW_MS))
            last = window_key(min(day + DAY_MS, until) - 1) + "~"
            columns = ["RowKey", *PACKED_COLUMNS]
            rows = self._rows.between(partition(profile, day), first, last, columns=columns)
            yield [s for s in to_timeline(rows).samples if since <= s.asked_at < until]

    def configurations(self, profile: str, since: Instant, until: Instant) -> list[InForce]:
        """Return what was in force from the day of `since` on and before `until`, by time."""
        found: list[InForce] = []
        for day in range(since // DAY_MS * DAY_MS, until, DAY_MS):
            last = f"{CONFIGURATION}~"
            rows = self._rows.between(partition(profile, day), CONFIGURATION, last)
            found += [from_configuration_row(row) for row in rows]
        return found

    def _list(self, profile: str, at: Instant) -> None:
        day = day_of(at)
        if self._listed.get(profile.lower()) != day:
            self._rows.put({"PartitionKey": f"{DAYS}{day}", "RowKey": profile.lower()})
            self._listed[profile.lower()] = day


def partition(profile: str, at: Instant) -> str:
    """Return the partition of a profile's day."""
    return f"{profile.lower()}|{day_of(at)}"


def day_of(at: Instant) -> str:
    """Return an instant's day as keys spell it, e.g. 20261122."""
    return window_key(at)[:8]


def to_configuration_row(profile: str, since: Instant, configuration: Configuration) -> Row:
    """Return a configuration as a row: in short for a person, and whole as JSON."""
    snapshot = configuration.snapshot
    return {
        "PartitionKey": partition(profile, since),
        "RowKey": f"{CONFIGURATION}{rfc3339(since)}",
        "fqdn": snapshot.fqdn,
        "ttlSeconds": snapshot.ttl_seconds,
        "routingMethod": configuration.routing_method,
        "endpoints": ", ".join(endpoint.name for endpoint in snapshot.endpoints)[:8_000],
        **split_text("state", to_json(configuration)),
    }


def from_configuration_row(row: Row) -> InForce:
    """Return the configuration that a row holds, and since when."""
    since = instant(row["RowKey"].removeprefix(CONFIGURATION))
    return InForce(since, from_json(Configuration, joined_text("state", row)))
