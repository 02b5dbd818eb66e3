"""`@app.retry`: how often a failed run is tried again, and after how long."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

FIXED_DELAY, EXPONENTIAL_BACKOFF = "fixed_delay", "exponential_backoff"
FOREVER = -1
# What the worker sends for an interval that is not given.
SECONDS_MAX = 2**31 - 1
# The host spreads each step of the back-off by a fifth to either side.
SPREAD_MIN, SPREAD_MAX = 0.8, 1.2

_INTERVAL_FORM = "%H:%M:%S"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A run that fails is tried again `retries_max` times, or forever."""

    retries_max: int
    seconds_min: int
    seconds_max: int

    def has_retry(self, retry: int) -> bool:
        """True when a run that failed is tried for the `retry`-th time."""
        return self.retries_max == FOREVER or retry <= self.retries_max

    def delay_seconds(self, retry: int) -> float:
        """How long to wait before the `retry`-th, from 1: the same, or twice as long each time."""
        delay = float(self.seconds_min)
        if retry > 1 and self.seconds_min < self.seconds_max:
            spread = random.uniform(SPREAD_MIN, SPREAD_MAX)  # noqa: S311 - no secret
            # From there on the maximum is reached, whatever the minimum.
            delay += spread * 2 ** min(retry - 2, SECONDS_MAX.bit_length()) * self.seconds_min
        return min(delay, self.seconds_max)


def parse_retry(setting: Mapping[str, Any] | None) -> RetryPolicy | None:
    """The policy that the decorator describes; `ValueError` where the worker refuses the app."""
    if not setting:
        return None
    retries_max = _read_count(setting["max_retry_count"])
    if setting["strategy"] == FIXED_DELAY:
        seconds = _read_interval("delay_interval", setting["delay_interval"])
        return RetryPolicy(retries_max, seconds, seconds)
    if setting["strategy"] != EXPONENTIAL_BACKOFF:
        raise ValueError(
            f"retry: strategy must be {FIXED_DELAY} or {EXPONENTIAL_BACKOFF}, "
            f"not {setting['strategy']!r}."
        )
    names = ("minimum_interval", "maximum_interval")
    low, high = (
        _read_interval(name, setting[name]) if setting[name] else default
        for name, default in zip(names, (0, SECONDS_MAX), strict=True)
    )
    return RetryPolicy(retries_max, low, high)


def check_retry(policy: RetryPolicy | None) -> None:
    """Raise `ValueError` for a policy that the host does not take (the function is in error)."""
    if policy is None:
        return
    if policy.retries_max < FOREVER:
        raise ValueError(f"retry: max_retry_count must be 0 or more, or -1: {policy.retries_max}.")
    if policy.seconds_min > policy.seconds_max:
        raise ValueError("retry: minimum_interval must not be longer than maximum_interval.")


def _read_count(text: object) -> int:
    try:
        return int(str(text))
    except ValueError:
        raise ValueError(f"retry: max_retry_count must be a number, not {text!r}.") from None


def _read_interval(name: str, text: object) -> int:
    try:
        found = time.strptime(str(text), _INTERVAL_FORM)
    except ValueError:
        raise ValueError(f"retry: {name} must be hh:mm:ss, not {text!r}.") from None
    span = timedelta(hours=found.tm_hour, minutes=found.tm_min, seconds=found.tm_sec)
    return int(span.total_seconds())
