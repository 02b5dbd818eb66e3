"""No sequence of probes, writes and queries leads outside what is documented.

The oracle below knows nothing of the emulator: it keeps what was done as plain numbers and reads
statuses and answers off Microsoft's tables.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.cloud import Profile, RoutingMethod
from tests.emulator.planes import Plane
from tests.emulator.values import MONITOR, endpoint, profile

NAMES = ("e0", "e1", "e2")
TOLERATED = 2


@dataclass
class Oracle:
    """What a reader of the documents would keep in mind."""

    profile_on: bool = True
    weighted: bool = False
    on: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(NAMES, True))
    always: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(NAMES, False))
    healthy: dict[str, bool | None] = field(default_factory=lambda: dict.fromkeys(NAMES))
    failures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))

    def is_probed(self, name: str) -> bool:
        """Neither switched off nor always served."""
        return self.profile_on and self.on[name] and not self.always[name]

    def status(self, name: str) -> str:
        """Return the row of the table."""
        if not self.on[name]:
            return "Disabled"
        if not self.profile_on:
            return "Inactive"
        if self.always[name]:
            return "Unmonitored"
        words = {None: "CheckingEndpoint", True: "Online", False: "Degraded"}
        return words[self.healthy[name]]

    def probe(self, name: str, succeeded: bool) -> None:
        """Count failures in a row; a success wipes them out."""
        self.failures[name] = 0 if succeeded else self.failures[name] + 1
        if succeeded:
            self.healthy[name] = True
        elif self.failures[name] > TOLERATED:
            self.healthy[name] = False

    def write(self, before: dict[str, bool]) -> None:
        """Start afresh what is not probed, or was not before."""
        for name in NAMES:
            if not (before[name] and self.is_probed(name)):
                self.healthy[name], self.failures[name] = None, 0

    def answers(self) -> set[str]:
        """Return every answer that the documents allow now."""
        shown = {name: self.status(name) for name in NAMES}
        good = {"Online", "CheckingEndpoint", "Unmonitored"}
        up = [n for n in NAMES if shown[n] in good] or [n for n in NAMES if shown[n] == "Degraded"]
        if not up:
            return {"NXDOMAIN"}
        return {f"{n}.example.org" for n in (up if self.weighted else up[:1])}

    def profile(self) -> Profile:
        """Return the configuration."""
        return profile(
            *(
                endpoint(n, i + 1, enabled=self.on[n], always_serve=self.always[n])
                for i, n in enumerate(NAMES)
            ),
            enabled=self.profile_on,
            method=RoutingMethod.WEIGHTED if self.weighted else RoutingMethod.PRIORITY,
            monitor=replace(
                MONITOR, interval_seconds=10, timeout_seconds=5, tolerated_failures=TOLERATED
            ),
        )


Step = str | tuple[str, bool]
WRITES = st.sampled_from(
    ["profile", "method", *(f"{w} {n}" for w in ("on", "always") for n in NAMES)]
)
PROBES = st.tuples(st.sampled_from(NAMES), st.booleans())
STEPS = st.lists(st.one_of(PROBES, PROBES, WRITES), max_size=60)


def switch(oracle: Oracle, what: str) -> None:
    """Turn one member of the configuration over."""
    before = {name: oracle.is_probed(name) for name in NAMES}
    word, _, name = what.partition(" ")
    if word == "profile":
        oracle.profile_on = not oracle.profile_on
    elif word == "method":
        oracle.weighted = not oracle.weighted
    else:
        members = oracle.on if word == "on" else oracle.always
        members[name] = not members[name]
    oracle.write(before)


def taken(made: Plane, oracle: Oracle, steps: list[Step]) -> Iterator[Step]:
    """Take the steps with both, and yield each when it was taken."""
    made.plane.write(oracle.profile())
    for step in steps:
        if isinstance(step, str):
            switch(oracle, step)
            made.plane.write(oracle.profile())
        elif oracle.is_probed(step[0]):
            oracle.probe(*step)
            made.probe(step[0], step[1])
        yield step


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_statuses_and_answers_are_always_documented_ones(steps: list[Step]) -> None:
    """After every single step, for every endpoint, from both of prepared and fresh octets."""
    made, oracle = Plane(), Oracle()
    for _ in taken(made, oracle, steps):
        assert {n: made.status(n) for n in NAMES} == {n: oracle.status(n) for n in NAMES}
        assert {made.answer(), made.answer(), made.answer(kind="AAAA")} <= oracle.answers()


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_the_truth_tells_every_change_and_nothing_else(steps: list[Step]) -> None:
    """Replaying the log gives what ARM shows, and no event repeats the one before it."""
    made, oracle = Plane(), Oracle()
    list(taken(made, oracle, steps))
    told: dict[tuple[str, str], list[str | bool]] = {}
    for event in made.truth.events:
        told.setdefault((event.kind.value, event.subject), []).append(event.value)
    for (kind, subject), values in told.items():
        if kind == "endpointMonitorStatus":
            assert values[-1] == oracle.status(subject)
        if kind != "endpointWrite":
            assert all(a != b for a, b in itertools.pairwise(values))
