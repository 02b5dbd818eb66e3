"""The requests of a whole drill, counted on the wire, and what befalls the host at one of them.

A drill's requests come from several functions at once, so their order is not the same twice: a
point is the n-th request of its kind. Kinds are made of what a request itself says.
"""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.support.http_proxy import Dropped, Request, Stage

REACHED_SHARE = 0.75
"""Of a kind's requests: another drill may have fewer of them."""
_TABLE = re.compile(r"/devstoreaccount1/(\$batch|\w+)")
_ROW_KEY = re.compile(r"RowKey='!?([a-z]+)\|")
_NAMES = re.compile(r"/(?:subscriptions|resourceGroups|providers)/[^/?]+", re.IGNORECASE)
_BATCHED = re.compile(rb"/devstoreaccount1/(\w+)")
_CREATED = re.compile(rb'"RowKey":\s*"!?([a-z]+)\|')


class Fate(StrEnum):
    """What befalls the host."""

    KILL = "kill"
    FREEZE = "freeze"


def kind_of_table_request(request: Request) -> str:
    """Return what a request to the tables is, e.g. `PUT ledger open`."""
    found = _TABLE.match(request.path)
    table = found[1] if found else "?"
    method = request.method
    if table == "$batch":
        inner = _BATCHED.search(request.body.partition(b"\r\n\r\n")[2])
        return f"{method} $batch {inner[1].decode() if inner else '?'}"
    key = _ROW_KEY.search(request.path)
    if key is None and request.method == "POST":
        created = _CREATED.search(request.body)
        return f"{method} {table} {created[1].decode() if created else ''}".rstrip()
    return f"{method} {table} {key[1] if key else ''}".rstrip()


def kind_of_arm_request(request: Request) -> str:
    """Return what a request to ARM is, e.g. `POST virtualMachines/powerOff`."""
    path = _NAMES.sub("", request.path.partition("?")[0])
    parts = path.strip("/").split("/")
    # Types and names take turns; what stands at an odd place is a type or an action.
    return f"{request.method} arm {'/'.join(parts[::2])}"


def is_worth_it(kind: str) -> bool:
    """Whether a kind is a write to a table, or any request to ARM."""
    return " arm " in kind or not kind.startswith("GET")


@dataclass(frozen=True, slots=True)
class WirePoint:
    """The n-th request of a kind, and what befalls the host there."""

    kind: str
    number: int
    stage: Stage
    fate: Fate

    def __str__(self) -> str:
        return f"{self.fate} {self.stage} {self.kind} no. {self.number}"


def draw(counted: Counter[str], count: int, seed: object) -> list[WirePoint]:
    """Return so many points, in turn of every kind, drawn by a seed; each kind whole at first."""
    dice = random.Random(str(seed))  # noqa: S311  reproducible on purpose
    kinds = sorted(kind for kind in counted if is_worth_it(kind))
    dice.shuffle(kinds)
    ways = [(stage, fate) for stage in Stage for fate in Fate]
    points: list[WirePoint] = []
    for turn in range(count):
        kind = kinds[turn % len(kinds)]
        # Another way at every turn of the kinds, and another at every kind.
        stage, fate = ways[(turn + turn // len(kinds)) % len(ways)]
        last = max(1, int(counted[kind] * REACHED_SHARE))
        points.append(WirePoint(kind, dice.randint(1, last), stage, fate))
    return points


@dataclass
class Trap:
    """Counts requests by kind, and springs once, at its point."""

    befall: Callable[[Fate], None]
    point: WirePoint | None = None
    counted: Counter[str] = field(default_factory=Counter)
    struck: threading.Event = field(default_factory=threading.Event)
    _numbers: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, point: WirePoint | None) -> None:
        """Begin to count anew."""
        with self._lock:
            self.point, self.counted, self._numbers = point, Counter(), {}
            self.struck.clear()

    def watch_tables(self, request: Request, stage: Stage) -> None:
        """Be told of a request to the tables."""
        self._told(request, kind_of_table_request(request), stage)

    def watch_arm(self, request: Request, stage: Stage) -> None:
        """Be told of a request to ARM."""
        self._told(request, kind_of_arm_request(request), stage)

    def _told(self, request: Request, kind: str, stage: Stage) -> None:
        with self._lock:
            if stage is Stage.BEFORE:
                self.counted[kind] += 1
                self._numbers[id(request)] = self.counted[kind]
            number = self._numbers.get(id(request))
            if stage is Stage.AFTER:
                self._numbers.pop(id(request), None)
            point = self.point
            if point is None or self.struck.is_set():
                return
            if (kind, stage, number) != (point.kind, point.stage, point.number):
                return
            self.befall(point.fate)
            self.struck.set()
        if point.fate is Fate.KILL:
            # Who is dead has sent nothing more, and hears nothing more.
            raise Dropped
