"""A connection that is kept is as careful as a new one."""

import ssl
from functools import partial
from pathlib import Path

from shared.adapters.kept_connection import KeptConnections
from shared.core.plan import ClientClass
from shared.core.samples import Outcome
from tests.support.certificates import self_signed
from tests.support.client_bench import NAME, VIRGINIA, ClientBench, leads_to
from tests.support.dns_server import dns_server
from tests.support.http_server import answer
from tests.support.keeping_server import keeping_server

KEEPALIVE = ClientClass.KEEPALIVE


async def test_an_encrypted_connection_is_kept_too(tmp_path: Path) -> None:
    """With a certificate for the service's name, from somebody who is trusted; else not at all."""
    context = self_signed(tmp_path, NAME)

    def trust() -> ssl.SSLContext:
        trusting = ssl.create_default_context(cafile=tmp_path / "server.pem")
        trusting.check_hostname = False  # the test's certificate has but a common name
        return trusting

    with (
        dns_server(leads_to(VIRGINIA)) as resolver,
        keeping_server(lambda _: answer(200), context) as server,
    ):
        ports = {VIRGINIA: server.port}
        bench = ClientBench(resolver, ports, kept=partial(KeptConnections, trust=trust))
        await bench.begin()
        samples = [await bench.visit(KEEPALIVE, f"https://{NAME}/") for _ in range(3)]
        suspicious = ClientBench(resolver, ports)
        await suspicious.begin()
        refused = await suspicious.visit(KEEPALIVE, f"https://{NAME}/")
        await bench.sampler.follow(())

    assert {s.outcome for s in samples} == {Outcome.OK}
    assert server.visits == [1, 1, 1]
    assert (refused.outcome, refused.code) == (Outcome.FAILED, None)


async def test_its_visits_tell_how_long_they_took() -> None:
    """The first with its question to the resolver; in tenths of a millisecond."""
    with (
        dns_server(leads_to(VIRGINIA)) as resolver,
        keeping_server(lambda _: answer(200)) as server,
    ):
        bench = ClientBench(resolver, {VIRGINIA: server.port})
        await bench.begin()
        samples = [await bench.visit(KEEPALIVE) for _ in range(2)]
        server.respond = lambda _: None
        timed_out = await bench.visit(KEEPALIVE)
        await bench.sampler.follow(())

    for sample in samples:
        assert sample.took_tenths is not None
        # Outward by a millisecond at each end.
        assert 0 < sample.took_tenths <= 10 * (sample.answered_at - sample.asked_at)
    assert timed_out.took_tenths is None
