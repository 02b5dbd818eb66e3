"""What a host asks of the outside, numbered, and what may befall it at one of these calls.

Nothing is written down by hand: every call of every store, of ARM and of an endpoint goes through
the host's gate, which counts it. One undisturbed drill tells which calls there are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar, cast

from azure.core.exceptions import AzureError, ServiceResponseError  # noqa: TID251 (the SDK's)

from shared.core.errors import SwitchbackError, UpstreamUnavailable
from shared.core.samples import Attempt
from tests.support.machines import Told

T = TypeVar("T")

TABLES, ARM, HTTP = "tables", "arm", "http"
ARM_WRITES = tuple(f"{ARM}.{name}" for name in ("stop", "start", "patch_endpoint"))
"""These never raise: what is not known of them, they return."""
REPEATED_BY_THE_SDK = ("update_entity", "upsert_entity", "delete_entity")
"""What is sent again when its answer is lost; a creation or a transaction is not."""


class Died(BaseException):
    """The process is gone: nothing of ours catches this."""


class Fate(StrEnum):
    """What befalls the host at one of its calls."""

    DIE_BEFORE = "dies before"
    DIE_AFTER = "dies after"
    FREEZE_BEFORE = "freezes before"
    FREEZE_AFTER = "freezes after"
    SLEEP_BEFORE = "sleeps before"
    """As a freeze, but no other host is there meanwhile."""
    SLEEP_AFTER = "sleeps after"
    LOSE_ANSWER = "loses the answer to"
    REPEAT = "sends twice"
    """The SDK's own retry, after the answer to the first was lost."""
    OUTAGE = "has no tables from"


FREEZE_SECONDS = (10, 45, 120, 2_000)
"""The last is past the deadline of every undo record."""
OUTAGE_SECONDS = (30, 300)
_LASTING = {
    Fate.FREEZE_BEFORE: FREEZE_SECONDS,
    Fate.FREEZE_AFTER: FREEZE_SECONDS,
    Fate.SLEEP_BEFORE: FREEZE_SECONDS,
    Fate.SLEEP_AFTER: FREEZE_SECONDS,
    Fate.OUTAGE: OUTAGE_SECONDS,
}


@dataclass(frozen=True, slots=True)
class Point:
    """One call of a drill, and what befalls the host there."""

    call: int
    name: str
    fate: Fate
    seconds: float = 0.0

    def __str__(self) -> str:
        lasting = f" for {self.seconds:g} s" if self.seconds else ""
        return f"{self.fate} call {self.call} ({self.name}){lasting}"


def points_of(call: int, name: str) -> list[Point]:
    """Return everything that may befall a host at one call."""
    found = []
    for fate in Fate:
        if fate is Fate.REPEAT and not any(part in name for part in REPEATED_BY_THE_SDK):
            continue
        if fate is Fate.OUTAGE and not name.startswith(TABLES):
            continue
        if fate is Fate.LOSE_ANSWER and name.startswith(HTTP):
            continue  # a request that is not answered is what `answers` may return anyway
        found += [Point(call, name, fate, seconds) for seconds in _LASTING.get(fate, (0,))]
    return found


class World(Protocol):
    """What a fate needs of the world."""

    def freeze(self, seconds: float, *, has_other: bool) -> None:
        """Let time pass without this host."""

    def cut_tables(self, seconds: float) -> None:
        """Let nobody reach a table for a while."""

    def are_tables_cut(self) -> bool:
        """Whether nobody reaches a table now."""


@dataclass
class Gate:
    """Between one host and the outside: counts, and lets one call meet its fate."""

    world: World
    point: Point | None = None
    calls: list[str] = field(default_factory=list)
    has_struck: bool = False
    is_dead: bool = False

    def pass_through(self, name: str, work: Callable[[], T]) -> T:
        """Make a call, as far as the host and the outside live to see it."""
        if self.is_dead:
            raise Died
        number = len(self.calls)
        self.calls.append(name)
        if self.point is None or number != self.point.call:
            return self._reach(name, work)
        if name != self.point.name:
            raise AssertionError(f"Call {number} is {name}, not {self.point.name}.")
        self.has_struck = True
        return self._meet(self.point, work)

    def _reach(self, name: str, work: Callable[[], T]) -> T:
        if self.world.are_tables_cut() and name.startswith(TABLES):
            raise _unreachable(name)
        return work()

    def _meet(self, point: Point, work: Callable[[], T]) -> T:
        fate, name = point.fate, point.name
        if fate is Fate.DIE_BEFORE:
            self._die()
        if fate is Fate.OUTAGE:
            self.world.cut_tables(point.seconds)
        if fate in (Fate.FREEZE_BEFORE, Fate.SLEEP_BEFORE):
            self.world.freeze(point.seconds, has_other=fate is Fate.FREEZE_BEFORE)
        if fate is Fate.REPEAT:
            _tried(lambda: self._reach(name, work))
        come_of_it = _tried(lambda: self._reach(name, work))
        if fate is Fate.DIE_AFTER:
            self._die()
        if fate in (Fate.FREEZE_AFTER, Fate.SLEEP_AFTER):
            self.world.freeze(point.seconds, has_other=fate is Fate.FREEZE_AFTER)
        if fate is Fate.LOSE_ANSWER:
            return cast("T", _lost(name))
        return come_of_it()

    def _die(self) -> NoReturn:
        """End the process, all its threads included."""
        self.is_dead = True
        raise Died


def _tried(work: Callable[[], T]) -> Callable[[], T]:
    """Do it, and return what tells what has come of it."""
    try:
        done = work()
    except (AzureError, SwitchbackError) as error:
        return partial(_raised, error)
    return lambda: done


def _raised(error: Exception) -> NoReturn:
    raise error


def _lost(name: str) -> object:
    """Raise, or return, what a client tells that gets no answer."""
    if name in ARM_WRITES:
        return Told(Attempt.UNKNOWN, "No answer.")
    raise _unreachable(name)


def _unreachable(name: str) -> Exception:
    if name.startswith(TABLES):
        return ServiceResponseError("No answer.")
    return UpstreamUnavailable(f"{name}: no answer.")


class Gated:
    """Anything, every method of which is called through a gate."""

    def __init__(self, inner: object, gate: Gate, name: str) -> None:
        self._inner, self._gate, self._name = inner, gate, name

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - whatever the inner one has
        found = getattr(self._inner, attribute)
        if not callable(found):
            return found
        name = f"{self._name}.{attribute}"

        def called(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - likewise
            return self._gate.pass_through(name, lambda: found(*arguments, **options))

        return called
