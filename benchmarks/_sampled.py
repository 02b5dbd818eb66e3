"""Our side of what sampling costs: each run in a process of its own, on a core of its own.

.venv/bin/python -m benchmarks._sampled samplers|service|latency profiles dns http scheme seconds
"""

import asyncio
import gc
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import dns.asyncquery
import dns.message

from shared.adapters.clock import Clock
from shared.adapters.connect import Guard
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler
from shared.core.model import (
    Drill,
    EndpointSnapshot,
    MonitorSettings,
    Phase,
    Snapshot,
    Vantages,
)
from shared.core.plan import Plan
from shared.core.questions import ArmQuestion, DnsQuestion, own_questions
from shared.core.samples import ClockStep, Instant, Outcome, Sample
from shared.core.windows import Windows
from shared.sampling import Sampled, Sampling, Senses

SERVERS = [f"127.1.97.{n}" for n in range(1, 7)]
HOSTS = [f"127.1.97.{n}" for n in range(11, 31)]
LATENCY_TICKS = 5
WINDOW_SECONDS = 10
GAP_SECONDS = 3


class Silent:
    """Clients and ARM that are asked and tell nothing: they are no part of this."""

    async def follow(self, drills: object) -> None:
        """Keep nothing."""

    async def sample_all(self, asked: object) -> None:
        """Visit nobody."""

    async def sample(self, question: ArmQuestion) -> tuple[Sample, ...]:
        """Return nothing."""
        del question
        return ()


class Kept:
    """The drills that are open, and a timeline in memory."""

    def __init__(self, drills: tuple[Drill, ...]) -> None:
        self.drills = drills
        self.rows: dict[tuple[str, Instant, str], tuple[Sample, ...]] = {}

    def open_drills(self) -> tuple[Drill, ...]:
        """Return them."""
        return self.drills

    def write_window(
        self, drill_id: str, minute: Instant, writer: str, samples: tuple[Sample, ...]
    ) -> None:
        """Keep what was asked when, and let the samples go."""
        self.rows[drill_id, minute, writer] = samples

    def write_step(self, drill_id: str, step: ClockStep) -> None:
        """Say so: a clock that is set makes what is measured here worthless."""
        raise RuntimeError(f"The clock was set while {drill_id} was sampled: {step}.")


def drill(number: int, dns_port: int, http_port: int, scheme: str) -> Drill:
    """Return an open drill: two name servers, four resolvers, two endpoints."""
    name = f"p{number}"
    servers = [f"{address}:{dns_port}" for address in SERVERS]
    hosts = (HOSTS[2 * number % len(HOSTS)], HOSTS[(2 * number + 1) % len(HOSTS)])
    endpoints = tuple(
        EndpointSnapshot(
            name=f"e{priority}",
            type="externalEndpoints",
            target=f"e{priority}.{name}.test",
            priority=priority,
            host=f"e{priority}.{name}.test",
            address=address,
        )
        for priority, address in enumerate(hosts, 1)
    )
    return Drill(
        id=name,
        plan=Plan(profile=name, rto_seconds=300),
        plan_as_sent="{}",
        endpoint="e1",
        snapshot=Snapshot(
            profile=name,
            profile_id=f"/profiles/{name}",
            fqdn=f"{name}.trafficmanager.net",
            ttl_seconds=60,
            monitor=MonitorSettings(protocol=scheme.upper(), port=http_port),
            endpoints=endpoints,
            targets=(),
            vantages=Vantages(
                authoritative=tuple(servers[:2]),
                resolvers=tuple(servers[2:]),
                client_resolver=servers[2],
                client_url=f"http://{name}.trafficmanager.net/",
            ),
        ),
        phase=Phase.STEADY,
        phase_since=0,
        started_at=0,
    )


