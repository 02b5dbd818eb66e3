"""What a timeline remembers of the address that the pinned client keeps."""

from shared.core.clients import (
    connected_address,
    connection_detail,
    first_address,
    pinned_address,
)
from shared.core.samples import Outcome, Sample

VIRGINIA, AMSTERDAM = "127.1.0.4", "127.1.0.5"


def visit(
    at: int, answer: str, outcome: Outcome = Outcome.OK, detail: str = "", took: int = 5
) -> Sample:
    """Return a sample of the pinned client."""
    return Sample("client/pinned", at, at + took, outcome, answer, detail=detail)


def test_the_first_visit_that_was_served_pins() -> None:
    """Failures before it do not, whatever answered; other clients' visits do not."""
    samples = [
        Sample("client/fresh", 1, 2, Outcome.OK, AMSTERDAM),
        visit(1, AMSTERDAM, Outcome.FAILED),
        visit(2, ""),
        visit(1_000, VIRGINIA),
        visit(2_000, AMSTERDAM),
    ]

    assert pinned_address([s for s in samples if s.answer]) == VIRGINIA
    assert pinned_address(reversed([s for s in samples if s.answer])) == VIRGINIA


def test_of_two_visits_that_overlap_the_first_to_be_answered_pins() -> None:
    """As it did in the process that made them."""
    assert pinned_address([visit(1_000, VIRGINIA, took=1_900), visit(2_000, AMSTERDAM)]) == (
        AMSTERDAM
    )


def test_nothing_is_pinned_before_somebody_has_served() -> None:
    """A failure names nobody."""
    assert pinned_address([]) is None
    assert pinned_address([visit(1, "", Outcome.TIMEOUT)]) is None


def test_a_header_s_value_does_not_hide_the_address() -> None:
    """The answer is what the application says of itself; the address stands beside it."""
    detail = connection_detail("virginia-vm", VIRGINIA)

    assert connected_address(visit(1, "virginia-vm", detail=detail)) == VIRGINIA
    assert connection_detail(VIRGINIA, VIRGINIA) == ""
    assert connected_address(visit(1, VIRGINIA)) == VIRGINIA


def test_a_chain_s_first_address_is_chosen() -> None:
    """As most clients do; names lead to it."""
    assert first_address(f"v.test>{VIRGINIA}>{AMSTERDAM}") == VIRGINIA
    assert first_address("v.test>2001:db8:0::1") == "2001:db8::1"
    assert first_address("v.test") is None
    assert first_address("") is None
