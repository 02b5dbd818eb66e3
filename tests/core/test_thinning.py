"""A thinned timeline gives the same report as the whole one, and is much smaller."""

import random
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.core.coverage import cover
from shared.core.downtime import client_downtime
from shared.core.evidence import Evidence
from shared.core.grid import interval_ms
from shared.core.model import Drill
from shared.core.packing import pack
from shared.core.plan import Failback, FaultKind, ProbePath
from shared.core.report import build_report
from shared.core.samples import ActionRecord, Outcome, Sample, Timeline, Transition
from shared.core.stretches import ALIKE_MIN, ENDS
from shared.core.thinning import PackedRow, thin
from tests.support.drills import at
from tests.support.fault_worlds import DisabledWorld, HeaderWorld, HeldWorld
from tests.support.strategies import samplers, worlds
from tests.support.worlds import Sampler, World, a_finished_drill, timeline

MINUTE_MS = 60_000
patient = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
FAULTS: dict[type[World], dict[str, Any]] = {
    World: {},
    DisabledWorld: {"fault": FaultKind.ENDPOINT_DISABLE},
    HeaderWorld: {
        "fault": FaultKind.PROBE_PATH,
        "probe_path": ProbePath(header="x-drill", value="fail"),
    },
    HeldWorld: {"failback": Failback.HOLD},
}


