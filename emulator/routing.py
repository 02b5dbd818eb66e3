"""Profile and statuses to the DNS answer, per routing method; pure.

An answer is a set of options with their shares: one for Priority, one per endpoint for Weighted,
which draws anew for every query. Through nested profiles the shares multiply.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emulator.cloud import Endpoint, EndpointKind, Profile, RoutingMethod
from emulator.monitor import EndpointStatus
from emulator.rules import DEFAULT_RULES, EmptyProfile, NestedTtl, Rules


class Outcome(StrEnum):
    """What a name server says of a profile's name."""

    ANSWER = "answer"
    NO_SUCH_NAME = "none"
    NO_DATA = "noData"
    NOT_EMULATED = "refused"


@dataclass(frozen=True, slots=True)
class Option:
    """One endpoint that may be answered, and the share of queries that get it.

    `via` names the queried profile's own endpoint: the nested one, where the target is a child's.
    """

    endpoint: Endpoint
    via: str
    ttl_seconds: int
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one profile: what may be answered, or why there is nothing."""

    outcome: Outcome
    options: tuple[Option, ...] = ()

    @property
    def told(self) -> str:
        """The answer in the truth log: the endpoint's name, names drawn from, or the outcome."""
        if not self.options:
            return self.outcome.value
        return "|".join(dict.fromkeys(option.via for option in self.options))


NO_SUCH_NAME = Answer(Outcome.NO_SUCH_NAME)
_NOT_EMULATED = Answer(Outcome.NOT_EMULATED)

# CheckingEndpoint is in DNS before the first verdict; Unmonitored (alwaysServe) always is.
_AVAILABLE = {EndpointStatus.ONLINE, EndpointStatus.CHECKING, EndpointStatus.UNMONITORED}

ChildAnswer = Callable[[Endpoint], Answer]
_Shares = list[tuple[Endpoint, float]]


def _first_by_priority(candidates: Sequence[Endpoint]) -> _Shares:
    return [(min(candidates, key=lambda endpoint: endpoint.priority), 1.0)]


def _by_weight(candidates: Sequence[Endpoint]) -> _Shares:
    total = sum(endpoint.weight for endpoint in candidates)
    return [(endpoint, endpoint.weight / total) for endpoint in candidates]


_CHOICES: dict[RoutingMethod, Callable[[Sequence[Endpoint]], _Shares]] = {
    RoutingMethod.PRIORITY: _first_by_priority,
    RoutingMethod.WEIGHTED: _by_weight,
}


def no_child(_endpoint: Endpoint) -> Answer:
    """Return the answer of a child profile that does not exist."""
    return NO_SUCH_NAME


def eligible(profile: Profile, statuses: Mapping[str, EndpointStatus]) -> list[Endpoint]:
    """Return the endpoints that may be answered.

    Those available; when none is, the Degraded ones as if they were Online ("best effort").
    Disabled, Inactive and Stopped endpoints stay out in any case.
    """
    available = [e for e in profile.endpoints if statuses[e.key] in _AVAILABLE]
    degraded = [e for e in profile.endpoints if statuses[e.key] is EndpointStatus.DEGRADED]
    return available or degraded


def route(
    profile: Profile,
    statuses: Mapping[str, EndpointStatus],
    child_answer: ChildAnswer = no_child,
    rules: Rules = DEFAULT_RULES,
) -> Answer:
    """Return what the name servers say; a disabled profile or one with no endpoint left: no name.

    Methods without an entry above are stored and shown but answered REFUSED: silence would look
    like an outage and a guess like an answer.
    """
    candidates = eligible(profile, statuses) if profile.enabled else []
    if not candidates:
        return _nothing(profile, rules)
    choose = _CHOICES.get(profile.method)
    if choose is None:
        return _NOT_EMULATED
    options = list[Option]()
    for endpoint, share in choose(candidates):
        found = _options(profile, endpoint, child_answer, rules)
        if found.outcome is Outcome.NOT_EMULATED:
            return found
        options += (
            Option(o.endpoint, o.via, o.ttl_seconds, o.share * share) for o in found.options
        )
    return Answer(Outcome.ANSWER, tuple(options)) if options else NO_SUCH_NAME


def _nothing(profile: Profile, rules: Rules) -> Answer:
    is_empty = profile.enabled and not profile.endpoints
    if is_empty and rules.empty_profile is EmptyProfile.NO_DATA:
        return Answer(Outcome.NO_DATA)
    return NO_SUCH_NAME


def _options(
    profile: Profile, endpoint: Endpoint, child_answer: ChildAnswer, rules: Rules
) -> Answer:
    """Return what one endpoint leads to: itself, or straight its child's choice if it is nested."""
    if endpoint.kind is not EndpointKind.NESTED:
        option = Option(endpoint, endpoint.name, profile.ttl_seconds)
        return Answer(Outcome.ANSWER, (option,))
    below = child_answer(endpoint)
    own_ttl = profile.ttl_seconds if rules.nested_ttl is NestedTtl.QUERIED else None
    options = (
        Option(o.endpoint, endpoint.name, o.ttl_seconds if own_ttl is None else own_ttl, o.share)
        for o in below.options
    )
    return Answer(below.outcome, tuple(options))
