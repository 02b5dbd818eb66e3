"""Unbound, a resolver of another make, as a vantage of a drill in real time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from devtools import truth_check
from tests.stack.conftest import StartLab
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile
from tests.support.real_resolvers import Resolver, emulated_zones, needs, start_unbound

Json = dict[str, Any]

pytestmark = [pytest.mark.long, needs("unbound", "unbound")]

TTL_SECONDS = 20
DRILL_SECONDS = 900.0
RESOLUTION_SECONDS = 1.0
"""A cache counts whole seconds, and asks only once somebody has asked it."""


@pytest.fixture
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """A stack in real time: a resolver of another make knows no other."""
    with start_lab(1) as lab:
        yield lab


@pytest.fixture
def unbound(lab: Lab, tmp_path: Path) -> Iterator[Resolver]:
    """Unbound before the emulated zones, and the app told of it beside the emulated resolver."""
    azure = lab.stack.azure
    zones = emulated_zones(azure["authoritative"], azure["publicIpZone"])
    started = start_unbound(zones, tmp_path)
    try:
        started.wait()
        lab.restart_host({"DNS_RESOLVERS": ",".join([*azure["resolvers"], started.address])})
        yield started
    finally:
        started.stop()


def bounds(report: Json, name: str, vantage: str) -> tuple[datetime, datetime]:
    """When a milestone was, at one vantage."""
    (found,) = [m for m in report["milestones"] if (m["name"], m["vantage"]) == (name, vantage)]
    return at(found["after"]), at(found["notAfter"])


def answers(truth: list[Json], value: str, since: datetime) -> list[datetime]:
    """When the name servers came to answer with an endpoint."""
    instants = (at(e["at"]) for e in truth if (e["kind"], e["value"]) == ("answer", value))
    return [instant for instant in instants if instant >= since]


def test_unbound_switches_within_the_ttl(lab: Lab, unbound: Resolver) -> None:
    """Not before a name server did, and not later than the TTL after the last of them."""
    lab.provision(lab_profile("10/5/0", TTL_SECONDS))
    started = at(lab.start_drill("unbound", QUICK_PLAN)["startedAt"])
    assert lab.wait_closed("unbound", DRILL_SECONDS)["ending"] == "finished"
    report, truth = lab.report("unbound"), lab.truth()

    for name, endpoint in (("resolverSwitched", "amsterdam"), ("resolverBack", "virginia")):
        began = started if name == "resolverSwitched" else answers(truth, "amsterdam", started)[0]
        switches = answers(truth, endpoint, began)[: len(lab.stack.azure["authoritative"])]
        after, not_after = bounds(report, name, unbound.address)
        allowed = timedelta(seconds=TTL_SECONDS + RESOLUTION_SECONDS)
        assert min(switches) <= not_after, "no cache learns of what nobody has said yet"
        assert after <= max(switches) + allowed, "an answer past its TTL"
        assert not_after - after <= timedelta(seconds=2.5), "known to a sample"
    # Of all others the truth is known; of Unbound it is not.
    judged = [
        f for f in truth_check.check(report, {"events": truth}) if f.vantage != unbound.address
    ]
    assert [f for f in judged if not f.holds] == []
    assert [f for f in report["findings"] if f["subject"] == unbound.address] == []


@pytest.mark.soak  # tests/emulator/test_real_resolvers.py asks Unbound itself the same
def test_a_ttl_that_unbound_tells_counts_down(lab: Lab, unbound: Resolver) -> None:
    """The samples hold what is left of it."""
    lab.provision(lab_profile("10/5/0", TTL_SECONDS))
    lab.start_drill("counted", QUICK_PLAN | {"steadySeconds": 30})
    lab.pause(25)
    series = f"dns/recursive/{unbound.address}"
    lab.must("POST", "/drills/counted/stop")
    lab.wait_closed("counted", DRILL_SECONDS)
    samples = lab.must("GET", f"/drills/counted/timeline?series={series}")["value"]

    left = [sample["ttlSeconds"] for sample in samples if sample["outcome"] == "ok"]
    assert max(left) <= TTL_SECONDS
    assert set(range(5, 15)) <= set(left)
    falls = [one - other for one, other in pairwise(left) if one > other]
    assert sum(fall == 1 for fall in falls) >= 0.8 * len(falls)
