"""Faults on demand: which are in force, whom they strike, and the truth of it."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from emulator.clock import Clock
from emulator.fault_parts import ArmFault, DnsFault, EndpointFault, Fault, FaultsPart, PowerFault
from emulator.truth import Event, Kind, Truth

F = TypeVar("F", ArmFault, DnsFault, EndpointFault, PowerFault)


@dataclass(slots=True)
class Installed:
    """One fault and what has come of it so far."""

    fault: Fault
    dice: random.Random
    is_on: bool = False
    matched: int = 0
    struck: int = 0
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def strikes(self) -> bool:
        """Whether this match is hit: past those spared, within the count, as the dice fall."""
        self.matched += 1
        if self.matched <= self.fault.skip:
            return False
        # No dice without a probability: a fault that always strikes draws nothing.
        if self.fault.probability < 1 and self.dice.random() >= self.fault.probability:
            return False
        self.struck += 1
        return True

    @property
    def is_spent(self) -> bool:
        """Whether it has struck as often as it was to."""
        return self.fault.count is not None and self.struck >= self.fault.count

    def to_json(self) -> dict[str, object]:
        """Return the fault as it was put, and what has come of it."""
        shown = self.fault.model_dump(by_alias=True, exclude_none=True)
        return shown | {"isOn": self.is_on, "matched": self.matched, "struck": self.struck}


class Faults:
    """All faults of one emulated cloud; none unless somebody puts them."""

    def __init__(self, clock: Clock, truth: Truth) -> None:
        self._clock, self._truth = clock, truth
        self._installed: list[Installed] = []
        self.on_change: list[Callable[[], None]] = []

    def put(self, wanted: FaultsPart) -> None:
        """Replace all faults: what was in force ends, and every count begins at nought."""
        self.clear()
        for fault in wanted.faults:
            dice = random.Random(f"{wanted.seed}|{fault.name}")  # noqa: S311 - to be repeatable
            one = Installed(fault, dice)
            self._installed.append(one)
            if fault.after_seconds > 0:
                self._later(one, fault.after_seconds, is_on=True)
            else:
                self._switch(one, is_on=True)

    def clear(self) -> None:
        """End all faults."""
        for one in self._installed:
            for timer in one.timers:
                timer.cancel()
            self._switch(one, is_on=False)
        self._installed.clear()

    def to_json(self) -> list[dict[str, object]]:
        """Return all faults and what has come of them."""
        return [one.to_json() for one in self._installed]

    def in_force(self, kind: type[F]) -> list[F]:
        """Return the faults of one kind that are on."""
        return [o.fault for o in self._installed if o.is_on and isinstance(o.fault, kind)]

    def strike(self, kind: type[F], is_meant: Callable[[F], bool]) -> F | None:
        """Return the first fault that hits what is described, None when it goes unharmed."""
        for one in self._installed:
            fault = one.fault
            if not one.is_on or not isinstance(fault, kind) or not is_meant(fault):
                continue
            if one.strikes():
                if one.is_spent:
                    self._switch(one, is_on=False)
                return fault
        return None

    def _later(self, one: Installed, seconds: float, *, is_on: bool) -> None:
        switch = partial(self._switch, one, is_on=is_on)
        one.timers.append(self._clock.call_later(seconds, switch))

    def _switch(self, one: Installed, *, is_on: bool) -> None:
        """Switch a fault and tell of it, in one step."""
        if one.is_on is is_on or (is_on and one.is_spent):
            return
        one.is_on = is_on
        self._truth.record(Event(self._clock.now(), Kind.FAULT, one.fault.name, is_on))
        if is_on and one.fault.for_seconds is not None:
            self._later(one, one.fault.for_seconds, is_on=False)
        for listener in self.on_change:
            listener()
