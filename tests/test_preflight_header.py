"""The header of `probePath` is tried before it is set, as probes would carry it."""

from typing import Any

import pytest

from shared.preflight import HEADER_TRIES
from tests.support.drills import VIRGINIA
from tests.support.lab_azure import (
    PROBE,
    LabAzure,
    codes,
    inspected,
    with_first,
)


def test_the_header_is_tried_before_it_is_set() -> None:
    """As Traffic Manager will probe: with the headers that it sends now, and this one."""
    azure = with_first(customHeaders=[{"name": "X-Who", "value": "probe"}])
    found = inspected(PROBE, azure)
    tried = [check for check in azure.checks if len(check.headers) > 1]

    assert found.faults == ()
    assert len(tried) == HEADER_TRIES, "one lost packet must not pass for the header's effect"
    assert {check.headers for check in tried} == {(("X-Who", "probe"), ("X-Drill", "fail"))}
    assert {check.address for check in tried} == {VIRGINIA}


def test_a_header_that_changes_nothing_is_refused() -> None:
    """The application answers as before: no probe would fail, and the drill would wait in vain."""
    azure = LabAzure(answers_badly=lambda headers: False)

    assert codes(PROBE, azure) == ["ProbeHeaderHasNoEffect"]
    assert sum(bool(check.headers) for check in azure.checks) == 1, "one good answer is enough"


PROBE_ALREADY = [{"name": "x-drill", "value": "fail"}]
EIGHT = [{"name": f"X-{number}", "value": "on"} for number in range(8)]


@pytest.mark.parametrize(
    ("code", "monitor"),
    [
        ("ProbeHeaderHasNoEffect", {"protocol": "TCP", "path": None}),
        ("ProbeHeaderHasNoEffect", {"customHeaders": PROBE_ALREADY}),
        ("TooManyHeaders", {"customHeaders": EIGHT}),
    ],
    ids=["no headers", "there already", "full"],
)
def test_some_headers_cannot_have_an_effect(code: str, monitor: dict[str, Any]) -> None:
    """There are none in TCP, one that is sent already changes nothing, and eight are all."""
    azure = LabAzure()
    azure.answers_badly = lambda headers: ("X-Drill", "fail") in headers
    assert azure.live is not None
    azure.live["properties"]["monitorConfig"] |= monitor

    assert codes(PROBE, azure) == [code]


def test_of_an_endpoint_that_does_not_answer_the_header_is_not_tried() -> None:
    """What fails anyway would pass for an effect."""
    azure = LabAzure(silent=(VIRGINIA,))

    assert codes(PROBE, azure) == ["EndpointNotServing"]
    assert [check.headers for check in azure.checks] == [(), ()]


def test_our_own_requests_carry_the_headers_of_the_probes() -> None:
    """An application that asks for one would refuse us; Host is sent once, as the host."""
    headers = [{"name": "Host", "value": "www.example.com"}, {"name": "X-Key", "value": "k"}]
    azure = LabAzure()
    assert azure.live is not None
    azure.live["properties"]["monitorConfig"]["customHeaders"] = headers

    inspected(azure=azure)

    assert {(c.host, c.headers) for c in azure.checks} == {("www.example.com", (("X-Key", "k"),))}
