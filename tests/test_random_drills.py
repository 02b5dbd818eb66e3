"""Drills with everything drawn at random: whatever befalls them, their reports do not lie.

A drill is its number: `tests.support.drill_judge.judged(number)` runs one that failed again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from statistics import median

import pytest

from emulator.resolver_kinds import Name
from shared.core.model import Ending
from shared.core.plan import Failback, FaultKind
from tests.support.drill_judge import Judged, judged
from tests.support.random_drills import draw
from tests.support.telling import tell

WIDTH_SHARE_MAX = 1.2
"""A milestone lies between two samples: one interval apart, and what the answer took."""
FINISHED_SHARE_MIN = 0.85
"""Of the others, most have a client's resolver that never lets go of its answer."""
REACHED_SHARE_MIN = 0.9
NEAR_SHARE_MIN = 0.9
"""Of the drills so many have an RTO within one width of the truth."""
INCONCLUSIVE_NEAR_SHARE_MAX = 0.6
"""Bounds one width apart hold half of the times that lie within one width of the truth."""
INCONCLUSIVE_DRAWN_SHARE_MAX = 0.15
"""Of RTOs that nobody chose by the truth: some are near it, some recoveries were not seen whole."""


def wrongs(drills: Iterable[Judged]) -> dict[int, list[str]]:
    """Return what is wrong, by the drill's number."""
    return {drill.number: drill.wrongs for drill in drills if drill.wrongs}


def total(counters: Iterable[Counter[str]]) -> Counter[str]:
    """Return the sum."""
    return sum(counters, start=Counter())


def share(counted: Counter[str], what: str) -> float:
    """Return which share of all it is."""
    return counted[what] / counted.total()


def median_widths(drills: Iterable[Judged]) -> dict[str, float]:
    """Return the median width of milestones by their kind of series, in its intervals."""
    found: dict[str, list[float]] = defaultdict(list)
    for drill in drills:
        for width in drill.widths:
            found[width.kind].append(width.share)
    return {kind: median(shares) for kind, shares in found.items()}


def _counts(counted: Mapping[str, float]) -> str:
    return ", ".join(f"{what} {round(number, 3)}" for what, number in sorted(counted.items()))


@pytest.mark.parametrize(
    "count",
    [
        20,
        pytest.param(100, marks=pytest.mark.long),
        pytest.param(1_000, marks=pytest.mark.soak),
    ],
)
def test_reports_hold_the_truth(count: int, request: pytest.FixtureRequest) -> None:
    """Every milestone is told, every interval holds, no verdict is wrong; little is left open."""
    drills = [judged(number) for number in range(count)]

    endings = total(Counter([str(drill.ending)]) for drill in drills)
    milestones = total(drill.milestones for drill in drills)
    near, far, drawn = (
        total(getattr(drill, of) for drill in drills) for of in ("near", "far", "drawn")
    )
    widths = median_widths(drills)
    tell(request, f"{count} random drills: {_counts(endings)}; milestones {_counts(milestones)}")
    tell(request, f"verdicts within one width of the truth: {_counts(near)}")
    tell(request, f"further away: {_counts(far)}; at RTOs as drawn: {_counts(drawn)}")
    tell(request, "median width in intervals: " + _counts(widths))
    assert wrongs(drills) == {}
    assert share(endings, str(Ending.FINISHED)) >= FINISHED_SHARE_MIN
    assert share(milestones, "reached") >= REACHED_SHARE_MIN
    assert set(widths) == {"dns", "health", "client", "monitor", "power"}
    assert max(widths.values()) <= WIDTH_SHARE_MAX
    assert sum(bool(drill.near) for drill in drills) >= NEAR_SHARE_MIN * count
    assert min(near["met"], near["missed"]) > 0
    assert far["inconclusive"] == 0
    assert share(near, "inconclusive") <= INCONCLUSIVE_NEAR_SHARE_MAX
    assert share(drawn, "inconclusive") <= INCONCLUSIVE_DRAWN_SHARE_MAX


def test_everything_is_drawn() -> None:
    """Each kind of fault, of failback and of resolver; losses, silences, steps both ways."""
    drawn = [draw(number) for number in range(1_000)]

    assert {(d.case.fault, d.case.failback) for d in drawn} == {
        (fault, failback) for fault in FaultKind for failback in Failback
    }
    assert {kind.name for d in drawn for kind in d.kinds} == set(Name)
    assert {len(d.lags) for d in drawn} == {len(d.kinds) for d in drawn} == {1, 2, 3}
    assert {len(d.silences) for d in drawn} == {0, 1, 2, 3}
    assert (min(d.ttl for d in drawn), max(d.ttl for d in drawn)) == (0, 300)
    assert (min(d.loss for d in drawn), max(d.loss for d in drawn)) == (0.0, 0.05)
    steps = [setting.by_ms for d in drawn for setting in d.settings]
    assert min(steps) < -30_000
    assert max(steps) > 30_000
    assert min(map(abs, steps)) < 1_000
    assert sum(bool(d.settings) for d in drawn) > 200


def test_a_number_is_always_the_same_drill() -> None:
    """Else nobody could look at one that failed."""
    one, other = judged(7), judged(7)

    assert one == other
