"""Certificates that end soon are told: no failover comes of it, but clients refuse them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.findings import Finding
from shared.core.report import build_report
from shared.core.samples import CERTIFICATE_UNTIL, Instant, rfc3339
from tests.support.drills import START
from tests.support.reports import LAB_TIMELINE, failback, failover
from tests.support.worlds import a_finished_drill, until

DAY_MS = 86_400_000
SHORT = until(LAB_TIMELINE, 40)


def ending(ends: dict[str, list[Instant]]) -> list[Finding]:
    """Return what is found where endpoints show certificates that end then, in turns."""
    shown = {series: [_detail(end) for end in of_it] for series, of_it in ends.items()}
    samples = tuple(
        s._replace(detail=shown[s.series][number % len(shown[s.series])])
        if s.series in shown
        else s
        for number, s in enumerate(SHORT.samples)
    )
    report = build_report(a_finished_drill(), replace(SHORT, samples=samples))
    return [finding for finding in report.findings if finding.code == "CertificateExpires"]


def _detail(end: Instant) -> str:
    return f"{CERTIFICATE_UNTIL}{rfc3339(end)[:19]}Z"


def test_a_certificate_that_ends_within_a_month_is_named() -> None:
    """With its endpoint, its date and how long that is from the drill on."""
    (found,) = ending({"health/virginia": [START + 9 * DAY_MS + 5_000]})

    assert found.subject == "virginia"
    assert found.message == (
        "The certificate of virginia is valid until 2026-12-01T09:00:05.000Z, 9 days after "
        "2026-11-22T09:00:00.000Z: renew it. Traffic Manager does not look at certificates; "
        "clients do."
    )


def test_a_certificate_that_has_expired_is_named_as_such() -> None:
    """On both endpoints, each in its own words."""
    found = ending({"health/virginia": [START - DAY_MS], "health/amsterdam": [START]})

    assert [f.subject for f in found] == ["amsterdam", "virginia"]
    assert found[0].message.startswith(
        "The certificate of amsterdam has expired: it was valid until 2026-11-22T09:00:00.000Z."
    )
    assert "it was valid until 2026-11-21T09:00:00.000Z." in found[1].message


def test_of_several_machines_the_first_certificate_to_end_counts() -> None:
    """A load balancer shows now one, now the other."""
    (found,) = ending({"health/virginia": [START + 200 * DAY_MS, START + 2 * DAY_MS]})

    assert "2 days after" in found.message


@settings(deadline=None, max_examples=30)
@given(st.integers(-400, 400), st.integers(0, 86_399))
def test_what_ends_a_month_later_or_more_is_left_in_peace(days: int, seconds: int) -> None:
    """To the second."""
    end = START + days * DAY_MS + 1_000 * seconds

    assert bool(ending({"health/amsterdam": [end]})) is (days < 30)


@pytest.mark.parametrize("series", ["client/fresh", "dns/authoritative/127.1.1.1:53"])
def test_only_endpoints_have_certificates_to_be_renewed(series: str) -> None:
    """What a client saw is one of theirs."""
    assert ending({series: [START]}) == []


def test_a_certificate_decides_no_verdict() -> None:
    """Traffic Manager does not look at it."""
    expired = tuple(
        s._replace(detail=_detail(START)) if s.series.startswith("health/") else s
        for s in LAB_TIMELINE.samples
    )

    report = build_report(a_finished_drill(), replace(LAB_TIMELINE, samples=expired))

    assert {f.code for f in report.findings} == {"CertificateExpires"}
    assert (failover(report).verdict, failback(report).verdict) == ("met", "met")
