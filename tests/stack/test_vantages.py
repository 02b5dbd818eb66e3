"""Every server and every client subnet is a vantage of its own, with its own switch time."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devtools import paths, truth_check
from tests.stack.conftest import StartLab
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
LAG_SECONDS = 12.0
DRILL_SECONDS = 3_000.0  # virtual; far beyond what such a drill takes
SUBNETS = ("203.0.113.0/24", "2001:db8::/48")


def lagging(folder: Path) -> Path:
    """The lab, with a name server that learns of every switch later than the other."""
    topology = json.loads(paths.TOPOLOGY.read_text())
    topology["trafficManagerNameServers"][1]["lagSeconds"] = LAG_SECONDS
    file = folder / "lagging.json"
    file.write_text(json.dumps(topology))
    return file


def drilled(lab: Lab) -> tuple[Json, list[Json]]:
    """Run a quick drill; its report, and what truly happened in it."""
    started = at(lab.start_drill("vantages", QUICK_PLAN)["startedAt"])
    assert lab.wait_closed("vantages", DRILL_SECONDS)["ending"] == "finished"
    return lab.report("vantages"), [e for e in lab.truth() if at(e["at"]) >= started]


def switched(report: Json, name: str) -> dict[str, tuple[datetime, datetime]]:
    """The bounds of a milestone at each of its vantages."""
    return {
        m["vantage"]: (at(m["after"]), at(m["notAfter"]))
        for m in report["milestones"]
        if m["name"] == name
    }


def test_a_lagging_name_server_and_client_subnets_are_told_apart(
    start_lab: StartLab, tmp_path: Path
) -> None:
    """Each has its true instant between its bounds; the lag is found, and who lags."""
    settings = {"DNS_CLIENT_SUBNETS": ",".join(SUBNETS)}
    with start_lab(SPEED, topology=lagging(tmp_path), settings=settings) as lab:
        lab.provision(lab_profile("10/9/0", 20))
        first, second = lab.stack.azure["authoritative"]
        (resolver,) = lab.stack.azure["resolvers"]
        report, truth = drilled(lab)

    assert [f for f in truth_check.check(report, {"events": truth}) if not f.holds] == []
    servers = {
        f"{s}{subnet}" for s in (first, second) for subnet in ("", *map("/{}".format, SUBNETS))
    }
    assert set(switched(report, "authoritativeSwitched")) == servers
    assert set(switched(report, "authoritativeBack")) == servers
    assert set(switched(report, "resolverSwitched")) == {
        resolver,
        *(f"{resolver}/{subnet}" for subnet in SUBNETS),
    }
    for name in ("authoritativeSwitched", "authoritativeBack"):
        bounds = switched(report, name)
        apart = bounds[second][0] - bounds[first][1], bounds[second][1] - bounds[first][0]
        assert apart[0] <= timedelta(seconds=LAG_SECONDS) <= apart[1]
    disagreed = [f for f in report["findings"] if f["code"] == "ServersDisagree"]
    assert [f["subject"].partition("/")[0] for f in disagreed] == [second, second]
    assert all(f["secondsMin"] <= LAG_SECONDS <= f["secondsMax"] for f in disagreed)
