"""Fixtures: tables of a test's own, and clients before a resolver and servers on loopback."""

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.adapters.tables import Tables
from tests.support.azurite import fresh_tables
from tests.support.client_bench import AMSTERDAM, VIRGINIA, ClientBench, leads_to
from tests.support.dns_server import DnsServer, dns_server
from tests.support.http_server import HttpServer


@pytest.fixture
def tables() -> Tables:
    """Tables of the test's own."""
    return fresh_tables()


@pytest.fixture
def resolver() -> Iterator[DnsServer]:
    """A resolver that leads to Virginia."""
    with dns_server(leads_to(VIRGINIA)) as server:
        yield server


@pytest.fixture
async def bench(
    resolver: DnsServer, virginia: HttpServer, amsterdam: HttpServer
) -> AsyncIterator[ClientBench]:
    """The clients, before the two servers that their tests bring."""
    bench = ClientBench(resolver, {VIRGINIA: virginia.port, AMSTERDAM: amsterdam.port})
    yield bench
    await bench.sampler.follow(())
