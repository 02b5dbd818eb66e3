"""The safety lever: one switch that stops running drills and forbids new ones."""

from collections.abc import Callable
from typing import Protocol

from shared.core.samples import Instant


class LeverStore(Protocol):
    """Where the lever's position is kept."""

    def is_lever_engaged(self) -> bool:
        """Return whether it is engaged."""

    def set_lever(self, *, engaged: bool, reason: str, now: Instant) -> None:
        """Engage or release it."""


class Safety:
    """The safety lever."""

    def __init__(self, store: LeverStore, now: Callable[[], Instant]) -> None:
        self._store, self._now = store, now

    def is_engaged(self) -> bool:
        """Return whether drills are stopped and forbidden."""
        return self._store.is_lever_engaged()

    def set(self, *, engaged: bool, reason: str) -> None:
        """Engage or release the lever; running drills roll back at their next tick."""
        self._store.set_lever(engaged=engaged, reason=reason, now=self._now())
