"""One resolver of each kind: each is named exactly when it misbehaves, with the right excess."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from devtools import paths, truth_check
from tests.stack.conftest import StartLab
from tests.support.lab import QUICK_PLAN, Lab, at, lab_profile

Json = dict[str, Any]

pytestmark = pytest.mark.long

SPEED = 20
TOPOLOGY = paths.TOPOLOGY.with_name("resolvers.json")
KINDS = ("honest", "extending", "capping", "serveStale", "staleFirst", "pinned", "second")
OBEDIENT = ("honest", "capping", "second")
EXTENDED_SECONDS = 300
DRILL_SECONDS = 6_000.0  # virtual; far beyond what such a drill takes
PROVABLE_SECONDS = 4.0 + 0.05 * SPEED
"""An excess this long is no matter of where samples fall: both its ends are known to a sample,
and a cache asks only when it is asked."""


@dataclass(frozen=True)
class Told:
    """A drill's report beside what truly happened."""

    report: Json
    truth: list[Json]
    resolvers: dict[str, str]  # kind by address
    ttl_seconds: int

    def named(self, of: str) -> dict[str, Json]:
        """The resolvers that are said to have kept an answer past its TTL in a switch, by kind."""
        return {
            self.resolvers[finding["subject"]]: finding
            for finding in self.report["findings"]
            if finding["code"] == "ResolverPastTtl" and finding["message"].endswith(f"the {of}.")
        }

    def stale(self) -> set[str]:
        """The resolvers that are said to have called answers of theirs stale, by kind."""
        found = [f for f in self.report["findings"] if f["code"] == "StaleAnswers"]
        return {self.resolvers[finding["subject"]] for finding in found}

    def instants(self, kind: str, value: str, subject: str = "") -> list[datetime]:
        """When something happened."""
        return [
            at(e["at"])
            for e in self.truth
            if (e["kind"], e["value"]) == (kind, value) and subject in ("", e["subject"])
        ]

    def excesses(self, of: str) -> dict[str, tuple[float, bool]]:
        """How long each resolver truly kept its answer past the TTL, and whether it gave it up.

        It is counted from the last name server's switch, as nobody can have learnt the old answer
        after it; to the end of what was watched, where it was never given up.
        """
        endpoint, other = (
            ("amsterdam", "virginia") if of == "failover" else ("virginia", "amsterdam")
        )
        began = self.instants("powerOperation", "powerOff" if of == "failover" else "start")[0]
        start = self.instants("powerOperation", "start")[0]
        end = start if of == "failover" else at(self.report["closedAt"])
        servers = {e["subject"] for e in self.truth if e["kind"] == "answer"}
        switched = max(
            next(i for i in self.instants("answer", endpoint, s) if i >= began) for s in servers
        )
        found = {}
        for address, kind in self.resolvers.items():
            learnt = [
                i for i in self.instants("resolverAnswer", endpoint, address) if began <= i < end
            ]
            had_left = of == "failover" or self.instants("resolverAnswer", other, address)
            if had_left:
                until = learnt[0] if learnt else end
                kept = (until - switched) / timedelta(seconds=1)
                found[kind] = (kept - self.ttl_seconds, bool(learnt))
        return found


def drilled(lab: Lab, drill_id: str, ttl_seconds: int, plan: Json) -> Json:
    """Begin a drill in which every resolver is a vantage."""
    lab.provision(lab_profile("10/9/0", ttl_seconds))
    drill: Json = lab.start_drill(drill_id, QUICK_PLAN | plan)
    return drill


def told(lab: Lab, drill: Json, ttl_seconds: int) -> Told:
    """Wait for the drill's end."""
    assert lab.wait_closed(drill["id"], DRILL_SECONDS)["ending"] == "finished"
    truth = [e for e in lab.truth() if at(e["at"]) >= at(drill["startedAt"])]
    resolvers = dict(zip(lab.stack.azure["resolvers"], KINDS, strict=True))
    return Told(lab.report(drill["id"]), truth, resolvers, ttl_seconds)


