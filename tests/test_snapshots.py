"""The configuration that samples are judged by, from what ARM says."""

from typing import Any

import pytest

from shared.core.errors import RefusedByAzure
from shared.core.model import Vantages
from shared.snapshots import Snapshots
from tests.core.test_desired import BODY, IPS
from tests.support.azure import MemoryProfiles, ToyAzure
from tests.test_profiles import LAB, Bench

Json = dict[str, Any]
ADDRESSES = {"virginia-ip": "203.0.113.4", "amsterdam-ip": "203.0.113.5"}


class Azure(ToyAzure):
    """A toy Azure that may hide a public IP."""

    hidden: str = ""

    def resource(self, resource_id: str) -> Json | None:
        """Return a resource, or refuse to show it."""
        if self.hidden and resource_id.endswith(self.hidden):
            raise RefusedByAzure("AuthorizationFailed")
        return super().profile(resource_id)


@pytest.fixture
def azure() -> Azure:
    """The lab's profile, provisioned, its public IPs with addresses."""
    bench = Bench(Azure(), MemoryProfiles())
    bench.profiles().put("lab", BODY)
    for name, address in ADDRESSES.items():
        bench.azure.resources[f"{IPS}/{name}".lower()]["properties"]["ipAddress"] = address
    assert isinstance(bench.azure, Azure)
    return bench.azure


def snapshots(azure: Azure) -> Snapshots:
    """Return what builds snapshots; every name that is looked up is at one address."""

    def vantages(fqdn: str, client_url: str) -> Vantages:
        return Vantages(
            authoritative=(f"server of {fqdn}",),
            resolvers=("resolver",),
            client_resolver="resolver",
            client_url=client_url,
        )

    return Snapshots(azure, lambda name: f"address of {name}", vantages)


def test_a_profile_is_taken_as_it_is(azure: Azure) -> None:
    """Its settings, where its endpoints are, and who is to be asked; no machines."""
    configuration = snapshots(azure).configuration("lab", LAB, 60)

    assert configuration is not None
    snapshot = configuration.snapshot
    assert configuration.routing_method == "Priority"
    assert configuration.interval_seconds == 60
    assert (snapshot.fqdn, snapshot.ttl_seconds) == ("switchback-lab.trafficmanager.net", 100)
    assert {e.name: e.address for e in snapshot.endpoints} == {
        "virginia": "203.0.113.4",
        "amsterdam": "203.0.113.5",
    }
    assert snapshot.targets == ()
    assert snapshot.vantages.authoritative == ("server of switchback-lab.trafficmanager.net",)
    assert snapshot.vantages.client_url == "http://switchback-lab.trafficmanager.net:80/"


def test_a_profile_that_is_gone_has_none(azure: Azure) -> None:
    """Nobody is sampled by the settings of yesterday."""
    assert snapshots(azure).configuration("gone", f"{LAB}-gone", 60) is None


def test_a_public_ip_that_is_hidden_is_found_by_its_name(azure: Azure) -> None:
    """It may be of another subscription."""
    azure.hidden = "amsterdam-ip"
    live = azure.profile(LAB)
    assert live is not None
    for endpoint in live["properties"]["endpoints"]:
        endpoint["properties"]["target"] = f"{endpoint['name']}.test"

    snapshot = snapshots(azure).take("lab", live)

    assert snapshot.endpoint("amsterdam").address == "address of amsterdam.test"
    assert snapshot.endpoint("virginia").address == "203.0.113.4"


def test_a_drill_may_name_its_client_s_url(azure: Azure) -> None:
    """Instead of the monitor's."""
    live = azure.profile(LAB)
    assert live is not None

    snapshot = snapshots(azure).take("lab", live, "https://shop.test/")

    assert snapshot.vantages.client_url == "https://shop.test/"
