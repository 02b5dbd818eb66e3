"""Hosts that die or freeze over one Azure and its tables, on a virtual clock.

A host is a fresh set of services, as after a start of the process; its timers tick on the clock.
What one host is frozen in, others outlive: time goes on within the very call that is frozen.
"""

import logging
from collections.abc import Callable

from azure.core.exceptions import AzureError  # noqa: TID251 (what a table may raise)

from shared.core.errors import SwitchbackError
from shared.core.model import Phase
from tests.support.crash_points import Died, Gate, Point
from tests.support.sim_host import SimServices
from tests.support.sim_stage import DRILL_ID, Case, Stage

log = logging.getLogger(__name__)

TICK_SECONDS, WATCHDOG_SECONDS = 5.0, 60.0
RESTART_SECONDS = 7.0
"""From a death to the next host's first tick."""
PATIENCE_SECONDS = 10.0
"""After this a client asks again."""
START_AT_SECONDS = 20.0
"""Both endpoints have been probed by then."""
QUIET_SECONDS = 200.0
"""After a drill has closed: whatever was sent has arrived, the watchdog has looked three times."""
SECONDS_MAX = 6_000.0


class Host:
    """One process of the function app."""

    def __init__(self, world: "CrashWorld", point: Point | None = None) -> None:
        self._world = world
        self.is_alive, self.is_frozen = True, False
        self.gate = Gate(_Befallen(world, self), point)
        self.its = SimServices(world, self.gate)

    def begin(self, phase_seconds: float, *, is_watchdog_only: bool = False) -> None:
        """Let the timers tick from now on."""
        if not is_watchdog_only:
            self._every(TICK_SECONDS, phase_seconds, self.its.drills.advance)
        self._every(WATCHDOG_SECONDS, phase_seconds + 2, self.its.ledger.restore_overdue)

    def run(self, work: Callable[[], object]) -> bool:
        """Let the process do something, which may be its end; whether it was done."""
        try:
            work()
        except Died:
            self.is_alive = False
            self._world.bury(self)
        except (AzureError, SwitchbackError) as error:
            log.info("a function failed: %r", error)
        else:
            return True
        return False

    @property
    def is_up(self) -> bool:
        """It is there, and does something."""
        return self.is_alive and not self.is_frozen

    def _every(self, seconds: float, first: float, work: Callable[[], object]) -> None:
        """Run a timer: never beside itself, and not while the process is frozen."""

        def turn() -> None:
            if self.is_up:
                self.run(work)
            if self.is_alive:
                self._world.azure.clock.call_later(seconds, turn)

        self._world.azure.clock.call_later(first, turn)


class _Befallen:
    """What may befall one host of a world."""

    def __init__(self, world: "CrashWorld", host: Host) -> None:
        self._world, self._host = world, host

    def freeze(self, seconds: float, *, has_other: bool) -> None:
        """Let time pass without this host."""
        self._host.is_frozen = True
        if has_other:
            self._world.add_host(TICK_SECONDS / 2)
        self._world.let_pass(seconds)
        self._host.is_frozen = False

    def cut_tables(self, seconds: float) -> None:
        """Let nobody reach a table for a while."""
        self._world.cut_until = self._world.azure.clock.seconds + seconds

    def are_tables_cut(self) -> bool:
        """Whether nobody reaches a table now."""
        return self._world.are_tables_cut


class CrashWorld(Stage):
    """One drill from its start until long after its end."""

    def __init__(self, case: Case, point: Point | None = None, seed: object = 1) -> None:
        super().__init__(case, seed)
        self.cut_until = -1.0
        self.hosts: list[Host] = []
        self.is_started = False
        self.first = self.add_host(0.0, point)
        self.later(START_AT_SECONDS, self._client)
        self.later(START_AT_SECONDS, self._sample)
        if case.is_released:
            self.later(START_AT_SECONDS, self._operator)

    def run(self) -> "CrashWorld":
        """Let the drill come to its end, and some quiet time after it."""
        clock = self.azure.clock
        while not self.is_over and clock.seconds < SECONDS_MAX:
            self.let_pass(TICK_SECONDS)
        self.let_pass(QUIET_SECONDS)
        return self

    @property
    def is_over(self) -> bool:
        """The drill is closed and nothing is owed."""
        return self.phase == Phase.CLOSED and not self.keys("open|")

    @property
    def are_tables_cut(self) -> bool:
        """Whether nobody reaches a table now."""
        return self.azure.clock.seconds < self.cut_until

    def add_host(self, phase_seconds: float, point: Point | None = None) -> Host:
        """Start a host."""
        host = Host(self, point)
        self.hosts.append(host)
        host.begin(phase_seconds)
        return host

    def leave_the_watchdog_alone(self) -> Host:
        """End every host, and start one of which nothing but the watchdog runs."""
        for host in self.hosts:
            host.is_alive = False
        host = Host(self)
        self.hosts = [host]
        host.begin(0.0, is_watchdog_only=True)
        return host

    def bury(self, host: Host) -> None:
        """Start another host where one has died, if it was the only one."""
        self.hosts.remove(host)
        if not self.hosts:
            self.later(RESTART_SECONDS, lambda: self.add_host(0.0))

    def _up(self) -> Host | None:
        return next((host for host in self.hosts if host.is_up), None)

    def _client(self) -> None:
        """Ask for the drill until somebody says that it has started."""
        if self.is_started:
            return
        self.later(PATIENCE_SECONDS, self._client)
        host = self._up()

        def ask() -> None:
            if host is not None:
                host.its.audited.start(DRILL_ID, self.case.plan, "as sent", "a client")

        if host is not None and host.run(ask):
            self.is_started = True

    def _operator(self) -> None:
        """Release the held failback once machines run again, until that is heard."""
        self.later(PATIENCE_SECONDS, self._operator)
        host = self._up()
        if host is None or self.phase != Phase.FAILBACK or not self.azure.is_well():
            return
        if self.drill and not self.drill.release_requested:
            host.run(lambda: host.its.audited.release(DRILL_ID, "a person", "a desk"))

    def _sample(self) -> None:
        """Take a slot's samples while a drill is open and somebody is there to take them."""
        self.later(self.case.plan.sample_interval_seconds, self._sample)
        if self.keys("lock|") and self._up() is not None and not self.are_tables_cut:
            self.sampler.take()
