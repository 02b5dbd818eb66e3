"""Random drills for a running stack: drawn by a seed, run to their end, and what they leave behind.

Drills that differ in what a stack has to be started for (its speed, its resolvers) belong to
different stages; everything else of a drill is put over the REST API or told to the emulator.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools import paths
from devtools.demo import Monitor
from tests.support.hands import PROBE_PATH, samples, truth_since
from tests.support.lab import DRILL_POLL_SECONDS, PROFILE, Lab, at, lab_profile

Json = dict[str, Any]

SERIES = {"authoritative": "dns/authoritative/", "resolvers": "dns/recursive/"}
NAME_SERVERS = ("127.1.1.1", "127.1.1.2")
RESOLVERS: dict[str, Json] = {
    "honest": {"address": "127.1.2.1"},
    "capping": {"address": "127.1.2.2", "kind": "capping", "ttlSeconds": 10},
    "extending": {"address": "127.1.2.3", "kind": "extending", "ttlSeconds": 15},
    "serveStale": {"address": "127.1.2.4", "kind": "serveStale", "ttlSeconds": 5},
    "pinned": {"address": "127.1.2.5", "kind": "pinned"},
}
FAULTS = ("vmPowerOff", "endpointDisable", "vmDeallocate", "probePath")
VM_FAULTS = ("vmPowerOff", "vmDeallocate")
DRILL_SECONDS = 2_000.0  # virtual; far beyond what any of these drills should take
BOOT_SECONDS = 32.0  # virtual: what the emulated Azure takes to start a machine and to boot it
DNS_SHARE = 0.8  # of all that goes wrong
WALL_SECONDS_OF_TIMEOUT = 0.5  # a probe's time-out measures the endpoint, not a busy machine


@dataclass(frozen=True)
class Stage:
    """What a stack is started with, and the settings that drills on it are drawn from."""

    speed: float
    monitors: tuple[str, ...]  # interval/timeout, the latter no faster than the speed bears
    tolerated_failures_max: int
    ttl_seconds: tuple[int, int]
    asked: str  # the kind of resolver that clients ask
    lag_seconds: float = 0.0  # of the second name server; below every TTL that a cache keeps,
    # else a resolver that asks one and then the other would be sent back and forth

    def topology(self, folder: Path) -> Path:
        """Write the lab with a resolver of each kind, the one that clients ask first."""
        lab = json.loads(paths.TOPOLOGY.read_text())
        lab["resolvers"] = sorted(RESOLVERS.values(), key=lambda r: r != RESOLVERS[self.asked])
        lab["trafficManagerNameServers"][1]["lagSeconds"] = self.lag_seconds
        file = folder / f"{self.asked}.json"
        file.write_text(json.dumps(lab))
        return file


STAGES = (
    Stage(20, ("30/10",), 1, (0, 60), "honest"),
    Stage(18, ("10/9",), 3, (0, 60), "capping"),
    Stage(16, ("10/8", "10/9"), 3, (8, 60), "honest", lag_seconds=4.0),
    Stage(10, ("10/5", "10/6", "10/7"), 2, (0, 20), "extending"),
)
SEEDS_OF_A_STAGE = 13


def stage_of(seed: int) -> Stage:
    """Return the stage that a seed's drill belongs to: neighbours share one."""
    return STAGES[seed // SEEDS_OF_A_STAGE % len(STAGES)]


@dataclass(frozen=True)
class Drawn:
    """A drill as its seed has it."""

    seed: int
    monitor: Monitor
    ttl_seconds: int
    plan: Json
    mishaps: list[Json]
    release_seconds: float  # from a failback that waits for it, where the plan has it held

    @property
    def profile(self) -> Json:
        """The body of the profile."""
        monitor = self.monitor
        parts = monitor.interval_seconds, monitor.timeout_seconds, monitor.tolerated_failures
        return lab_profile("/".join(map(str, parts)), self.ttl_seconds)


def draw(seed: int) -> Drawn:
    """Return the drill of a seed."""
    dice = random.Random(f"a drill on sockets {seed}")  # noqa: S311  reproducible on purpose
    stage = stage_of(seed)
    tolerated = dice.randint(0, stage.tolerated_failures_max)
    monitor = Monitor.parse(f"{dice.choice(stage.monitors)}/{tolerated}")
    assert monitor.timeout_seconds / stage.speed >= WALL_SECONDS_OF_TIMEOUT
    fault, ttl_seconds = FAULTS[seed % len(FAULTS)], dice.randint(*stage.ttl_seconds)
    plan: Json = {
        "profile": PROFILE,
        "fault": fault,
        "failback": dice.choice(("automatic", "automatic", "hold")),
        "steadySeconds": 10,
        "holdSeconds": dice.randint(10, 25),
        "stabilitySeconds": 10,
        "sampleIntervalSeconds": dice.choice((1, 1, 2)),
        "objectiveClient": dice.choice(("fresh", "ttl")),
        **_objectives(dice, fault, monitor, ttl_seconds),
    }
    if fault == "probePath":
        plan["probePath"] = PROBE_PATH
    return Drawn(seed, monitor, ttl_seconds, plan, list(_mishaps(dice, stage)), dice.uniform(0, 30))


def _objectives(dice: random.Random, fault: str, monitor: Monitor, ttl_seconds: int) -> Json:
    """Draw promises: from what cannot quite be kept to what hardly can be broken."""
    probed = fault != "endpointDisable"
    fails_after = monitor.timeout_seconds if fault in VM_FAULTS else 0
    floor = (monitor.tolerated_failures * monitor.interval_seconds + fails_after) * probed
    spread = monitor.interval_seconds * probed + ttl_seconds
    boots = round(BOOT_SECONDS) if fault in VM_FAULTS else 0
    tight = dice.choice((True, True, False))
    more = spread + 5 if tight else 2 * spread + 120
    return {
        "rtoSeconds": floor + dice.randint(1, more),
        "failbackRtoSeconds": dice.randint(max(1, boots), boots + more),
    }


def _mishaps(dice: random.Random, stage: Stage) -> Iterator[Json]:
    """Draw what goes wrong on the way; each ends in time for a steady state, or to fail back."""
    own = RESOLVERS[stage.asked]["address"]
    others = (*NAME_SERVERS, *(one["address"] for one in RESOLVERS.values()))
    for number in range(dice.choice((0, 1, 2, 3))):
        is_of_dns = dice.random() < DNS_SHARE
        yield {
            "name": f"mishap-{number}",
            **(
                _of_dns(dice, dice.choice((own, dice.choice(others))))
                if is_of_dns
                else _of_arm(dice)
            ),
            "afterSeconds": dice.randint(0, 60),
            "forSeconds": dice.randint(30, 200),
        }


def _of_dns(dice: random.Random, server: str) -> Json:
    """Draw what becomes of a server's messages."""
    effect = dice.choice(("loss", "loss", "loss", "delay", "servfail", "truncated", "garbage"))
    late = {"delaySeconds": _delay_seconds(dice)} if effect == "delay" else {}
    by_chance = {"probability": round(dice.uniform(0.05, 0.4), 2)}
    how_often = dice.choice((by_chance, by_chance, _some(dice)))
    return {"on": "dns", "effect": effect, "server": server, **late, **how_often}


def _of_arm(dice: random.Random) -> Json:
    """Draw what becomes of reads from ARM: too few fail for a state to go unseen."""
    late = {"effect": "latency", "delaySeconds": _delay_seconds(dice)}
    return {"on": "arm", "method": "GET", **dice.choice((late, {"effect": "error"})), **_some(dice)}


def _some(dice: random.Random) -> Json:
    """Draw which of the messages that match are hit, one after the other."""
    return {"skip": dice.randint(0, 20), "count": dice.randint(1, 6)}


def _delay_seconds(dice: random.Random) -> float:
    return round(dice.uniform(0.2, 1.5), 1)


@dataclass(frozen=True)
class Told:
    """What a drill left behind."""

    drawn: Drawn
    drill: Json
    report: Json
    truth: list[Json]  # everything that truly happened since it began, in order of time
    samples: Mapping[str, list[Json]]  # of DNS and of the objective client, by series
    servers: Mapping[str, Sequence[str]]  # `authoritative` and `resolvers`, as series name them

    def __str__(self) -> str:
        return f"{self.drawn} {self.drill['id']}"


def run(lab: Lab, drawn: Drawn, drill_id: str) -> Told:
    """Provision, drill to the end, and mend what went wrong on the way."""
    lab.provision(drawn.profile)
    lab.start_drill(drill_id, drawn.plan)
    try:
        faults = {"seed": drawn.seed, "faults": drawn.mishaps}
        assert lab.stack.arm.put("/emulator/faults", faults).ok
        drill = _wait_closed(lab, drawn, drill_id)
    finally:
        assert lab.stack.arm.request("DELETE", "/emulator/faults").ok
    servers = {kind: lab.stack.azure[kind] for kind in SERIES}
    series = [f"client/{drawn.plan['objectiveClient']}"]
    series += [prefix + server for kind, prefix in SERIES.items() for server in servers[kind]]
    truth = truth_since(lab, at(drill["startedAt"]))
    return Told(
        drawn=drawn,
        drill=drill,
        report=lab.report(drill_id),
        truth=sorted(truth, key=lambda event: at(event["at"])),
        samples={name: list(samples(lab, drill_id, name)) for name in series},
        servers=servers,
    )


def _wait_closed(lab: Lab, drawn: Drawn, drill_id: str) -> Json:
    """Wait until the drill is closed, and release its failback when nothing else is missing."""
    release, is_released = f"POST /drills/{drill_id}/failback", False
    for _ in lab.turns(DRILL_SECONDS, f"{drill_id} to close", DRILL_POLL_SECONDS):
        drill: Json = lab.must("GET", f"/drills/{drill_id}")
        if drill["phase"] == "closed":
            return drill
        if not is_released and release in (drill["waitsFor"] or ""):
            lab.pause(drawn.release_seconds)
            lab.must("POST", release.removeprefix("POST "))
            is_released = True
    raise AssertionError  # turns() has raised
