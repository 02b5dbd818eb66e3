"""Tells a drill as it happens: a line for whatever changed, in virtual time."""

from collections.abc import Mapping
from typing import Any

from devtools.clock import Clock
from devtools.console import paint, say, status


class Story:
    """What has been told, so that nothing is told twice."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, str] = {}

    def tell(self, phase: str, text: str) -> None:
        """Write a line."""
        say(f"{self._clock.now():%H:%M:%S}  {phase:<9}  {text}")

    def tell_changes(self, phase: str, facts: Mapping[str, object]) -> None:
        """Write a line for each fact that is not as it was."""
        for name, value in facts.items():
            new, old = plain(value), self._told.get(name)
            if new == old:
                continue
            self._told[name] = new
            self.tell(phase, f"{name}: {new}" if old is None else f"{name}: {old} → {new}")

    def wait(self, phase: str, awaited: str) -> None:
        """Keep on showing what is waited for; a line when that is something new."""
        if awaited and self._told.get("awaited") != awaited:
            self._told["awaited"] = awaited
            self.tell(phase, paint(f"waiting for {awaited}", "dim"))
        status(f"{self._clock.now():%H:%M:%S}  {phase:<9}  waiting for {awaited}")

    def follow(self, drill: Mapping[str, Any]) -> None:
        """Tell what a look at the drill shows."""
        phase = str(drill["phase"])
        if self._told.get("phase") != phase:
            self._told["phase"] = phase
            self.tell(phase, paint(f"phase {phase}{_ending(drill)}", "bold"))
        self.tell_changes(phase, drill.get("lastSeen") or {})
        if drill.get("needsAttention"):
            self.tell_changes(phase, {"needs attention": drill["needsAttention"]})
        if phase != "closed":
            self.wait(phase, str(drill.get("waitsFor") or ""))


def plain(value: object) -> str:
    """A fact as one short text."""
    if isinstance(value, Mapping):
        for name in ("endpoint", "value", "answer", "status", "outcome"):
            if value.get(name):
                return plain(value[name])
    return str(value)


def _ending(drill: Mapping[str, Any]) -> str:
    words = [str(drill[name]) for name in ("ending", "reason") if drill.get(name)]
    return f": {', '.join(words)}" if words else ""