async def sample_at_one_hertz(drills: tuple[Drill, ...], seconds: int) -> dict[str, float]:
    """Ask what the service asks in every slot, and hold the samples as it does; what that took."""
    clock = Clock()
    samplers = DnsSampler(clock), HttpSampler(clock, Guard(allow_loopback=True))
    windows = Windows("bench")
    good = asked = 0

    def done(sample: Sample) -> None:
        nonlocal good, asked
        windows.add("bench", sample)
        asked += 1
        good += sample.outcome is Outcome.OK

    open_drills = [Sampled.of(each, done) for each in drills]
    dns = [pair for each in open_drills for pair in each.dns]
    health = [pair for each in open_drills for pair in each.health]
    gc.collect()
    gc.freeze()  # as the service does when a drill opens
    cpu = 0.0
    for second in range(seconds + 1):
        await asyncio.sleep(1 - time.time() % 1)
        begun = time.process_time()
        await asyncio.gather(samplers[0].sample_all(dns), samplers[1].sample_all(health))
        if second == 0:  # imports, caches
            good = asked = 0
        else:
            cpu += time.process_time() - begun
    return {"cpu": cpu, "asked": asked, "good": good, "seconds": seconds}


async def run_service(drills: tuple[Drill, ...], seconds: int) -> dict[str, float]:
    """Run the whole sampling service for so long; what it took, and what it missed."""
    clock, kept = Clock(), Kept(drills)
    silent = Silent()
    senses = Senses(
        dns=DnsSampler(clock),
        health=HttpSampler(clock, Guard(allow_loopback=True)),
        client=silent,
        arm=silent,
        drills=kept,
    )
    service = Sampling(senses, kept, clock)
    begin = (time.time() // WINDOW_SECONDS + 1) * WINDOW_SECONDS
    cpu = time.process_time()
    for due in range(0, seconds, WINDOW_SECONDS):  # as a timer does: late, but not never
        await asyncio.sleep(max(0.0, begin + due - time.time()))
        await service.take()
    kept.drills = ()
    await service.take()
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    samples = [sample for row in kept.rows.values() for sample in row]
    slots = Counter(
        (key[0], s.series, s.asked_at // 1_000) for key, r in kept.rows.items() for s in r
    )
    return {
        "cpu": cpu,
        "asked": len(samples),
        "good": sum(sample.outcome is Outcome.OK for sample in samples),
        "slots": len(slots),
        "gaps": _gaps(slots),
        "megabytes": peak,
    }


def _gaps(slots: Counter[tuple[str, str, int]]) -> int:
    """Return how often a series was not asked for more than three seconds."""
    seconds: dict[tuple[str, str], list[int]] = {}
    for drill_id, series, second in sorted(slots):
        seconds.setdefault((drill_id, series), []).append(second)
    return sum(
        after - before > GAP_SECONDS
        for asked in seconds.values()
        for before, after in pairwise(asked)
    )


async def measure_latency(drills: tuple[Drill, ...]) -> dict[str, list[float]]:
    """Ask everything at once, by us and by dnspython; how far each reported time is off, in ms."""
    sampler = DnsSampler(Clock())
    samples: list[Sample] = []
    questions = [q for each in drills for q in own_questions(each) if isinstance(q, DnsQuestion)]
    naive: list[float] = []
    for tick in range(LATENCY_TICKS + 1):
        if tick == 1:
            samples.clear()
            naive.clear()
        await sampler.sample_all([(question, samples.append) for question in questions])
        await asyncio.sleep(0.2)
        naive += await asyncio.gather(*map(_naively, questions))
        await asyncio.sleep(0.2)
    ours = [
        s.took_tenths / 10 - s.ttl_seconds / 1_000
        for s in samples
        if s.took_tenths and s.ttl_seconds
    ]
    return {"ours": ours, "naive": naive, "asked": [len(samples)]}


async def _naively(question: DnsQuestion) -> float:
    """Return how far dnspython is off, as one uses it."""
    host, _, port = question.server.rpartition(":")
    query = dns.message.make_query(question.name, "A")
    begun = time.monotonic()
    answer = await dns.asyncquery.udp(query, host, timeout=5, port=int(port))
    return (time.monotonic() - begun) * 1_000 - answer.answer[0].ttl / 1_000


def run(what: str, words: list[str]) -> None:
    """Do it, and tell what came of it as JSON."""
    profiles, dns_port, http_port, scheme, seconds = words
    drills = tuple(
        drill(number, int(dns_port), int(http_port), scheme) for number in range(int(profiles))
    )
    doings: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "samplers": lambda: sample_at_one_hertz(drills, int(seconds)),
        "service": lambda: run_service(drills, int(seconds)),
        "latency": lambda: measure_latency(drills),
    }
    told = asyncio.run(doings[what]())
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
