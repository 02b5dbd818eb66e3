"""The sweep over a real Table service: what is old goes, whole; what is owed or young stays."""

from dataclasses import replace
from pathlib import Path

import pytest

from shared.adapters.audit_table import AuditTable
from shared.adapters.baseline_table import BaselineTable
from shared.adapters.drill_table import DrillTable
from shared.adapters.retention_table import RetentionTable
from shared.adapters.tables import Rows, Tables
from shared.adapters.timeline_table import TimelineTable
from shared.adapters.undo_table import UndoTable
from shared.audit import Audit
from shared.core.model import Drill, Ending, Phase, UndoRecord
from shared.core.samples import Instant, Outcome, Sample, Transition, instant
from shared.retention import Retention
from tests.support.azurite import fresh_tables
from tests.support.baseline_worlds import CONFIGURATION
from tests.support.drills import a_drill, an_undo_record

TODAY = instant("2026-11-22T09:00:00Z")
DAY_MS, WINDOW_MS = 86_400_000, 600_000
DAYS = 30
EVERYTHING = ("drills", "ledger", "timeline")


class Bench:
    """Tables with things of several ages, and the sweep over them."""

    def __init__(self) -> None:
        self.tables: Tables = fresh_tables()
        self.drills, self.undos = DrillTable(self.tables), UndoTable(self.tables)
        self.timeline, self.baselines = TimelineTable(self.tables), BaselineTable(self.tables)
        self.audit = Audit(AuditTable(self.tables), lambda: TODAY, "here")

    def retention(self, days: int = DAYS) -> Retention:
        """Return the sweep, as of a new process."""
        store = RetentionTable(self.tables)
        return Retention(store, self.drills.open_ids, lambda: TODAY, days)

    def drill(self, name: str, age_days: int, *, is_closed: bool = True) -> Drill:
        """Keep a drill of that age with everything that belongs to one."""
        at = TODAY - age_days * DAY_MS
        known = a_drill(Phase.FAILBACK, started_at=at)
        plan = replace(known.plan, profile=f"profile-{name}")
        drill = self.drills.create(replace(known, id=name, plan=plan))
        for minute in range(5):
            samples = [Sample("client/fresh", at + minute * 60_000, at + 1, Outcome.OK)]
            self.timeline.write_window(name, at + minute * 60_000, "w", samples)
        self.timeline.write_transition(name, Transition(at=at, phase="steady"))
        self.audit.append(name, self.audit.act("startDrill", name, "ada"))
        record = self.undos.create(an_undo_record(drill_id=name))
        if is_closed:
            self.undos.save(replace(record, closed_at=at))
            ended = drill.enter(Phase.CLOSED, at + 600_000, Ending.FINISHED, "")
            self.drills.save(ended)
        return drill

    def record(self, name: str) -> UndoRecord:
        """Return the drill's undo record."""
        (record,) = self.undos.of_drill(name)
        return record

    def baseline(self, profile: str, age_days: int, rows: int = 3) -> Instant:
        """Keep a day's baseline."""
        at = (TODAY // DAY_MS - age_days) * DAY_MS
        self.baselines.write_configuration(profile, at, CONFIGURATION)
        for window in range(rows):
            start = at + window * WINDOW_MS
            samples = [Sample("client/fresh", start, start + 1, Outcome.OK)]
            self.baselines.write_window(profile, start, "w", samples)
        return at

    def rows(self) -> dict[str, list[str]]:
        """Return every row's key, by table."""
        return {
            name: sorted(
                f"{row['PartitionKey']} {row['RowKey']}"
                for row in self.tables.table(name).list_entities(select=["PartitionKey", "RowKey"])
            )
            for name in EVERYTHING
        }

    def count(self) -> int:
        """Return how many rows there are."""
        return sum(map(len, self.rows().values()))


@pytest.fixture
def bench() -> Bench:
    """Tables of the test's own."""
    return Bench()


def test_an_old_drill_goes_whole(bench: Bench) -> None:
    """Its row, summary, timeline, audit and closed records; a younger one stays whole."""
    bench.drill("young", DAYS - 1)
    before = bench.rows()
    bench.drill("old", DAYS + 2)

    removed = bench.retention().run()

    assert bench.rows() == before
    assert removed == 2 + 7 + 2


def test_nothing_of_an_open_drill_goes(bench: Bench) -> None:
    """However old it is: it may still have to be rolled back."""
    bench.drill("open", 400, is_closed=False)
    before = bench.rows()

    assert bench.retention().run() == 0
    assert bench.rows() == before


def test_what_is_still_owed_keeps_its_drill(bench: Bench) -> None:
    """A record that was opened again by hand needs the drill's own story."""
    bench.drill("owed", 400)
    bench.undos.reopen(replace(bench.record("owed"), closed_at=None))
    before = bench.rows()

    assert bench.retention().run() == 0
    assert bench.rows() == before

    bench.undos.save(replace(bench.record("owed"), closed_at=TODAY))
    assert bench.retention().run() == 11
    assert bench.count() == 0


def test_old_baselines_go_whoever_they_were_of(bench: Bench) -> None:
    """By whole days, also of profiles that nobody knows any more."""
    bench.baseline("lab", DAYS)
    before = bench.rows()
    for profile, age_days in (("lab", DAYS + 1), ("lab", DAYS + 200), ("gone", DAYS + 3)):
        bench.baseline(profile, age_days)

    removed = bench.retention().run()

    assert bench.rows() == before
    assert removed == 3 * (1 + 1 + 3)


def test_a_run_is_bounded_and_the_next_goes_on(bench: Bench) -> None:
    """In whatever pieces, by whatever process: in the end all of it is gone, once."""
    for number in range(3):
        bench.drill(f"old-{number}", DAYS + 5)
    bench.baseline("lab", DAYS + 7, rows=25)
    bench.baseline("other", DAYS + 7, rows=5)
    bench.drill("young", 1)
    everything = bench.count()

    removed = [bench.retention().run(rows_max=7)]
    while removed[-1]:
        removed.append(bench.retention().run(rows_max=7))

    assert max(removed) <= 7 + 2, "the rows of one more drill, at most"
    assert sum(removed) == everything - bench.count() == 3 * 11 + 27 + 7
    assert all("young" in key for keys in bench.rows().values() for key in keys)


def test_more_than_a_transaction_holds_is_removed(bench: Bench) -> None:
    """A hundred rows are its limit."""
    bench.baseline("lab", DAYS + 1, rows=144)

    assert bench.retention().run() == 1 + 1 + 144
    assert bench.count() == 0


def test_a_drill_is_found_again_until_nothing_is_left_of_it(bench: Bench) -> None:
    """A process died after the timeline: the summary is the last to go."""
    bench.drill("old", DAYS + 2)
    rows = Rows(bench.tables, "timeline")
    rows.delete_all(rows.between("old", "", "~"))

    assert bench.retention().run() == 4
    assert bench.count() == 0


def test_days_without_a_limit(bench: Bench) -> None:
    """0 keeps everything."""
    bench.drill("old", 4_000)
    before = bench.count()

    assert bench.retention(days=0).run() == 0
    assert bench.count() == before


def test_once_a_day_is_enough(bench: Bench) -> None:
    """What is done is not looked for again before the next midnight."""
    now = [TODAY]
    store = RetentionTable(bench.tables)
    retention = Retention(store, bench.drills.open_ids, lambda: now[0], DAYS)
    assert retention.run() == 0
    bench.baseline("lab", DAYS + 1, rows=1)

    now[0] += 3_600_000
    assert retention.run() == 0
    now[0] += DAY_MS
    assert retention.run() == 3


def test_open_drills_are_known_by_id_and_by_profile(bench: Bench) -> None:
    """From their locks: neither the sweep nor the baseline reads a drill."""
    bench.drill("one", 3, is_closed=False)
    bench.drill("two", 3)

    assert bench.drills.open_ids() == {"one"}
    assert bench.drills.busy() == {"profile-one"}


def test_everything_that_grows_is_swept() -> None:
    """Whoever writes to another table has to say here what becomes of it."""
    adapters = Path(__file__).parents[2] / "shared" / "adapters"
    named = {
        line.split('"')[1]
        for file in adapters.glob("*_table.py")
        for line in file.read_text().splitlines()
        if "Rows(tables, " in line
    }

    assert named == {*EVERYTHING, "profiles"}
