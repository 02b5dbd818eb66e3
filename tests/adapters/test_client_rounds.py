"""Visits of many clients at once: each sample is handed over, and one that hangs holds up none."""

import asyncio

from shared.core.plan import ClientClass
from shared.core.questions import ClientQuestion
from shared.core.samples import Outcome, Sample
from tests.support.client_bench import DRILL, NAME, TIMEOUT_SECONDS, VIRGINIA, ClientBench, leads_to
from tests.support.dns_server import dns_server, silent
from tests.support.http_server import answer, http_server


def visit(client: ClientClass, resolver: str) -> ClientQuestion:
    """Return a client's question."""
    return ClientQuestion(
        series=f"client/{client}",
        resolver=resolver,
        url=f"http://{NAME}/",
        timeout_seconds=TIMEOUT_SECONDS,
        client=client,
        drill_id=DRILL.id,
    )


async def test_a_round_of_clients_is_visited_at_once() -> None:
    """The classes of a drill, and a client whose resolver is silent; all are told."""
    samples: list[Sample] = []
    with (
        http_server(lambda _: answer(200)) as server,
        dns_server(leads_to(VIRGINIA)) as resolver,
        dns_server(silent) as mute,
    ):
        bench = ClientBench(resolver, {VIRGINIA: server.port})
        await bench.begin()
        questions = [visit(client, resolver.address) for client in ClientClass]
        questions.append(visit(ClientClass.FRESH, mute.address))
        await bench.sampler.sample_all([(each, samples.append) for each in questions])
        await bench.sampler.follow(())

    outcomes = [(sample.series, sample.outcome) for sample in samples]
    served = [(f"client/{client}", Outcome.OK) for client in ClientClass]
    assert sorted(outcomes) == sorted([*served, ("client/fresh", Outcome.TIMEOUT)])
    assert outcomes[-1] == ("client/fresh", Outcome.TIMEOUT)


async def test_of_a_client_that_is_not_known_nothing_is_told() -> None:
    """And the round ends all the same."""
    samples: list[Sample] = []
    with dns_server(leads_to(VIRGINIA)) as resolver:
        bench = ClientBench(resolver, {})
        question = visit(ClientClass.PINNED, resolver.address)
        await asyncio.wait_for(bench.sampler.sample_all([(question, samples.append)]), 5)

    assert samples == []
