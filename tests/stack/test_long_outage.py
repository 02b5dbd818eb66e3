"""Table storage fails for minutes in the middle of a drill: what was sampled is kept, and written.

Two minutes lose nothing, nor do twenty: half an hour is held. Beyond that a gap is left, and the
report states it. Whatever is lost, what the report does say is true.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.core.windows import HELD_MS_MAX
from tests.stack.conftest import StartLab
from tests.support.aftermath import assert_all_is_well
from tests.support.lab import Lab, at, lab_profile
from tests.support.outages import Behind, Drilled, behind_a_proxy, drill_through, gaps

Json = dict[str, Any]


SPEED = 30
TWO, TWENTY, FORTY = 120.0, 1_200.0, 2_400.0
ASKED_SHARE_MIN = 0.9
"""Of the seconds of an outage; a busy machine sleeps through one or the other."""
NAP_SECONDS_MAX = 20.0
"""What is lost in storage is lost by the minute."""
FRESH = "client/fresh"


def asked_share(lab: Lab, drilled: Drilled) -> float:
    """The share of the outage's seconds in which the client was asked, as recorded."""
    path = f"/drills/{drilled.closed['id']}/timeline?series={FRESH}&$top=5000"
    asked = [at(record["askedAt"]) for record in lab.must("GET", path)["value"]]
    since, until = drilled.since, drilled.until
    during = {each.replace(microsecond=0) for each in asked if since <= each < until}
    return len(during) / (until - since).total_seconds()


def longest_gap_seconds(report: Json) -> float:
    """How long the client was not asked, at the longest."""
    found = [gap for gap in report["samples"]["gaps"] if gap["series"] == FRESH]
    return max(((at(g["until"]) - at(g["after"])).total_seconds() for g in found), default=0.0)


@pytest.fixture(scope="module")
def behind(start_lab: StartLab) -> Iterator[Behind]:
    """Return a stack behind a proxy, faster than others: outages are long."""
    with start_lab(SPEED) as lab, behind_a_proxy(lab) as behind:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield behind


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

    assert asked_share(behind.lab, drilled) >= ASKED_SHARE_MIN
    assert longest_gap_seconds(drilled.report) <= NAP_SECONDS_MAX
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
