"""The documented tables, row by row, from probes and writes to the octets of the DNS answer.

Each row runs the whole data plane: what is written and probed goes in, what ARM shows and what a
name server says comes out. The tables are those of Microsoft's pages on endpoint monitoring, nested
profiles and the FAQ.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from emulator.cloud import Endpoint, RoutingMethod
from emulator.rules import EmptyProfile, NestedTtl, OtherTypes, Rules
from tests.emulator.planes import Plane, nested
from tests.emulator.values import endpoint, profile

ONE, TWO = "one.example.org", "two.example.org"
UP, DOWN, OPEN = (True,), (False,) * 4, ()  # Online, Degraded, no verdict


class Row(NamedTuple):
    """One endpoint's configuration and probes; what ARM shows; what its name answers."""

    shown: str
    answer: str
    profile_enabled: bool = True
    enabled: bool = True
    always_serve: bool = False
    probes: tuple[bool, ...] = UP


ENDPOINT_STATUS = {
    "profile Disabled, endpoint Enabled": Row("Inactive", "NXDOMAIN", profile_enabled=False),
    "any profile, endpoint Disabled": Row("Disabled", "NXDOMAIN", enabled=False),
    "profile and endpoint Disabled": Row("Disabled", "NXDOMAIN", False, False),
    "first result not in": Row("CheckingEndpoint", ONE, probes=OPEN),
    "failures that are tolerated, no verdict": Row("CheckingEndpoint", ONE, probes=(False,) * 3),
    "healthy": Row("Online", ONE),
    "failing; alone, so best effort": Row("Degraded", ONE, probes=DOWN),
    "failing, then one success": Row("Online", ONE, probes=DOWN + UP),
    "always served": Row("Unmonitored", ONE, always_serve=True, probes=()),
    "always served, but Disabled": Row("Disabled", "NXDOMAIN", True, False, True, ()),
}


@pytest.mark.parametrize("row", ENDPOINT_STATUS.values(), ids=ENDPOINT_STATUS)
def test_endpoint_monitor_status(row: Row) -> None:
    """And whether such an endpoint is in DNS."""
    made = Plane()
    only = endpoint("one", enabled=row.enabled, always_serve=row.always_serve)
    made.plane.write(profile(only, enabled=row.profile_enabled))
    made.probe("one", *row.probes)

    assert (made.status("one"), made.answer()) == (row.shown, row.answer)


OFF = "off"
# what each endpoint was probed to be -> profileMonitorStatus
ROLL_UP: dict[str, tuple[list[object], str]] = {
    "any Degraded": ([DOWN, UP, OPEN], "Degraded"),
    "no Degraded, any Online": ([UP, OPEN, OFF], "Online"),
    "no Online, any CheckingEndpoint": ([OPEN, OFF], "CheckingEndpoints"),
    "all Disabled": ([OFF, OFF], "Inactive"),
    "none at all": ([], "Inactive"),
}


def rolled_up(states: list[object], **changes: object) -> Plane:
    """Return a data plane with one profile whose endpoints are in these states."""
    made = Plane()
    names = [f"e{i}" for i in range(len(states))]
    made.plane.write(
        profile(
            *(
                endpoint(name, i + 1, enabled=state is not OFF)
                for i, (name, state) in enumerate(zip(names, states, strict=True))
            ),
            **changes,
        )
    )
    for name, state in zip(names, states, strict=True):
        if isinstance(state, tuple):
            made.probe(name, *state, of=str(changes.get("name", "lab")))
    return made


@pytest.mark.parametrize("row", ROLL_UP.values(), ids=ROLL_UP)
def test_profile_monitor_status(row: tuple[list[object], str]) -> None:
    """The first match wins."""
    states, shown = row

    assert rolled_up(states).profile_status() == shown


def test_a_disabled_profile_shows_disabled() -> None:
    """Whatever its endpoints were."""
    made = rolled_up([DOWN, UP])
    made.plane.write(profile(endpoint("e0", 1), endpoint("e1", 2), enabled=False))

    assert made.profile_status() == "Disabled"


# states of the child's endpoints, minChildEndpoints -> status of the nested endpoint
NESTED: dict[str, tuple[list[object], int | None, str]] = {
    "as many Online as needed": ([UP, UP, DOWN], 2, "Online"),
    "one Online is enough by default": ([UP, DOWN, DOWN], None, "Online"),
    "Online and CheckingEndpoint make the number": ([UP, OPEN, DOWN], 2, "CheckingEndpoint"),
    "all in CheckingEndpoint": ([OPEN, OPEN], 2, "CheckingEndpoint"),
    "too few": ([UP, DOWN, DOWN], 2, "Degraded"),
    "too few even with those in CheckingEndpoint": ([UP, OPEN, DOWN], 3, "Degraded"),
    "all Degraded": ([DOWN, DOWN], 1, "Degraded"),
    "the child is Inactive: all Disabled": ([OFF, OFF], 1, "Stopped"),
    "the child is Inactive: empty": ([], 1, "Stopped"),
}


@pytest.mark.parametrize("row", NESTED.values(), ids=NESTED)
def test_nested_endpoint(row: tuple[list[object], int | None, str]) -> None:
    """The child's endpoints are counted."""
    states, minimum, shown = row
    made = rolled_up(states, name="child", relative_name="child")
    made.plane.write(profile(nested("down", "child", min_child_endpoints=minimum)))

    assert made.status("down") == shown


def test_a_disabled_child_stops_the_nested_endpoint() -> None:
    """Stopped is never in DNS: there is no best effort for it."""
    made = rolled_up([UP], name="child", relative_name="child", enabled=False)
    made.plane.write(profile(nested("down", "child")))

    assert (made.status("down"), made.answer()) == ("Stopped", "NXDOMAIN")


