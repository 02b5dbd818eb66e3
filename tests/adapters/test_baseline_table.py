"""Baselines in a real Table service: by profile and day, with what they are judged by."""

from dataclasses import replace

import pytest

from shared.adapters.baseline_table import DAY_MS, BaselineTable
from shared.adapters.tables import Rows, Tables
from shared.core.baseline import WINDOW_MS
from shared.core.errors import UpstreamUnavailable
from shared.core.samples import Instant, Outcome, Sample, instant
from shared.core.unplanned import InForce
from tests.support.azurite import unreachable_tables
from tests.support.baseline_worlds import CONFIGURATION

NOON = instant("2026-11-22T12:00:00Z")
MIDNIGHT = instant("2026-11-23T00:00:00Z")


@pytest.fixture
def baselines(tables: Tables) -> BaselineTable:
    """Their baselines."""
    return BaselineTable(tables)


def sample(at: Instant, writer: str = "w1") -> Sample:
    """Return a sample of the client series."""
    return Sample("client/fresh", at, at + 7, Outcome.OK, "127.1.0.4", 200, None, writer)


def read(baselines: BaselineTable, since: Instant, until: Instant) -> list[Instant]:
    """Return when the samples of a period were asked."""
    return [s.asked_at for part in baselines.samples("lab", since, until) for s in part]


def test_what_is_written_is_read_in_order(baselines: BaselineTable) -> None:
    """Over midnight, of two writers, a day at a time."""
    early, late = MIDNIGHT - 5_000, MIDNIGHT + 55_000
    baselines.write_window("lab", MIDNIGHT, "w1", [sample(late)])
    baselines.write_window("lab", MIDNIGHT - WINDOW_MS, "w1", [sample(early)])
    baselines.write_window("lab", MIDNIGHT - WINDOW_MS, "w2", [sample(early + 1, "w2")])

    days = list(baselines.samples("lab", NOON, MIDNIGHT + DAY_MS))

    assert days == [[sample(early), sample(early + 1, "w2")], [sample(late)]]


def test_only_what_was_asked_in_the_period_is_read(baselines: BaselineTable) -> None:
    """From an instant on, and before another; also within a row."""
    for window in range(3):
        start = NOON + window * WINDOW_MS
        minutes = [sample(start + minute * 60_000) for minute in range(10)]
        baselines.write_window("lab", start, "w1", minutes)

    assert read(baselines, NOON, NOON + 60_000) == [NOON]
    assert len(read(baselines, NOON + 5 * 60_000, NOON + 25 * 60_000)) == 20
    assert len(read(baselines, NOON - DAY_MS, NOON + DAY_MS)) == 30
    assert read(baselines, NOON + 5, NOON + 6) == []


def test_a_row_grows_while_its_window_is_open(baselines: BaselineTable) -> None:
    """Every write holds all of it; the newest stands."""
    for count in (1, 2, 3):
        baselines.write_window("lab", NOON, "w1", [sample(NOON + n) for n in range(count)])

    assert len(read(baselines, NOON, NOON + WINDOW_MS)) == 3


def test_profiles_are_apart_and_names_have_no_case(baselines: BaselineTable) -> None:
    """One is not read by a name that begins like it."""
    baselines.write_window("Lab", NOON, "w1", [sample(NOON)])
    baselines.write_window("lab2", NOON, "w1", [sample(NOON + 1)])

    assert read(baselines, NOON, NOON + WINDOW_MS) == [NOON]


def test_configurations_are_read_by_time(baselines: BaselineTable) -> None:
    """Those of the days that the period touches, whole."""
    later = replace(CONFIGURATION, routing_method="Weighted", interval_seconds=10)
    baselines.write_configuration("lab", MIDNIGHT + 5, later)
    baselines.write_configuration("lab", NOON, CONFIGURATION)

    assert baselines.configurations("lab", NOON + 60_000, MIDNIGHT + 6) == [
        InForce(NOON, CONFIGURATION),
        InForce(MIDNIGHT + 5, later),
    ]
    assert baselines.configurations("lab", NOON, MIDNIGHT) == [InForce(NOON, CONFIGURATION)]
    assert baselines.configurations("other", NOON, MIDNIGHT) == []


def test_a_row_can_be_read_by_a_person(tables: Tables, baselines: BaselineTable) -> None:
    """With a storage browser alone one sees what was asked, how it went, and by what settings."""
    baselines.write_configuration("lab", NOON, CONFIGURATION)
    baselines.write_window("lab", NOON, "w1", [sample(NOON), sample(NOON + 60_000)])

    window, configuration = Rows(tables, "timeline").between("lab|20261122", "", "~")

    assert window["RowKey"] == "20261122T1200|w1"
    assert (window["count"], window["failed"]) == (2, 0)
    assert window["lastAnswers"] == "client/fresh: 127.1.0.4"
    assert configuration["RowKey"] == "configuration|2026-11-22T12:00:00.000Z"
    assert configuration["fqdn"] == CONFIGURATION.snapshot.fqdn
    assert configuration["ttlSeconds"] == 100
    assert configuration["routingMethod"] == "Priority"
    assert configuration["endpoints"] == "virginia, amsterdam"


def test_every_day_of_a_profile_is_listed(tables: Tables, baselines: BaselineTable) -> None:
    """So that what is too old is found, whether or not the profile is still known."""
    for at in (NOON, NOON + WINDOW_MS, MIDNIGHT):
        baselines.write_window("lab", at, "w1", [sample(at)])
    baselines.write_configuration("Other", NOON, CONFIGURATION)

    rows = Rows(tables, "timeline")
    assert [row["RowKey"] for row in rows.between("!days|20261122", "", "~")] == ["lab", "other"]
    assert [row["RowKey"] for row in rows.between("!days|20261123", "", "~")] == ["lab"]


def test_a_day_of_several_writers_stays_a_small_partition() -> None:
    """Table services are slow with partitions of more than a thousand rows."""
    a_day = DAY_MS // WINDOW_MS
    assert 6 * a_day < 1_000
    assert DAY_MS % WINDOW_MS == 0


def test_tables_that_fail_are_said_in_our_words() -> None:
    """Services know one error for "storage did not answer", not an SDK's."""
    baselines = BaselineTable(unreachable_tables())

    with pytest.raises(UpstreamUnavailable):
        list(baselines.samples("lab", NOON, MIDNIGHT))
    with pytest.raises(UpstreamUnavailable):
        baselines.write_window("lab", NOON, "w1", [sample(NOON)])
