"""Which formulas an observed failover time supports, and which it refutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.envelope import Envelope, Formula, Sampling, Support, envelope
from shared.core.intervals import Elapsed
from shared.core.plan import ClientClass, FaultKind
from shared.core.report import Report, build_report
from shared.core.samples import Timeline
from tests.core.test_envelope import probing
from tests.support.drills import a_drill
from tests.support.fault_worlds import DisabledWorld
from tests.support.reports import LAB_TIMELINE, beside_the_lab
from tests.support.worlds import World, a_finished_drill, timeline, until

FORTY_TO_SIXTY = Formula("f", "text", Elapsed(40.0, 60.0))
SERVING_FAULTS = (FaultKind.ENDPOINT_DISABLE, FaultKind.PROBE_PATH)


def said(observed: Elapsed | None, formula: Formula = FORTY_TO_SIXTY) -> Support | None:
    """Return what an observed failover time says of a formula."""
    return formula.beside(observed).observation


@pytest.mark.parametrize(
    ("observed", "support"),
    [
        (Elapsed(40.0, 60.0), Support.SUPPORTED),
        (Elapsed(45.0, 46.0), Support.SUPPORTED),
        (Elapsed(60.001, 61.0), Support.REFUTED),
        (Elapsed(30.0, 39.999), Support.REFUTED),
        (Elapsed(60.0, 61.0), Support.UNDECIDED),
        (Elapsed(39.0, 40.0), Support.UNDECIDED),
        (Elapsed(30.0, 70.0), Support.UNDECIDED),
        (Elapsed(50.0, None), Support.UNDECIDED),
        (Elapsed(61.0, None), Support.REFUTED),
        (None, Support.UNDECIDED),
    ],
)
def test_an_interval_is_held_against_bounds(observed: Elapsed | None, support: Support) -> None:
    """Supported is what lies within whatever its truth is; refuted what lies beyond so."""
    assert said(observed) is support


def test_only_sampling_puts_an_effect_before_its_cause() -> None:
    """A failover that took no time at all may be seen a moment too early."""
    assert said(Elapsed(-0.4, 1.2), Formula("f", "text", Elapsed(0.0, 103.0))) is Support.SUPPORTED
    assert said(Elapsed(-2.0, -1.0), Formula("f", "text", Elapsed(0.0, 103.0))) is Support.REFUTED


def test_a_formula_without_a_maximum_can_be_supported_by_waiting() -> None:
    """Whatever is longer than its minimum lies within."""
    unbounded = Formula("f", "text", Elapsed(40.0, None))

    assert said(Elapsed(41.0, None), unbounded) is Support.SUPPORTED
    assert said(Elapsed(39.0, None), unbounded) is Support.UNDECIDED


seconds = st.integers(0, 400)
unbounded_or = st.one_of(st.none(), seconds)


@given(seconds, unbounded_or, seconds, unbounded_or, seconds)
def test_no_formula_is_judged_wrongly(
    least: int, length: int | None, low: int, width: int | None, truth: int
) -> None:
    """Whatever the failover truly took: supported formulas hold it, refuted ones do not."""
    observed = Elapsed(float(least), None if length is None else float(least + length))
    formula = Formula("f", "t", Elapsed(float(low), None if width is None else float(low + width)))

    support = said(observed, formula)

    if truth in observed:
        assert support is not Support.SUPPORTED or truth in formula.elapsed
        assert support is not Support.REFUTED or truth not in formula.elapsed


def test_what_is_only_asked_for_has_no_observation() -> None:
    """What-if is no drill."""
    sampling = Sampling(interval_seconds=1, timeout_seconds=2)
    asked = envelope(probing(30, 10, 3), 100, FaultKind.VM_POWER_OFF, sampling)

    assert {formula.observation for formula in asked.formulas} == {None}


def observations(report: Report) -> dict[str, str]:
    """Return what a report says of each formula."""
    return {each.name: str(each.observation) for each in report.envelope.formulas}


def test_the_labs_drill_supports_what_it_does_not_exceed() -> None:
    """186 s: the published maximum of 190 s holds, as do its correction and our bounds."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert observations(report) == dict.fromkeys(
        ("published", "corrected", "switchback"), "supported"
    )


def test_a_failover_beyond_the_published_formula_refutes_it() -> None:
    """211 s: more than TTL + 3 intervals, less than the corrected formula and ours allow."""
    slow = World(degraded=222.0, authoritative_switched=222.0, resolver_switched=312.4)

    report = build_report(a_finished_drill(), timeline(slow))

    assert observations(report) == {
        "published": "refuted",
        "corrected": "supported",
        "switchback": "supported",
    }


def test_a_switchover_says_nothing_of_formulas_about_probing() -> None:
    """Only what is advised for it, and ours, are about it."""
    drill = a_finished_drill(fault=FaultKind.ENDPOINT_DISABLE)
    world = DisabledWorld(resolver_switched=130.0)

    report = build_report(drill, timeline(world))

    assert observations(report) == {
        "published": "notApplicable",
        "corrected": "notApplicable",
        "advised": "supported",
        "switchback": "supported",
    }


@pytest.mark.parametrize("fault", SERVING_FAULTS)
def test_published_formulas_are_about_clients_that_follow_dns(fault: FaultKind) -> None:
    """One that stays where it is answered is another matter."""

    def applicable(client: ClientClass) -> set[str]:
        sampling = Sampling(interval_seconds=1, timeout_seconds=2, client=client)
        promised: Envelope = envelope(probing(30, 10, 3), 100, fault, sampling)
        return {each.name for each in promised.formulas if each.is_about_it}

    assert len(applicable(ClientClass.FRESH)) > 1
    assert applicable(ClientClass.TTL) == applicable(ClientClass.FRESH)
    assert applicable(ClientClass.KEEPALIVE) == {"switchback"}
    assert applicable(ClientClass.PINNED) == {"switchback"}


def test_a_client_that_never_moves_refutes_nobody() -> None:
    """The formulas are about others, and ours promises it no end."""
    pinned = tuple(
        s._replace(series="client/pinned")
        for s in timeline(World(resolver_switched=9_000, resolver_back=9_000)).series(
            "client/fresh"
        )
    )
    drill = a_finished_drill(objective_client=ClientClass.PINNED)

    report = build_report(drill, beside_the_lab(*pinned))

    assert observations(report) == {
        "published": "notApplicable",
        "corrected": "notApplicable",
        "switchback": "supported",
    }


def test_a_running_drill_refutes_what_it_has_outlasted() -> None:
    """Nothing is decided before that, and of no samples nothing."""
    never = timeline(World(resolver_switched=9_000, restore_sent=9_000))
    drill = a_drill()

    early, late = (build_report(drill, until(never, at)) for at in (200, 310))

    assert set(observations(early).values()) == {"undecided"}
    assert observations(late)["published"] == "refuted"
    assert observations(late)["switchback"] == "undecided"
    assert set(observations(build_report(drill, Timeline())).values()) == {"undecided"}
