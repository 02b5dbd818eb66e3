"""A drill's timeline as milestones."""

from dataclasses import replace

from shared.core.course import find_course
from shared.core.evidence import Evidence
from shared.core.intervals import Interval
from shared.core.milestones import VM_ROWS, Milestone, NotReached
from shared.core.samples import ActionKind, Attempt, Outcome, Sample, Timeline
from shared.core.seek import Milestones, find_milestones
from tests.support.drills import (
    AMSTERDAM,
    LAB,
    RESOLVER,
    SERVER,
    VIRGINIA,
    VIRGINIA_VM,
    at,
)
from tests.support.worlds import Sampler, World, a_finished_drill, an_action, timeline, until

LAB_WORLD = World()
INJECT, UNDO = ActionKind.INJECT, ActionKind.ROLL_BACK


def seek(recorded: Timeline) -> Milestones:
    """Find the milestones of the lab's drill in a timeline."""
    return find_milestones(Evidence(a_finished_drill(), recorded.samples), recorded.actions)


def the(name: str, found: Milestones) -> Milestone:
    """Return the one milestone of that name."""
    (milestone,) = [m for m in found.reached if m.name == name]
    return milestone


def why_not(name: str, found: Milestones) -> NotReached:
    """Return why there is none."""
    missing = found.missing(name)
    assert missing is not None
    return missing


def without(recorded: Timeline, *series: str) -> Timeline:
    """Return the timeline as if those series had not been sampled."""
    return replace(recorded, samples=tuple(s for s in recorded.samples if s.series not in series))


def test_the_labs_drill_reaches_every_milestone_of_the_table() -> None:
    """In the table's order, each at its vantage."""
    found = seek(timeline(LAB_WORLD))

    assert [m.name for m in found.reached] == [row.name for row in VM_ROWS]
    assert not found.not_reached
    assert not found.flaps
    assert the("authoritativeSwitched", found).vantage == SERVER
    assert the("resolverBack", found).vantage == RESOLVER
    assert the("clientOnSurvivor", found).vantage == "fresh"
    assert the("vmStopped", found).vantage == "virginia-vm"


def test_a_milestone_lies_between_the_two_samples_that_prove_it() -> None:
    """The last that saw the old state when asked, the first that saw the new when answered."""
    milestone = the("authoritativeSwitched", seek(timeline(LAB_WORLD)))
    series = f"dns/authoritative/{SERVER}"

    assert milestone.interval.after == at(215)
    assert at(216) < milestone.interval.not_after <= at(216.02)
    assert milestone.samples == (
        f"{series}@2026-11-22T09:03:35.000Z#one",
        f"{series}@2026-11-22T09:03:36.000Z#one",
    )


def test_a_drop_is_known_after_its_time_out() -> None:
    """So the fault's effect is two seconds wider than a switch of DNS."""
    milestone = the("faultEffective", seek(timeline(LAB_WORLD)))

    assert milestone.is_proved_by_timeout
    assert milestone.interval == Interval(at(101), at(104) + 1)


def test_a_stopping_machine_has_not_stopped_and_a_starting_one_does_not_run() -> None:
    """Else the intervals were as wide as the operations."""
    found = seek(timeline(LAB_WORLD))

    assert the("vmStopped", found).interval.width_seconds < 2.1
    assert the("vmRunning", found).interval.width_seconds < 2.1


def test_an_effect_does_not_precede_its_request() -> None:
    """Where the last old sample was asked before the request, the request is the bound."""
    world = World(effective=90.15)

    milestone = the("faultEffective", seek(timeline(world, Sampler(gaps=((80.0, 92.0),)))))

    assert milestone.interval.after == at(90)
    assert milestone.samples[0] == "health/virginia@2026-11-22T09:01:19.000Z#one"


def test_an_effect_seen_by_the_first_sample_of_all_has_no_old_proof() -> None:
    """A host that started late still bounds what it sees by the request."""
    milestone = the("faultEffective", seek(timeline(LAB_WORLD, Sampler(gaps=((0.0, 110.0),)))))

    assert milestone.interval == Interval(at(90), at(112) + 1)
    assert milestone.samples[0] is None


