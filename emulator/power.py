"""Power operations: a VM's states over time, each stamped in the step of its effect."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from emulator.backends import Backend
from emulator.balancer import Balancer
from emulator.clock import Clock
from emulator.cloud import Cloud, PowerState, VirtualMachine
from emulator.fault_parts import PowerFault
from emulator.ids import machine_id
from emulator.lro import Operation, Operations, OperationStatus
from emulator.plane import DataPlane
from emulator.truth import Event, Kind, Truth


class Verb(StrEnum):
    """The power operations, as in ARM's paths."""

    POWER_OFF = "powerOff"
    DEALLOCATE = "deallocate"
    START = "start"
    RESTART = "restart"


class PowerConflict(Exception):
    """The VM's state does not allow the operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long things take, in virtual seconds; the defaults are the recorded medians."""

    power_off_seconds: float = 11.9
    deallocate_seconds: float = 64.2
    start_seconds: float = 21.7
    restart_seconds: float = 0.2
    boot_seconds: float = 10.0

    def of(self, verb: Verb) -> float:
        """Return an operation's duration."""
        return {
            Verb.POWER_OFF: self.power_off_seconds,
            Verb.DEALLOCATE: self.deallocate_seconds,
            Verb.START: self.start_seconds,
            Verb.RESTART: self.restart_seconds,
        }[verb]


_ON_THE_WAY = {
    Verb.POWER_OFF: PowerState.STOPPING,
    Verb.DEALLOCATE: PowerState.DEALLOCATING,
    Verb.START: PowerState.STARTING,
    Verb.RESTART: PowerState.RUNNING,
}
_AT_THE_END = {
    Verb.POWER_OFF: PowerState.STOPPED,
    Verb.DEALLOCATE: PowerState.DEALLOCATED,
    Verb.START: PowerState.RUNNING,
    Verb.RESTART: PowerState.RUNNING,
}


@dataclass(frozen=True, slots=True)
class _Undertaking:
    """An accepted operation: the machine as it was before, and what is to go wrong."""

    machine: VirtualMachine
    verb: Verb
    operation: Operation
    fault: PowerFault | None


def _seconds(usual: float, fault: PowerFault | None) -> float | None:
    """Return how long an operation takes, None for ever: one that hangs may still be preempted."""
    if fault is None or (fault.lasts_seconds is None and fault.effect != "hangs"):
        return usual
    return fault.lasts_seconds


def _settled(machine: VirtualMachine) -> PowerState:
    """Return the state that a machine goes back to when nothing came of an operation."""
    if machine.power not in _ON_THE_WAY.values():
        return machine.power
    return PowerState.RUNNING if machine.is_serving else PowerState.STOPPED


