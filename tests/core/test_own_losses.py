"""What our own receive buffer lost must not pass for an outage of a server."""

from dataclasses import replace

from shared.core.report import build_report
from shared.core.samples import LOST, Outcome
from tests.support.reports import LAB_TIMELINE
from tests.support.worlds import a_finished_drill


def test_losses_of_our_own_are_a_finding() -> None:
    """Counted, and from when to when."""
    samples = list(LAB_TIMELINE.samples)
    places = [at for at, sample in enumerate(samples) if sample.series.startswith("dns/")][10:13]
    for at in places:
        samples[at] = samples[at]._replace(outcome=Outcome.TIMEOUT, answer="", detail=LOST)

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=tuple(samples)))

    (finding,) = [f for f in report.findings if f.code == "ReceiveBufferLosses"]
    assert finding.message.startswith("3 questions timed out while our own receive buffer")


def test_without_losses_nothing_is_said() -> None:
    """A time-out alone is the server's."""
    report = build_report(a_finished_drill(), LAB_TIMELINE)

    assert "ReceiveBufferLosses" not in {finding.code for finding in report.findings}
