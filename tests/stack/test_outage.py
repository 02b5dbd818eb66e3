"""Table storage fails in the middle of a drill: the drill survives, and what was missed is told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.aftermath import assert_all_is_well
from tests.support.interruptions import Interruption, spread
from tests.support.lab import QUICK_PLAN, at, lab_profile
from tests.support.outages import (
    CLOSED_SECONDS,
    OUTAGES,
    Behind,
    behind_a_proxy,
    drill_through,
    gaps,
)

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
DRILL_SECONDS = 126.0  # of this drill, left in peace
MOMENTS, SEED = 12, 5
SHORT_SECONDS = 30.0
ATTEMPTED_SHARE_MIN = 0.97  # a busy machine sleeps through a slot; an outage that is lost is more


@pytest.fixture(scope="module")
def behind(start_lab: StartLab) -> Iterator[Behind]:
    """Return a stack behind a proxy, with the lab's profile at quick settings."""
    with start_lab(SPEED) as lab, behind_a_proxy(lab) as behind:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield behind


@pytest.mark.parametrize(
    ("outage", "virtual_seconds"),
    [
        *((outage, 30) for outage in OUTAGES),
        ("refuses", 300),
        ("freezes", 300),
        pytest.param("hangs", 300, marks=pytest.mark.soak),
    ],
)
def test_a_drill_survives_its_tables(behind: Behind, outage: str, virtual_seconds: int) -> None:
    """The machine is stopped, the tables go and come back: the drill ends, the machine runs.

    Samples of the outage were written later, or else the report states the gap.
    """
    drilled = drill_through(behind, outage, virtual_seconds)
    report = drilled.report
    assert drilled.closed["ending"] == "finished"
    assert_all_is_well(behind.lab, report)
    stated = gaps(report, drilled.since, drilled.until)
    assert report["samples"]["attemptedShare"] >= ATTEMPTED_SHARE_MIN or stated


@pytest.mark.soak
@pytest.mark.parametrize("moment", spread(MOMENTS, SEED, DRILL_SECONDS), ids=str)
@pytest.mark.parametrize("outage", OUTAGES)
def test_a_drill_survives_its_tables_at_any_moment(
    behind: Behind, outage: str, moment: Interruption
) -> None:
    """Also while the drill starts, injects, restores or closes: nothing stays broken or locked."""
    lab, drill_id = behind.lab, f"{outage}-{moment}".replace(".", "-")
    lab.wait_online()
    started = at(lab.start_drill(drill_id, QUICK_PLAN)["startedAt"])
    lab.sleep_until(started + timedelta(seconds=moment.after_seconds))
    OUTAGES[outage](behind, SHORT_SECONDS)
    lab.wait_closed(drill_id, CLOSED_SECONDS)
    assert_all_is_well(lab, lab.report(drill_id))
