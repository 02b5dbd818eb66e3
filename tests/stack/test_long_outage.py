"""Table storage fails for minutes in the middle of a drill: what was sampled is kept, and written.

Two minutes lose nothing, nor do twenty: half an hour is held. Beyond that a gap is left, and the
report states it. Whatever is lost, what the report does say is true.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from shared.core.windows import HELD_MS_MAX
from tests.stack.conftest import StartLab
from tests.stack.test_outage import CLOSED_SECONDS, OUTAGES, Behind, behind_a_proxy, gaps
from tests.support.aftermath import assert_all_is_well
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]


SPEED = 30
TWO, TWENTY, FORTY = 120.0, 1_200.0, 2_400.0
ASKED_SHARE_MIN = 0.9
"""Of the seconds of an outage; a busy machine sleeps through one or the other."""
NAP_SECONDS_MAX = 20.0
"""What is lost in storage is lost by the minute."""
FRESH = "client/fresh"


@dataclass
class Drilled:
    """A drill that went through an outage, from when to when."""

    closed: Json
    report: Json
    since: datetime
    until: datetime

    def asked_share(self, lab: Lab) -> float:
        """The share of the outage's seconds in which the client was asked, as recorded."""
        path = f"/drills/{self.closed['id']}/timeline?series={FRESH}&$top=5000"
        asked = [at(record["askedAt"]) for record in lab.must("GET", path)["value"]]
        during = {each.replace(microsecond=0) for each in asked if self.since <= each < self.until}
        return len(during) / (self.until - self.since).total_seconds()

    def longest_gap_seconds(self) -> float:
        """How long the client was not asked, at the longest."""
        gaps = [gap for gap in self.report["samples"]["gaps"] if gap["series"] == FRESH]
        return max(((at(g["until"]) - at(g["after"])).total_seconds() for g in gaps), default=0.0)


@pytest.fixture(scope="module")
def behind(start_lab: StartLab) -> Iterator[Behind]:
    """Return a stack behind a proxy, faster than others: outages are long."""
    with start_lab(SPEED) as lab, behind_a_proxy(lab) as behind:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield behind


def drill_through(behind: Behind, outage: str, virtual_seconds: float) -> Drilled:
    """Run a drill whose tables go when its machine has stopped, and come back."""
    lab, drill_id = behind.lab, f"{outage}-{virtual_seconds:g}"
    lab.wait_online()
    lab.start_drill(drill_id, QUICK_PLAN)
    for _ in lab.turns(300, "the machine to be stopped"):
        if not lab.is_running():
            break
    since = lab.now()
    OUTAGES[outage](behind, virtual_seconds)
    until = lab.now()
    closed = lab.wait_closed(drill_id, CLOSED_SECONDS)
    return Drilled(closed, lab.report(drill_id), since, until)


@pytest.mark.long
@pytest.mark.parametrize(
    ("outage", "virtual_seconds"),
    [
        ("refuses", TWO),
        ("freezes", TWENTY),
        pytest.param("freezes", TWO, marks=pytest.mark.soak),
        pytest.param("refuses", TWENTY, marks=pytest.mark.soak),
    ],
)
def test_what_was_sampled_meanwhile_is_written_later(
    behind: Behind, outage: str, virtual_seconds: float
) -> None:
    """Every second of the outage is there, and the verdicts rest on it."""
    drilled = drill_through(behind, outage, virtual_seconds)

    assert drilled.asked_share(behind.lab) >= ASKED_SHARE_MIN
    assert drilled.longest_gap_seconds() <= NAP_SECONDS_MAX
    assert_all_is_well(behind.lab, drilled.report)
    failover, _ = drilled.report["objectives"]
    assert failover["verdict"] == "met"


@pytest.mark.soak
def test_what_cannot_be_held_is_a_gap_that_is_stated(behind: Behind) -> None:
    """After half an hour the oldest minutes go; nothing that is said of the drill is false."""
    assert FORTY * 1_000 > HELD_MS_MAX
    drilled = drill_through(behind, "refuses", FORTY)

    stated = gaps(drilled.report, drilled.since, drilled.until)
    assert FRESH in {gap["series"] for gap in stated}
    assert {finding["code"] for finding in drilled.report["findings"]} >= {"Gap", "ThinSampling"}
    assert_all_is_well(behind.lab, drilled.report)
    failover, _ = drilled.report["objectives"]
    assert failover["verdict"] != "missed"
