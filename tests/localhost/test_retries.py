"""`@app.retry`: failed timers are tried again, inside their tick, in the scaled clock."""

import asyncio
import itertools
import logging
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from localhost.clock import parse_clock
from localhost.http_triggers import build_router
from localhost.indexing import Function
from localhost.invocation import Invoker
from localhost.ncrontab import parse_schedule
from localhost.retry import RetryPolicy, check_retry, parse_retry
from localhost.schedule_status import MemoryStatusStore
from localhost.timers import TimerFunction, Timers, TimerWorld
from tests.localhost.host_process import wait_for
from tests.localhost.scaled_clock import ANCHOR, NEVER_DUE, Clockwork, ScaledClock, clockwork

EACH_SECOND = "* * * * * *"
KEYS = ("--master-key", "the-master-key")
MASTER = {"x-functions-key": "the-master-key"}
# A try begins that much late at most, in seconds of the wall's clock.
LATE_SECONDS_MAX = 0.25
ALWAYS = "1000"


def _gaps_seconds(watched: Clockwork, name: str) -> list[float]:
    """Virtual seconds between the starts of its runs."""
    starts = watched.virtual_starts(name)
    return [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(starts)]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Clockwork:
    """Timers that failed each time, with either policy and with none; their host is gone."""
    names = ("RETRIED_SCHEDULE", "BACKED_OFF_SCHEDULE", "FAILING_SCHEDULE")
    settings = dict.fromkeys(names, EACH_SECOND) | {"FAILURES": ALWAYS}
    directory = tmp_path_factory.mktemp("failing")
    with clockwork(directory, ScaledClock(speed=20), **settings) as watched:
        for name, count in (("retried", 4), ("failing", 4), ("backed_off", 6)):
            watched.wait_runs(name, count)
    return watched


def test_failed_run_is_tried_again_after_a_fixed_delay(failing: Clockwork) -> None:
    """Three tries in one tick; the slots they take are lost but for one, run at once."""
    runs, gaps = failing.runs("retried"), _gaps_seconds(failing, "retried")
    assert [run.retry for run in runs[:4]] == [0, 1, 2, 0]
    assert [run.retries_max for run in runs[:4]] == [0, 2, 2, 0]
    assert not any(run.past_due for run in runs)
    late = LATE_SECONDS_MAX * failing.clock.speed
    assert all(2 <= gap < 2 + late for gap in gaps[:2])
    assert gaps[2] < late


def test_back_off_takes_longer_each_time(failing: Clockwork) -> None:
    """From the minimum to the maximum, for as long as it fails when there is no limit."""
    runs, gaps = failing.runs("backed_off"), _gaps_seconds(failing, "backed_off")
    assert [run.retry for run in runs[:6]] == [0, 1, 2, 3, 4, 5]
    assert {run.retries_max for run in runs[1:6]} == {-1}
    late = LATE_SECONDS_MAX * failing.clock.speed
    bounds = [(1.0, 1.0), (1.8, 2.2), (2.6, 3.0), (3.0, 3.0), (3.0, 3.0)]
    assert all(low <= gap < high + late for gap, (low, high) in zip(gaps, bounds, strict=False))


def test_there_are_no_retries_by_default(failing: Clockwork) -> None:
    """One try in each slot."""
    slots = [start.replace(microsecond=0) for start in failing.virtual_starts("failing")]
    assert len(set(slots)) == len(slots)
    assert "tried again function=failing" not in failing.host.log


def test_run_that_succeeds_is_not_tried_again(tmp_path: Path) -> None:
    """Failed once, and then in its slots again, where it fails once more."""
    settings = {"RETRIED_SCHEDULE": "*/5 * * * * *", "FAILURES": "1"}
    with clockwork(tmp_path, ScaledClock(speed=40), **settings) as watched:
        runs = watched.wait_runs("retried", 4)
    assert [run.retry for run in runs[:4]] == [0, 1, 0, 1]


def test_run_by_name_is_tried_once(tmp_path: Path) -> None:
    """The policy is the trigger's, and nothing triggered it."""
    settings = {"RETRIED_SCHEDULE": NEVER_DUE, "FAILURES": ALWAYS}
    with clockwork(tmp_path, ScaledClock(speed=100), *KEYS, **settings) as watched:
        watched.host.request("POST", "/admin/functions/retried", MASTER, b"{}")
        wait_for(lambda: "function failed function=retried" in watched.host.log)
        watched.host.process.send_signal(signal.SIGTERM)
        assert watched.host.wait_exit() == 0
        assert len(watched.runs("retried")) == 1
        assert "tried again" not in watched.host.log


