"""When something is due: slots on a grid that every process counts alike, from the epoch."""

from collections.abc import Hashable, Iterable

from shared.core.samples import Instant

SECOND_MS = 1_000
ARM_SERIES = ("monitor", "power/")
ARM_INTERVAL_SECONDS = 2
"""ARM allows reads at a rate; it is asked every other second, and less often after a 429."""
EARLY_MS = 100
"""A timer may fire this early: it then means the window that is about to begin.

No run is begun for the last tenth of its own window, since every run returns before it.
"""


def interval_ms(series: str, sample_interval_seconds: int) -> int:
    """Return how far the attempts of a drill's series lie apart."""
    seconds = sample_interval_seconds
    if series.startswith(ARM_SERIES):
        seconds = max(seconds, ARM_INTERVAL_SECONDS)
    return seconds * SECOND_MS


def window_start(now: Instant, window_ms: int) -> Instant:
    """Return the start of the window that a run which begins now is for."""
    return (now + EARLY_MS) // window_ms * window_ms


def next_second(now: Instant) -> Instant:
    """Return the next whole second."""
    return (now // SECOND_MS + 1) * SECOND_MS


class Grid:
    """Remembers the last slot of each key, so that none is taken twice and none made up for."""

    def __init__(self) -> None:
        self._last: dict[Hashable, Instant] = {}

    def is_due(self, key: Hashable, now: Instant, every_ms: int) -> bool:
        """The slot that `now` lies in was not taken yet; from here on it is."""
        slot = now // every_ms * every_ms
        if self._last.get(key, slot - 1) >= slot:
            return False
        self._last[key] = slot
        return True

    def keep(self, keys: Iterable[Hashable]) -> None:
        """Forget all other keys."""
        self._last = {key: self._last[key] for key in keys if key in self._last}
