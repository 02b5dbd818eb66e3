"""One contract over every store of audit entries: in memory, and in Table storage."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from azure.data.tables import UpdateMode  # noqa: TID251 (the real service)
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.audit_table import AuditTable, from_row, to_row
from shared.adapters.tables import Tables
from shared.adapters.timeline_table import TimelineTable
from shared.audit import Audit, Chains
from shared.core.audit import following, verify
from shared.core.errors import StaleRow, UpstreamUnavailable
from shared.core.samples import Act, Attempt, Entry, Instant, Outcome, Sample, Timeline
from shared.drill_ports import Records
from tests.core.test_audit import POWER_OFF, acts
from tests.support.azurite import fresh_tables, unreachable_tables
from tests.support.drills import START
from tests.support.memory import MemoryAudit, MemoryTimeline

WRITERS, EACH = 4, 10
ODD = "“odd” ' \" \\ \t\n\x7f ✓ 🚒 % + / # ? |"


@dataclass(frozen=True)
class Kept:
    """Chains, and the timelines that they are a part of."""

    chains: Chains
    timelines: Records
    tables: Tables | None


@pytest.fixture(params=["memory", "tables"])
def kept(request: pytest.FixtureRequest) -> Kept:
    """The kind of store under test."""
    if request.param == "memory":
        chains = MemoryAudit()
        return Kept(chains, MemoryTimeline(audit=chains), None)
    tables = fresh_tables()
    return Kept(AuditTable(tables), TimelineTable(tables), tables)


@pytest.fixture
def chain() -> str:
    """A chain that nobody else writes to."""
    return uuid4().hex


def appended(chains: Chains, chain: str, *recorded: Act) -> list[Entry]:
    """Append acts, one after the other."""
    audit = Audit(chains, lambda: START, "here")
    return [audit.append(chain, act) for act in recorded]


def act_of(who: str, at: Instant = START) -> Act:
    """Return an act of somebody's."""
    return Act(at=at, who=who, where="there", what="stopDrill", subject="d1")


def test_what_is_appended_is_read_in_order(kept: Kept, chain: str) -> None:
    """Member by member, odd letters too: one that came back otherwise would break the chain."""
    odd = Act(
        at=START, who=ODD, where=ODD, what=ODD, subject=ODD, outcome=Attempt.FAILED, detail=ODD
    )
    written = appended(kept.chains, chain, POWER_OFF, odd, act_of(""))

    read = kept.timelines.read(chain).audit

    assert list(read) == written
    assert verify(chain, read).broken_at is None
    assert kept.chains.newest(chain) == written[-1]
    assert [len(kept.chains.read(chain, since=n)) for n in (1, 2, 3, 4)] == [3, 2, 1, 0]
    assert kept.chains.read(chain, since=3) == (written[-1],)


def test_an_empty_chain_has_no_newest(kept: Kept, chain: str) -> None:
    """Its first entry is number one."""
    assert kept.chains.newest(chain) is None
    (first,) = appended(kept.chains, chain, POWER_OFF)
    assert first.sequence == 1


def test_an_entry_is_written_once(kept: Kept, chain: str) -> None:
    """There is no way to change it: the same number again is refused."""
    (first,) = appended(kept.chains, chain, POWER_OFF)

    with pytest.raises(StaleRow):
        kept.chains.create(chain, following(chain, None, act_of("another")))
    assert kept.timelines.read(chain).audit == (first,)


def test_more_than_ten_keep_their_order(kept: Kept, chain: str) -> None:
    """Keys are text."""
    written = appended(kept.chains, chain, *(act_of(str(n)) for n in range(12)))

    assert list(kept.timelines.read(chain).audit) == written


def test_a_tick_does_not_read_the_audit(kept: Kept, chain: str) -> None:
    """Whatever part of the timeline it asks for, from the beginning of time even."""
    appended(kept.chains, chain, POWER_OFF)

    assert kept.timelines.read(chain, since=0) == Timeline()


