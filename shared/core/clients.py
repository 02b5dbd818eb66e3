"""What the classes of client keep from visit to visit, and what a timeline remembers of it."""

from collections.abc import Iterable
from ipaddress import ip_address

from shared.core.plan import ClientClass
from shared.core.samples import Outcome, Sample

PINNED_SERIES = f"client/{ClientClass.PINNED}"
CONNECTED_TO = "connected to "
"""How a client sample's `detail` begins where its answer is not the address, but a header."""


def connected_address(sample: Sample) -> str | None:
    """Return the address that served a client; None if the sample does not tell."""
    return as_address(sample.detail.removeprefix(CONNECTED_TO)) or as_address(sample.answer)


def connection_detail(answer: str, address: str) -> str:
    """Return what tells the address of a client's sample where its answer does not."""
    return "" if answer == address else f"{CONNECTED_TO}{address}"


def first_address(chain: str) -> str | None:
    """Return the first address of a DNS answer's chain, or None."""
    return next(filter(None, map(as_address, chain.split(">"))), None)


def as_address(text: str) -> str | None:
    """Return the IP address that the text is, or None."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def pinned_address(samples: Iterable[Sample]) -> str | None:
    """Return the address that the pinned client keeps; None if nothing has served it yet."""
    served = [s for s in samples if s.series == PINNED_SERIES and s.outcome is Outcome.OK]
    if not served:
        return None
    return connected_address(min(served, key=lambda sample: sample.answered_at))
