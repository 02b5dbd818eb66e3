"""The functions with a timer trigger, each run by the clock as the host's own listener does.

1. A timer never overlaps itself: the next run is awaited only when one is over.
2. The next occurrence follows the *start* of the last run, so a run that outlasts its interval is
   followed at once by one run, and then by the schedule again.
3. `past_due` is told only to the first run after a start, and only by timers that are monitored:
   those that come due at most once a minute.
4. What a function raises is logged; the timer goes on. A run with a retry policy is tried again
   before it counts as over, however many slots that takes.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.functions.meta import Datum
from azure.functions.timer import TimerRequestConverter

from localhost.clock import Clock
from localhost.http_triggers import check_names
from localhost.indexing import TIMER_TRIGGER, Function
from localhost.invocation import FIRST_TRY, Invoker, RetryContext
from localhost.ncrontab import Schedule, parse_schedule
from localhost.retry import RetryPolicy, check_retry
from localhost.schedule_status import ScheduleStatus, StatusStore, status_at_start
from localhost.settings import is_disabled, resolve_references

ZONE_SETTING = "WEBSITE_TIME_ZONE"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimerFunction:
    """A function, when it is due, and what its trigger says besides."""

    function: Function
    schedule: Schedule
    is_monitored: bool
    runs_on_startup: bool
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class TimerWorld:
    """What every timer needs of the host."""

    clock: Clock
    invoker: Invoker
    store: StatusStore
    is_stopping: Callable[[], bool]


class Timer:
    """One timer: its schedule status and its runs."""

    def __init__(self, timer: TimerFunction, world: TimerWorld) -> None:
        self._timer = timer
        self._world = world
        self._status: ScheduleStatus | None = None
        self.is_waiting = False

    @property
    def name(self) -> str:
        """The function's name."""
        return self._timer.function.name

    async def keep_time(self) -> None:
        """Run whenever due, until the host stops."""
        await self._run_at_start()
        while self._status is not None and not self._world.is_stopping():
            self.is_waiting = True
            await self._world.clock.sleep_until(self._status.next)
            self.is_waiting = False
            if self._world.is_stopping():
                return
            await self._run(self._world.clock.now(), is_past_due=False)

    async def run_now(self) -> None:
        """Run once outside the schedule, as the admin route asks."""
        await self._invoke(is_past_due=False, policy=None)

    async def _run_at_start(self) -> None:
        now = self._world.clock.now()
        saved = self._world.store.load(self.name) if self._timer.is_monitored else None
        self._status = status_at_start(saved, self._timer.schedule, now)
        self._save()
        is_past_due = self._status.next < now
        if not (is_past_due or self._timer.runs_on_startup) or self._world.is_stopping():
            return
        log.info("timer runs at start function=%s past_due=%s", self.name, is_past_due)
        await self._run(now, is_past_due=is_past_due, is_scheduled=False)

    async def _run(
        self, started_at: datetime, *, is_past_due: bool, is_scheduled: bool = True
    ) -> None:
        policy = self._timer.function.retry
        await self._invoke(is_past_due=is_past_due, policy=policy)
        base = started_at
        if is_scheduled and self._status is not None:
            # A run that began a hair early must not be due a second time.
            base = max(started_at, self._status.next)
        self._status = ScheduleStatus(base, self._timer.schedule.next_after(base), base)
        self._save()

    def _save(self) -> None:
        if not self._timer.is_monitored or self._status is None:
            return
        try:
            self._world.store.save(self.name, self._status)
        except OSError:
            log.exception("schedule status not saved function=%s", self.name)

    async def _invoke(self, *, is_past_due: bool, policy: RetryPolicy | None) -> None:
        """Call the function, and again after a failure for as long as `policy` says."""
        request = self._build_request(is_past_due=is_past_due)
        retry, failure = 0, await self._try(request, FIRST_TRY)
        while failure is not None and policy is not None and policy.has_retry(retry + 1):
            retry += 1
            delay = timedelta(seconds=policy.delay_seconds(retry))
            log.info(
                "timer is tried again function=%s retry=%d delay_seconds=%g",
                self.name,
                retry,
                delay.total_seconds(),
            )
            if not await self._wait_until(self._world.clock.now() + delay):
                return
            failure = await self._try(request, RetryContext(retry, policy.retries_max, failure))

    async def _try(self, request: object, context: RetryContext) -> Exception | None:
        """Call the function once; why it failed, which is logged, if it did."""
        try:
            returned = await self._world.invoker.call(self._timer.function, request, context)
        except Exception as error:
            log.exception("function failed function=%s", self.name)
            return error
        if returned is None:
            return None
        log.error("timer returned a value and may not function=%s", self.name)
        return TypeError("A timer must not return a value.")

    async def _wait_until(self, instant: datetime) -> bool:
        """Wait before a retry; false when the host stops meanwhile, which ends this run."""
        self.is_waiting = True
        try:
            await self._world.clock.sleep_until(instant)
        except asyncio.CancelledError:
            return False  # of `Timers.stop`: the run is over, and what it was due for is saved
        finally:
            self.is_waiting = False
        return not self._world.is_stopping()

    def _build_request(self, *, is_past_due: bool) -> object:
        status = self._status if self._timer.is_monitored else None
        content = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": status.as_wire() if status else None,
            "IsPastDue": is_past_due,
        }
        datum = Datum(json.dumps(content), "json")
        return TimerRequestConverter.decode(datum, trigger_metadata={})


