"""Client samples: what a client of the service experiences, its resolver included."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler
from shared.core.model import HealthCheck
from shared.core.questions import ClientQuestion, DnsQuestion
from shared.core.samples import Outcome, Sample


class ClientSampler:
    """A client that asks its resolver anew and opens a new connection for every request."""

    def __init__(self, dns: DnsSampler, http: HttpSampler) -> None:
        self._dns, self._http = dns, http

    async def sample(self, question: ClientQuestion) -> Sample:
        """Return one sample over both: from the question to the resolver to the answer's head."""
        resolved = await self._dns.sample(_lookup(question))
        address = _first_address(resolved.answer)
        if resolved.outcome is not Outcome.OK or address is None:
            outcome = Outcome.FAILED if resolved.outcome is Outcome.OK else resolved.outcome
            return resolved._replace(outcome=outcome, answer="", ttl_seconds=None)
        reached = await self._http.reach(
            _visit(question, address),
            question.served_by_header,
            resolved.asked_at + round(question.timeout_seconds * 1_000),
        )
        return Sample(
            question.series,
            resolved.asked_at,
            reached.answered_at,
            reached.outcome,
            reached.answer,
            reached.code,
            resolved.ttl_seconds,
        )


def _lookup(question: ClientQuestion) -> DnsQuestion:
    return DnsQuestion(
        series=question.series,
        server=question.resolver,
        name=urlsplit(question.url).hostname or "",
        recursion_desired=True,
        timeout_seconds=question.timeout_seconds,
    )


def _visit(question: ClientQuestion, address: str) -> HealthCheck:
    return HealthCheck(
        url=question.url,
        address=address,
        host=urlsplit(question.url).netloc.rpartition("@")[2],
        expected_statuses=question.expected_statuses,
        timeout_seconds=round(question.timeout_seconds),
    )


def _first_address(chain: str) -> str | None:
    for part in chain.split(">"):
        try:
            return str(ip_address(part))
        except ValueError:
            continue
    return None
