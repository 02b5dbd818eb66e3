"""The custom headers of Traffic Manager's probes, and what one more of them would do. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from shared.core.errors import Fault
from shared.core.facts import Facts
from shared.core.model import EndpointSnapshot
from shared.core.plan import ProbePath

Json = dict[str, Any]
Headers = tuple[tuple[str, str], ...]

HEADERS_MAX = 8
"""Traffic Manager takes no more (MicrosoftDocs, traffic-manager-monitoring)."""


def probe_headers(endpoint: Json, monitor: Json) -> Headers:
    """Return what an endpoint's probes carry: its own list, which replaces the profile's."""
    listed = endpoint.get("customHeaders") or monitor.get("customHeaders") or []
    return tuple((str(each["name"]), str(each["value"])) for each in listed)


def value_of(headers: Headers, name: str) -> str | None:
    """Return a header's value, or None."""
    return next((value for known, value in headers if known.lower() == name.lower()), None)


def with_header(endpoint: EndpointSnapshot, added: ProbePath) -> EndpointSnapshot:
    """Return the endpoint as it is probed with one more header, or with another value of it."""
    kept = tuple(each for each in endpoint.headers if each[0].lower() != added.header.lower())
    headers = (*kept, (added.header, added.value))
    return replace(endpoint, headers=headers, host=value_of(headers, "Host") or endpoint.host)


def can_be_tried(facts: Facts, added: ProbePath) -> bool:
    """Our own request with the header would tell something: without it, it is answered well."""
    is_answered = facts.answering.get(facts.endpoint, False)
    return is_answered and not _no_effect(facts, added)


def header_faults(facts: Facts) -> Iterator[Fault]:
    """Yield why the header of `probePath` cannot make this endpoint's probes fail."""
    added, endpoint = facts.plan.probe_path, facts.under_test
    if added is None:
        return
    if why := _no_effect(facts, added):
        yield Fault("ProbeHeaderHasNoEffect", "probePath", why)
    count = len(with_header(endpoint, added).headers)
    if count > HEADERS_MAX:
        yield Fault(
            "TooManyHeaders",
            "probePath.header",
            f"With {added.header}, the probes of {endpoint.name} would carry {count} custom "
            f"headers; Traffic Manager takes at most {HEADERS_MAX}.",
        )


def _no_effect(facts: Facts, added: ProbePath) -> str:
    endpoint = facts.under_test
    shown = f"{added.header}: {added.value}"
    if facts.snapshot.monitor.protocol.upper() == "TCP":
        return "The profile probes over TCP, where there are no headers; it must be HTTP or HTTPS."
    if value_of(endpoint.headers, added.header) == added.value:
        return f"Probes of {endpoint.name} carry {shown!r} already, and it is Online."
    if facts.answers_with_header:
        expected = ", ".join(
            f"{low}-{high}" for low, high in facts.snapshot.monitor.expected_statuses
        )
        return (
            f"{endpoint.name} answers our own request well (a status of {expected}) also with "
            f"{shown!r}; it must answer otherwise, so that probes fail."
        )
    return ""
