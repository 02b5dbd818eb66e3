"""The scaled clock as `./dev` sees it: makes the text of CLOCK and reads it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """Virtual time: an anchor, the monotonic instant it stands for, and how fast it runs."""

    anchor: datetime
    monotonic_seconds: float
    speed: float

    @classmethod
    def start(cls, speed: float) -> "Clock":
        """A clock that shows the wall's time now and runs at `speed` from here."""
        wall = datetime.fromtimestamp(int(time.time()), tz=UTC)
        return cls(wall, round(time.monotonic(), 3), speed)

    @property
    def text(self) -> str:
        """The value of CLOCK for every process of the stack."""
        return f"{self.anchor:%Y-%m-%dT%H:%M:%SZ}@{self.monotonic_seconds:.3f}*{self.speed:g}"

    def now(self) -> datetime:
        """The virtual time."""
        passed = time.monotonic() - self.monotonic_seconds
        return self.anchor + timedelta(seconds=passed * self.speed)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant, as the report and the truth write it."""
    return datetime.fromisoformat(text)
