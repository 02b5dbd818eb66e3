"""ARM samples: one read tells of several series, and ARM is left alone when it says so."""

import asyncio
import threading
import time

from shared.adapters.arm_sampler import ArmSampler
from shared.adapters.clock import Clock
from shared.core.errors import UpstreamUnavailable
from shared.core.questions import MonitorQuestion, PowerQuestion
from shared.core.samples import Outcome, Sample

MONITOR = MonitorQuestion(profile_id="/p", endpoints=("virginia", "amsterdam"))
POWER = PowerQuestion(series="power/vm", machine_id="/vm")


class Reader:
    """An ARM whose words, faults and slowness a test sets."""

    def __init__(self) -> None:
        self.statuses = ("Online", {"virginia": "Online", "amsterdam": "Degraded"})
        self.error: UpstreamUnavailable | None = None
        self.reads = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def profile_statuses(self, profile_id: str) -> tuple[str, dict[str, str]]:
        """Return what was set."""
        assert profile_id == "/p"
        self._read()
        return self.statuses

    def power_state(self, machine_id: str) -> str:
        """Return that it runs."""
        assert machine_id == "/vm"
        self._read()
        return "running"

    def _read(self) -> None:
        self.reads += 1
        self.may_answer.wait(5)
        if self.error:
            raise self.error


def told(samples: tuple[Sample, ...]) -> dict[str, tuple[Outcome, str]]:
    """Return what the samples say, by series."""
    return {sample.series: (sample.outcome, sample.answer) for sample in samples}


async def test_one_read_tells_of_the_profile_and_its_endpoints() -> None:
    """All of them asked and answered at the same instants."""
    samples = await ArmSampler(Reader(), Clock()).sample(MONITOR)

    assert told(samples) == {
        "monitor": (Outcome.OK, "Online"),
        "monitor/virginia": (Outcome.OK, "Online"),
        "monitor/amsterdam": (Outcome.OK, "Degraded"),
    }
    assert len({(sample.asked_at, sample.answered_at) for sample in samples}) == 1


async def test_a_machine_s_power_state_is_arm_s_own_word() -> None:
    """Nothing is made of it here."""
    assert told(await ArmSampler(Reader(), Clock()).sample(POWER)) == {
        "power/vm": (Outcome.OK, "running")
    }


async def test_an_endpoint_that_arm_does_not_tell_of_has_failed() -> None:
    """It may have been deleted; in any case nothing is known of it."""
    reader = Reader()
    reader.statuses = ("Online", {"virginia": "Online"})
    samples = await ArmSampler(reader, Clock()).sample(MONITOR)

    assert told(samples)["monitor/amsterdam"] == (Outcome.FAILED, "")


async def test_an_error_is_a_failed_sample_of_every_series() -> None:
    """A failed ARM sample proves nothing, but it was attempted."""
    reader = Reader()
    reader.error = UpstreamUnavailable("ARM answered 503.")
    sampler = ArmSampler(reader, Clock())

    assert set(told(await sampler.sample(MONITOR)).values()) == {(Outcome.FAILED, "")}
    assert told(await sampler.sample(POWER)) == {"power/vm": (Outcome.FAILED, "")}


async def test_arm_is_left_alone_as_long_as_it_asks_to() -> None:
    """The header's seconds are the wall's: at speed 1,000, sixty of them are long."""
    reader = Reader()
    reader.error = UpstreamUnavailable("ARM answered 429.")
    reader.error.retry_after_seconds = 60
    clock = Clock.from_setting(f"2026-11-22T09:00:00Z@{time.monotonic():.6f}*1000")
    sampler = ArmSampler(reader, clock)
    await sampler.sample(MONITOR)
    await asyncio.sleep(clock.wall_seconds(100))

    assert await sampler.sample(MONITOR) == ()
    assert await sampler.sample(POWER) == ()
    assert reader.reads == 1


async def test_a_read_that_is_under_way_is_not_asked_again() -> None:
    """A slow ARM is not piled upon; other reads go on."""
    reader = Reader()
    reader.may_answer.clear()
    sampler = ArmSampler(reader, Clock())
    first = asyncio.create_task(sampler.sample(MONITOR))
    await asyncio.sleep(0)
    second = await sampler.sample(MONITOR)
    reader.may_answer.set()

    assert second == ()
    assert len(await first) == 3
    assert len(await sampler.sample(MONITOR)) == 3