def rows(samples: Sequence[Sample], order: random.Random | None = None) -> list[PackedRow]:
    """Return samples as the table has them: packed by minute and writer, series by series.

    With `order`, as answers arrive: a time-out comes after what was asked later.
    """
    arrived = sorted(samples, key=lambda s: s.answered_at) if order else list(samples)
    key = lambda s: (s.asked_at // MINUTE_MS, s.writer)  # noqa: E731 - of both the sort and groups
    return [
        PackedRow(f"{minute:08d}", pack(of_row), writer)
        for (minute, writer), of_row in groupby(sorted(arrived, key=key), key=key)
    ]


def thinned(drill: Drill, whole: Timeline, order: random.Random | None = None) -> Timeline:
    """Return the timeline without what its report does not need."""
    every = drill.plan.sample_interval_seconds
    known = [t for a in whole.actions for t in (a.sent_at, a.answered_at) if t is not None]
    known += [transition.at for transition in whole.transitions]
    known += [t for t in (drill.started_at, drill.closed_at, drill.released_at) if t is not None]
    kept = thin(rows(whole.samples, order), lambda series: interval_ms(series, every), known)
    return replace(whole, samples=tuple(kept.samples), omitted=tuple(kept.omitted))


def assert_same_report(drill: Drill, whole: Timeline, order: random.Random | None = None) -> None:
    """The report of what is left is the report of all."""
    one, other = build_report(drill, whole), build_report(drill, thinned(drill, whole, order))
    for field in fields(one):
        assert getattr(other, field.name) == getattr(one, field.name), field.name


def test_an_hour_is_thinned_to_what_changes() -> None:
    """A hundredth of it, and the report is the same."""
    later = 3_600.0 - World().end
    back = ("restore_sent", "restore_accepted", "restore_answered", "running", "serving")
    names = (*back, "online", "authoritative_back", "resolver_back", "end")
    world = replace(World(), **{name: getattr(World(), name) + later for name in names})
    drill = a_finished_drill()
    whole = timeline(world, Sampler(jitter_seconds=0.02))

    left = thinned(drill, whole)

    assert len(left.samples) + sum(each.number for each in left.omitted) == len(whole.samples)
    assert len(left.samples) < len(whole.samples) / 20
    assert_same_report(drill, whole)


@patient
@given(worlds(), samplers(), st.sampled_from(list(FAULTS)), st.booleans())
def test_the_report_is_the_same(
    world: World, sampler: Sampler, kind: type[World], in_order: bool
) -> None:
    """With loss, gaps, jitter and two writers; of every kind of fault; in whatever order."""
    lived = kind(**{field.name: getattr(world, field.name) for field in fields(world)})
    drill = a_finished_drill(stability_seconds=10, **FAULTS[kind])
    recorded = timeline(lived, sampler)
    assert_same_report(drill, recorded, None if in_order else random.Random(1))  # noqa: S311


@patient
@given(
    worlds(),
    samplers(),
    st.lists(st.floats(0, 200), min_size=2, max_size=2),
    st.sampled_from(["", "FaultRemovedByOthers"]),
)
def test_the_report_is_the_same_whenever_something_was_asked(
    world: World, sampler: Sampler, moments: list[float], reason: str
) -> None:
    """Requests and transitions at any time, or none: what bounds a search is kept beside."""
    drill = replace(a_finished_drill(stability_seconds=10), reason=reason)
    whole = timeline(world, sampler)
    first, second = sorted(moments)
    moved: list[ActionRecord] = [
        replace(action, sent_at=at(moment), answered_at=at(moment + 0.3))
        for action, moment in zip(whole.actions, (first, second), strict=True)
    ]
    entered = (
        Transition(at=at(first), phase="failover"),
        Transition(at=at(second), phase="failback"),
    )
    for actions in ((), tuple(moved[:1]), tuple(moved)):
        assert_same_report(drill, replace(whole, actions=actions, transitions=entered))


@patient
@given(worlds(), samplers(), st.integers(2, 5))
def test_the_report_is_the_same_at_other_intervals(
    world: World, sampler: Sampler, every: int
) -> None:
    """What was asked less often than its plan says is full of gaps, and kept whole."""
    drill = a_finished_drill(stability_seconds=10, sample_interval_seconds=every)
    whole = timeline(world, sampler)
    spaced = tuple(s for s in whole.samples if (s.asked_at // 1_000) % every == 0)

    assert_same_report(drill, whole)
    assert_same_report(drill, replace(whole, samples=spaced))


def steady(count: int, **changed: Any) -> list[Sample]:  # noqa: ANN401 - a sample's members
    """Return so many samples of a client that is well, one a second."""
    sample = Sample("client/fresh", at(0), at(0) + 5, Outcome.OK, "127.1.0.4", 200, None, "w")
    return [
        sample._replace(asked_at=at(second), answered_at=at(second) + 5)._replace(**changed)
        for second in range(count)
    ]


def left_of(samples: Sequence[Sample], *instants: int) -> int:
    """Return how many samples are kept, where these instants bound a search."""
    return len(thin(rows(samples), lambda series: 1_000, instants).samples)


def test_a_steady_hour_is_its_ends() -> None:
    """Over all its rows, well or failing."""
    assert left_of(steady(3_600)) == 2 * ENDS
    assert left_of(steady(3_600, outcome=Outcome.TIMEOUT)) == 2 * ENDS


def test_what_lies_beside_an_instant_is_kept() -> None:
    """So that the last before it and the first after it are the true ones."""
    samples = steady(600)
    kept = thin(rows(samples), lambda series: 1_000, (at(100) + 7,)).samples

    assert {s.asked_at for s in kept} >= {at(99), at(100), at(101), at(102)}
    assert len(kept) < 2 * ENDS + 8


@pytest.mark.parametrize("detail", ["stale", "lost"])
def test_what_is_counted_is_kept_whole(detail: str) -> None:
    """Answers that the report counts one by one."""
    assert left_of(steady(60, detail=detail)) == 60


def test_answers_out_of_order_are_kept_whole() -> None:
    """The first to be answered is then not the first that was asked."""
    mixed = [
        s._replace(answered_at=s.asked_at + (2_500 if number % 7 == 0 else 5))
        for number, s in enumerate(steady(60))
    ]

    assert left_of(mixed) == 60


def test_failures_that_are_left_out_are_counted() -> None:
    """As failed samples, failed slots and failing time."""
    samples = [
        s._replace(outcome=Outcome.TIMEOUT, answered_at=s.asked_at + 2_000, answer="", code=None)
        if at(70) <= s.asked_at < at(400)
        else s
        for s in steady(600)
    ]
    kept = thin(rows(samples), lambda series: 1_000, (at(100),))
    drill = a_finished_drill()
    whole, left = Evidence(drill, samples), Evidence(drill, kept.samples, kept.omitted)

    assert len(kept.samples) < 60 + 2 * ENDS
    assert cover(left, ()) == cover(whole, ())
    assert cover(left, ()).failed == 330
    for since in (at(0), at(100)):
        assert client_downtime(left, since) == client_downtime(whole, since)


def test_a_gap_ends_a_stretch() -> None:
    """Nothing is said to be where nothing is."""
    samples = [s for s in steady(600) if not at(100) <= s.asked_at < at(200)]
    drill = a_finished_drill()
    kept = thin(rows(samples), lambda series: 1_000, ())
    evidence = Evidence(drill, kept.samples, kept.omitted)

    assert [gap.after for gap in cover(evidence, ()).gaps] == [at(99)]
    assert cover(evidence, ()).attempted == 500


def test_two_writers_of_the_same_minute_are_kept_whole() -> None:
    """Their samples lie between one another."""
    assert left_of([*steady(60), *steady(60, writer="v")]) == 120


def test_a_clock_that_was_set_back_is_kept_whole() -> None:
    """A second that comes twice is out of order."""
    again = [s._replace(asked_at=s.asked_at + 500) for s in steady(40)]
    packed = PackedRow("0", pack([*steady(40), *again]), "w")
    kept = thin([packed], lambda series: 1_000, ())

    assert len(kept.samples) == 80
    assert kept.omitted == []


def test_a_word_that_changes_is_kept_on_both_sides() -> None:
    """In the midst of a minute."""
    samples = steady(60)
    changed = [s._replace(answer="127.1.0.5") if s.asked_at >= at(30) else s for s in samples]
    kept = thin(rows(changed), lambda series: 1_000, ())

    kept_at = [(s.asked_at - at(0)) // 1_000 for s in kept.samples]
    assert kept_at == [*range(ENDS), *range(30 - ENDS, 30 + ENDS), *range(60 - ENDS, 60)]
    assert [each.number for each in kept.omitted] == [30 - 2 * ENDS] * 2


def test_short_stretches_are_kept() -> None:
    """There is nothing to be won."""
    assert left_of(steady(ALIKE_MIN - 1)) == ALIKE_MIN - 1