class Machines:
    """The machines' power: what ARM shows, what their web servers do, and the truth of it."""

    def __init__(
        self, cloud: Cloud, clock: Clock, truth: Truth, plane: DataPlane, timings: Timings
    ) -> None:
        self._cloud, self._clock, self._truth, self._plane = cloud, clock, truth, plane
        self._timings = timings
        self._pending: dict[str, tuple[Operation, asyncio.TimerHandle | None]] = {}
        self._booting: dict[str, asyncio.TimerHandle] = {}
        self.allows_power_off_of_deallocated = False
        self.mishap: Callable[[str, str], PowerFault | None] = lambda _operation, _machine: None
        self.operations = Operations()
        self.backends: dict[str, Backend] = {}
        self.balancers: list[Balancer] = []

    def open(self) -> None:
        """Let every machine that is on answer."""
        for machine in self._cloud.machines:
            self.backends[machine.key].serve()
        for balancer in self.balancers:
            balancer.follow_pool()

    def close(self) -> None:
        """Forget all timers and give all sockets back."""
        for _, pending in self._pending.values():
            if pending is not None:
                pending.cancel()
        for timer in self._booting.values():
            timer.cancel()
        for balancer in self.balancers:
            balancer.close()
        for backend in self.backends.values():
            backend.close()

    def begin(self, machine: VirtualMachine, verb: Verb) -> Operation:
        """Accept an operation, preempting one that is under way, or raise PowerConflict."""
        self._refuse_conflict(machine, verb)
        at = self._clock.now()
        self._preempt(machine, at)
        operation = self.operations.start(machine.location, at)
        self._record(at, Kind.POWER_OPERATION, machine, verb.value)
        if machine.power is _AT_THE_END[verb] and verb is not Verb.RESTART:
            # Recorded: a start of a running VM succeeds within 0.1 s.
            self._change(machine, at, power=machine.power, is_updating=False)
            self.operations.end(operation.id, at)
            return operation
        fault = self.mishap(verb.value, machine.name)
        self._change(machine, at, power=_ON_THE_WAY[verb], is_updating=True)
        end = partial(self._end, _Undertaking(machine, verb, operation, fault))
        seconds = _seconds(self._timings.of(verb), fault)
        timer = None if seconds is None else self._clock.call_later(seconds, end)
        self._pending[machine.key] = (operation, timer)
        return operation

    def _refuse_conflict(self, machine: VirtualMachine, verb: Verb) -> None:
        """Raise PowerConflict for what Azure may refuse (no ground truth)."""
        is_refused = machine.power is PowerState.DEALLOCATED and verb is Verb.POWER_OFF
        if is_refused and not self.allows_power_off_of_deallocated:
            raise PowerConflict(f"Cannot power off VM '{machine.name}': it is deallocated.")
        if verb is Verb.RESTART and machine.power is not PowerState.RUNNING:
            raise PowerConflict(f"Cannot restart VM '{machine.name}': it is not running.")

    def _preempt(self, machine: VirtualMachine, at: datetime) -> None:
        operation, timer = self._pending.pop(machine.key, (None, None))
        if timer is not None:
            timer.cancel()
        if operation is not None:
            error = ("OperationPreempted", "Operation execution has been preempted by a newer one.")
            self.operations.end(operation.id, at, OperationStatus.CANCELED, error)

    def _end(self, done: "_Undertaking") -> None:
        """Let an operation end: state, guest and truth in one step."""
        at = self._clock.now()
        key, effect = done.machine.key, done.fault.effect if done.fault else ""
        del self._pending[key]
        is_vain = effect in ("fails", "unchanged")
        power = _settled(done.machine) if is_vain else _AT_THE_END[done.verb]
        self._change(self._cloud.machines.by_key(key), at, power=power, is_updating=False)
        if done.fault is not None and effect == "fails":
            error = (done.fault.code, done.fault.message)
            self.operations.end(done.operation.id, at, OperationStatus.FAILED, error)
        else:
            self.operations.end(done.operation.id, at)
        if not is_vain:
            self._follow_power(key, done.verb, at, boots=effect != "guestDown")

    def _follow_power(self, key: str, verb: Verb, at: datetime, *, boots: bool) -> None:
        """Let the guest go or come, as its machine does."""
        if verb in (Verb.POWER_OFF, Verb.DEALLOCATE, Verb.RESTART):
            self._forget_boot(key)
            self._set_serving(self._cloud.machines.by_key(key), at, is_serving=False)
        is_away = not self._cloud.machines.by_key(key).is_serving
        if verb in (Verb.START, Verb.RESTART) and is_away and boots:
            self._forget_boot(key)
            self._booting[key] = self._clock.call_later(
                self._timings.boot_seconds, partial(self._booted, key)
            )

    def _booted(self, key: str) -> None:
        del self._booting[key]
        self._set_serving(self._cloud.machines.by_key(key), self._clock.now(), is_serving=True)

    def _forget_boot(self, key: str) -> None:
        timer = self._booting.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _change(
        self, machine: VirtualMachine, at: datetime, *, power: PowerState, is_updating: bool
    ) -> VirtualMachine:
        changed = replace(machine, power=power, is_updating=is_updating)
        self._cloud.machines.put(changed)
        self._cloud.follow_power(changed)
        if power is not machine.power:
            self._record(at, Kind.POWER_STATE, machine, power.value)
        return changed

    def _set_serving(self, machine: VirtualMachine, at: datetime, *, is_serving: bool) -> None:
        """Switch the guest's web server and tell of every endpoint that this concerns."""
        if machine.is_serving is is_serving:
            return
        addresses = list(self._cloud.public_ips)
        before = {ip.key for ip in addresses if self._cloud.is_served(ip)}
        self._cloud.machines.put(replace(machine, is_serving=is_serving))
        after = {ip.key for ip in addresses if self._cloud.is_served(ip)}
        backend = self.backends[machine.key]
        if is_serving:
            backend.serve()
        else:
            backend.stop()
        for balancer in self.balancers:
            balancer.follow_pool()
        if is_serving:
            at = self._clock.now()  # opening a port takes a moment, in which packets still drop
        self._plane.serving_changed(before ^ after, at)

    def _record(self, at: datetime, kind: Kind, machine: VirtualMachine, value: str) -> None:
        subject = machine_id(self._cloud.subscription_id, machine)
        self._truth.record(Event(at, kind, subject, value))
