"""How closely a drill was observed, and what our own side lost: it weakens all the rest."""

from collections.abc import Iterator

from shared.core.coverage import ATTEMPTED_SHARE_MIN, Pace
from shared.core.findings import Facts, Finding
from shared.core.intervals import Elapsed, in_words
from shared.core.samples import rfc3339

NAMED_MAX = 3
"""So many of the series that were asked least often are named."""


def of_sampling(facts: Facts) -> list[Finding]:
    """Return every finding about sampling itself; gaps are told one by one, after all else."""
    return [*_thin_sampling(facts), *_slow_sampling(facts), *_own_losses(facts)]


def _thin_sampling(facts: Facts) -> Iterator[Finding]:
    coverage = facts.coverage
    if coverage.is_thin:
        least = sorted(coverage.paces, key=lambda pace: (pace.share, pace.series))[:NAMED_MAX]
        named = "; ".join(_pace(pace) for pace in least if pace.share < ATTEMPTED_SHARE_MIN)
        message = (
            f"Only {100 * coverage.attempted_share:.2f} % of the slots were attempted "
            f"({coverage.attempted} of {coverage.expected}): what follows is less sure. "
            f"Least often: {named}."
        )
        yield Finding(code="ThinSampling", subject="samples", message=message)


def _pace(pace: Pace) -> str:
    """Return how often a series was asked, its gaps included."""
    average = pace.seconds_on_average
    how = "never" if average is None else f"every {in_words(average)} s on average"
    return f"{pace.series}, {how} (planned: {in_words(pace.every_seconds)} s)"


def _slow_sampling(facts: Facts) -> Iterator[Finding]:
    """Yield the series that were asked less often than they should be throughout."""
    for pace in facts.coverage.paces:
        if pace.is_slow:
            seconds = pace.median_seconds or 0.0
            message = (
                f"{pace.series} was asked every {in_words(seconds)} s (the median), not every "
                f"{in_words(pace.every_seconds)} s as planned."
            )
            elapsed = Elapsed(seconds, seconds)
            yield Finding(
                code="SlowSampling", subject=pace.series, message=message, elapsed=elapsed
            )


def _own_losses(facts: Facts) -> Iterator[Finding]:
    """Yield that answers may have been lost by us, not by servers."""
    lost = sorted(
        sample.asked_at
        for of_it in facts.evidence.series.values()
        for sample in of_it
        if sample.is_our_loss
    )
    if lost:
        message = (
            f"{len(lost)} questions timed out while our own receive buffer overflowed, from "
            f"{rfc3339(lost[0])} to {rfc3339(lost[-1])}: servers may have answered."
        )
        yield Finding(code="ReceiveBufferLosses", subject="samples", message=message)
