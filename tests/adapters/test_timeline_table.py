"""The timeline in a real Table service."""

import pytest

from shared.adapters.tables import Tables
from shared.adapters.timeline_table import MINUTE_MS, TimelineTable
from shared.core.errors import UpstreamUnavailable
from shared.core.samples import (
    ActionKind,
    ActionRecord,
    Attempt,
    ClockStep,
    Outcome,
    Sample,
    Timeline,
    Transition,
    instant,
)
from tests.support.azurite import unreachable_tables

NINE = instant("2026-11-22T09:00:00Z")
VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/virginia-vm"
SENT = ActionRecord(
    kind=ActionKind.INJECT, resource=VM, operation="powerOff", by="tick", sent_at=NINE + 61_234
)
STEPS = (
    ClockStep(NINE + 9_000, NINE + 9_000, NINE + 4_000, -6_000),
    ClockStep(NINE + 5_000, NINE + 9_000, NINE + 66_000, 60_000),
)


def sample(at: int, writer: str = "w1", outcome: Outcome = Outcome.OK) -> Sample:
    """Return a sample of the client series."""
    return Sample("client/fresh", at, at + 7, outcome, "127.1.0.4", 200, None, writer)


def test_what_is_written_is_read(tables: Tables) -> None:
    """Samples, actions and transitions come back exactly, each list in time order."""
    timeline = TimelineTable(tables)
    later, earlier = sample(NINE + MINUTE_MS), sample(NINE)
    timeline.write_window("d1", NINE + MINUTE_MS, "w1", [later])
    timeline.write_window("d1", NINE, "w1", [earlier])
    timeline.write_action("d1", SENT)
    timeline.write_transition("d1", Transition(at=NINE + 1, phase="steady", reason="Started"))
    for step in STEPS:
        timeline.write_step("d1", step)

    assert timeline.read("d1") == Timeline(
        samples=(earlier, later),
        actions=(SENT,),
        transitions=(Transition(at=NINE + 1, phase="steady", reason="Started"),),
        steps=STEPS,
    )


def test_a_row_grows_while_its_minute_is_open(tables: Tables) -> None:
    """Every write holds all of the minute; the newest stands."""
    timeline = TimelineTable(tables)
    for count in (1, 2, 3):
        timeline.write_window("d1", NINE, "w1", [sample(NINE + n) for n in range(count)])

    assert timeline.read("d1").samples == tuple(sample(NINE + n) for n in range(3))


def test_two_writers_never_share_a_row(tables: Tables) -> None:
    """A restarted host must not overwrite what the one before it saw in the same minute."""
    timeline = TimelineTable(tables)
    timeline.write_window("d1", NINE, "w1", [sample(NINE)])
    timeline.write_window("d1", NINE, "w2", [sample(NINE + 5, "w2")])

    assert timeline.read("d1").samples == (sample(NINE), sample(NINE + 5, "w2"))


def test_a_tick_reads_only_the_minutes_it_needs(tables: Tables) -> None:
    """Rows that may hold samples since then, and always every action and transition."""
    timeline = TimelineTable(tables)
    for minute in range(5):
        at = NINE + minute * MINUTE_MS
        timeline.write_window("d1", at, "w1", [sample(at)])
    timeline.write_action("d1", SENT)
    timeline.write_transition("d1", Transition(at=NINE, phase="steady"))

    read = timeline.read("d1", since=NINE + 3 * MINUTE_MS + 59_999)

    assert [s.asked_at for s in read.samples] == [NINE + m * MINUTE_MS for m in (3, 4)]
    assert (len(read.actions), len(read.transitions)) == (1, 1)


def test_drills_are_apart(tables: Tables) -> None:
    """A name that looks like a filter reads nobody else's records."""
    timeline = TimelineTable(tables)
    timeline.write_window("d1", NINE, "w1", [sample(NINE)])

    assert timeline.read("x' or PartitionKey ne 'zz") == Timeline()


