"""Failovers that nobody planned: recognised where they happened, and nowhere else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.baseline import Configuration
from shared.core.intervals import Interval
from shared.core.samples import Instant, Outcome, Sample, instant
from shared.core.unplanned import (
    Drilled,
    Failover,
    InForce,
    Watch,
    configuration_at,
    find_failovers,
    instant_of,
)
from tests.support.baseline_worlds import CONFIGURATION, IN_FORCE, Baseline, an_outage
from tests.support.drills import AMSTERDAM_NAME, LAB, SERVER, START, VIRGINIA_NAME, at

ELSEWHERE = replace(
    LAB.endpoints[1], name="elsewhere", target="elsewhere.test", priority=3, address="127.1.0.9"
)
THREE = replace(CONFIGURATION, snapshot=replace(LAB, endpoints=(*LAB.endpoints, ELSEWHERE)))


def answers(*names: str, server: str = SERVER, minute: int = 0) -> list[Sample]:
    """Return one server's answers, one a minute; an empty one is a time-out."""
    told = {"v": VIRGINIA_NAME, "a": AMSTERDAM_NAME, "e": "elsewhere.test", "x": "stranger.test"}
    return [
        Sample(
            f"dns/authoritative/{server}",
            at(60 * (minute + n)),
            at(60 * (minute + n)) + 8,
            Outcome.OK if name else Outcome.TIMEOUT,
            told.get(name, ""),
            writer="w",
        )
        for n, name in enumerate(names)
    ]


def find(samples: list[Sample], configuration: Configuration = CONFIGURATION) -> list[Failover]:
    """Return what is recognised without any drill."""
    return find_failovers(samples, (InForce(START, configuration),), ())


def test_an_endpoint_that_loses_its_traffic_is_recognised() -> None:
    """Between the last answer that names it and the first that does not."""
    samples = Baseline().samples(an_outage())

    (failover,) = find(samples)

    assert (failover.endpoint, failover.survivor) == ("virginia", "amsterdam")
    assert failover.left.after <= at(1_345) <= failover.left.not_after
    assert failover.left.width_seconds < 61
    assert failover.returned is not None
    assert failover.returned.after <= at(3_050) <= failover.returned.not_after
    assert failover.monitor_status == "Degraded"
    ids = {sample.id for sample in samples}
    assert set(failover.samples) <= ids


def test_while_it_is_away_there_is_no_return() -> None:
    """It is listed from the first answer on."""
    (failover,) = find(answers("v", "v", "a"))

    assert failover.left == Interval(at(60), at(120) + 8)
    assert failover.returned is None
    assert failover.monitor_status is None


@pytest.mark.parametrize(
    "named",
    ["vvv", "aaa", "av", "", "v", "vxv", "xxx"],
    ids=lambda named: named or "nothing",
)
def test_good_health_is_no_failover(named: str) -> None:
    """Nor a return whose beginning was not seen, nor an answer that names a stranger."""
    assert find(answers(*named)) == []


def test_a_server_that_does_not_answer_proves_nothing() -> None:
    """The bounds are then as wide as its silence."""
    (failover,) = find(answers("v", "", "", "a"))

    assert failover.left == Interval(at(0), at(180) + 8)


def test_a_short_one_is_recognised_too() -> None:
    """A name server's answer is the truth, once is enough."""
    (failover,) = find(answers("v", "a", "v"))

    assert failover.returned == Interval(at(60), at(120) + 8)


def test_what_happens_while_it_is_away_belongs_to_it() -> None:
    """From the first to the second to the third, and back by steps: one failover."""
    (failover,) = find(answers("v", "a", "e", "a", "v"), THREE)

    assert (failover.endpoint, failover.survivor) == ("virginia", "amsterdam")
    assert failover.returned == Interval(at(180), at(240) + 8)


def test_each_is_told_apart() -> None:
    """The oldest first."""
    found = find(answers("v", "a", "v", "v", "a", "v"))

    assert [each.left.after for each in found] == [at(0), at(180)]


def test_several_servers_tell_of_the_same_one() -> None:
    """The first to switch bounds it, and the first to come back."""
    one = answers("v", "v", "a", "a", "v", server="127.1.1.1:53")
    other = answers("v", "a", "a", "v", "v", server="127.1.1.2:53")

    (failover,) = find([*one, *other])

    assert failover.left == Interval(at(0), at(60) + 8)
    assert failover.returned == Interval(at(120), at(180) + 8)