class Timers:
    """All timers of the app."""

    def __init__(self, timers: Sequence[TimerFunction], world: TimerWorld) -> None:
        self._timers = {timer.function.name.lower(): Timer(timer, world) for timer in timers}
        self._switched_off = {timer.function.name.lower() for timer in timers if timer.is_disabled}
        self._keeping: dict[asyncio.Task[None], Timer] = {}
        self._runs_by_name: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Let every timer that is not switched off keep its own time."""
        for name in self._timers.keys() - self._switched_off:
            timer = self._timers[name]
            self._keeping[asyncio.create_task(timer.keep_time())] = timer

    def start_by_name(self, name: str) -> bool:
        """Run a timer now, once, also one that is switched off; false when there is none such."""
        timer = self._timers.get(name.lower())
        if timer is None:
            return False
        task = asyncio.create_task(timer.run_now())
        self._runs_by_name.add(task)
        task.add_done_callback(self._runs_by_name.discard)
        return True

    async def stop(self, grace_seconds: float) -> bool:
        """Wait for what runs, that long at most; true when nothing runs any more."""
        for task, timer in self._keeping.items():
            if timer.is_waiting:
                task.cancel()
        running = {*self._keeping, *self._runs_by_name}
        if not running:
            return True
        _, late = await asyncio.wait(running, timeout=max(0.0, grace_seconds))
        for task in late:
            task.cancel()
        return not late


def build_timers(
    functions: Sequence[Function], settings: Mapping[str, str], now: datetime
) -> list[TimerFunction]:
    """The app's timers; those that the host refuses are logged and left out."""
    timers = []
    if ZONE_SETTING in settings:
        log.warning("setting ignored, as on Linux plans: schedules are UTC name=%s", ZONE_SETTING)
    for function in functions:
        if function.trigger_type != TIMER_TRIGGER:
            continue
        try:
            check_names(function)
            check_retry(function.retry)
            timers.append(_build_timer(function, settings, now))
        except ValueError as error:
            log.error("function in error function=%s reason=%s", function.name, error)  # noqa: TRY400
    return timers


def _build_timer(function: Function, settings: Mapping[str, str], now: datetime) -> TimerFunction:
    trigger = function.trigger
    schedule = parse_schedule(resolve_references(str(trigger["schedule"]), settings))
    schedule.next_after(now)
    wants_monitor = trigger.get("useMonitor") is not False
    return TimerFunction(
        function=function,
        schedule=schedule,
        is_monitored=wants_monitor and not schedule.is_more_often_than_each_minute(),
        runs_on_startup=trigger.get("runOnStartup") is True,
        is_disabled=is_disabled(function.name, settings),
    )