def test_an_action_is_completed_in_place(tables: Tables) -> None:
    """Written before it is sent, and again when its answer is known: one record."""
    timeline = TimelineTable(tables)
    done = ActionRecord(
        kind=ActionKind.INJECT,
        resource=VM,
        operation="powerOff",
        by="tick",
        sent_at=SENT.sent_at,
        answered_at=SENT.sent_at + 345,
        outcome=Attempt.OK,
        detail="202",
    )
    timeline.write_action("d1", SENT)
    timeline.write_action("d1", done)

    assert timeline.read("d1").actions == (done,)


def test_two_machines_stopped_in_one_breath_are_two_actions(tables: Tables) -> None:
    """Behind a load balancer there is more than one target, and a millisecond is long."""
    timeline = TimelineTable(tables)
    for machine in ("vm1", "vm2"):
        timeline.write_action(
            "d1",
            ActionRecord(
                kind=ActionKind.INJECT,
                resource=f"{VM}/{machine}",
                operation="powerOff",
                by="tick",
                sent_at=NINE,
            ),
        )

    assert len(timeline.read("d1").actions) == 2


def test_a_minute_larger_than_a_property_is_split(tables: Tables) -> None:
    """Table storage takes 64 KiB a property; what is over goes to the next column."""
    timeline = TimelineTable(tables)
    answers = [f"{n * 2_654_435_761 % (1 << 64):x}" for n in range(12_000)]
    many = [
        Sample("client/fresh", NINE + n, NINE + n, Outcome.OK, answer, writer="w1")
        for n, answer in enumerate(answers)
    ]
    timeline.write_window("d1", NINE, "w1", many)

    row = tables.table("timeline").get_entity("d1", "20261122T0900|w1")
    assert len(row["packed0"]) == 64 * 1024
    assert row["packed1"]
    assert timeline.read("d1").samples == tuple(many)


def test_a_row_can_be_read_by_a_person(tables: Tables) -> None:
    """With a storage browser alone one sees how many, how well, and what came last."""
    samples = [
        sample(NINE),
        sample(NINE + 1_000, outcome=Outcome.TIMEOUT)._replace(answer="", code=None),
        Sample("monitor/virginia", NINE, NINE + 90, Outcome.OK, "Degraded"),
    ]
    TimelineTable(tables).write_window("d1", NINE, "w1", samples)

    row = tables.table("timeline").get_entity("d1", "20261122T0900|w1")
    assert (row["count"], row["failed"]) == (3, 1)
    assert row["lastAnswers"] == "client/fresh: timeout\nmonitor/virginia: Degraded"
    assert row["firstAskedAt"].isoformat() == "2026-11-22T09:00:00+00:00"
    assert row["lastAskedAt"].isoformat() == "2026-11-22T09:00:01+00:00"


def test_a_table_that_fails_is_said_in_our_words() -> None:
    """Services know one error for "storage did not answer", not an SDK's."""
    timeline = TimelineTable(unreachable_tables())

    with pytest.raises(UpstreamUnavailable, match="did not answer"):
        timeline.read("d1")
    with pytest.raises(UpstreamUnavailable, match="did not answer"):
        timeline.write_window("d1", NINE, "w1", [sample(NINE)])


def test_what_a_report_needs_is_read_alone(tables: Tables) -> None:
    """Of ten steady minutes their ends and what lies beside acts; the rest is only counted."""
    timeline = TimelineTable(tables)
    for minute in range(10):
        at = NINE + minute * MINUTE_MS
        steady = [sample(at + second * 1_000) for second in range(60)]
        timeline.write_window("d1", at, "w1", steady)
    timeline.write_action("d1", SENT)
    timeline.write_transition("d1", Transition(at=NINE + 200_000, phase="hold"))

    read = timeline.read_thinned("d1", lambda series: 1_000, (NINE + 400_000,))

    assert len(read.samples) + sum(each.number for each in read.omitted) == 600
    assert len(read.samples) < 40
    kept = {(s.asked_at - NINE) // 1_000 for s in read.samples}
    assert kept >= {0, 1, 60, 61, 62, 199, 200, 201, 399, 400, 401, 598, 599}
    assert set(read.samples) <= set(timeline.read("d1").samples)
    assert (len(read.actions), len(read.transitions)) == (1, 1)
