"""The safety lever: one switch that stops running drills and forbids new ones."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeVar

from shared.core.audit import SAFETY, Verified, verify
from shared.core.lever import Lever
from shared.core.samples import Act, Entry, Instant

T = TypeVar("T")


class LeverStore(Protocol):
    """Where the lever's position is kept."""

    def lever(self) -> Lever:
        """Return its position."""

    def set_lever(
        self, *, engaged: bool, reason: str, now: Instant, by: str = "", where: str = ""
    ) -> None:
        """Engage or release it."""


class Auditing(Protocol):
    """The audit."""

    def act(self, what: str, subject: str, who: str, where: str = "") -> Act:
        """Return an act of this moment whose outcome is not known."""

    def append(self, chain: str, act: Act) -> Entry:
        """Write an act down, or raise UpstreamUnavailable."""

    def outcome(self, chain: str, act: Act, do: Callable[[], T]) -> T:
        """Do it, and write down what came of it."""


class History(NamedTuple):
    """Everything the lever was ever told, and whether that is all of it."""

    entries: tuple[Entry, ...]
    verified: Verified


class Safety:
    """The safety lever."""

    def __init__(
        self,
        store: LeverStore,
        audit: Auditing,
        entries: Callable[[str], tuple[Entry, ...]],
        now: Callable[[], Instant],
    ) -> None:
        self._store, self._audit, self._entries, self._now = store, audit, entries, now

    def lever(self) -> Lever:
        """Return the lever's position, and who put it there."""
        return self._store.lever()

    def history(self) -> History:
        """Return the lever's audit."""
        entries = self._entries(SAFETY)
        return History(entries, verify(SAFETY, entries))

    def set(self, *, engaged: bool, reason: str, by: str, where: str) -> None:
        """Engage or release the lever; running drills roll back at their next tick.

        Engaging waits for nothing; releasing, which allows drills again, is written down first.
        """
        what = "engageLever" if engaged else "releaseLever"
        act = replace(self._audit.act(what, "safety lever", by, where), detail=reason)
        if not engaged:
            self._audit.append(SAFETY, act)

        def change() -> None:
            self._store.set_lever(
                engaged=engaged, reason=reason, now=self._now(), by=by, where=act.where
            )

        self._audit.outcome(SAFETY, act, change)
