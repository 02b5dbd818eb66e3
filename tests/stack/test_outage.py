"""Table storage fails in the middle of a drill: the drill survives, and what was missed is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.aftermath import assert_all_is_well
from tests.support.interruptions import Interruption, spread
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile
from tests.support.proxy import Proxy, running_proxy

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
CLOSED_SECONDS = 3_000.0
DRILL_SECONDS = 126.0  # of this drill, left in peace
MOMENTS, SEED = 12, 5
SHORT_SECONDS = 30.0
ATTEMPTED_SHARE_MIN = 0.97  # a busy machine sleeps through a slot; an outage that is lost is more


@dataclass
class Behind:
    """A stack whose function host reaches the Table service through a proxy."""

    lab: Lab
    proxy: Proxy


@contextmanager
def behind_a_proxy(lab: Lab) -> Iterator[Behind]:
    """Have the function host of a lab reach its tables through a proxy."""
    direct = lab.stack.tables
    port = direct.rpartition("127.0.0.1:")[2].partition("/")[0]
    with running_proxy(int(port)) as proxy:
        through = direct.replace(f"127.0.0.1:{port}", f"127.0.0.1:{proxy.port}")
        lab.restart_host({"TABLES_CONNECTION": through})
        yield Behind(lab, proxy)


@pytest.fixture(scope="module")
def behind(start_lab: StartLab) -> Iterator[Behind]:
    """Return a stack behind a proxy, with the lab's profile at quick settings."""
    with start_lab(SPEED) as lab, behind_a_proxy(lab) as behind:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield behind


def refuse(behind: Behind, virtual_seconds: float) -> None:
    """Nobody listens where the tables are."""
    behind.proxy.refuse()
    behind.lab.pause(virtual_seconds)
    behind.proxy.resume()


def hang(behind: Behind, virtual_seconds: float) -> None:
    """The way to the tables swallows everything for a while."""
    behind.proxy.hang()
    behind.lab.pause(virtual_seconds)
    behind.proxy.resume()


def freeze(behind: Behind, virtual_seconds: float) -> None:
    """The Table service itself stands still."""
    behind.lab.freeze(behind.lab.stack.azurite.child, virtual_seconds)


OUTAGES = {"refuses": refuse, "hangs": hang, "freezes": freeze}


def gaps(report: Json, since: datetime, until: datetime) -> list[Json]:
    """The gaps that the report states of that time."""
    return [
        gap
        for gap in report["samples"]["gaps"]
        if at(gap["after"]) < until and at(gap["until"]) > since
    ]


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
    lab, drill_id = behind.lab, f"{outage}-{virtual_seconds}"
    lab.wait_online()
    lab.start_drill(drill_id, QUICK_PLAN)
    for _ in lab.turns(300, "the machine to be stopped"):
        if not lab.is_running():
            break
    since = lab.now()
    OUTAGES[outage](behind, virtual_seconds)
    until = lab.now()
    closed = lab.wait_closed(drill_id, CLOSED_SECONDS)
    report = lab.report(drill_id)
    assert closed["ending"] == "finished"
    assert_all_is_well(lab, report)
    assert report["samples"]["attemptedShare"] >= ATTEMPTED_SHARE_MIN or gaps(report, since, until)


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
