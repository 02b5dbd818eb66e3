"""Tells a drill as it happens: a line for whatever changed, in virtual time."""

from collections.abc import Iterable, Mapping
from typing import Any

from devtools.clock import Clock
from devtools.console import paint, say, status


class Story:
    """What has been told, so that nothing is told twice."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._names = Names()
        self._told: dict[str, str] = {}

    def tell(self, phase: str, text: str) -> None:
        """Write a line."""
        say(f"{self._clock.now():%H:%M:%S}  {phase:<9}  {text}")

    def tell_changes(self, phase: str, facts: Mapping[str, object]) -> None:
        """Write a line for each fact that is not as it was."""
        for name, value in facts.items():
            new, old = str(value), self._told.get(name)
            if new == old:
                continue
            self._told[name] = new
            before = "" if old is None else f"{self._names.shorten(old)} → "
            self.tell(phase, f"{name}: {before}{self._names.shorten(new)}")

    def meet(self, endpoints: Iterable[Mapping[str, Any]]) -> None:
        """Learn the endpoints, to call them by name when DNS answers with their targets."""
        self._names.learn(endpoints)

    def wait(self, phase: str, awaited: str) -> None:
        """Keep on showing what is waited for; a line when that is something new."""
        if awaited and self._told.get("awaited") != awaited:
            self._told["awaited"] = awaited
            self.tell(phase, paint(f"waiting for {awaited}", "dim"))
        status(f"{self._clock.now():%H:%M:%S}  {phase:<9}  waiting for {awaited}")

    def follow(self, drill: Mapping[str, Any]) -> None:
        """Tell what a look at the drill shows."""
        seen = drill.get("lastSeen") or {}
        self._names.learn_addresses(seen.values())
        phase = str(drill["phase"])
        if self._told.get("phase") != phase:
            self._told["phase"] = phase
            self.tell(phase, paint(f"phase {phase}{_ending(drill)}", "bold"))
        self.tell_changes(phase, seen)
        if drill.get("needsAttention"):
            self.tell_changes(phase, {"needs attention": drill["needsAttention"]})
        if phase != "closed":
            self.wait(phase, str(drill.get("waitsFor") or ""))


class Names:
    """What endpoints are called, by their targets and, as answers show them, their addresses."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, endpoints: Iterable[Mapping[str, Any]]) -> None:
        """Take the targets from a profile."""
        for endpoint in endpoints:
            properties = endpoint.get("properties") or endpoint
            if properties.get("target"):
                self._names[str(properties["target"]).lower()] = str(endpoint["name"])

    def learn_addresses(self, answers: Iterable[object]) -> None:
        """Take the addresses from resolvers' answers, which are written `target>address`."""
        for answer in answers:
            *chain, last = str(answer).lower().split(">")
            name = next((self._names[link] for link in chain if link in self._names), None)
            if name is not None:
                self._names.setdefault(last, name)

    def shorten(self, answer: str) -> str:
        """The endpoint that an answer names, with the address; else the answer itself."""
        links = answer.split(">")
        name = next((self._names[x.lower()] for x in links if x.lower() in self._names), None)
        if name is None:
            return answer
        return f"{name} ({links[-1]})" if links[-1][-1:].isdigit() else name


def _ending(drill: Mapping[str, Any]) -> str:
    words = [str(drill[name]) for name in ("ending", "reason") if drill.get(name)]
    return f": {', '.join(words)}" if words else ""
