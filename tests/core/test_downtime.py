"""How long a class of client was failing."""

import pytest

from shared.core.downtime import ClientDowntime, client_downtime, failing_time
from shared.core.evidence import Evidence
from shared.core.intervals import Elapsed
from shared.core.samples import Outcome, Sample
from shared.core.slots import Slot, to_slots
from tests.support.drills import a_drill

EVERY_MS = 1_000


def samples(pattern: str) -> list[Sample]:
    """Return a sample a second: s served, f failed; a dot is none."""
    return [
        Sample(
            "client/fresh",
            1_000 * second,
            1_000 * second + 100,
            Outcome.OK if letter == "s" else Outcome.FAILED,
        )
        for second, letter in enumerate(pattern)
        if letter != "."
    ]


def slots(pattern: str) -> list[Slot]:
    """Return the slots of such samples."""
    return to_slots(samples(pattern), EVERY_MS)


DOWNTIMES = {
    "is none where all is well": ("ssss", Elapsed(0.0, 0.0)),
    "lies between the failures, and reaches to the good ones beside": ("sfffss", Elapsed(2.0, 4.1)),
    "counts a blip, which may have been short": ("ssfss", Elapsed(0.0, 2.1)),
    "goes on to the last sample where nothing ended it": ("sfff", Elapsed(2.0, 3.0)),
    "may be all of a gap between good samples, or none": ("s.....s", Elapsed(0.0, 6.0)),
    "may be all of a gap in an outage, or none": ("ff.....ffs", Elapsed(2.0, 9.1)),
    "adds up over outages": ("sffssffs", Elapsed(2.0, 6.2)),
}  # fmt: skip


@pytest.mark.parametrize(("pattern", "expected"), DOWNTIMES.values(), ids=DOWNTIMES.keys())
def test_downtime(pattern: str, expected: Elapsed) -> None:
    """The time in which a request begun would have failed, with its bounds."""
    assert failing_time(slots(pattern), EVERY_MS, 0) == expected


def test_downtime_counts_from_the_fault() -> None:
    """What failed before is not the drill's."""
    assert failing_time(slots("sffffs"), EVERY_MS, 3_500) == Elapsed(0.5, 1.6)


def test_every_class_has_its_own() -> None:
    """With the number of slots that failed since the fault."""
    evidence = Evidence(a_drill(), samples("fsffs"))

    assert client_downtime(evidence, 2_000) == [
        ClientDowntime(client="fresh", elapsed=Elapsed(1.0, 2.1), failed_slots=2)
    ]
