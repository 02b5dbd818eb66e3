"""The function host dies or freezes at any one of a drill's requests: nothing stays broken.

Real processes: kill -9 and SIGSTOP, before and after writes to tables and requests to ARM, which a
drill that nothing befalls has enumerated. The emulated Azure tells what happened.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.stack.conftest import StartLab
from tests.support.aftermath import (
    assert_all_is_well,
    assert_every_write_is_owed,
    configuration,
    injections,
)
from tests.support.hands import PROBE_PATH
from tests.support.lab import QUICK_PLAN, Json, lab_profile
from tests.support.request_points import WirePoint, draw
from tests.support.telling import tell
from tests.support.wired_lab import WiredLab, wired

pytestmark = pytest.mark.long

SPEED = 20
SEED = 7
POINTS, SAMPLE = 34, 2
MISSED_MAX = 4
"""Of a kind's points: requests that this drill did not come to send so often."""
HELD_POINTS = 6
PLANS: dict[str, Json] = {
    "vmPowerOff": {"fault": "vmPowerOff"},
    "vmDeallocate": {"fault": "vmDeallocate"},
    "endpointDisable": {"fault": "endpointDisable"},
    "probePath": {"fault": "probePath", "probePath": PROBE_PATH},
}
HELD: dict[str, Json] = {
    f"{name}-held": PLANS[name] | {"failback": "hold", "failbackHoldSecondsMax": 30}
    for name in ("vmPowerOff", "probePath")
}
LATE_SECONDS = 120.0  # nothing that was ever sent arrives later


@dataclass
class Runs:
    """The stack that all drills run on, and what was learnt from them."""

    wired: WiredLab
    before: list[Json]
    counted: dict[str, Counter[str]] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)

    def points_of(self, kind: str, count: int) -> list[WirePoint]:
        """Return the points of a kind of drill; its requests are counted once, undisturbed."""
        if kind not in self.counted:
            self.run(kind, f"{kind}-undisturbed", None)
            self.counted[kind] = Counter(self.wired.trap.counted)
        return draw(self.counted[kind], count, f"{SEED} {kind}")

    def run(self, kind: str, drill_id: str, point: WirePoint | None) -> None:
        """Run a drill, and see that it has left everything as it was."""
        lab = self.wired.lab
        lab.wait_online()
        plan = QUICK_PLAN | (PLANS | HELD)[kind]
        started = self.wired.run_drill(drill_id, plan, point)
        report = lab.report(drill_id)
        assert_all_is_well(lab, report)
        assert_every_write_is_owed(lab, drill_id, started)
        assert configuration(lab) == self.before
        endings = {"finished"} if point is None else {"finished", "stopped", "cancelled"}
        assert report["ending"] in endings


@pytest.fixture(scope="module")
def runs(start_lab: StartLab, request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Return a stack behind proxies, with the lab's profile at quick settings."""
    body = lab_profile("10/9/0", ttl_seconds=5)
    body["endpoints"][0]["customHeaders"] = [{"name": "x-tenant", "value": "blue"}]
    with start_lab(SPEED) as lab, wired(lab) as through:
        lab.provision(body)
        made = Runs(through, configuration(lab))
        yield made
        total = made.struck.total()
        tell(request, f"crash matrix, real processes: {total} drills {dict(made.struck)}")


def _points(kinds: dict[str, Json], count: int, sample: int) -> list[object]:
    return [
        pytest.param(kind, count, at, id=f"{kind}-{at}", marks=[] if at < sample else SOAK)
        for kind in kinds
        for at in range(count)
    ]


SOAK = pytest.mark.soak


@pytest.mark.parametrize(
    ("kind", "count", "at"), [*_points(PLANS, POINTS, SAMPLE), *_points(HELD, HELD_POINTS, 0)]
)
def test_whatever_befalls_the_host_at_a_request_nothing_is_left_broken(
    runs: Runs, request: pytest.FixtureRequest, kind: str, count: int, at: int
) -> None:
    """Machines run, headers and statuses are as before, no lock and no undo is left."""
    point = runs.points_of(kind, count)[at]
    tell(request, f"{kind}: {point}")
    runs.run(kind, f"{kind}-{at}", point)
    if runs.wired.trap.struck.is_set():
        runs.struck[kind] += 1
    else:
        runs.missed[kind] += 1
    assert runs.missed[kind] <= MISSED_MAX


def test_nothing_arrives_late(runs: Runs) -> None:
    """Long after the last drill has closed nothing of it has broken anything."""
    before = injections(runs.wired.lab)
    runs.wired.lab.pause(LATE_SECONDS)
    assert injections(runs.wired.lab) == before
    assert configuration(runs.wired.lab) == runs.before
