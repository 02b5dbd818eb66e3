"""The sampling service over real sockets, in accelerated real time, with an outage."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from shared.adapters.arm_sampler import ArmSampler
from shared.adapters.client_sampler import ClientSampler
from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler
from shared.core.samples import Outcome, Sample
from shared.sampling import Sampling, Senses
from tests.support.dns_server import answering, dns_server
from tests.support.http_server import answer, http_server
from tests.support.sampled_drill import AMSTERDAM, FQDN, VIRGINIA, lab_drill
from tests.support.sampling_bench import WINDOW_MS, OpenDrills, Rows
from tests.support.skipping_loop import BEGIN


class Arm:
    """An ARM that always says that all is well."""

    def profile_statuses(self, profile_id: str) -> tuple[str, dict[str, str]]:
        """Return Online for all."""
        del profile_id
        names = ("virginia", "amsterdam", "elsewhere")
        return "Online", dict.fromkeys(names, "Online")

    def power_state(self, machine_id: str) -> str:
        """Return running."""
        del machine_id
        return "running"


def wired(clock: Clock, drills: OpenDrills, rows: Rows, detours: dict[Peer, Peer]) -> Sampling:
    """Return the service with its real samplers."""
    dns, http = DnsSampler(clock), HttpSampler(clock, Guard(allow_loopback=True), detours)
    senses = Senses(
        dns=dns,
        health=http,
        client=ClientSampler(dns, http),
        arm=ArmSampler(Arm(), clock),
        drills=drills,
    )
    return Sampling(senses, rows, clock)


async def next_window(clock: Clock) -> None:
    """Return when the next window begins."""
    left_ms = WINDOW_MS - clock.now() % WINDOW_MS
    await asyncio.sleep(clock.wall_seconds(left_ms / 1_000))


async def test_a_minute_with_an_outage_over_real_sockets() -> None:
    """At 20 times the speed: at least 99 % of slots, none twice, and late samples in their row."""
    clock = Clock.from_setting(f"2026-11-22T09:00:00Z@{time.monotonic():.6f}*20")
    rows = Rows()
    resolving = answering(
        f"{FQDN}. 100 IN CNAME virginia.test.", f"virginia.test. 10 IN A {VIRGINIA}"
    )
    with (
        dns_server(resolving) as dns,
        http_server(lambda _: answer(200)) as virginia,
        http_server(lambda _: answer(200)) as amsterdam,
    ):
        detours: dict[Peer, Peer] = {
            (VIRGINIA, 80): ("127.0.0.1", virginia.port),
            (AMSTERDAM, 80): ("127.0.0.1", amsterdam.port),
        }
        drills = OpenDrills(lab_drill(clock.now(), dns=dns.address))
        sampling = wired(clock, drills, rows, detours)
        for window in range(6):
            virginia.respond = (lambda _: None) if window in (2, 5) else (lambda _: answer(200))
            await next_window(clock)
            await sampling.take()
        drills.drills = ()
        await next_window(clock)
        await sampling.take()

    assert_every_slot_once(rows.samples)
    late = [s for s in rows.samples if s.outcome is Outcome.TIMEOUT]
    assert {s.series for s in late} == {"health/virginia", "client/fresh"}
    late_seconds = {(s.asked_at - BEGIN) // 1_000 for s in late}
    assert late_seconds >= {30, 39, 60}
    assert 69 in late_seconds, "asked in the last run's last slot, and yet written"


def assert_every_slot_once(samples: Sequence[Sample]) -> None:
    """Sixty slots of each own series and thirty of each of ARM's."""
    slots = Counter((s.series, s.asked_at // 1_000) for s in samples)
    first = min(second for _, second in slots)
    of_a_minute = [key for key in slots if key[1] < first + 60]
    expected = 60 * 5 + 30 * 5
    assert max(slots.values()) == 1
    assert len(of_a_minute) >= 0.99 * expected