def assert_named_truly(drill: Told, of: str) -> None:
    """Nobody is named who obeys; who is named kept an answer for as long as is said."""
    named, excesses = drill.named(of), drill.excesses(of)
    assert not named.keys() & set(OBEDIENT)
    for kind, finding in named.items():
        (seconds, gave_up), low, high = excesses[kind], finding["secondsMin"], finding["secondsMax"]
        assert 0 < low <= seconds, f"{kind} in the {of}: {seconds} s, told as {low} … {high} s"
        assert high is not None or not gave_up
        assert high is None or seconds <= high, f"{kind} in the {of}: {seconds} s of {high} s"


def assert_named_exactly(drill: Told, of: str) -> None:
    """All are named who kept an answer past its TTL for longer than sampling blurs, and sharply."""
    assert_named_truly(drill, of)
    named = drill.named(of)
    for kind, (seconds, gave_up) in drill.excesses(of).items():
        assert kind in named or seconds < PROVABLE_SECONDS, f"{kind}: {seconds} s in the {of}"
        if kind in named and gave_up:
            low, high = named[kind]["secondsMin"], named[kind]["secondsMax"]
            assert high - low <= PROVABLE_SECONDS


def test_resolvers_that_ignore_ttls_are_named(start_lab: StartLab) -> None:
    """One that extends it by minutes, and one that never asks again; the others are not."""
    ttl_seconds = 20
    with start_lab(SPEED, topology=TOPOLOGY) as lab:
        plan = {"holdSeconds": EXTENDED_SECONDS + 30, "stabilitySeconds": 60}
        drill = told(lab, drilled(lab, "kinds", ttl_seconds, plan), ttl_seconds)

    assert [
        f for f in truth_check.check(drill.report, {"events": drill.truth}) if not f.holds
    ] == []
    for of in ("failover", "failback"):
        assert_named_exactly(drill, of)
    assert (
        {"extending", "pinned"}
        <= drill.named("failover").keys()
        <= {"extending", "pinned", "staleFirst"}
    )
    assert drill.named("failover")["pinned"]["secondsMax"] is None
    extended = drill.named("failover")["extending"]
    assert extended["secondsMax"] <= EXTENDED_SECONDS
    assert "extending" in drill.named("failback")
    assert "pinned" not in drill.named("failback"), "it never left"
    assert drill.stale() == {"staleFirst"}, "once per TTL; its like finds its servers answering"
    assert {o["name"]: o["verdict"] for o in drill.report["objectives"]} == {
        "failover": "met",
        "failback": "met",
    }


def test_a_resolver_that_serves_stale_does_so_while_nobody_answers_it(start_lab: StartLab) -> None:
    """The name servers are lost over the switch: who answers then answers with what is past."""
    ttl_seconds = 5
    with start_lab(SPEED, topology=TOPOLOGY) as lab:
        begun = drilled(lab, "stale", ttl_seconds, {"holdSeconds": 60})
        for _ in lab.turns(600, "the outage"):
            if any(e["value"] is False for e in lab.truth("serving")):
                break
        lost = [
            {"name": server, "on": "dns", "effect": "loss", "server": server}
            for server in lab.stack.azure["authoritative"]
        ]
        assert lab.stack.arm.put("/emulator/faults", {"faults": lost}).ok
        lab.pause(45)
        assert lab.stack.arm.request("DELETE", "/emulator/faults").ok
        drill = told(lab, begun, ttl_seconds)
        stale = {
            kind: sum(sample["detail"] == "stale" for sample in samples(lab, address))
            for address, kind in drill.resolvers.items()
        }

    for of in ("failover", "failback"):
        assert_named_truly(drill, of)
    assert drill.stale() == {kind for kind, count in stale.items() if count}
    assert stale["serveStale"] >= 20
    assert stale["staleFirst"] >= 20
    assert [stale[kind] for kind in (*OBEDIENT, "extending", "pinned")] == 5 * [0]


def samples(lab: Lab, resolver: str) -> list[Json]:
    """What was recorded of a resolver."""
    told: list[Json] = lab.must("GET", f"/drills/stale/timeline?series=dns/recursive/{resolver}")[
        "value"
    ]
    return told