def test_nothing_is_sought_where_nothing_was_injected() -> None:
    """A drill that found no steady state has no milestones."""
    found = seek(replace(timeline(LAB_WORLD), actions=()))

    assert not found.reached
    assert {n.because for n in found.not_reached} == {
        "nothing was injected",
        "nothing was asked to be restored",
    }


def test_a_rollback_in_doubt_is_reported_though_nothing_was_injected() -> None:
    """It was asked for; there is just nothing that it ended."""
    refused = an_action(INJECT, 90, 90.2, Attempt.FAILED)
    recorded = Timeline((), (refused, an_action(UNDO, 150, 151)))

    found = seek(recorded)

    assert [m.name for m in found.reached] == ["restoreRequested"]


def test_a_running_drill_has_the_milestones_so_far() -> None:
    """The failback's are not sought before its request."""
    found = seek(until(timeline(LAB_WORLD), 250))

    assert found.reached[-1].name == "authoritativeSwitched"
    assert why_not("resolverSwitched", found).not_before == at(249)
    assert why_not("vmRunning", found).because == "nothing was restored yet"
    assert why_not("restoreRequested", found).because == "nothing was asked to be restored"


def test_a_recovery_that_was_not_seen_to_last_is_not_reached() -> None:
    """It says how much of the stretch was seen, and before when it certainly was not."""
    missing = why_not("clientOnSurvivor", seek(until(timeline(LAB_WORLD), 310)))

    assert missing.because == "21 s were seen of the 60 s that prove it"
    assert missing.not_before == at(288)
    assert missing.sample == "client/fresh@2026-11-22T09:04:48.000Z#one"


def test_a_series_without_samples_reaches_nothing() -> None:
    """And is named."""
    found = seek(without(timeline(LAB_WORLD), "monitor/virginia", "client/fresh"))

    assert why_not("endpointDegraded", found).because == "there is no sample of monitor/virginia"
    assert why_not("clientOnPrimary", found).because == "there is no sample of client/fresh"


def test_nothing_comes_back_that_did_not_leave() -> None:
    """Stopped before DNS switched, the drill has no authoritativeBack."""
    never = World(
        degraded=9_000, authoritative_switched=9_000, resolver_switched=9_000,
        restore_sent=150, restore_accepted=150.1, restore_answered=150.2,
        running=170, serving=180, end=260,
    )  # fmt: skip

    found = seek(timeline(never))

    assert why_not("authoritativeBack", found).because == "what it is the end of was never seen"
    assert the("endpointServing", found)
    assert the("clientOnPrimary", found).interval.after == at(179)


def test_nothing_leaves_that_had_left_before() -> None:
    """A resolver that keeps a survivor's name from an earlier day did not switch in this drill."""
    found = seek(timeline(World(resolver_switched=0)))

    assert why_not("resolverSwitched", found).because.startswith("it was so before")
    assert the("resolverBack", found).interval.after > at(412)


def test_a_client_that_never_failed_does_not_come_back() -> None:
    """A fault without effect on it has no recovery either."""
    found = seek(timeline(World(effective=9_000, serving=0, resolver_switched=9_000)))

    assert why_not("clientOnPrimary", found).because == "what it is the end of was never seen"


def test_the_clients_falling_back_is_a_flap() -> None:
    """Served by the survivor, then by the endpoint under test again, then for good."""
    recorded = timeline(LAB_WORLD)
    odd = f"client/fresh@{recorded.series('client/fresh')[300].id.split('@')[1]}"
    samples = tuple(
        s._replace(outcome=Outcome.OK, answer=VIRGINIA) if s.id == odd else s
        for s in recorded.samples
    )

    found = seek(replace(recorded, samples=samples))

    assert [(f.name, f.vantage) for f in found.flaps] == [("clientOnSurvivor", "fresh")]
    assert the("clientOnSurvivor", found).interval.after == at(300)


