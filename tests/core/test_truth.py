"""Every interval that a report states holds the instant at which the thing truly happened."""

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.core.intervals import MS_PER_SECOND, Verdict
from shared.core.plan import Failback, FaultKind, ProbePath
from shared.core.report import Report, build_report
from shared.core.samples import Timeline
from shared.render.markdown import to_markdown
from shared.render.wire import to_wire
from tests.support.drills import START
from tests.support.fault_worlds import DisabledWorld, HeaderWorld, HeldWorld
from tests.support.strategies import STABILITY_SECONDS, samplers, worlds
from tests.support.worlds import Sampler, World, a_finished_drill, actions

BEGINNING_AND_END = {
    "faultRequested": "fault_accepted",
    "faultEffective": "fault_accepted",
    "resolverSwitched": "resolver_switched",
    "restoreRequested": "restore_accepted",
    "endpointOnline": "online",
    "resolverBack": "resolver_back",
}
TRUTHS = {
    "faultRequested": "fault_accepted",
    "faultEffective": "effective",
    "vmStopped": "effective",
    "endpointDegraded": "degraded",
    "authoritativeSwitched": "authoritative_switched",
    "resolverSwitched": "resolver_switched",
    "restoreRequested": "restore_accepted",
    "vmRunning": "running",
    "endpointServing": "serving",
    "endpointOnline": "online",
    "authoritativeBack": "authoritative_back",
    "resolverBack": "resolver_back",
}
DRILL = a_finished_drill(stability_seconds=STABILITY_SECONDS)

patient = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def reported(world: World, sampler: Sampler) -> Report:
    """Return the report of what the sampler saw of the world."""
    return build_report(DRILL, Timeline(tuple(sampler.samples(world)), actions(world)))


def truth(world: World, name: str) -> float:
    """Return the instant of a milestone in milliseconds, with its fraction."""
    seconds: float = getattr(world, TRUTHS[name])
    return START + MS_PER_SECOND * seconds


@patient
@given(worlds(), samplers())
def test_every_interval_holds_its_truth(world: World, sampler: Sampler) -> None:
    """Loss, time-outs, gaps and a second writer may widen what is said, never falsify it."""
    report = reported(world, sampler)

    for milestone in report.milestones:
        if milestone.name in TRUTHS:
            after, not_after = milestone.interval
            assert after <= truth(world, milestone.name) <= not_after, milestone


@patient
@given(worlds(), samplers(is_kind=True))
def test_every_milestone_is_found_and_sharp(world: World, sampler: Sampler) -> None:
    """Sampled without loss, everything is reached, within 1.5 intervals and a time-out's proof."""
    report = reported(world, sampler)

    assert not report.not_reached
    assert not report.flaps
    assert not report.coverage.gaps
    for milestone in report.milestones:
        interval = 2.0 if milestone.name.startswith(("vm", "endpointD", "endpointO")) else 1.0
        allowed = 1.5 * interval + (2.0 if milestone.is_proved_by_timeout else 0.0)
        assert milestone.interval.width_seconds <= allowed, milestone


@patient
@given(worlds(), samplers(is_kind=True))
def test_times_hold_their_truth_and_lie_within_the_sum_of_their_phases(
    world: World, sampler: Sampler
) -> None:
    """A phase time holds what it took; the parts together hold the whole."""
    report = reported(world, sampler)

    for time in report.phases:
        if time.end.name in TRUTHS:
            took = truth(world, time.end.name) - truth(world, time.start.name)
            assert took / MS_PER_SECOND in time.elapsed
    for objective in report.objectives:
        parts = [time.elapsed for time in report.phases if time.of is objective.name]
        assert objective.elapsed is not None
        assert sum(part.seconds_min for part in parts) <= objective.elapsed.seconds_min + 1e-6
        assert objective.elapsed.seconds_max is not None
        longest = sum(part.seconds_max or 0 for part in parts)
        assert longest >= objective.elapsed.seconds_max - 1e-6


@patient
@given(worlds(), samplers(), st.integers(1, 90), st.floats(-3, 3))
def test_no_verdict_is_wrong(world: World, sampler: Sampler, rto: int, beside: float) -> None:
    """Met and missed are said only of what is so, however close the promise lies to the truth."""
    took = world.resolver_switched - world.effective
    promised = max(1, round(took + beside)) if rto % 2 else rto
    drill = a_finished_drill(stability_seconds=STABILITY_SECONDS, rto_seconds=promised)
    samples = tuple(sampler.samples(world))

    failover, _ = build_report(drill, Timeline(samples, actions(world))).objectives

    if failover.verdict is Verdict.MET:
        assert took <= promised
    if failover.verdict is Verdict.MISSED and not sampler.loss:
        assert took > promised


@settings(max_examples=15, deadline=None, derandomize=True)
@given(worlds(), samplers(), st.randoms(use_true_random=False))
def test_the_report_is_a_pure_function(world: World, sampler: Sampler, dice: random.Random) -> None:
    """Samples in any order, some of them read twice, give the same bytes."""
    samples = sampler.samples(world)
    shuffled = [*samples, *samples[::7]]
    dice.shuffle(shuffled)

    one = build_report(DRILL, Timeline(tuple(samples), actions(world)))
    other = build_report(DRILL, Timeline(tuple(shuffled), actions(world)[::-1]))

    assert json.dumps(to_wire(one)) == json.dumps(to_wire(other))
    assert to_markdown(one) == to_markdown(other)


OF_HEADER = BEGINNING_AND_END | {
    "endpointDegraded": "degraded",
    "authoritativeSwitched": "degraded",
    "authoritativeBack": "online",
}
OF_DISABLING = BEGINNING_AND_END | {
    "endpointDegraded": "fault_accepted",
    "authoritativeSwitched": "fault_accepted",
    "authoritativeBack": "restore_accepted",
}
OF_HOLD = TRUTHS | {
    "restoreRequested": "release_accepted",
    "authoritativeBack": "release_accepted",
}
HEADER = ProbePath(header="x", value="y")


@pytest.mark.parametrize(
    ("world_type", "truths", "plan"),
    [
        (DisabledWorld, OF_DISABLING, {"fault": FaultKind.ENDPOINT_DISABLE}),
        (HeaderWorld, OF_HEADER, {"fault": FaultKind.PROBE_PATH, "probe_path": HEADER}),
        (HeldWorld, OF_HOLD, {"failback": Failback.HOLD}),
        (HeldWorld, OF_HOLD, {"fault": FaultKind.VM_DEALLOCATE, "failback": Failback.HOLD}),
    ],
    ids=["disabled", "header", "held", "deallocated and held"],
)
@patient
@given(data=st.data())
def test_intervals_of_other_faults_hold_their_truth(
    world_type: type[World], truths: dict[str, str], plan: dict[str, object], data: st.DataObject
) -> None:
    """However badly they were sampled; and well sampled, everything is found."""
    is_kind = data.draw(st.booleans())
    world = data.draw(worlds(world_type))
    sampler = data.draw(samplers(is_kind=is_kind))
    drill = a_finished_drill(stability_seconds=STABILITY_SECONDS, **plan)

    report = build_report(drill, Timeline(tuple(sampler.samples(world)), actions(world)))

    for milestone in report.milestones:
        if milestone.name in truths:
            after, not_after = milestone.interval
            instant = START + MS_PER_SECOND * getattr(world, truths[milestone.name])
            assert after <= instant <= not_after, milestone
    if is_kind:
        assert not report.not_reached
        assert not report.flaps
        assert "RestoredByOthers" not in {finding.code for finding in report.findings}
