"""The clock: one anchor and speed for all, milliseconds rounded outward."""

import time

import pytest

from shared.adapters.clock import Clock
from shared.core.samples import instant

ANCHOR = "2026-11-22T09:00:00Z"


def test_without_a_setting_time_is_real() -> None:
    """On Azure nothing scales time."""
    before = time.time_ns()
    clock = Clock.from_setting(None)

    assert before // 1_000_000 <= clock.now() <= clock.ceil() <= time.time_ns() // 1_000_000 + 1
    assert clock.speed == 1
    assert clock.wall_seconds(3) == 3


def test_scaled_time_runs_from_the_anchor() -> None:
    """A second of CLOCK_MONOTONIC is `speed` virtual seconds, counted from the anchor."""
    ten_seconds_ago = time.monotonic() - 10
    clock = Clock.from_setting(f"{ANCHOR}@{ten_seconds_ago:.9f}*20")

    assert 200_000 <= clock.now() - instant(ANCHOR) < 220_000
    assert clock.wall_seconds(10) == 0.5


def test_every_process_with_the_setting_tells_the_same_time() -> None:
    """Also after a restart: nothing but the setting goes into it."""
    setting = f"{ANCHOR}@{time.monotonic() - 1:.9f}*40"
    one, other = Clock.from_setting(setting), Clock.from_setting(setting)

    assert one.now() <= other.now() <= one.ceil() + 40


def test_times_round_outward() -> None:
    """What is asked rounds down and what is answered up, so an interval never lies."""
    clock = Clock.from_setting(f"{ANCHOR}@0*0.000001")

    assert clock.ceil() - clock.now() == 1


def test_what_was_a_while_ago_was_longer_ago_in_faster_time() -> None:
    """The kernel's stamps are the wall's; so is the time since them."""
    real, scaled = Clock(), Clock.from_setting(f"{ANCHOR}@0*20")
    second_ns = 1_000_000_000

    assert 900 <= real.ceil() - real.ceil(second_ns) <= 1_000
    assert 18_000 <= scaled.ceil() - scaled.ceil(second_ns) <= 20_000
    assert (real.tenths(1_230_000), scaled.tenths(1_230_000)) == (12, 246)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T09:00:00Z",
        "2026-11-22T09:00:00Z@1*0",
        "2026-11-22T09:00:00Z@1*-20",
        "2026-11-22T09:00:00Z@1*fast",
        "2026-11-22T09:00:00@1*20",
        "noon@1*20",
        " ",
    ],
)
def test_a_malformed_setting_says_what_would_be_right(text: str) -> None:
    """A clock that is guessed at would make every measurement of the drill wrong."""
    with pytest.raises(ValueError, match=r"CLOCK is .*e\.g\. 2026-11-22T09:00:00Z@81234\.567\*20"):
        Clock.from_setting(text)


def test_a_clock_is_read_beside_one_that_nobody_sets() -> None:
    """Both go on alike; scaled time is its own witness."""
    for clock in (Clock(), Clock.from_setting(f"{ANCHOR}@0*20")):
        (wall, steady), (later, steady_later) = clock.readings(), clock.readings()
        assert later - wall == pytest.approx(steady_later - steady, abs=2)
        assert clock.now() <= clock.readings()[0]
