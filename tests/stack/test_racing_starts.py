"""Fifty clients ask at once: one drill starts, and everybody is told the truth about it.

The function host runs without its timers: nothing moves the drill on while they race.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stack.conftest import StartLab
from tests.support.lab import NO_TIMERS, QUICK_PLAN, Answered, Lab, lab_profile

pytestmark = pytest.mark.long

CLIENTS = 50
CLOSED_SECONDS = 600.0


@pytest.fixture(scope="module")
def stack(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack on which the lab's profile is Online."""
    with start_lab(20, settings=NO_TIMERS) as lab:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield lab


@pytest.fixture
def lab(stack: Lab) -> Iterator[Lab]:
    """Return the stack, and end whatever drill is running afterwards."""
    yield stack
    (drill,) = stack.must("GET", "/drills")["value"][:1]
    stack.must("POST", f"/drills/{drill['id']}/stop")
    stack.restart_host({})
    stack.wait_closed(drill["id"], CLOSED_SECONDS)
    stack.restart_host(NO_TIMERS)


def raced(lab: Lab, ids: list[str]) -> list[Answered]:
    """Ask for all these drills at the same time."""
    line = threading.Barrier(len(ids))

    def ask(drill_id: str) -> Answered:
        line.wait()
        return lab.call("PUT", f"/drills/{drill_id}", QUICK_PLAN)

    with ThreadPoolExecutor(len(ids)) as pool:
        return list(pool.map(ask, ids))


def locks(lab: Lab) -> list[str]:
    """Return the drills that hold a profile."""
    return [row["drill_id"] for (_, _, key), row in lab.tables().items() if key.startswith("lock|")]


def test_of_fifty_drills_on_one_profile_one_starts(lab: Lab) -> None:
    """One 201; all others 409 ProfileBusy, naming the one; nothing else is left of them."""
    answers = raced(lab, [f"race-{number}" for number in range(CLIENTS)])

    assert Counter(a.status for a in answers) == {201: 1, 409: CLIENTS - 1}
    (started,) = [a.json["id"] for a in answers if a.status == 201]
    refused = [a.error for a in answers if a.status == 409]
    assert {error["code"] for error in refused} == {"ProfileBusy"}
    assert all(repr(started) in error["message"] for error in refused)
    assert locks(lab) == [started]
    drills = [key for _, _, key in lab.tables() if key.startswith("drill|race-")]
    assert drills == [f"drill|{started}"]


def test_of_fifty_requests_for_one_drill_one_starts_it(lab: Lab) -> None:
    """One 201; to all others it is there already, whoever was first."""
    answers = raced(lab, ["the-one"] * CLIENTS)

    assert Counter(a.status for a in answers) == {201: 1, 200: CLIENTS - 1}
    assert {a.json["id"] for a in answers} == {"the-one"}
    assert len({a.json["startedAt"] for a in answers}) == 1
    assert locks(lab) == ["the-one"]