def test_hosts_that_append_at_once_make_one_chain(kept: Kept, chain: str) -> None:
    """Nobody's entry is lost, none stands twice, every one has its place."""
    hosts = [Audit(kept.chains, lambda: START, f"host {n}") for n in range(WRITERS)]

    def write(audit: Audit) -> list[Entry]:
        return [audit.append(chain, act_of(f"{audit.where} {n}")) for n in range(EACH)]

    with ThreadPoolExecutor(WRITERS) as pool:
        by_host = [*pool.map(write, hosts)]

    read = kept.timelines.read(chain).audit
    assert verify(chain, read).broken_at is None
    assert {entry for entries in by_host for entry in entries} == set(read)
    assert len(read) == WRITERS * EACH
    for entries in by_host:
        assert all(one.sequence < other.sequence for one, other in pairwise(entries))


def test_chains_are_apart(kept: Kept, chain: str) -> None:
    """A drill's entries are its own."""
    appended(kept.chains, chain, POWER_OFF)

    assert kept.timelines.read(f"{chain}-2").audit == ()


@given(acts, st.integers(1, 99_999_999))
def test_a_row_gives_back_what_it_was_given(act: Act, sequence: int) -> None:
    """Exactly."""
    entry = following("d1", None, act)._replace(sequence=sequence)

    assert from_row(to_row("d1", entry)) == entry


@pytest.mark.parametrize(
    "spoilt", [{"doneAt": "noon"}, {"outcome": "fine"}, {"who": None}, {"sequence": 1}]
)
def test_a_spoilt_row_breaks_the_chain_and_nothing_else(spoilt: dict[str, Any]) -> None:
    """The report is still told, and says where; what comes after is still appended."""
    tables = fresh_tables()
    chains, timelines = AuditTable(tables), TimelineTable(tables)
    appended(chains, "d1", POWER_OFF, POWER_OFF)
    row = to_row("d1", chains.read("d1")[1]) | spoilt
    left = {name: value for name, value in row.items() if value is not None}
    tables.table("timeline").upsert_entity(left, UpdateMode.REPLACE)
    (after,) = appended(chains, "d1", POWER_OFF)

    audit = timelines.read("d1").audit
    assert verify("d1", audit).broken_at == 2
    assert (len(audit), audit[2]) == (3, after)


def test_a_row_that_is_no_entry_breaks_the_chain() -> None:
    """Whatever somebody puts between them."""
    tables = fresh_tables()
    appended(AuditTable(tables), "d1", POWER_OFF)
    tables.table("timeline").create_entity({"PartitionKey": "d1", "RowKey": "!audit|x"})

    assert verify("d1", TimelineTable(tables).read("d1").audit).broken_at == 1


def test_a_host_goes_on_where_another_died(kept: Kept, chain: str) -> None:
    """Before its entry was written, or after; the announcement stands, its end is missing."""

    class Dying:
        def __init__(self, *, is_written: bool) -> None:
            self._is_written = is_written

        def newest(self, chain: str) -> Entry | None:
            return kept.chains.newest(chain)

        def read(self, chain: str, since: int = 1) -> tuple[Entry, ...]:
            return kept.chains.read(chain, since)

        def create(self, chain: str, entry: Entry) -> None:
            if self._is_written:
                kept.chains.create(chain, entry)
            raise KeyboardInterrupt

    for is_written in (True, False):
        with pytest.raises(KeyboardInterrupt):
            appended(Dying(is_written=is_written), chain, act_of(f"written: {is_written}"))
    appended(kept.chains, chain, act_of("the next"))

    read = kept.timelines.read(chain).audit
    assert [entry.act.who for entry in read] == ["written: True", "the next"]
    assert verify(chain, read).broken_at is None


def test_the_audit_sorts_before_all_minutes() -> None:
    """So that a tick's range, from a minute on, leaves it out; the newest entry comes first."""
    tables = fresh_tables()
    chains, timelines = AuditTable(tables), TimelineTable(tables)
    sample = Sample("client/fresh", START, START, Outcome.OK, writer="w1")
    timelines.write_window("d1", START, "w1", [sample])
    appended(chains, "d1", POWER_OFF, POWER_OFF)

    rows = tables.table("timeline").query_entities("PartitionKey eq 'd1'")

    assert [row["RowKey"] for row in rows] == [
        "!audit|99999997",
        "!audit|99999998",
        "20261122T0900|w1",
    ]


def test_a_table_that_fails_is_said_in_our_words() -> None:
    """An act that must not be done unwritten is then not done."""
    with pytest.raises(UpstreamUnavailable):
        appended(AuditTable(unreachable_tables()), "d1", POWER_OFF)
