"""What the classes of client show beside the objective one."""

from dataclasses import replace

from shared.core.report import Report, build_report
from shared.core.samples import Outcome, Sample, Timeline
from tests.support.drills import VIRGINIA, at
from tests.support.reports import LAB_TIMELINE, LAB_WORLD, beside_the_lab, codes
from tests.support.worlds import World, a_finished_drill, timeline, until

FRESH = LAB_TIMELINE.series("client/fresh")


def of_class(client: str, world: World = LAB_WORLD) -> tuple[Sample, ...]:
    """Return a class's samples: as the fresh client saw a world."""
    return tuple(
        s._replace(series=f"client/{client}") for s in timeline(world).series(FRESH[0].series)
    )


def pinned(world: World = LAB_WORLD) -> tuple[Sample, ...]:
    """Return the samples of a client that keeps the primary's address."""
    kept = replace(world, resolver_switched=9_000.0, resolver_back=9_000.0)
    return of_class("pinned", kept)


def keepalive() -> tuple[Sample, ...]:
    """Return the samples of a client that, once on the survivor, stays there."""
    return of_class("keepalive", replace(LAB_WORLD, resolver_back=9_000.0))


def report_of(*samples: Sample, **plan: object) -> Report:
    """Return the lab's report with more clients."""
    return build_report(a_finished_drill(**plan), beside_the_lab(*samples))


def test_clients_that_follow_their_resolver_are_no_finding() -> None:
    """The lab's drill with a client of the class ttl beside."""
    report = report_of(*of_class("ttl"))

    assert codes(report) == []
    reached = [m.vantage for m in report.milestones if m.name.startswith("client")]
    assert reached == ["fresh", "ttl", "fresh", "ttl"]


def test_a_pinned_client_does_not_recover_before_its_machine_does() -> None:
    """It is named, with how long it was watched; its failures are none of the failback's."""
    report = report_of(*pinned())

    (finding,) = report.findings
    assert (finding.code, finding.subject) == ("ClientNeverRecovered", "pinned")
    assert finding.message == (
        "The pinned client was never served by a survivor in the failover, watched for 321 s."
    )
    assert finding.elapsed is not None
    assert (finding.elapsed.seconds_min, finding.elapsed.seconds_max) == (321.0, None)
    assert [(m.name, m.vantage) for m in report.not_reached] == [("clientOnSurvivor", "pinned")]
    (down,) = [d.elapsed for d in report.client_downtime if d.client == "pinned"]
    assert LAB_WORLD.serving - LAB_WORLD.effective in down


def test_a_kept_connection_stays_on_the_survivor() -> None:
    """It recovered with the resolver and does not come back: the verdict is another client's."""
    report = report_of(*keepalive())

    (finding,) = report.findings
    assert (finding.code, finding.subject) == ("ClientStayed", "keepalive")
    assert finding.message == (
        "The keepalive client stayed on amsterdam in the failback, watched for 207 s: what it "
        "keeps outlives every TTL."
    )
    assert [(m.name, m.vantage) for m in report.not_reached] == [("clientOnPrimary", "keepalive")]
    assert {str(o.verdict) for o in report.objectives} == {"met"}


def test_a_client_that_stays_with_a_primary_that_serves_has_not_failed() -> None:
    """A fault of the probes' path only: traffic leaves, the machine serves on."""
    serving = tuple(s._replace(outcome=Outcome.OK, answer=VIRGINIA) for s in pinned())

    (finding,) = report_of(*serving).findings

    assert (finding.code, finding.subject) == ("ClientStayed", "pinned")
    assert finding.message.startswith("The pinned client stayed on virginia in the failover, ")


def test_a_client_whose_address_is_gone_does_not_recover_in_the_failback_either() -> None:
    """As one that is pinned to an address that a machine lost."""
    gone = replace(LAB_WORLD, resolver_switched=9_000.0, resolver_back=9_000.0, serving=9_000.0)

    found = report_of(*of_class("pinned", gone)).findings

    assert [(f.code, f.subject) for f in found] == 2 * [("ClientNeverRecovered", "pinned")]
    assert found[1].message.startswith(
        "The pinned client was never served by virginia again in the failback, watched for 207 s"
    )


def test_nothing_is_said_of_clients_that_may_still_move() -> None:
    """While the drill runs, the failback goes on."""
    drill = replace(a_finished_drill(), closed_at=None, ending=None)
    running = until(beside_the_lab(*pinned(), *keepalive()), 590)

    assert codes(build_report(drill, running)) == ["ClientNeverRecovered"]
    assert codes(build_report(drill, until(running, 400))) == []


def test_a_client_that_moved_too_late_to_be_proved_is_not_accused() -> None:
    """It is on the survivor; for how long was not seen."""
    late = replace(LAB_WORLD, resolver_switched=380.0)

    report = report_of(*of_class("ttl", late))

    assert ("clientOnSurvivor", "ttl") in [(m.name, m.vantage) for m in report.not_reached]
    assert "ClientNeverRecovered" not in codes(report)
    assert "ClientStayed" not in codes(report)


def test_errors_of_a_client_that_a_survivor_had_served_are_the_failback_s() -> None:
    """One that never left the primary fails since the failover, which says so."""
    broken = tuple(
        s._replace(outcome=Outcome.FAILED) if at(500) <= s.asked_at < at(503) else s
        for s in of_class("ttl")
    )

    report = report_of(*broken, *pinned())

    assert [(f.code, f.subject) for f in report.findings] == [
        ("ClientErrorsInFailback", "ttl"),
        ("ClientNeverRecovered", "pinned"),
    ]


def test_clients_that_a_new_process_began_anew_are_told() -> None:
    """Only those that keep something in the process, and only after the fault."""

    def by_two(client: str, since: float) -> tuple[Sample, ...]:
        return tuple(
            s._replace(writer="two") if s.asked_at >= at(since) else s for s in of_class(client)
        )

    report = report_of(*by_two("keepalive", 350), *by_two("ttl", 50), *by_two("pinned", 350))

    (finding,) = [f for f in report.findings if f.code == "ClientBegunAnew"]
    assert finding.subject == "keepalive"
    assert "after the fault (new processes: 1)" in finding.message


def test_nothing_is_said_of_a_client_that_was_not_asked_meanwhile() -> None:
    """Its samples end before the fault."""
    before = tuple(s for s in pinned() if s.asked_at < at(80))

    found = report_of(*before).findings

    assert {f.code for f in found} == {"Gap", "ThinSampling"}


def test_without_a_fault_nothing_is_said_of_clients() -> None:
    """A drill that was cancelled."""
    recorded = Timeline(beside_the_lab(*pinned()).samples)

    found = build_report(a_finished_drill(), recorded).findings

    assert not [f for f in found if f.code.startswith("Client")]
