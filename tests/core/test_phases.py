"""Where the time went, for every fault and both ways of failing back."""

from dataclasses import replace

import pytest

from shared.core.intervals import Comparison
from shared.core.milestones import ROWS, Switch
from shared.core.model import Drill
from shared.core.phases import PhaseTime, paths_of
from shared.core.plan import VM_FAULTS, Failback, FaultKind
from shared.core.report import Report, build_report
from shared.core.samples import ActionKind, Timeline, rfc3339
from tests.support.drills import SERVER, at
from tests.support.fault_worlds import DisabledWorld, HeaderWorld, HeldWorld
from tests.support.reports import codes, failback
from tests.support.worlds import World, a_finished_drill, timeline

DISABLED, HEADER = FaultKind.ENDPOINT_DISABLE, FaultKind.PROBE_PATH
HELD_DRILL = a_finished_drill(failback=Failback.HOLD)
WITHOUT_BOOT = ["reinstatement", "dnsReturn", "cacheDrain", "clientReturn"]


def of_failback(report: Report) -> list[PhaseTime]:
    """Return the failback's phase times."""
    return [time for time in report.phases if time.of is Switch.FAILBACK]


def without(recorded: Timeline, *kinds: ActionKind) -> Timeline:
    """Return the timeline as if nobody of ours had asked for that."""
    return replace(recorded, actions=tuple(a for a in recorded.actions if a.kind not in kinds))


@pytest.mark.parametrize("is_held", [False, True], ids=["automatic", "held"])
@pytest.mark.parametrize("fault", FaultKind)
def test_paths_go_through_milestones_of_their_kind(fault: FaultKind, is_held: bool) -> None:
    """Machines boot on the way back, unless they did so behind a hold."""
    known = {row.name for row in ROWS[fault]}
    paths = paths_of(fault, is_held=is_held)

    assert {path.start for path in paths.values()} <= known
    assert {step.end for path in paths.values() for step in path.steps} <= known
    boots = "boot" in {step.name for step in paths[Switch.FAILBACK].steps}
    assert boots is (fault in VM_FAULTS and not is_held)


def test_a_held_failback_is_timed_from_its_release() -> None:
    """The boot behind it stands beside the phases."""
    report = build_report(HELD_DRILL, timeline(HeldWorld()))

    times = of_failback(report)
    assert [time.name for time in times] == WITHOUT_BOOT
    assert {time.comparison for time in times} == {Comparison.WITHIN}
    assert "after the failback was released (300 s promised)" in failback(report).because
    (boot,) = [b for b in report.beside if b.name == "boot"]
    assert boot.since == "startRequested"
    assert 443.85 - 412.1 in boot.elapsed
    assert report.findings == ()


def test_the_machine_that_comes_back_behind_a_hold_is_no_flap() -> None:
    """Its milestones end and begin with the fault's undoing."""
    report = build_report(HELD_DRILL, timeline(HeldWorld(release_sent=520.0, online=540.0)))

    assert report.flaps == ()
    assert {"faultEffective", "vmRunning"} <= {m.name for m in report.milestones}


def test_a_hold_that_is_not_over_has_no_failback_yet() -> None:
    """It says what it waits for; the boot is told already."""
    never = HeldWorld(release_sent=9_000, release_accepted=9_000, online=9_000, resolver_back=9_000)
    recorded = without(timeline(never), ActionKind.RELEASE)

    report = build_report(HELD_DRILL, recorded)

    why = {n.name: n.because for n in report.not_reached}
    assert why["restoreRequested"] == why["endpointOnline"] == "the failback is held"
    assert [b.since for b in report.beside if b.name == "boot"] == ["startRequested"]
    assert failback(report).because == (
        "Inconclusive: restoreRequested was not seen, the failback is held."
    )


def test_a_hold_released_before_the_machine_serves_is_promised_nothing() -> None:
    """What the settings promise of enabling holds for an endpoint that serves."""
    early = HeldWorld(
        release_sent=415.0, release_accepted=415.1, release_answered=415.2, online=480.0,
        resolver_back=531.0,
    )  # fmt: skip

    report = build_report(HELD_DRILL, timeline(early))

    times = {time.name: time for time in of_failback(report)}
    assert times["reinstatement"].elapsed.seconds_min > 40
    assert {time.comparison for time in times.values()} == {Comparison.WITHIN}
    assert not {"SlowerThanPromised", "FasterThanPromised"} & set(codes(report))


@pytest.mark.parametrize(
    ("drill", "world", "start", "said"),
    [
        (a_finished_drill(), World(), "vmRunning", "the machine ran again"),
        (a_finished_drill(fault=DISABLED), DisabledWorld(), "endpointEnabled", "was enabled"),
        (a_finished_drill(fault=HEADER), HeaderWorld(), "endpointOnline", "was Online again"),
        (HELD_DRILL, HeldWorld(), "endpointEnabled", "the endpoint was enabled"),
    ],
    ids=["machine", "disabled", "header", "held"],
)
def test_a_failback_that_a_person_began_counts_from_what_showed_it(
    drill: Drill, world: World, start: str, said: str
) -> None:
    """And says so."""
    ours = ActionKind.RELEASE if isinstance(world, HeldWorld) else ActionKind.ROLL_BACK

    report = build_report(drill, without(timeline(world), ours))

    times = of_failback(report)
    assert times[0].start.name == start
    assert times[0].end.name != start
    assert said in failback(report).because
    assert failback(report).since_request is None
    (finding,) = [f for f in report.findings if f.code == "RestoredByOthers"]
    assert finding.message.endswith("before we asked for it; failback counts from there.")


def test_the_first_server_may_be_any_that_was_seen_to_switch_late() -> None:
    """One that lost samples just then: it is seen last, and may have switched first."""
    recorded = timeline(World())
    series = "dns/authoritative/127.1.1.9:53"
    other = tuple(
        s._replace(series=series)
        for s in recorded.series(f"dns/authoritative/{SERVER}")
        if not at(210) < s.asked_at < at(220)
    )

    report = build_report(
        a_finished_drill(), replace(recorded, samples=(*recorded.samples, *other))
    )

    (first,) = [t.end for t in report.phases if t.name == "dnsSwitch"]
    assert first.vantage == SERVER
    assert (first.interval.after, first.samples[0]) == (at(210), f"{series}@{rfc3339(at(210))}#one")
    assert at(216) < first.interval.not_after <= at(216.02)
