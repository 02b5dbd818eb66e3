"""The data plane in virtual time: what a change brings about, and that the truth says so."""

from datetime import timedelta

import pytest

from emulator.cloud import EndpointKind
from emulator.endpoint_truth import Member
from emulator.monitor import EndpointStatus
from tests.emulator.planes import Plane, lab_profile
from tests.emulator.running import AMSTERDAM_FQDN, ANCHOR, VIRGINIA_FQDN
from tests.emulator.values import endpoint, profile


@pytest.fixture
def lab() -> Plane:
    """The lab's two targets as external endpoints, both Online."""
    made = Plane()
    made.plane.write(lab_profile())
    made.probe("virginia", True)
    made.probe("amsterdam", True)
    made.truth.events.clear()
    return made


def test_a_new_profile_tells_all_that_is_new() -> None:
    """Writes, what serves, statuses, and each server's first answer; all at one instant."""
    made = Plane()

    made.plane.write(lab_profile())

    assert made.news() == [
        ("endpointWrite", "virginia", "Enabled"),
        ("serving", "virginia", True),
        ("endpointWrite", "amsterdam", "Enabled"),
        ("serving", "amsterdam", True),
        ("endpointMonitorStatus", "virginia", "CheckingEndpoint"),
        ("endpointMonitorStatus", "amsterdam", "CheckingEndpoint"),
        ("answer", "ns1:53", "virginia"),
        ("answer", "ns2:53", "virginia"),
    ]


def test_a_failover_and_its_failback_in_probes(lab: Plane) -> None:
    """Three failures are tolerated and tell nothing; the fourth switches; one success restores."""
    lab.probe("virginia", False, False, False)
    assert lab.news() == []

    lab.probe("virginia", False)
    assert lab.news() == [
        ("endpointMonitorStatus", "virginia", "Degraded"),
        ("answer", "ns1:53", "amsterdam"),
        ("answer", "ns2:53", "amsterdam"),
    ]
    assert lab.plane.profile_status_of(lab_profile()).value == "Degraded"

    lab.probe("virginia", True)
    assert lab.news()[1] == ("answer", "ns1:53", "virginia")


def test_disabling_switches_at_once_and_enabling_starts_afresh(lab: Plane) -> None:
    """CheckingEndpoint is in DNS, so the way back is at once too."""
    off = endpoint("virginia", 1, target=VIRGINIA_FQDN, enabled=False)

    lab.plane.write(lab_profile().with_endpoint(off))
    assert lab.news() == [
        ("endpointWrite", "virginia", "Disabled"),
        ("endpointMonitorStatus", "virginia", "Disabled"),
        ("answer", "ns1:53", "amsterdam"),
        ("answer", "ns2:53", "amsterdam"),
    ]
    lab.plane.write(lab_profile())
    assert lab.news()[:3] == [
        ("endpointWrite", "virginia", "Enabled"),
        ("endpointMonitorStatus", "virginia", "CheckingEndpoint"),
        ("answer", "ns1:53", "virginia"),
    ]


def test_a_write_that_changes_nothing_tells_only_of_itself(lab: Plane) -> None:
    """And health that is known stays known."""
    lab.plane.write(lab_profile())
    assert lab.news() == []
    named = frozenset({Member.STATUS})
    lab.plane.write(lab_profile(), written={"externalendpoints/virginia": named})
    assert lab.news() == [("endpointWrite", "virginia", "Enabled")]


def test_an_endpoint_that_points_elsewhere_starts_afresh(lab: Plane) -> None:
    """What was known of the old place says nothing of the new one."""
    elsewhere = endpoint("virginia", 1, target="elsewhere.example.org")

    lab.plane.write(lab_profile().with_endpoint(elsewhere))

    assert lab.plane.status_of(lab_profile(), elsewhere) is EndpointStatus.CHECKING


def test_deleting_an_endpoint_or_the_profile(lab: Plane) -> None:
    """The answer goes with them."""
    lab.plane.write(profile(endpoint("amsterdam", 2, target=AMSTERDAM_FQDN)))
    assert lab.news() == [
        ("endpointWrite", "virginia", "Deleted"),
        ("answer", "ns1:53", "amsterdam"),
        ("answer", "ns2:53", "amsterdam"),
    ]
    (remaining,) = lab.cloud.profiles
    lab.plane.delete(remaining)
    assert lab.news() == [
        ("endpointWrite", "amsterdam", "Deleted"),
        ("answer", "ns1:53", "none"),
        ("answer", "ns2:53", "none"),
    ]


def test_with_several_profiles_events_say_whose_they_are(lab: Plane) -> None:
    """Two profiles may well have endpoints of one name."""
    lab.plane.write(lab_profile(name="second", relative_name="second"))
    lab.probe("virginia", *[False] * 4)

    assert {e.profile for e in lab.truth.events if e.at > ANCHOR + timedelta(seconds=2)} == {"lab"}
    assert lab.truth.events[-1].to_json()["profile"] == "lab"


def test_a_change_of_a_probe_that_nobody_waits_for_is_forgotten(lab: Plane) -> None:
    """A deleted endpoint that comes back is new."""
    lab.probe("virginia", *[False] * 4)
    lab.plane.write(profile(endpoint("amsterdam", 2, target=AMSTERDAM_FQDN)))
    lab.plane.write(lab_profile())

    again = endpoint("virginia", 1, target=VIRGINIA_FQDN)
    assert lab.plane.status_of(lab_profile(), again) is EndpointStatus.CHECKING
    assert again.kind is EndpointKind.EXTERNAL
