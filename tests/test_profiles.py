"""The profile service: desired state, nothing written when nothing would change."""

import copy
from dataclasses import dataclass, field

import pytest

from shared.core.errors import (
    EndpointNotFound,
    InvalidInput,
    ProfileBusy,
    ProfileNotFound,
    ProfileObserved,
    ProfileRegistered,
    RefusedByAzure,
)
from shared.profiles import Profiles, Surroundings
from tests.core.test_desired import BODY, IPS
from tests.support.azure import Json, MemoryProfiles, ToyAzure

LAB = "/subscriptions/0000/resourceGroups/g/providers/Microsoft.Network/trafficmanagerprofiles/lab"
ENDPOINT = {"type": "azureEndpoints", "targetResourceId": f"{IPS}/tokyo-ip"}


@dataclass
class Bench:
    """The service over a toy Azure with labelled public IPs."""

    azure: ToyAzure = field(default_factory=ToyAzure)
    registry: MemoryProfiles = field(default_factory=MemoryProfiles)
    holder: str | None = None

    def __post_init__(self) -> None:
        for name in ("virginia-ip", "amsterdam-ip", "tokyo-ip"):
            properties = {"dnsSettings": {"fqdn": f"{name}.cloudapp.azure.com"}}
            self.azure.resources[f"{IPS}/{name}".lower()] = {"properties": properties}

    def profiles(self) -> Profiles:
        """Return the service, as after a restart."""
        return Profiles(
            self.azure,
            Surroundings(
                registry=self.registry,
                holder=lambda name: self.holder,
                authoritative_answers=lambda fqdn: {"127.1.1.1:53": f"virginia of {fqdn}"},
                subscription_id="0000",
            ),
        )


@pytest.fixture
def bench() -> Bench:
    """Return the service with the lab's profile provisioned."""
    made = Bench()
    made.profiles().put("lab", BODY)
    made.azure.writes.clear()
    return made


def test_a_new_profile_is_written_once() -> None:
    """201, then 200; the second PUT writes nothing, also after a restart."""
    bench = Bench()

    first = bench.profiles().put("lab", BODY)
    second = bench.profiles().put("lab", BODY)

    assert (first.is_new, second.is_new) == (True, False)
    assert bench.azure.writes == [f"PUT {LAB}"]


def test_a_changed_profile_is_written(bench: Bench) -> None:
    """With what changed."""
    body = copy.deepcopy(BODY)
    body["dnsConfig"]["ttl"] = 30

    done = bench.profiles().put("lab", body)

    assert [change.path for change in done.changes] == ["dnsConfig.ttl"]
    assert bench.azure.writes == [f"PUT {LAB}"]


def test_a_dry_run_tells_and_writes_nothing(bench: Bench) -> None:
    """Not even in the registry."""
    body = copy.deepcopy(BODY)
    body["dnsConfig"]["ttl"] = 30
    before = copy.deepcopy(bench.registry.entries)

    done = bench.profiles().put("lab", body, is_dry_run=True)

    assert [change.wanted for change in done.changes] == [30]
    assert (bench.azure.writes, bench.registry.entries) == ([], before)


def test_a_profile_is_shown_with_answers_and_drift(bench: Bench) -> None:
    """Somebody has changed the TTL since."""
    bench.azure.resources[LAB.lower()]["properties"]["dnsConfig"]["ttl"] = 5

    view = bench.profiles().get("lab")

    assert view["answers"] == {"127.1.1.1:53": "virginia of switchback-lab.trafficmanager.net"}
    assert view["drift"] == [{"path": "dnsConfig.ttl", "live": 5, "applied": 100}]


def test_an_unknown_profile_is_told(bench: Bench) -> None:
    """Never registered, or gone from ARM."""
    with pytest.raises(ProfileNotFound):
        bench.profiles().get("other")
    del bench.azure.resources[LAB.lower()]
    with pytest.raises(ProfileNotFound):
        bench.profiles().get("lab")


def test_deleting_twice_is_fine(bench: Bench) -> None:
    """204, also when absent."""
    bench.profiles().delete("lab")
    bench.profiles().delete("lab")

    assert bench.azure.writes == [f"DELETE {LAB}"]
    assert bench.profiles().all() == []


def test_nothing_is_written_during_a_drill(bench: Bench) -> None:
    """A profile must not change under its drill."""
    bench.holder = "d1"
    profiles = bench.profiles()

    with pytest.raises(ProfileBusy):
        profiles.put("lab", BODY)
    with pytest.raises(ProfileBusy):
        profiles.delete("lab")
    with pytest.raises(ProfileBusy):
        profiles.put_endpoint("lab", "tokyo", ENDPOINT)
    with pytest.raises(ProfileBusy):
        profiles.delete_endpoint("lab", "virginia")
    assert bench.azure.writes == []


def test_a_target_must_exist_and_have_a_label() -> None:
    """Traffic Manager answers with the label's name; both are looked up before any write."""
    bench = Bench()
    del bench.azure.resources[f"{IPS}/virginia-ip".lower()]
    bench.azure.resources[f"{IPS}/amsterdam-ip".lower()] = {"properties": {}}

    with pytest.raises(InvalidInput) as refused:
        bench.profiles().put("lab", BODY)

    assert [(f.code, f.target) for f in refused.value.faults] == [
        ("TargetNotFound", "endpoints[0].targetResourceId"),
        ("PublicIpWithoutLabel", "endpoints[1].targetResourceId"),
    ]
    assert bench.azure.writes == []
    assert bench.registry.entries == {}


