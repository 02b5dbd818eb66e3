"""What a profile's baseline asks, and when its turn comes."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.core.baseline import TURN_MS, Configuration, Rota, questions, turn_ms
from shared.core.questions import MonitorQuestion
from tests.support.drills import LAB, RESOLVER, SERVER, START

MINUTE_MS = 60_000
CONFIGURATION = Configuration(snapshot=LAB, routing_method="Priority")
FAR_FROM_ONE_ANOTHER = tuple(f"profile-{n}" for n in range(1_000))


def test_a_baseline_asks_what_needs_no_memory() -> None:
    """Everything a drill asks but machines and clients that keep something between two visits."""
    asked = questions(CONFIGURATION, is_monitored=True)

    assert sorted(question.series for question in asked.own) == [
        "client/fresh",
        f"dns/authoritative/{SERVER}",
        f"dns/recursive/{RESOLVER}",
        "health/amsterdam",
        "health/virginia",
    ]
    assert asked.arm == (
        MonitorQuestion(profile_id=LAB.profile_id, endpoints=("virginia", "amsterdam")),
    )


def test_of_too_many_profiles_arm_is_not_asked() -> None:
    """It allows so many reads an hour, and drills need some of them."""
    assert questions(CONFIGURATION, is_monitored=False).arm == ()


def test_an_endpoint_without_an_address_is_not_asked() -> None:
    """The others are."""
    unknown = replace(LAB.endpoints[0], address=None)
    snapshot = replace(LAB, endpoints=(unknown, LAB.endpoints[1]))

    asked = questions(replace(CONFIGURATION, snapshot=snapshot), is_monitored=True)

    names = {question.series for question in asked.own}
    assert {name for name in names if name.startswith("health/")} == {"health/amsterdam"}


def test_only_the_priority_method_has_an_order() -> None:
    """The other methods name another endpoint in good health."""
    assert CONFIGURATION.has_order
    assert not replace(CONFIGURATION, routing_method="Weighted").has_order


def test_turns_are_spread_over_the_interval() -> None:
    """A thousand profiles are asked evenly, six turns a minute."""
    turns = Counter(turn_ms(name, MINUTE_MS) for name in FAR_FROM_ONE_ANOTHER)

    assert sorted(turns) == list(range(0, MINUTE_MS, TURN_MS))
    assert max(turns.values()) < 1.3 * len(FAR_FROM_ONE_ANOTHER) / 6


@given(st.text(min_size=1, max_size=20), st.integers(10, 3_600), st.integers(0, 10**13))
def test_every_turn_is_taken_once(name: str, interval_seconds: int, begin: int) -> None:
    """Asked every second for three intervals, a profile is due three times."""
    interval_ms = 1_000 * interval_seconds
    rota = Rota(interval_ms)
    begin = begin // interval_ms * interval_ms
    taken = []
    for now in range(begin, begin + 3 * interval_ms, 1_000):
        if rota.due([name], now):
            rota.take(name, now)
            taken.append(now)

    assert [at - begin for at in taken] == [
        turn_ms(name, interval_ms) + n * interval_ms for n in range(3)
    ]


def test_a_start_does_not_ask_everybody_at_once() -> None:
    """Whose turn was earlier in the minute waits for the next one."""
    rota = Rota(MINUTE_MS)
    now = START + 35_000

    due = rota.due(FAR_FROM_ONE_ANOTHER, now)

    assert {turn_ms(name, MINUTE_MS) for name in due} == {30_000}


def test_a_turn_that_was_slept_through_is_taken_late_and_first() -> None:
    """The host stood still: whoever waits for longest goes first, and goes once."""
    rota = Rota(MINUTE_MS)
    early, late = (
        next(n for n in FAR_FROM_ONE_ANOTHER if turn_ms(n, MINUTE_MS) == turn)
        for turn in (10_000, 40_000)
    )
    names = [late, early]
    for now in range(START, START + 60_000, 10_000):
        for name in rota.due(names, now):
            rota.take(name, now)

    at = START + 5 * 60_000 + 45_000
    assert rota.due(names, at) == [early, late]
    for name in names:
        rota.take(name, at)
    assert rota.due(names, at + 1_000) == []


def test_who_is_gone_is_forgotten() -> None:
    """A profile that comes back waits for its turn like any other."""
    rota = Rota(MINUTE_MS)
    name = next(n for n in FAR_FROM_ONE_ANOTHER if turn_ms(n, MINUTE_MS) == 0)
    assert rota.due([name], START) == [name]
    rota.due([], START)

    assert rota.due([name], START + 30_000) == []
    assert rota.due([name], START + 60_000) == [name]


def test_names_are_compared_without_regard_to_case() -> None:
    """As ARM does."""
    assert turn_ms("LAB", MINUTE_MS) == turn_ms("lab", MINUTE_MS)
