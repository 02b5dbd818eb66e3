"""Profile and statuses to the DNS answer, per routing method; pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emulator.cloud import Endpoint, Profile, RoutingMethod
from emulator.monitor import EndpointStatus


class Outcome(StrEnum):
    """What a name server says of a profile's name."""

    ANSWER = "answer"
    NO_SUCH_NAME = "none"
    NOT_EMULATED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one profile: an endpoint and a TTL, or why there is none."""

    outcome: Outcome
    endpoint: Endpoint | None = None
    ttl_seconds: int = 0

    @property
    def told(self) -> str:
        """The answer in the truth log: the endpoint's name, "none" or "refused"."""
        return self.endpoint.name if self.endpoint else self.outcome.value


_NO_SUCH_NAME = Answer(Outcome.NO_SUCH_NAME)

# CheckingEndpoint is in DNS before the first verdict; Unmonitored (alwaysServe) always is.
_AVAILABLE = {EndpointStatus.ONLINE, EndpointStatus.CHECKING, EndpointStatus.UNMONITORED}


def _first_by_priority(candidates: Sequence[Endpoint]) -> Endpoint:
    return min(candidates, key=lambda endpoint: endpoint.priority)


_CHOICES: dict[RoutingMethod, Callable[[Sequence[Endpoint]], Endpoint]] = {
    RoutingMethod.PRIORITY: _first_by_priority
}


def eligible(profile: Profile, statuses: Mapping[str, EndpointStatus]) -> list[Endpoint]:
    """Return the endpoints that may be answered.

    Those available; when none is, the Degraded ones as if they were Online ("best effort").
    Disabled, Inactive and Stopped endpoints stay out in any case.
    """
    available = [e for e in profile.endpoints if statuses[e.key] in _AVAILABLE]
    degraded = [e for e in profile.endpoints if statuses[e.key] is EndpointStatus.DEGRADED]
    return available or degraded


def route(profile: Profile, statuses: Mapping[str, EndpointStatus]) -> Answer:
    """Return what the name servers say; a disabled profile or one with no endpoint left: no name.

    Methods without an entry above are stored and shown but answered REFUSED: silence would look
    like an outage and a guess like an answer.
    """
    candidates = eligible(profile, statuses) if profile.enabled else []
    if not candidates:
        return _NO_SUCH_NAME
    choose = _CHOICES.get(profile.method)
    if choose is None:
        return Answer(Outcome.NOT_EMULATED)
    return Answer(Outcome.ANSWER, choose(candidates), profile.ttl_seconds)
