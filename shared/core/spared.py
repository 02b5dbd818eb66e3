"""Why there was no failover: machines behind the endpoint that were not stopped kept serving."""

from collections.abc import Iterator

from shared.core.evidence import SERVING, Evidence
from shared.core.phases import Journey
from shared.core.samples import Instant


def kept_serving(journey: Journey, evidence: Evidence) -> str:
    """Say who kept the endpoint serving; empty where nobody did, or nobody can tell.

    It is told only of an endpoint that served after the last of the targets had stopped, and was
    not seen to fail.
    """
    drill = journey.drill
    spared = drill.snapshot.spared
    stopped_at = _all_stopped_at(journey)
    if not spared or stopped_at is None or journey.point("faultEffective") is not None:
        return ""
    if not any(asked_at >= stopped_at for asked_at in _served(journey, evidence)):
        return ""
    names = " and ".join(machine.name for machine in spared)
    were = "was" if len(spared) == 1 else "were"
    return f"{drill.endpoint} kept serving: {names} behind it {were} not stopped"


def _all_stopped_at(journey: Journey) -> Instant | None:
    """Return when every machine that was to be stopped had been seen so."""
    found, targets = journey.found, journey.drill.snapshot.targets
    stopped = [found.at("vmStopped", machine.name) for machine in targets]
    ends = [milestone.interval.not_after for milestone in stopped if milestone is not None]
    return max(ends) if ends and len(ends) == len(targets) else None


def _served(journey: Journey, evidence: Evidence) -> Iterator[Instant]:
    """Yield when the endpoint was asked and served, before the machines were started again."""
    until = journey.found.course.mend_since
    for sample, state in evidence.readings(f"health/{journey.drill.endpoint}"):
        if state == SERVING and (until is None or sample.answered_at <= until):
            yield sample.asked_at