def test_servers_may_tell_of_different_ones() -> None:
    """If one of them has come back before the other leaves."""
    one = answers("v", "a", "v", "v", "v", server="127.1.1.1:53")
    other = answers("v", "v", "v", "v", "a", server="127.1.1.2:53")

    assert len(find([*one, *other])) == 2


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [(50, 110, 0), (50, None, 0), (70, None, 1), (-600, 10, 0), (200, 300, 1), (-600, -300, 1)],
)
def test_what_a_drill_does_is_planned(since: int, until: int | None, count: int) -> None:
    """A drill that was on at some time between the two answers explains it."""
    drill = Drilled(at(since), None if until is None else at(until))

    found = find_failovers(answers("v", "a", "a", "v"), IN_FORCE, (drill,))

    assert len(found) == count


@pytest.mark.parametrize("method", ["Weighted", "Performance", "Geographic", "MultiValue", ""])
def test_methods_without_an_order_have_no_failovers(method: str) -> None:
    """They name now this one and now that one."""
    assert find(answers("v", "a"), replace(CONFIGURATION, routing_method=method)) == []


def test_answers_are_judged_by_what_was_in_force() -> None:
    """Whoever changed the priorities has moved the traffic: that is as it should be."""
    first, second = LAB.endpoints
    swapped = (replace(first, priority=2), replace(second, priority=1))
    after = replace(CONFIGURATION, snapshot=replace(LAB, endpoints=swapped))
    in_force = (InForce(START, CONFIGURATION), InForce(at(90), after))

    assert find_failovers(answers("v", "v", "a", "a"), in_force, ()) == []
    assert [each.endpoint for each in find_failovers(answers("a", "a", "v"), in_force, ())] == [
        "amsterdam"
    ]


def test_without_a_configuration_nothing_is_known() -> None:
    """An answer is only text."""
    assert find_failovers(answers("v", "a"), (), ()) == []


def test_before_the_first_configuration_it_is_the_first() -> None:
    """It was noted with the first row, which may be late."""
    assert configuration_at(START - 1, IN_FORCE) is CONFIGURATION


@given(st.integers(0, 4_000_000_000_000))
def test_a_name_tells_its_instant(after: Instant) -> None:
    """So a failover is found by its name."""
    name = Failover(
        endpoint="a", survivor="b", left=Interval(after, after + 1), samples=("", "")
    ).id

    assert instant_of(name) == after
    assert name.replace(".", "").isalnum()


@pytest.mark.parametrize(
    "name",
    ["", "T", "lab", "20261122", "20261122T090000", "20261122T0900Z", "20269922T090000.000Z"],
)
def test_other_names_tell_none(name: str) -> None:
    """Not an error: there is just no such failover."""
    assert instant_of(name) is None


def test_a_failover_is_named_by_when_it_was_last_well() -> None:
    """It can be read, and stands in an address as it is."""
    (failover,) = find(answers("v", "a"))

    assert failover.id == "20261122T090000.000Z"
    assert instant_of(failover.id) == instant("2026-11-22T09:00:00Z")


def test_a_watch_tells_what_is_new() -> None:
    """Once for each server: away, and back."""
    watch = Watch()
    told = [watch.see(CONFIGURATION, sample) for sample in answers("v", "v", "", "a", "a", "v")]

    assert [each.partition(" sample=")[0] for each in told] == [
        "",
        "",
        "",
        "what=failover from=virginia to=amsterdam",
        "",
        "what=return from=amsterdam to=virginia",
    ]


def test_a_watch_knows_no_other_series() -> None:
    """A resolver may be late, and a client says nothing of Traffic Manager."""
    watch = Watch()
    for sample in answers("v", "a"):
        assert watch.see(CONFIGURATION, sample._replace(series="dns/recursive/9.9.9.9:53")) == ""


def test_a_watch_forgets_what_has_a_drill() -> None:
    """What the drill leaves behind is where it begins anew."""
    watch = Watch()
    before, after = answers("v", "a")
    watch.see(CONFIGURATION, before)
    watch.forget(frozenset({"lab"}))

    assert watch.see(CONFIGURATION, after) == ""
