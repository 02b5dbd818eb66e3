"""Certificates of endpoints that end soon, as health samples recorded them.

Traffic Manager does not look at them: no failover comes of it, only clients that are refused.
"""

from collections.abc import Iterator

from shared.core.evidence import HEALTH
from shared.core.findings import Facts, Finding
from shared.core.samples import CERTIFICATE_UNTIL, Instant, instant, rfc3339

DAYS_LEFT_MIN = 30
"""A certificate that ends earlier than this after the drill began is to be renewed by now."""
MS_PER_DAY = 86_400_000


def of_certificates(facts: Facts) -> Iterator[Finding]:
    """Yield the endpoints with a certificate that has ended, or ends soon."""
    began = facts.journey.drill.started_at
    for endpoint in facts.evidence.below(HEALTH):
        ends = _ends(facts, endpoint)
        if ends and min(ends) - began < DAYS_LEFT_MIN * MS_PER_DAY:
            message = (
                f"{_sentence(endpoint, min(ends), began)} Traffic Manager does not look at "
                "certificates; clients do."
            )
            yield Finding(code="CertificateExpires", subject=endpoint, message=message)


def _ends(facts: Facts, endpoint: str) -> list[Instant]:
    """Return when the certificates end that an endpoint showed: its machines may differ."""
    details = {sample.detail for sample in facts.evidence.series[f"{HEALTH}{endpoint}"]}
    return [
        instant(detail.removeprefix(CERTIFICATE_UNTIL))
        for detail in details
        if detail.startswith(CERTIFICATE_UNTIL)
    ]


def _sentence(endpoint: str, end: Instant, began: Instant) -> str:
    if end <= began:
        return f"The certificate of {endpoint} has expired: it was valid until {rfc3339(end)}."
    days = (end - began) // MS_PER_DAY
    return (
        f"The certificate of {endpoint} is valid until {rfc3339(end)}, {days} days after "
        f"{rfc3339(began)}: renew it."
    )
