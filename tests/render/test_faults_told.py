"""How each fault, each way of failing back, and what was cautioned of are told to readers."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from shared.core.model import Caution, Drill, Ending, TargetMachine
from shared.core.plan import Failback, FaultKind, ProbePath
from shared.core.report import Report, build_report
from shared.core.samples import Timeline
from shared.render.about import ending
from shared.render.html import to_html
from shared.render.lanes import FAILING, lanes
from shared.render.markdown import to_markdown
from shared.render.wire import to_wire
from tests.support.drills import LAB
from tests.support.fault_worlds import DisabledWorld, HeaderWorld, HeldWorld
from tests.support.worlds import World, a_finished_drill, timeline

HEADER = ProbePath(header="x-failover-drill", value="fail")
WORLDS: dict[FaultKind, World] = {
    FaultKind.VM_POWER_OFF: World(),
    FaultKind.VM_DEALLOCATE: World(),
    FaultKind.ENDPOINT_DISABLE: DisabledWorld(),
    FaultKind.PROBE_PATH: HeaderWorld(),
}
TOLD = {
    FaultKind.VM_POWER_OFF: "fails: what runs it is powered off, and later started again.",
    FaultKind.VM_DEALLOCATE: "fails: what runs it is deallocated, and later started again.",
    FaultKind.ENDPOINT_DISABLE: "is taken out: it is disabled, and later enabled again.",
    FaultKind.PROBE_PATH: "a header makes its probes fail while it serves on, and is later taken",
}
COLD = Caution(
    code="ControlPlaneInSameRegion",
    target="profile",
    message="Switchback runs in | eastus, as virginia does.",
)


def a_drill(fault: FaultKind, **plan: object) -> Drill:
    """Return a finished drill of that kind."""
    header = HEADER if fault is FaultKind.PROBE_PATH else None
    drill = a_finished_drill(fault=fault, probe_path=header, **plan)
    is_of_machines = fault in (FaultKind.VM_POWER_OFF, FaultKind.VM_DEALLOCATE)
    targets = LAB.targets if is_of_machines else ()
    return replace(drill, snapshot=replace(LAB, targets=targets))


def reported(drill: Drill, world: World) -> tuple[Report, Timeline]:
    """Return a drill's report beside what it is made of."""
    recorded = timeline(world)
    return build_report(drill, recorded), recorded


def words(page: str) -> str:
    """Return a page's text; our HTML is XML too."""
    return "".join(ET.fromstring(page.partition("\n")[2]).itertext())  # noqa: S314 - our own


@pytest.mark.parametrize("fault", FaultKind)
def test_a_page_tells_every_fault(fault: FaultKind) -> None:
    """What was done to which resource, and what came of it."""
    drill = a_drill(fault)

    page = to_html(*reported(drill, WORLDS[fault]))

    told = words(page)
    assert TOLD[fault] in told
    assert all(resource in told for resource in drill.fault_resources)
    assert ("x-failover-drill: fail" in told) is (fault is FaultKind.PROBE_PATH)
    assert "only when the failback was released" not in told
    assert "failbackHoldSecondsMax" not in told


@pytest.mark.parametrize("fault", FaultKind)
def test_a_report_tells_every_fault_to_programs(fault: FaultKind) -> None:
    """By the names of the plan."""
    wire = to_wire(reported(a_drill(fault), WORLDS[fault])[0])

    header = {"header": "x-failover-drill", "value": "fail"}
    assert (wire["fault"], wire["failback"], wire["cautions"]) == (fault.value, "automatic", [])
    assert wire["probePath"] == (header if fault is FaultKind.PROBE_PATH else None)
    assert json.loads(json.dumps(wire, allow_nan=False)) == wire


def test_a_held_failback_is_told() -> None:
    """Where it begins in the pictures, how long machines booted beside it, and its limit."""
    drill = a_drill(FaultKind.VM_POWER_OFF, failback=Failback.HOLD)

    report, recorded = reported(drill, HeldWorld())

    told = words(to_html(report, recorded))
    assert "Traffic returned to it only when the failback was released." in told
    assert "seconds since the failback was released" in told
    assert "failbackHoldSecondsMax3600 s" in told
    assert "startRequested" in told
    assert "holdback" in told
    assert to_wire(report)["failback"] == "hold"


def test_a_status_that_takes_an_endpoint_out_is_drawn_as_failing() -> None:
    """Disabled is as bad as Degraded for whoever asks for it."""
    drill = a_drill(FaultKind.ENDPOINT_DISABLE)

    drawn = {lane.series: lane.bands for lane in lanes(drill, timeline(DisabledWorld()))}

    assert [(band.says, band.tone) for band in drawn["monitor/virginia"]][1] == (
        "Disabled",
        FAILING,
    )


def test_cautions_are_told() -> None:
    """They forbade nothing, and weaken nothing; yet who reads should know."""
    drill = replace(a_drill(FaultKind.VM_POWER_OFF), cautions=(COLD,))

    report, recorded = reported(drill, World())

    assert to_wire(report)["cautions"] == [
        {"code": COLD.code, "target": COLD.target, "message": COLD.message}
    ]
    assert "## Cautions\n\n- ControlPlaneInSameRegion: Switchback runs in \\| eastus" in (
        to_markdown(report)
    )
    assert f"{COLD.code} {COLD.message}" in words(to_html(report, recorded))


def test_a_drill_without_cautions_has_no_such_section() -> None:
    """An empty heading would only raise questions."""
    report, recorded = reported(a_drill(FaultKind.VM_POWER_OFF), World())

    assert "Cautions" not in to_markdown(report)
    assert "Cautions" not in words(to_html(report, recorded))


def test_an_ending_without_a_failover_says_why() -> None:
    """Who reads only how it ended learns it there."""
    drill = replace(
        a_drill(FaultKind.VM_POWER_OFF), ending=Ending.TIMED_OUT, reason="NoFailoverInTime"
    )
    spared = TargetMachine(id=f"{LAB.targets[0].id}2", name="second-vm")
    drill = replace(drill, snapshot=replace(drill.snapshot, spared=(spared,)))
    report, recorded = reported(drill, World())
    why = "virginia kept serving: second-vm behind it was not stopped"
    report = replace(report, why_no_failover=why)

    assert ending(report) == f"ended: timed-out (NoFailoverInTime); {why}"
    assert f"(NoFailoverInTime); {why}." in to_markdown(report)
    told = words(to_html(report, recorded))
    assert told.count(why) >= 2
    assert f"not stopped{spared.id}" in told


@pytest.mark.parametrize("fault", [FaultKind.VM_POWER_OFF, FaultKind.PROBE_PATH])
def test_what_needs_a_person_is_named(fault: FaultKind) -> None:
    """A machine, or the endpoint itself."""
    drill = replace(a_drill(fault), needs_attention=True)

    told = words(to_html(*reported(drill, WORLDS[fault])))

    assert f"look after {drill.fault_resources[0]} by hand" in told
