"""Asks any one question of whoever asks such questions: for those who ask few at a time."""

from shared.adapters.arm_sampler import ArmSampler
from shared.adapters.client_sampler import ClientSampler
from shared.adapters.dns_sampler import DnsSampler
from shared.adapters.http_sampler import HttpSampler
from shared.core.questions import (
    ArmQuestion,
    ClientQuestion,
    DnsQuestion,
    HealthQuestion,
    OwnQuestion,
)
from shared.core.samples import Sample


class AnySampler:
    """Takes samples of every kind."""

    def __init__(
        self, dns: DnsSampler, health: HttpSampler, client: ClientSampler, arm: ArmSampler
    ) -> None:
        self._dns, self._health, self._client, self._arm = dns, health, client, arm

    async def sample(self, question: OwnQuestion | ArmQuestion) -> tuple[Sample, ...]:
        """Ask once, and return a sample of every series that the answer tells of."""
        match question:
            case DnsQuestion():
                return (await self._dns.sample(question),)
            case HealthQuestion():
                return (await self._health.sample(question),)
            case ClientQuestion():
                return await self._client.sample(question)
            case _:
                return await self._arm.sample(question)