def test_a_taken_dns_name_is_named() -> None:
    """Only the service knows; its refusal becomes a fault of the field."""

    class Taken(ToyAzure):
        def put_profile(self, profile_id: str, body: Json) -> Json:
            refused = RefusedByAzure("Domain name lab.trafficmanager.net already exists.")
            refused.status = 409
            raise refused

    bench = Bench(azure=Taken())
    with pytest.raises(InvalidInput) as told:
        bench.profiles().put("lab", BODY)

    assert [f.target for f in told.value.faults] == ["dnsConfig.relativeName"]
    assert bench.registry.entries == {}


def test_an_endpoint_is_added_with_the_next_free_priority(bench: Bench) -> None:
    """And nothing is written when it is so already."""
    first = bench.profiles().put_endpoint("lab", "tokyo", ENDPOINT)
    second = bench.profiles().put_endpoint("lab", "tokyo", ENDPOINT)

    assert (first.is_new, first.view["priority"]) == (True, 3)
    assert (second.is_new, second.changes) == (False, ())
    assert bench.azure.writes == [f"PUT {LAB}/azureEndpoints/tokyo"]
    assert bench.profiles().get("lab")["drift"] == []


def test_an_endpoint_cannot_take_anothers_priority(bench: Bench) -> None:
    """ARM would refuse it, in words nobody has written down."""
    with pytest.raises(InvalidInput) as refused:
        bench.profiles().put_endpoint("lab", "tokyo", ENDPOINT | {"priority": 1})

    assert "virginia has it already" in refused.value.faults[0].message


def test_an_endpoint_is_deleted_once(bench: Bench) -> None:
    """The profile keeps the others, and shows no drift."""
    bench.profiles().delete_endpoint("lab", "VIRGINIA")
    bench.profiles().delete_endpoint("lab", "virginia")

    assert bench.azure.writes == [f"DELETE {LAB}/azureEndpoints/virginia"]
    assert bench.profiles().get("lab")["drift"] == []
    with pytest.raises(EndpointNotFound):
        bench.profiles().get_endpoint("lab", "virginia")


def test_an_observed_profile_is_never_written(bench: Bench) -> None:
    """Somebody else's: it may be drilled and measured, and forgotten."""
    bench.registry.entries.clear()
    profiles = bench.profiles()
    registered = profiles.observe("theirs", LAB)
    again = profiles.observe("theirs", LAB)

    assert (registered.is_new, again.is_new) == (True, False)
    assert profiles.get("theirs")["drift"] == []
    with pytest.raises(ProfileObserved):
        profiles.put("theirs", BODY)
    with pytest.raises(ProfileObserved):
        profiles.put_endpoint("theirs", "tokyo", ENDPOINT)
    with pytest.raises(ProfileObserved):
        profiles.delete_endpoint("theirs", "virginia")
    profiles.delete("theirs")
    assert bench.azure.writes == []
    assert bench.azure.profile(LAB) is not None


def test_a_profile_has_one_name_here(bench: Bench) -> None:
    """Two names would be two locks, and two drills at once."""
    with pytest.raises(ProfileRegistered):
        bench.profiles().observe("alias", LAB.upper())


@pytest.mark.parametrize("resource_id", ["lab", f"{IPS}/virginia-ip", LAB + "-gone"])
def test_only_a_profile_that_exists_can_be_observed(bench: Bench, resource_id: str) -> None:
    """By its resource id."""
    with pytest.raises(InvalidInput):
        bench.profiles().observe("theirs", resource_id)


def test_the_envelope_of_the_live_settings_can_be_asked_what_if(bench: Bench) -> None:
    """30/10/3 TTL 100 promises 100 to 233 s; 10/9/3 TTL 20 promises less."""
    live = bench.profiles().envelope("lab", {})
    faster = bench.profiles().envelope(
        "lab", {"intervalInSeconds": 10, "timeoutInSeconds": 9, "ttl": 20}
    )

    switchover = bench.profiles().envelope("lab", {}, "endpointDisable")
    assert switchover.rto_floor_seconds == 0
    with pytest.raises(InvalidInput, match="probePath"):
        bench.profiles().envelope("lab", {}, "vmExplode")
    assert live.rto_floor_seconds == 100
    assert faster.rto_floor_seconds == 39
    with pytest.raises(InvalidInput):
        bench.profiles().envelope("lab", {"intervalInSeconds": 20})


def test_the_envelope_is_that_of_a_class_of_client(bench: Bench) -> None:
    """Of one that follows its resolver, if nothing is said."""
    profiles = bench.profiles()
    pinned = profiles.envelope("lab", {}, client="pinned")

    assert profiles.envelope("lab", {}, client="fresh") == profiles.envelope("lab", {})
    assert pinned.failover_total.seconds_max is None
    with pytest.raises(InvalidInput, match="objectiveClient is 'sticky'; it must be one of fresh"):
        profiles.envelope("lab", {}, client="sticky")
    with pytest.raises(InvalidInput) as refused:
        profiles.envelope("lab", {}, "vmExplode", "sticky")
    assert [fault.target for fault in refused.value.faults] == ["fault", "objectiveClient"]
