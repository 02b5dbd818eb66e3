"""A report on the wire, in the member names of the product contract."""

import json
from dataclasses import replace

from shared.core.envelope import envelope_of
from shared.core.model import Phase
from shared.core.report import build_report
from shared.core.samples import Timeline
from shared.render.wire import envelope_to_wire, to_wire
from tests.support.drills import LAB, a_drill
from tests.support.worlds import Sampler, World, a_finished_drill, timeline

LAB_TIMELINE = timeline(World())


def test_a_report_has_at_least_the_members_of_the_contract() -> None:
    """Scripts read them by these names."""
    wire = to_wire(build_report(a_finished_drill(), LAB_TIMELINE))

    assert {
        "drillId", "profile", "endpoint", "fault", "environment", "ending", "reason",
        "objectives", "phases", "milestones", "notReached", "clientDowntime", "envelope",
        "findings", "samples",
    } <= set(wire)  # fmt: skip
    assert (wire["drillId"], wire["endpoint"], wire["fault"]) == ("d1", "virginia", "vmPowerOff")
    assert wire["environment"] == {"kind": "azure", "clockSpeed": 1.0}
    assert (wire["ending"], wire["startedBy"]) == ("finished", "operator")


def test_an_objective_on_the_wire() -> None:
    """Bounds, promise, verdict, and why."""
    failover, failback = to_wire(build_report(a_finished_drill(), LAB_TIMELINE))["objectives"]

    assert failover.pop("because").startswith("Met: ")
    assert failover == {
        "name": "failover",
        "rtoSeconds": 300,
        "secondsMin": 183.999,
        "secondsMax": 188.007,
        "verdict": "met",
        "sinceRequest": {"secondsMin": 197.8, "secondsMax": 199.007},
    }
    assert failback["name"] == "failback"


def test_a_milestone_on_the_wire() -> None:
    """Instants in RFC 3339, the ids of two samples, null for none."""
    recorded = timeline(World(), Sampler(gaps=((0.0, 110.0),)))
    wire = to_wire(build_report(a_finished_drill(), recorded))

    (effective,) = [m for m in wire["milestones"] if m["name"] == "faultEffective"]

    assert effective == {
        "name": "faultEffective",
        "of": "failover",
        "vantage": "virginia",
        "after": "2026-11-22T09:01:30.000Z",
        "notAfter": "2026-11-22T09:01:52.001Z",
        "samples": [None, "health/virginia@2026-11-22T09:01:50.000Z#one"],
        "provedByTimeout": True,
    }


def test_phases_and_downtime_on_the_wire() -> None:
    """By name and switch, by class."""
    wire = to_wire(build_report(a_finished_drill(), LAB_TIMELINE))

    boot = next(phase for phase in wire["phases"] if phase["name"] == "boot")
    assert boot["of"] == "failback"
    assert boot["promised"] == {"secondsMin": 0.0, "secondsMax": None}
    assert wire["clientDowntime"] == [
        {"class": "fresh", "secondsMin": 186.0, "secondsMax": 188.007, "failedSlots": 187}
    ]


def test_flaps_gaps_and_findings_on_the_wire() -> None:
    """What a reader should know beside the verdict."""
    recorded = timeline(World(), Sampler(gaps=((300.0, 310.0),)))
    odd = recorded.series("dns/authoritative/127.1.1.1:53")[150].id
    samples = tuple(s._replace(answer="127.1.0.5") if s.id == odd else s for s in recorded.samples)

    wire = to_wire(build_report(a_finished_drill(), replace(recorded, samples=samples)))

    assert [flap["name"] for flap in wire["flaps"]] == ["authoritativeSwitched"]
    assert {
        "series": "client/fresh",
        "after": "2026-11-22T09:04:59.000Z",
        "until": "2026-11-22T09:05:10.000Z",
    } in wire["samples"]["gaps"]
    assert {finding["code"] for finding in wire["findings"]} == {"ThinSampling", "Flap", "Gap"}


def test_a_running_drill_on_the_wire() -> None:
    """What is not known is null."""
    wire = to_wire(build_report(a_drill(Phase.FAILOVER), Timeline()))

    assert (wire["ending"], wire["closedAt"], wire["samplingError"]) == (None, None, None)
    assert wire["objectives"][0]["secondsMin"] is None
    assert wire["notReached"][0]["notBefore"] is None


def test_a_report_is_json() -> None:
    """Numbers are finite, names are text."""
    wire = to_wire(build_report(a_finished_drill(), LAB_TIMELINE))

    assert json.loads(json.dumps(wire, allow_nan=False)) == wire


def test_an_envelope_on_the_wire() -> None:
    """For what-if questions; unbounded is null, never infinity."""
    wire = envelope_to_wire(envelope_of(LAB, a_drill().plan))

    assert wire["failover"]["phases"][0] == {
        "name": "detection",
        "secondsMin": 100.0,
        "secondsMax": 130.0,
    }
    assert wire["failback"]["secondsMax"] is None
    assert wire["rtoFloorSeconds"] == 100.0
    assert [formula["name"] for formula in wire["formulas"]] == [
        "published",
        "corrected",
        "switchback",
    ]