CornerSetUp = Callable[[], Plane]


def of_two(first: object, second: object, method: RoutingMethod) -> Plane:
    """Return a profile over one and two in these states."""
    return rolled_up([first, second], method=method)


Corner = tuple[object, object, set[str]]
"""The states of two endpoints, and which of them is answered with."""


def assert_answers(row: Corner, method: RoutingMethod, questions: int) -> None:
    """So many questions are answered with those of the row, and with all of them."""
    first, second, expected = row
    made = of_two(first, second, method)

    answers = {made.answer() for _ in range(questions)}

    assert answers == ({f"{name}.example.org" for name in expected} or {"NXDOMAIN"})


CORNERS: dict[str, Corner] = {
    "both Online": (UP, UP, {"e0"}),
    "all Degraded: the primary again": (DOWN, DOWN, {"e0"}),
    "all enabled ones Degraded: Disabled stays out": (OFF, DOWN, {"e1"}),
    "one Degraded": (DOWN, UP, {"e1"}),
    "all Disabled": (OFF, OFF, set()),
}


@pytest.mark.parametrize("row", CORNERS.values(), ids=CORNERS)
def test_answers_in_corner_cases_of_priority(row: Corner) -> None:
    """Best effort, and NXDOMAIN where nothing may be answered."""
    assert_answers(row, RoutingMethod.PRIORITY, questions=20)


WEIGHTED_CORNERS: dict[str, Corner] = {
    "both Online": (UP, UP, {"e0", "e1"}),
    "all Degraded: all of them again": (DOWN, DOWN, {"e0", "e1"}),
    "all enabled ones Degraded: Disabled stays out": (OFF, DOWN, {"e1"}),
    "one Degraded": (DOWN, UP, {"e1"}),
    "all Disabled": (OFF, OFF, set()),
}


@pytest.mark.parametrize("row", WEIGHTED_CORNERS.values(), ids=WEIGHTED_CORNERS)
def test_answers_in_corner_cases_of_weighted(row: Corner) -> None:
    """Every query draws."""
    assert_answers(row, RoutingMethod.WEIGHTED, questions=60)


def test_a_disabled_profile_and_one_without_endpoints_have_no_name() -> None:
    """NXDOMAIN, whatever the query type."""
    disabled, empty = Plane(), Plane()
    disabled.plane.write(profile(endpoint("one"), enabled=False))
    empty.plane.write(profile())

    for made in (disabled, empty):
        assert {made.answer(kind=k) for k in ("A", "AAAA", "CNAME", "ANY")} == {"NXDOMAIN"}


# target -> what A, AAAA, CNAME, ANY and TXT are answered
QUERY_TYPES = {
    TWO: (TWO, TWO, TWO, TWO, "NODATA"),
    "192.0.2.7": ("192.0.2.7", "NODATA", "NODATA", "192.0.2.7", "NODATA"),
    "2001:db8::7": ("NODATA", "2001:db8::7", "NODATA", "2001:db8::7", "NODATA"),
}


@pytest.mark.parametrize("method", [RoutingMethod.PRIORITY, RoutingMethod.WEIGHTED])
@pytest.mark.parametrize("target", QUERY_TYPES)
def test_query_types(target: str, method: RoutingMethod) -> None:
    """The FAQ's table for methods with a single answer."""
    made = Plane()
    made.plane.write(profile(endpoint("one", target=target), method=method))

    kinds = ("A", "AAAA", "CNAME", "ANY", "TXT")
    assert tuple(made.answer(kind=kind) for kind in kinds) == QUERY_TYPES[target]


@pytest.mark.parametrize("method", ["Performance", "Geographic", "Subnet", "MultiValue"])
@pytest.mark.parametrize("kind", ["A", "AAAA", "CNAME", "ANY"])
def test_methods_that_are_not_emulated_are_refused(method: str, kind: str) -> None:
    """Also the table's column of MultiValue, until it is emulated."""
    made = Plane()
    made.plane.write(profile(endpoint("one"), method=RoutingMethod(method)))

    assert made.answer(kind=kind) == "REFUSED"


def some(*endpoints: Endpoint, **rules: object) -> Plane:
    """Return a data plane under other rules, with one profile."""
    made = Plane(Rules(**rules))  # type: ignore[arg-type]
    made.plane.write(profile(*endpoints))
    return made


def test_what_no_source_tells_is_a_switch() -> None:
    """Each differs from its default, and only where it should."""
    txt = some(endpoint("two"), other_types=OtherTypes.CNAME)
    assert (txt.answer(kind="TXT"), txt.answer(kind="MX")) == (TWO, TWO)
    assert some(empty_profile=EmptyProfile.NO_DATA).answer() == "NODATA"
    always = endpoint("one", always_serve=True)
    assert some(always).profile_status() == "Online"
    assert some(always, unmonitored_counts_as_online=False).profile_status() == "Inactive"


@pytest.mark.parametrize(("choice", "ttl"), [(NestedTtl.QUERIED, 100), (NestedTtl.ANSWERING, 7)])
def test_whose_ttl_a_nested_answer_carries(choice: NestedTtl, ttl: int) -> None:
    """The queried profile's, unless the switch says otherwise."""
    made = Plane(Rules(nested_ttl=choice))
    made.plane.write(profile(endpoint("one"), name="child", relative_name="child", ttl_seconds=7))
    made.plane.write(profile(nested("down", "child")))

    message = made.ask()

    assert [(r.ttl, str(r[0])) for r in message.answer] == [(ttl, f"{ONE}.")]
