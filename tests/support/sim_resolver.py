"""A resolver in virtual time: the emulator's kinds of caches, without a wire and without waiting.

What it makes of a TTL is the emulator's own rule (`Kind`). It asks name servers as the emulator's
resolver does: one question at a time, three attempts, two seconds each.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from emulator.resolver_kinds import CLIENT_RESPONSE_SECONDS, FAILURE_RECHECK_SECONDS, Kind
from emulator.truth import Event
from emulator.truth import Kind as What
from tests.support.sim_azure import SimAzure, SimServer

ATTEMPTS = 3
ATTEMPT_SECONDS = 2.0
TRAVEL_SECONDS_MAX = 0.05
NEVER = float("inf")


class Told(NamedTuple):
    """What a resolver answers, and when that was so; the endpoint is "" where it has no answer."""

    endpoint: str
    ttl_seconds: int
    at: float
    is_stale: bool = False


Done = Callable[[Told], None]
FAILURE_TTL_SECONDS = 0


class Lead(NamedTuple):
    """From an instant on, a client is led to an endpoint; "" if to none."""

    at: float
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """How a resolver reaches the name servers: which of them, and how well."""

    servers: Sequence[SimServer]
    dice: random.Random
    loss: float = 0.0
    is_faithful: bool = True
    """It asks one server, and another only when that one is silent."""
    outages: tuple[tuple[float, float], ...] = ()
    """When none of them can be reached, from and until."""


@dataclass(slots=True)
class SimResolver:
    """One resolver's cache of the one name that a drill asks for."""

    azure: SimAzure
    name: str
    kind: Kind
    upstream: Upstream
    leads: list[Lead] = field(default_factory=list)
    """What it answered from when on: every change of its cache, and every failure."""
    _known: Told | None = None
    _expires: float = 0.0
    _ask_again_at: float = 0.0
    _waiting: list[Done] = field(default_factory=list)

    def ask(self, done: Done) -> None:
        """Answer, now or later, by what is cached or what the name servers say."""
        now, known = self.azure.clock.seconds, self._known
        if known is not None and now < self._expires:
            done(self._left(known, now))
        elif known is not None and self.kind.serves_stale:
            self._refresh(known, done)
        else:
            self._ask_once(done)

    def _left(self, known: Told, now: float) -> Told:
        left = known.ttl_seconds if self._expires == NEVER else int(self._expires - now)
        return Told(known.endpoint, left, now)

    def _refresh(self, known: Told, done: Done) -> None:
        """Answer what is past its TTL, unless fresh data comes soon enough."""

        def stale() -> None:
            now = self.azure.clock.seconds
            done(Told(known.endpoint, self.kind.ttl_seconds, now, is_stale=True))

        if self.azure.clock.seconds < self._ask_again_at:
            stale()
            return
        if self.kind.answers_stale_first:
            stale()
            self._ask_once(lambda _: None)
            return
        self._ask_once(First(self.azure, done, stale).take)

    def _ask_once(self, done: Done) -> None:
        """Ask the name servers, unless a question to them is under way already."""
        self._waiting.append(done)
        if len(self._waiting) == 1:
            servers = list(self.upstream.servers)
            if not self.upstream.is_faithful:
                self.upstream.dice.shuffle(servers)
            self._attempt(servers, 0)

    def _attempt(self, servers: list[SimServer], number: int) -> None:
        dice, clock = self.upstream.dice, self.azure.clock
        if number == ATTEMPTS:
            self._fail()
            return
        if self._is_cut_off() or dice.random() < self.upstream.loss:
            clock.call_later(ATTEMPT_SECONDS, lambda: self._attempt(servers, number + 1))
            return
        there, back = (dice.uniform(0.001, TRAVEL_SECONDS_MAX) for _ in range(2))
        server = servers[number % len(servers)]

        def read() -> None:
            told = server.told
            ttl_seconds = self.azure.live.ttl_seconds
            clock.call_later(back, lambda: self._learn(told, ttl_seconds))

        clock.call_later(there, read)

    def _is_cut_off(self) -> bool:
        now = self.azure.clock.seconds
        return any(since <= now < until for since, until in self.upstream.outages)

    def _learn(self, endpoint: str, ttl_seconds: int) -> None:
        now, kept = self.azure.clock.seconds, self.kind.kept_seconds(ttl_seconds)
        if self._known is None or self._known.endpoint != endpoint:
            event = Event(self.azure.clock.now(), What.RESOLVER_ANSWER, self.name, endpoint)
            self.azure.truth.record(event)
        self._known = Told(endpoint, kept, now)
        self._expires = NEVER if self.kind.keeps_forever else now + kept
        self._lead(endpoint)
        self._hand_over(Told(endpoint, kept, now))

    def _fail(self) -> None:
        now = self.azure.clock.seconds
        self._ask_again_at = now + FAILURE_RECHECK_SECONDS
        self._hand_over(Told("", FAILURE_TTL_SECONDS, now))

    def _hand_over(self, told: Told) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done(told)

    def _lead(self, endpoint: str) -> None:
        self.leads.append(Lead(self.azure.clock.seconds, endpoint))


class First:
    """Hands over whichever comes first: fresh data, or after a while what is stale."""

    def __init__(self, azure: SimAzure, done: Done, stale: Callable[[], None]) -> None:
        self._done, self._stale, self._is_over = done, stale, False
        azure.clock.call_later(CLIENT_RESPONSE_SECONDS, self._give_up)

    def take(self, told: Told) -> None:
        """Take what the name servers said, if anything."""
        if told.endpoint and not self._is_over:
            self._is_over = True
            self._done(told)

    def _give_up(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._stale()