async def test_host_that_stops_does_not_wait_for_a_retry(tmp_path: Path) -> None:
    """The run is over with the try that failed, and its slot counts as run."""
    tried = asyncio.Event()

    async def fail(timer: object) -> None:
        tried.set()
        raise RuntimeError("not yet")

    trigger = {"type": "timerTrigger"}
    function = Function("f", fail, trigger, "timer", is_async=True, retry=RetryPolicy(1, 900, 900))
    timer = TimerFunction(function, parse_schedule(EACH_SECOND), True, False, False)
    store, clock = MemoryStatusStore(), parse_clock(ScaledClock(speed=20).setting)
    timers = Timers([timer], TimerWorld(clock, Invoker(tmp_path, {}), store, tried.is_set))
    timers.start()
    await tried.wait()
    assert await timers.stop(grace_seconds=10)
    status = store.load("f")
    assert status is not None
    assert ANCHOR < status.last < status.next <= status.last + timedelta(seconds=1)


def test_delays() -> None:
    """The first is the minimum; each step doubles, spread by a fifth; none is over the maximum."""
    policy = RetryPolicy(retries_max=-1, seconds_min=10, seconds_max=100)
    samples = [[policy.delay_seconds(retry) for _ in range(200)] for retry in range(1, 7)]
    bounds = [(10, 10), (18, 22), (26, 34), (42, 58), (74, 100), (100, 100)]
    for delays, (low, high) in zip(samples, bounds, strict=True):
        assert low <= min(delays) <= max(delays) <= high
    assert len(set(samples[1])) > 1
    assert policy.delay_seconds(100_000) == 100
    assert [RetryPolicy(3, 5, 5).delay_seconds(retry) for retry in (1, 2, 9)] == [5, 5, 5]
    assert RetryPolicy(3, 0, 60).delay_seconds(9) == 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"strategy": "fixed_delay", "delay_interval": "01:02:03"}, RetryPolicy(3, 3723, 3723)),
        (
            {
                "strategy": "exponential_backoff",
                "minimum_interval": "00:00:05",
                "maximum_interval": "00:01:00",
            },
            RetryPolicy(3, 5, 60),
        ),
        ({"strategy": "exponential_backoff"}, RetryPolicy(3, 0, 2**31 - 1)),
    ],
)
def test_policy_as_the_worker_reads_it(given: dict[str, str], expected: RetryPolicy) -> None:
    """With the worker's own defaults."""
    names = ("delay_interval", "minimum_interval", "maximum_interval")
    setting = dict.fromkeys(names) | {"max_retry_count": "3"} | given
    assert parse_retry(setting) == expected
    assert parse_retry(None) is None


@pytest.mark.parametrize("strategy", ["fixedDelay", "", None])
def test_unknown_strategy_leaves_the_app_without_functions(strategy: str | None) -> None:
    """`fixedDelay` is function.json's word; the worker finds no functions then."""
    with pytest.raises(ValueError, match="strategy must be fixed_delay or exponential_backoff"):
        parse_retry({"strategy": strategy, "max_retry_count": "3"})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (RetryPolicy(-2, 1, 1), "max_retry_count must be 0 or more, or -1"),
        (RetryPolicy(1, 10, 5), "minimum_interval must not be longer"),
    ],
)
def test_policy_that_puts_the_function_in_error(policy: RetryPolicy, reason: str) -> None:
    """The host refuses it, for that function only."""
    with pytest.raises(ValueError, match=reason):
        check_retry(policy)


def test_policy_of_an_http_function_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """Said once, in the log: its caller is who tries again."""
    trigger = {"type": "httpTrigger", "name": "req", "route": "a"}
    function = Function("a", str, trigger, "req", retry=RetryPolicy(1, 1, 1))
    with caplog.at_level(logging.WARNING):
        assert build_router([function], "api", {}).find("GET", "/api/a") is not None
    assert "retry ignored: not for HTTP function=a" in caplog.text
