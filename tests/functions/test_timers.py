"""The timers: what one of them waits for, and what it does not."""

import asyncio
import threading
from typing import Any

import pytest

from functions import timers
from tests.support.routes import functions_of


class Runs:
    """What the timers do, noted; a heartbeat may hang, and an act fail."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failing = ""
        self.may_beat = threading.Event()
        self.may_beat.set()

    async def take(self) -> None:
        """Take samples."""
        await asyncio.sleep(0)
        self.done.append("take")

    async def take_baseline(self) -> None:
        """Take the baseline."""
        await asyncio.sleep(0)
        self.done.append("baseline")

    def beat(self, timer: str) -> None:
        """Write a heartbeat, when that is possible."""
        self.may_beat.wait(10)
        self.done.append(f"beat {timer}")

    def restore(self) -> int:
        """Restore nothing."""
        self.done.append("restore")
        return 0

    def remove_expired(self) -> int:
        """Remove nothing."""
        self.done.append("remove")
        return 0

    def _act(self, name: str) -> None:
        self.done.append(name)
        if name == self.failing:
            raise RuntimeError(name)

    def functions(self) -> dict[str, Any]:
        """Return the timers' functions by name."""
        runs = timers.Runs(
            take=self.take,
            advance=lambda: self._act("advance"),
            restore=self.restore,
            beat=self.beat,
            start_due=lambda: self._act("start due"),
            take_baseline=self.take_baseline,
            remove_expired=self.remove_expired,
        )
        return functions_of(timers.blueprint(runs))


@pytest.fixture
def runs() -> Runs:
    """What the timers do."""
    return Runs()


async def test_sampling_waits_for_no_heartbeat(runs: Runs) -> None:
    """A Table service that stands still must not cost a window; nor are heartbeats piled up."""
    take_samples = runs.functions()["take_samples"]
    runs.may_beat.clear()
    for _ in range(3):
        await asyncio.wait_for(take_samples(None), 5)
    assert runs.done == ["take", "baseline"] * 3

    runs.may_beat.set()
    while "beat take_samples" not in runs.done:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)

    assert runs.done.count("beat take_samples") == 1


async def test_a_heartbeat_comes_with_every_run(runs: Runs) -> None:
    """How often it is written is its own business."""
    take_samples = runs.functions()["take_samples"]
    for count in (1, 2):
        await take_samples(None)
        while runs.done.count("beat take_samples") < count:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)


def test_the_watchdog_and_the_sweep_are_functions_of_their_own(runs: Runs) -> None:
    """Nothing else runs in them that could stop them."""
    functions = runs.functions()
    functions["restore_overdue"](None)
    functions["remove_expired"](None)

    assert runs.done == ["restore", "beat restore_overdue", "remove"]


@pytest.mark.parametrize("failing", ["advance", "start due"])
def test_one_timer_serves_both_and_neither_keeps_the_other(runs: Runs, failing: str) -> None:
    """Open drills move on first; a failure of either leaves the other, and the watchdog, alone."""
    runs.failing = failing

    with pytest.raises(RuntimeError, match=failing):
        runs.functions()["advance_drills"](None)

    assert [each for each in runs.done if "beat" not in each] == ["advance", "start due"]
