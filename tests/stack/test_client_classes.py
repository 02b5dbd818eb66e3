"""What every class of client lives through in a whole drill, held against the truth."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.stack.conftest import StartLab
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

SPEED = 20
DRILL_SECONDS = 3_000.0  # virtual; far beyond what such a drill takes
ATTEMPTS = 3
SLACK_SECONDS = 0.05 * SPEED  # 50 ms of this machine
FOLLOWING = ("fresh", "ttl", "keepalive")
CLASSES = (*FOLLOWING, "pinned")


def drilled(lab: Lab, drill_id: str) -> tuple[Json, list[Json]]:
    """Run a quick drill; its report, and what truly happened in it."""
    started = at(lab.start_drill(drill_id, QUICK_PLAN)["startedAt"])
    closed = lab.wait_closed(drill_id, DRILL_SECONDS)
    assert (closed["ending"], closed["reason"]) == ("finished", None)
    return lab.report(drill_id), [e for e in lab.truth() if at(e["at"]) >= started]


def first(truth: list[Json], kind: str, value: object, since: datetime | None = None) -> datetime:
    """When something first happened, of what concerns the endpoint under test or any resolver."""
    instants = (at(e["at"]) for e in truth if (e["kind"], e["value"]) == (kind, value))
    return next(instant for instant in instants if since is None or instant >= since)


def true_downtimes(truth: list[Json]) -> dict[str, float]:
    """How long each class was without service, by what the emulator did.

    Those that resolve come back when their resolver has learnt of the survivor; `pinned` when its
    machine serves again.
    """
    down = first(truth, "serving", False)
    switched = first(truth, "resolverAnswer", "amsterdam", down)
    serving = first(truth, "serving", True, down)
    seconds = {client: (switched - down) / timedelta(seconds=1) for client in FOLLOWING}
    return seconds | {"pinned": (serving - down) / timedelta(seconds=1)}


def assert_holds_the_truth(report: Json, truth: list[Json]) -> Iterator[str]:
    """Every class's downtime lies between its bounds; yield those that are told too vaguely.

    The middle of the bounds is at most one sample from the truth: each end is known to a sample.
    """
    told = {each["class"]: each for each in report["clientDowntime"]}
    assert sorted(told) == sorted(CLASSES)
    for client, seconds in true_downtimes(truth).items():
        low, high = told[client]["secondsMin"], told[client]["secondsMax"]
        assert low <= seconds <= high, f"{client}: {seconds} s is not in {low} … {high} s"
        if abs((low + high) / 2 - seconds) > 1 + SLACK_SECONDS or high - low > 2 + SLACK_SECONDS:
            yield f"{client}: {low} … {high} s for {seconds} s"


def assert_what_ttl_cannot_fix(report: Json) -> None:
    """The kept address fails to the end of the outage, the kept connection never comes back."""
    reached = [(m["name"], m["vantage"]) for m in report["milestones"]]
    assert sorted(at for name, at in reached if name == "clientOnSurvivor") == sorted(FOLLOWING)
    assert sorted(at for name, at in reached if name == "clientOnPrimary") == [
        "fresh",
        "pinned",
        "ttl",
    ]
    assert [(m["name"], m["vantage"]) for m in report["notReached"]] == [
        ("clientOnSurvivor", "pinned"),
        ("clientOnPrimary", "keepalive"),
    ]
    found = [(f["code"], f["subject"]) for f in report["findings"] if "Client" in f["code"]]
    assert sorted(found) == [("ClientNeverRecovered", "pinned"), ("ClientStayed", "keepalive")]
    assert [o["verdict"] for o in report["objectives"]] == ["met", "met"]


def samples(lab: Lab, drill_id: str, client: str) -> list[Json]:
    """The recorded samples of a class."""
    told: list[Json] = lab.must("GET", f"/drills/{drill_id}/timeline?series=client/{client}")[
        "value"
    ]
    return told


def test_every_class_is_down_as_long_as_it_truly_was(start_lab: StartLab) -> None:
    """And only those that resolve again are where DNS says."""
    blurs: list[str] = []
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile("10/9/0", 5))
        for attempt in range(ATTEMPTS):
            report, truth = drilled(lab, f"classes-{attempt}")
            assert_what_ttl_cannot_fix(report)
            blurs = list(assert_holds_the_truth(report, truth))
            if not blurs:
                break
        kept = samples(lab, f"classes-{attempt}", "keepalive")
        lab.must("GET", "/health")
    assert blurs == []
    # It resolved at its beginning, and after every request that its machine did not answer.
    failed = sum(sample["outcome"] != "ok" for sample in kept)
    resolved = [sample for sample in kept if sample["ttlSeconds"] is not None]
    assert 2 <= len(resolved) <= 1 + failed + 1
    assert kept[-1]["ttlSeconds"] is None


@pytest.mark.long
def test_clients_that_keep_something_stay_on_an_endpoint_that_was_taken_out(
    start_lab: StartLab,
) -> None:
    """Its machine serves on: they lose nothing, and traffic does not all leave."""
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile("10/9/0", 5))
        lab.start_drill("switchover", QUICK_PLAN | {"fault": "endpointDisable"})
        assert lab.wait_closed("switchover", DRILL_SECONDS)["ending"] == "finished"
        report = lab.report("switchover")
        served = {client: samples(lab, "switchover", client) for client in CLASSES}

    stayed = [f for f in report["findings"] if f["code"] == "ClientStayed"]
    assert sorted(f["subject"] for f in stayed) == ["keepalive", "pinned"]
    assert all("stayed on virginia in the failover" in f["message"] for f in stayed)
    for client in ("keepalive", "pinned"):
        answers = {s["answer"] for s in served[client] if s["outcome"] == "ok"}
        assert len(answers) == 1
    assert len({s["answer"] for s in served["ttl"] if s["outcome"] == "ok"}) == 2


@pytest.mark.long
def test_a_restart_in_the_outage_changes_no_pinned_address(start_lab: StartLab) -> None:
    """The timeline remembers it; that the others were begun anew is said."""
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile("10/9/0", 5))
        lab.start_drill("restarted", QUICK_PLAN | {"holdSeconds": 60})
        for _ in lab.turns(600, "the hold"):
            if lab.must("GET", "/drills/restarted")["phase"] == "hold":
                break
        lab.kill_host()
        lab.start_host()
        assert lab.wait_closed("restarted", DRILL_SECONDS)["ending"] == "finished"
        report, truth = lab.report("restarted"), lab.truth()
        pinned = samples(lab, "restarted", "pinned")

    serving = first(truth, "serving", True, first(truth, "serving", False))
    assert {s["answer"] for s in pinned if s["outcome"] == "ok"} == {pinned[0]["answer"]}
    assert all(
        s["outcome"] != "ok"
        for s in pinned
        if first_down(truth) < at(s["askedAt"]) < serving - timedelta(seconds=2)
    )
    found = {(f["code"], f["subject"]) for f in report["findings"]}
    assert ("ClientNeverRecovered", "pinned") in found
    assert {("ClientBegunAnew", "keepalive"), ("ClientBegunAnew", "ttl")} <= found


def first_down(truth: list[Json]) -> datetime:
    """When the machine stopped serving, and a busy one's last answer was out."""
    return first(truth, "serving", False) + timedelta(seconds=1)
