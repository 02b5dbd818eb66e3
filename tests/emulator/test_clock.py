"""The emulator's clock: virtual time from one anchor, the same in every process."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from emulator.clock import Clock, rfc3339

ANCHOR = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_virtual_time_runs_from_the_anchor_at_its_speed() -> None:
    """The anchor + (monotonic - monotonic0) * speed, whatever the wall clock says."""
    ten_seconds_ago = time.monotonic() - 10
    clock = Clock.from_environment({"CLOCK": f"2026-11-22T09:00:00Z@{ten_seconds_ago}*20"})

    passed = clock.now() - ANCHOR

    assert timedelta(seconds=200) <= passed < timedelta(seconds=210)


def test_without_a_setting_time_is_real() -> None:
    """Nothing is scaled unless somebody asks for it."""
    clock = Clock.from_environment({})

    assert clock.speed == 1
    assert abs(clock.now() - datetime.fromtimestamp(time.time(), UTC)) < timedelta(seconds=1)


@pytest.mark.parametrize("text", ["20", "2026-11-22T09:00:00Z", "today@1*2", "2026-11-22@1*0"])
def test_a_setting_that_cannot_be_read_is_refused(text: str) -> None:
    """A clock that is guessed would make every figure wrong."""
    with pytest.raises(ValueError, match=r"CLOCK|isoformat"):
        Clock.from_environment({"CLOCK": text})


async def test_waits_last_virtual_seconds_and_never_end_early() -> None:
    """At speed 100 ten virtual seconds are a tenth of a second."""
    clock = Clock(ANCHOR, time.monotonic(), 100)
    until = ANCHOR + timedelta(seconds=10)
    fired: list[datetime] = []
    clock.call_later(5, lambda: fired.append(clock.now()))

    await clock.sleep_until(until)

    # A wait by the wall clock would end 990 virtual seconds late; a busy machine, one or two.
    assert until <= clock.now() < until + timedelta(seconds=100)
    assert ANCHOR + timedelta(seconds=5) <= fired[0]


async def test_a_wait_for_the_past_does_not_wait() -> None:
    """A turn that was missed starts at once."""
    clock = Clock(ANCHOR, time.monotonic() - 10, 1)

    await asyncio.wait_for(clock.sleep_until(ANCHOR), 0.1)


def test_instants_are_written_with_microseconds_and_z() -> None:
    """The truth log's form, also for a whole second."""
    assert rfc3339(ANCHOR) == "2026-11-22T09:00:00.000000Z"
