"""What a profile's settings promise."""

import pytest

from shared.core.envelope import Sampling, detection, envelope, envelope_of
from shared.core.intervals import Elapsed
from shared.core.model import MonitorSettings
from shared.core.plan import FaultKind, Plan
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