def test_a_single_odd_answer_is_a_flap_and_not_the_switch() -> None:
    """One early answer of a name server does not make it switched."""
    recorded = timeline(LAB_WORLD)
    series = f"dns/authoritative/{SERVER}"
    odd = recorded.series(series)[150].id
    samples = tuple(s._replace(answer=AMSTERDAM) if s.id == odd else s for s in recorded.samples)

    found = seek(replace(recorded, samples=samples))

    assert [f.samples for f in found.flaps] == [(odd, recorded.series(series)[151].id)]
    assert the("authoritativeSwitched", found).interval.after == at(215)


def test_a_restore_by_the_watchdog_counts_as_ours() -> None:
    """Whoever of ours sent it first."""
    recorded = timeline(LAB_WORLD)
    by_watchdog = an_action(UNDO, 412, 412.2, by="watchdog")

    found = seek(replace(recorded, actions=(recorded.actions[0], by_watchdog)))

    assert the("restoreRequested", found).vantage == "watchdog"
    assert the("clientOnPrimary", found)


def test_a_restore_by_nobody_of_ours_counts_from_the_machine_running() -> None:
    """A person started it: restoreRequested is not reached, the rest is."""
    recorded = timeline(LAB_WORLD)

    found = seek(replace(recorded, actions=recorded.actions[:1]))

    assert found.course.is_restored_by_others
    assert "before anything of ours" in why_not("restoreRequested", found).because
    assert the("vmRunning", found).interval.after == at(432)
    assert the("clientOnPrimary", found)


def test_our_own_restore_after_a_persons_is_not_the_cause() -> None:
    """The machine ran already when we asked."""
    recorded = timeline(LAB_WORLD)
    late = an_action(UNDO, 450, 450.2)

    course = find_course(
        Evidence(a_finished_drill(), recorded.samples), (recorded.actions[0], late)
    )

    assert course.is_restored_by_others
    assert course.back_since == at(432)


def test_a_request_that_nobody_answered_and_no_look_saw_is_not_reached() -> None:
    """Its effects are sought from its sending on all the same."""
    recorded = without(timeline(LAB_WORLD), "power/virginia-vm")
    lost = an_action(INJECT, 90, None, Attempt.UNKNOWN)

    found = seek(replace(recorded, actions=(lost, recorded.actions[1])))

    assert "known to have been accepted" in why_not("faultRequested", found).because
    assert the("faultEffective", found)


def test_several_machines_have_their_own_milestones() -> None:
    """And the endpoint one of each."""
    recorded = timeline(LAB_WORLD)
    machine = replace(LAB.targets[0], name="second-vm", id=f"{VIRGINIA_VM}2")
    drill = replace(a_finished_drill(), snapshot=replace(LAB, targets=(*LAB.targets, machine)))
    second = [
        Sample("power/second-vm", s.asked_at, s.answered_at, s.outcome, s.answer)
        for s in recorded.series("power/virginia-vm")
    ]

    found = find_milestones(Evidence(drill, [*recorded.samples, *second]), recorded.actions)

    stopped = [m.vantage for m in found.reached if m.name == "vmStopped"]
    assert stopped == ["virginia-vm", "second-vm"]


def test_the_first_of_several_servers_is_the_first_to_have_switched() -> None:
    """The path goes through it."""
    recorded = timeline(LAB_WORLD)
    other = timeline(World(authoritative_switched=214.0)).series(f"dns/authoritative/{SERVER}")
    early = [s._replace(series="dns/authoritative/127.1.1.2:53") for s in other]

    found = seek(replace(recorded, samples=(*recorded.samples, *early)))

    first = found.first("authoritativeSwitched")
    assert first is not None
    assert first.vantage == "127.1.1.2:53"
    assert found.at("authoritativeSwitched", SERVER) is not None
    assert found.at("authoritativeSwitched", "nowhere") is None
    assert found.first("nothing") is None
