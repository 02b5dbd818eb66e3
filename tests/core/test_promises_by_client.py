"""What the settings promise each class of client: some of them nothing."""

from dataclasses import replace
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.envelope import Envelope, Sampling, detection, envelope, envelope_of, stays
from shared.core.intervals import ANYTHING, Comparison, Elapsed
from shared.core.plan import VM_FAULTS, ClientClass, FaultKind, Plan
from shared.core.report import Report, build_report
from shared.core.samples import Outcome, Sample, Timeline
from tests.core.test_envelope import VM, probing
from tests.support.drills import LAB
from tests.support.fault_worlds import DisabledWorld, HeaderWorld, HeldWorld
from tests.support.strategies import STABILITY_SECONDS, worlds
from tests.support.worlds import World, a_finished_drill, actions, timeline

KEEPALIVE, PINNED = ClientClass.KEEPALIVE, ClientClass.PINNED
FOLLOWERS = (ClientClass.FRESH, ClientClass.TTL)
SERVING_FAULTS = (FaultKind.ENDPOINT_DISABLE, FaultKind.PROBE_PATH)
LATE_SLACK_SECONDS = 1e-6
FAILING_MS = 8_000
"""Shorter than any stay elsewhere, longer than lost packets."""


def promised_to(client: ClientClass, fault: FaultKind, *, is_held: bool = False) -> Envelope:
    """Return what the lab's settings promise a client."""
    sampling = Sampling(interval_seconds=1, timeout_seconds=2, client=client)
    return envelope(probing(30, 10, 3), 100, fault, sampling, is_held=is_held)


@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize("fault", FaultKind)
def test_a_client_that_keeps_an_answer_is_promised_what_a_fresh_one_is(
    fault: FaultKind, is_held: bool
) -> None:
    """Its TTL is the resolver's."""
    fresh, ttl = (promised_to(client, fault, is_held=is_held) for client in FOLLOWERS)

    assert ttl == fresh
    assert fresh.failover_total.seconds_max is not None


@pytest.mark.parametrize("fault", FaultKind)
def test_nothing_bounds_the_failover_of_a_pinned_client(fault: FaultKind) -> None:
    """It never asks again; what leads to its resolver is promised as to all."""
    fresh, pinned = (promised_to(client, fault) for client in (ClientClass.FRESH, PINNED))

    assert pinned.promised("failover", "clientRecovery") == Elapsed(0.0, None)
    assert pinned.failover_total == Elapsed(fresh.failover_total.seconds_min, None)
    assert pinned.failover[:3] == fresh.failover[:3]
    assert pinned.rto_floor_seconds == fresh.rto_floor_seconds


@pytest.mark.parametrize("fault", FaultKind)
def test_a_connection_is_kept_only_as_long_as_it_is_answered(fault: FaultKind) -> None:
    """That of a stopped machine is given up long before DNS names another."""
    fresh, keepalive = (promised_to(client, fault) for client in (ClientClass.FRESH, KEEPALIVE))

    if fault in VM_FAULTS:
        assert keepalive.failover == fresh.failover
    else:
        assert keepalive.promised("failover", "clientRecovery") == Elapsed(0.0, None)
        assert keepalive.failover_total.seconds_max is None
    assert keepalive.failback_total == Elapsed(0.0, None)
    assert keepalive.promised("failback", "clientReturn") == ANYTHING


@pytest.mark.parametrize(
    ("fault", "is_held", "total"),
    [
        (FaultKind.VM_POWER_OFF, False, Elapsed(0.0, None)),
        (FaultKind.VM_DEALLOCATE, False, Elapsed(0.0, None)),
        (FaultKind.VM_POWER_OFF, True, Elapsed(0.0, 3.0)),
        (FaultKind.PROBE_PATH, False, Elapsed(0.0, 3.0)),
        (FaultKind.ENDPOINT_DISABLE, False, Elapsed(0.0, 3.0)),
    ],
)
def test_a_pinned_client_is_back_with_its_machine(
    fault: FaultKind, is_held: bool, total: Elapsed
) -> None:
    """It waits for neither probe nor cache: how long before them nobody promises."""
    pinned = promised_to(PINNED, fault, is_held=is_held)

    assert pinned.failback_total == total
    promised = pinned.promised("failback", "clientReturn")
    assert (promised.seconds_least, promised.seconds_max) == (None, 3.0)


def test_formulas_say_what_is_unbounded() -> None:
    """As their bounds do."""
    for client, fault in ((PINNED, VM), (KEEPALIVE, FaultKind.PROBE_PATH)):
        ours = promised_to(client, fault).formulas[-1]
        assert ours.text.endswith("[0, L] + [0, unbounded)")
        assert ours.elapsed.seconds_max is None


