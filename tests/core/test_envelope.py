"""What a profile's settings promise."""

import pytest

from shared.core.envelope import Envelope, Sampling, detection, envelope, envelope_of
from shared.core.intervals import Elapsed
from shared.core.model import MonitorSettings
from shared.core.plan import Failback, FaultKind, Plan
from tests.support.drills import LAB

VM = FaultKind.VM_POWER_OFF
EACH_SECOND = Sampling(interval_seconds=1, timeout_seconds=2)


def probing(interval: int, timeout: int, tolerated: int) -> MonitorSettings:
    """Return probe settings, as people write them: 30/10/3."""
    return MonitorSettings(
        interval_seconds=interval, timeout_seconds=timeout, tolerated_failures=tolerated
    )


@pytest.mark.parametrize(
    ("settings", "bounds"),
    [
        ((30, 10, 3), Elapsed(100.0, 130.0)),
        ((10, 9, 3), Elapsed(39.0, 49.0)),
        ((10, 5, 0), Elapsed(5.0, 15.0)),
        ((30, 5, 1), Elapsed(35.0, 65.0)),
    ],
)
def test_detection_of_a_machine_that_falls_silent(
    settings: tuple[int, int, int], bounds: Elapsed
) -> None:
    """The first failing probe starts within I, N more follow, the last fails after T."""
    assert detection(probing(*settings), VM) == bounds


def test_the_labs_failover() -> None:
    """30/10/3 with TTL 100: nobody can promise the five minutes' wait, the settings can less."""
    promised = envelope_of(LAB, Plan(profile="lab", rto_seconds=300))

    assert promised.failover_total == Elapsed(100.0, 233.0)
    assert promised.promised("failover", "cacheDrain") == Elapsed(0.0, 100.0)
    assert promised.promised("failover", "clientRecovery") == Elapsed(0.0, 3.0)
    assert promised.rto_floor_seconds == 100.0


def test_a_failback_is_bounded_but_for_the_boot() -> None:
    """One good probe reinstates; how long a machine boots nobody promises."""
    promised = envelope(probing(30, 10, 3), 100, VM, EACH_SECOND)

    assert promised.promised("failback", "boot") == Elapsed(0.0, None)
    assert promised.promised("failback", "reinstatement") == Elapsed(0.0, 40.0)
    assert promised.failback_total == Elapsed(0.0, None)


def test_the_published_formulas_stand_beside_ours() -> None:
    """Microsoft's maximum, its correction, and the bounds that probing really has."""
    formulas = envelope(probing(10, 5, 3), 10, VM, EACH_SECOND).formulas

    assert {f.name: f.elapsed for f in formulas} == {
        "published": Elapsed(0.0, 40.0),
        "corrected": Elapsed(0.0, 70.0),
        "switchback": Elapsed(35.0, 58.0),
    }


@pytest.mark.parametrize(
    ("fault", "bounds"),
    [
        (FaultKind.VM_DEALLOCATE, Elapsed(100.0, 130.0)),
        (FaultKind.PROBE_PATH, Elapsed(90.0, 120.0)),
        (FaultKind.ENDPOINT_DISABLE, Elapsed(0.0, 0.0)),
    ],
)
def test_detection_of_the_other_faults(fault: FaultKind, bounds: Elapsed) -> None:
    """Silence is known after T, a bad status at once, a switchover is not detected at all."""
    assert detection(probing(30, 10, 3), fault) == bounds


def promised_for(fault: FaultKind, *, is_held: bool = False) -> Envelope:
    """Return what the lab's settings promise for a fault."""
    return envelope(probing(30, 10, 3), 100, fault, EACH_SECOND, is_held=is_held)


@pytest.mark.parametrize(
    ("fault", "floor", "most"),
    [
        (FaultKind.VM_DEALLOCATE, 100.0, 233.0),
        (FaultKind.PROBE_PATH, 90.0, 223.0),
        (FaultKind.ENDPOINT_DISABLE, 0.0, 103.0),
    ],
)
def test_each_fault_has_its_floor(fault: FaultKind, floor: float, most: float) -> None:
    """No drill of its kind can pass below it."""
    promised = promised_for(fault)

    assert promised.rto_floor_seconds == floor
    assert promised.failover_total == Elapsed(floor, most)


def test_an_enabled_endpoint_is_named_before_it_is_online() -> None:
    """So its return costs clients no probing, and `dnsReturn` is negative."""
    promised = promised_for(FaultKind.ENDPOINT_DISABLE)

    assert [promise.name for promise in promised.failback] == [
        "reinstatement",
        "dnsReturn",
        "cacheDrain",
        "clientReturn",
    ]
    assert promised.promised("failback", "reinstatement") == Elapsed(0.0, 40.0)
    assert promised.promised("failback", "dnsReturn") == Elapsed(-40.0, 0.0)
    assert promised.failback_total == Elapsed(0.0, 103.0)


def test_probes_that_succeed_again_are_waited_for() -> None:
    """Without its header, the endpoint is Online at the next probe, and then named."""
    promised = promised_for(FaultKind.PROBE_PATH)

    assert promised.promised("failback", "dnsReturn") == Elapsed(0.0, 0.0)
    assert promised.failback_total == Elapsed(0.0, 143.0)


@pytest.mark.parametrize("fault", FaultKind)
def test_a_held_failback_begins_with_enabling(fault: FaultKind) -> None:
    """Whatever the fault was: machines have booted before, so that even the whole is bounded."""
    assert (
        promised_for(fault, is_held=True).failback
        == promised_for(FaultKind.ENDPOINT_DISABLE).failback
    )
    assert promised_for(fault, is_held=True).failback_total == Elapsed(0.0, 103.0)


def test_a_plan_that_holds_its_failback_is_promised_so() -> None:
    """Unless it went otherwise."""
    held = Plan(profile="lab", rto_seconds=300, failback=Failback.HOLD)

    assert envelope_of(LAB, held).failback_total == Elapsed(0.0, 103.0)
    assert envelope_of(LAB, held, is_held=False).failback_total == Elapsed(0.0, None)


@pytest.mark.parametrize("fault", FaultKind)
def test_every_fault_has_its_formula(fault: FaultKind) -> None:
    """Beside the two that are published; and what is advised for a switchover."""
    formulas = {f.name: f for f in promised_for(fault).formulas}

    assert {"published", "corrected", "switchback"} <= set(formulas)
    assert formulas["switchback"].text.endswith("[0, L] + [0, sampling]")
    assert formulas["switchback"].elapsed == promised_for(fault).failover_total
    is_switchover = fault is FaultKind.ENDPOINT_DISABLE
    assert ("advised" in formulas) is is_switchover
    assert ("N" in formulas["switchback"].text) is not is_switchover
