"""One contract over every store of drills and undo records: in memory, and in Table storage."""

from dataclasses import replace
from typing import cast
from uuid import uuid4

import pytest

from shared.adapters.drill_table import DrillTable
from shared.adapters.tables import Tables
from shared.adapters.undo_table import UndoTable
from shared.core.errors import DrillExists, DrillNotFound, ProfileBusy, StaleRow
from shared.core.lever import Lever
from shared.core.model import Drill, Ending, EndpointSnapshot, Phase, Purpose
from shared.core.plan import FaultKind, ProbePath
from shared.drill_ports import DrillStore
from shared.ledger_ports import UndoStore
from tests.support.azurite import fresh_tables
from tests.support.drills import START, a_drill, an_undo_record, at
from tests.support.memory import MemoryDrills, MemoryUndos
from tests.support.table_service import TableService


@pytest.fixture(params=["memory", "service", "tables"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of store under test."""
    return str(request.param)


@pytest.fixture
def drills(kind: str) -> MemoryDrills | DrillTable:
    """A store of drills."""
    return MemoryDrills() if kind == "memory" else DrillTable(tables_of(kind))


@pytest.fixture
def undos(kind: str) -> UndoStore:
    """A store of undo records."""
    return MemoryUndos() if kind == "memory" else UndoTable(tables_of(kind))


def tables_of(kind: str) -> Tables:
    """Return tables: of a Table service in memory, or of a real one."""
    return cast("Tables", TableService()) if kind == "service" else fresh_tables()


def new_drill(profile: str | None = None) -> Drill:
    """Return a drill unlike every other, of a profile of its own unless one is named."""
    name = uuid4().hex[:12]
    drill = a_drill()
    return replace(drill, id=name, plan=replace(drill.plan, profile=profile or f"p-{name}"))


def closing(drill: Drill, seconds: float = 10) -> Drill:
    """Return the drill as it ends."""
    return drill.enter(Phase.CLOSED, at(seconds), Ending.FINISHED, "")


def test_what_was_created_can_be_loaded(drills: DrillStore) -> None:
    """A drill survives the way into the store and back, member by member."""
    created = drills.create(new_drill())

    assert drills.load(created.id) == created


def test_an_unknown_drill_is_said_to_be_unknown(drills: DrillStore) -> None:
    """Loading needs one; finding does not."""
    assert drills.find("no-such-drill") is None
    with pytest.raises(DrillNotFound):
        drills.load("no-such-drill")


def test_a_drill_with_very_many_endpoints_is_kept_whole(drills: DrillStore) -> None:
    """A profile may have 200 endpoints: more than one property of a row holds."""
    drill = new_drill()
    endpoint = EndpointSnapshot(name="e" * 200, type="x", target="t" * 200, priority=1, host="h")
    many = replace(drill.snapshot, endpoints=(endpoint,) * 200)

    created = drills.create(replace(drill, snapshot=many))

    assert drills.load(created.id).snapshot == many


def test_a_profile_has_one_drill_at_a_time(drills: DrillStore) -> None:
    """The lock comes with the drill, in any case of the profile's name."""
    first = drills.create(new_drill())

    with pytest.raises(ProfileBusy):
        drills.create(new_drill(first.plan.profile.upper()))
    assert drills.holder(first.plan.profile) == first.id


def test_a_drill_is_created_once(drills: DrillStore) -> None:
    """The same name again is told apart from a busy profile."""
    first = drills.create(new_drill())

    with pytest.raises(DrillExists):
        drills.create(replace(new_drill(), id=first.id))


def test_a_lost_race_changes_nothing(drills: DrillStore) -> None:
    """Saving the version that somebody else has replaced is refused."""
    read = drills.create(new_drill())
    drills.save(replace(read, reason="first"))

    with pytest.raises(StaleRow):
        drills.save(replace(read, reason="second"))
    assert drills.load(read.id).reason == "first"


def test_closing_frees_the_profile_in_the_same_step(drills: DrillStore) -> None:
    """A closed drill holds no lock, and a new one may start at once."""
    drill = drills.create(new_drill())

    drills.save(closing(drill))

    assert drills.holder(drill.plan.profile) is None
    assert drill.id not in {each.id for each in drills.open_drills()}
    drills.create(new_drill(drill.plan.profile))


def test_a_drill_is_closed_once(drills: DrillStore) -> None:
    """Two ticks that both see the end: one of them is stale."""
    drill = drills.create(new_drill())
    drills.save(closing(drill))

    with pytest.raises(StaleRow):
        drills.save(closing(drill))


def test_closed_drills_are_listed_newest_first(drills: DrillStore) -> None:
    """Summaries serve lists; no tick reads history."""
    first = drills.create(new_drill())
    drills.save(closing(first, 10))
    second = drills.create(new_drill(first.plan.profile))
    drills.save(closing(second, 20))

    found = drills.closed(first.plan.profile, 10)

    assert [each["drill_id"] for each in found] == [second.id, first.id]
    page = drills.closed(first.plan.profile, 1)
    rest = drills.closed(first.plan.profile, 10, page[0]["key"])
    assert [each["drill_id"] for each in (*page, *rest)] == [second.id, first.id]
    assert drills.closed(first.plan.profile, 10, rest[0]["key"]) == []


def test_open_drills_are_those_that_hold_a_lock(drills: DrillStore) -> None:
    """Whoever is open is found, with its version."""
    drill = drills.create(new_drill())

    assert drill in drills.open_drills()


def test_the_lever_stays_where_it_was_put(drills: MemoryDrills | DrillTable) -> None:
    """Engaged, then released; by whom, from where, when and why is kept with it."""
    untouched = drills.lever()
    drills.set_lever(engaged=True, reason="an incident", now=START, by="ada", where="home")
    engaged = drills.is_lever_engaged()
    lever = drills.lever()
    drills.set_lever(engaged=False, reason="", now=START)

    assert untouched == Lever()
    assert engaged
    assert lever == Lever(
        engaged=True,
        reason="an incident",
        changed_at=START,
        changed_by="ada",
        changed_from="home",
    )
    assert not drills.is_lever_engaged()


def test_an_undo_record_is_committed_once(undos: UndoStore) -> None:
    """Two hosts that inject at once: one of them learns that it was second."""
    record = an_undo_record(drill_id=uuid4().hex)
    undos.create(record)

    with pytest.raises(StaleRow):
        undos.create(record)


def test_an_undo_record_survives_the_way_into_the_store_and_back(undos: UndoStore) -> None:
    """Member by member, its health check included."""
    record = undos.create(an_undo_record(drill_id=uuid4().hex))

    assert undos.of_drill(record.drill_id) == (record,)
    assert record in undos.open()


def test_a_closed_record_is_no_longer_open_but_still_known(undos: UndoStore) -> None:
    """The watchdog reads no history; the drill still sees that others closed its record."""
    record = undos.create(an_undo_record(drill_id=uuid4().hex))

    undos.save(replace(record, closed_at=at(100), closed_by="watchdog"))

    (known,) = undos.of_drill(record.drill_id)
    assert known.closed_by == "watchdog"
    assert record.resource not in {
        each.resource for each in undos.open() if each.drill_id == record.drill_id
    }


def test_a_record_is_closed_once(undos: UndoStore) -> None:
    """Drill and watchdog may both see the machine running; one closes."""
    record = undos.create(an_undo_record(drill_id=uuid4().hex))
    undos.save(replace(record, closed_at=at(100), closed_by="watchdog"))

    with pytest.raises(StaleRow):
        undos.save(replace(record, closed_at=at(101), closed_by="drill"))


def test_a_record_that_was_closed_is_not_created_anew(undos: UndoStore) -> None:
    """A host that froze as it committed wakes when all is over: nothing is owed again."""
    record = an_undo_record(drill_id=uuid4().hex)
    undos.save(replace(undos.create(record), closed_at=at(100), closed_by="drill"))

    with pytest.raises(StaleRow):
        undos.create(record)
    assert record.drill_id not in {each.drill_id for each in undos.open()}


def test_a_stale_record_is_not_saved(undos: UndoStore) -> None:
    """An undo that another host has noted is not noted over."""
    record = undos.create(an_undo_record(drill_id=uuid4().hex))
    undos.save(replace(record, sent_count=1))

    with pytest.raises(StaleRow):
        undos.save(replace(record, sent_count=1))


def test_a_closed_record_may_be_reopened(undos: UndoStore) -> None:
    """Somebody asks for the undo once more: the watchdog sees it again, and only once."""
    record = undos.create(an_undo_record(drill_id=uuid4().hex))
    undos.save(replace(record, closed_at=at(100), closed_by="watchdog"))
    (closed,) = undos.of_drill(record.drill_id)

    again = undos.reopen(replace(closed, closed_at=None, closed_by=""))

    assert again in undos.open()
    assert undos.of_drill(record.drill_id) == (again,)
    with pytest.raises(StaleRow):
        undos.reopen(replace(closed, closed_at=None, closed_by=""))


def test_two_settings_of_one_endpoint_are_two_records(undos: UndoStore) -> None:
    """Its headers are the fault's, its status the hold's."""
    headers = an_undo_record(
        drill_id=uuid4().hex,
        fault=FaultKind.PROBE_PATH,
        probe_path=ProbePath(header="x-drill", value="fail"),
    )
    status = replace(headers, fault=FaultKind.ENDPOINT_DISABLE, purpose=Purpose.HOLD)

    both = {undos.create(headers), undos.create(status)}

    assert set(undos.of_drill(headers.drill_id)) == both