def test_a_request_that_times_out_late_delays_a_kept_connection() -> None:
    """Where probes notice in five seconds what a client with ten takes ten to give up."""
    sampling = Sampling(interval_seconds=1, timeout_seconds=10, client=KEEPALIVE)
    promised = envelope(probing(10, 5, 0), 0, VM, sampling)

    assert promised.promised("failover", "clientRecovery") == Elapsed(0.0, 11.0 + 11.0 - 5.0)
    assert promised.formulas[-1].text.endswith("[0, 2 * sampling - (N * I + T)]")


@given(
    interval=st.integers(1, 10),
    timeout=st.integers(1, 10),
    phase=st.floats(0, 1),
    late=st.floats(0, 1),
    probes=st.sampled_from([(10, 5, 0), (10, 9, 0), (30, 5, 0), (10, 5, 1), (30, 10, 3)]),
)
def test_no_kept_connection_takes_longer_than_promised(
    interval: int, timeout: int, phase: float, late: float, probes: tuple[int, int, int]
) -> None:
    """By the client's own rules, whenever its machine dies and its resolver switches.

    It gives a request up after its time-out; the first visit after that one asks its resolver, and
    every later one does, until one is answered: at the latest when its own time is over.
    """
    sampling = Sampling(interval_seconds=interval, timeout_seconds=timeout, client=KEEPALIVE)
    monitor = probing(*probes)
    detected = detection(monitor, VM)
    switched = detected.seconds_min + late * ((detected.seconds_max or 0) - detected.seconds_min)

    died_in_use = phase * interval
    asks_anew = died_in_use + interval * (floor(timeout / interval) + 1)
    visits = max(0, ceil((switched - asks_anew) / interval))
    served = asks_anew + visits * interval + timeout

    promised = envelope(monitor, 0, VM, sampling).promised("failover", "clientRecovery")
    assert served - switched <= (promised.seconds_max or 0) + LATE_SLACK_SECONDS


def test_a_drill_is_promised_what_its_objective_client_is() -> None:
    """As the plan says."""
    plan = Plan(profile="lab", rto_seconds=300, objective_client=PINNED)

    assert envelope_of(LAB, plan).failover_total == Elapsed(100.0, None)
    assert envelope_of(LAB, replace(plan, objective_client=KEEPALIVE)).failover_total == Elapsed(
        100.0, 233.0
    )


def test_who_stays_is_known_by_class_and_fault() -> None:
    """The other two follow their resolver."""
    staying = {(c, f) for c in ClientClass for f in FaultKind if stays(c, f)}

    assert staying == {(PINNED, fault) for fault in FaultKind} | {
        (KEEPALIVE, fault) for fault in SERVING_FAULTS
    }


# -- whole drills ------------------------------------------------------------------------------


def clients(world: World, client: ClientClass) -> tuple[Sample, ...]:
    """Return what a client that stays saw of a world, failing for some seconds after the fault.

    They make its return to the primary, which it never left, one that is timed.
    """
    unmoved = replace(world, resolver_switched=9_000.0, resolver_back=9_000.0)
    since = actions(world)[0].sent_at + 1_000
    fails = range(since, since + FAILING_MS)
    return tuple(
        s._replace(
            series=f"client/{client}", outcome=Outcome.FAILED if s.asked_at in fails else s.outcome
        )
        for s in timeline(unmoved).series("client/fresh")
    )


def reported(world: World, client: ClientClass, **plan: object) -> Report:
    """Return the report of a drill whose objective client stays."""
    drill = a_finished_drill(stability_seconds=STABILITY_SECONDS, objective_client=client, **plan)
    samples = (*timeline(world).samples, *clients(world, client))
    return build_report(drill, Timeline(samples, actions(world)))


@pytest.mark.parametrize(
    ("world_type", "client", "plan"),
    [
        (World, PINNED, {}),
        (HeldWorld, PINNED, {"failback": "hold"}),
        (DisabledWorld, PINNED, {"fault": FaultKind.ENDPOINT_DISABLE}),
        (DisabledWorld, KEEPALIVE, {"fault": FaultKind.ENDPOINT_DISABLE}),
        (HeaderWorld, PINNED, {"fault": FaultKind.PROBE_PATH}),
        (HeaderWorld, KEEPALIVE, {"fault": FaultKind.PROBE_PATH}),
    ],
    ids=["stopped", "held", "disabled pinned", "disabled kept", "header pinned", "header kept"],
)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_clients_that_stay_are_neither_fast_nor_slow(
    world_type: type[World], client: ClientClass, plan: dict[str, object], data: st.DataObject
) -> None:
    """They are back before their resolver, by however much: the settings promise nothing of it."""
    world = data.draw(worlds(world_type))

    report = reported(world, client, **plan)

    (back,) = [time for time in report.phases if time.name == "clientReturn"]
    assert back.comparison is Comparison.WITHIN
    of_clients = {f.subject for f in report.findings if f.code.endswith("Promised")}
    assert not of_clients & {"clientRecovery", "clientReturn"}
    failback = [each.comparison for each in report.compared if each.of == "failback"]
    assert failback == [Comparison.WITHIN]
