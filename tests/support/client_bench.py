"""The four classes of client before a real resolver and real servers on loopback."""

import asyncio
import time
from collections.abc import Callable

from shared.adapters.client_sampler import ClientSampler
from shared.adapters.clock import Clock
from shared.adapters.connect import Guard, Peer
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler
from shared.adapters.kept_connection import KeptConnections
from shared.core.model import Drill
from shared.core.plan import ClientClass
from shared.core.questions import ClientQuestion
from shared.core.samples import Sample
from tests.support.dns_server import DnsServer, Responder, answering
from tests.support.sampled_drill import lab_drill

SPEED = 20
VIRGINIA, AMSTERDAM = "127.1.0.4", "127.1.0.5"
NAME = "www.test"
DRILL = lab_drill(0)
TIMEOUT_SECONDS = 2


def leads_to(address: str, ttl: int = 60, address_ttl: int = 60) -> Responder:
    """A resolver's answer: a chain to the address."""
    return answering(f"{NAME}. {ttl} IN CNAME v.test.", f"v.test. {address_ttl} IN A {address}")


class ClientBench:
    """One sampler of clients, on a clock on which a time-out of two seconds takes a tenth."""

    def __init__(
        self,
        resolver: DnsServer,
        ports: dict[str, int],
        kept: Callable[[Clock, Guard, dict[Peer, Peer]], KeptConnections] = KeptConnections,
        **more: object,
    ) -> None:
        self._resolver = resolver
        self.clock = Clock.from_setting(f"2026-11-22T09:00:00Z@{time.monotonic():.6f}*{SPEED}")
        guard = Guard(allow_loopback=True)
        detours: dict[Peer, Peer] = {
            (address, port): ("127.0.0.1", real)
            for address, real in ports.items()
            for port in (80, 443)
        }
        self.sampler = ClientSampler(
            DnsSampler(self.clock),
            HttpSampler(self.clock, guard, detours),
            kept(self.clock, guard, detours),
            self.clock,
            **more,  # type: ignore[arg-type]
        )

    async def begin(self, *drills: Drill) -> None:
        """Let the drills (or the one) be open."""
        await self.sampler.follow(drills or (DRILL,))

    async def visits(
        self, client: ClientClass, url: str = f"http://{NAME}/", header: str | None = None
    ) -> tuple[Sample, ...]:
        """Let a client visit the URL."""
        question = ClientQuestion(
            series=f"client/{client}",
            resolver=self._resolver.address,
            url=url,
            timeout_seconds=TIMEOUT_SECONDS,
            client=client,
            drill_id=DRILL.id,
            served_by_header=header,
        )
        return await self.sampler.sample(question)

    async def visit(
        self, client: ClientClass, url: str = f"http://{NAME}/", header: str | None = None
    ) -> Sample:
        """Let a client visit the URL; its sample."""
        (sample,) = await self.visits(client, url, header)
        return sample

    async def pause(self, virtual_seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(virtual_seconds / SPEED)
