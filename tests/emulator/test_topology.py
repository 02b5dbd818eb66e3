"""Topology files: the lab's is whole, and what is wrong with another is said at once."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from emulator import topology as topologies
from emulator.cloud import Endpoint, EndpointKind
from tests.emulator.running import AMSTERDAM_FQDN, LAB, Json


def described() -> Json:
    """Return the lab's description."""
    loaded: Json = json.loads(LAB.read_text())
    return loaded


def test_the_lab() -> None:
    """Virginia is one VM with its own address; Amsterdam a load balancer before two."""
    cloud = topologies.build(topologies.read(Path(LAB)))
    behind = {ip.name: [m.name for m in cloud.machines_behind(ip)] for ip in cloud.public_ips}

    assert behind == {
        "virginia-ip": ["virginia-vm"],
        "amsterdam-ip": ["amsterdam-vm1", "amsterdam-vm2"],
    }
    assert all(m.tags == {"failover-drill": "allowed"} for m in cloud.machines)
    amsterdam = Endpoint(
        name="a", kind=EndpointKind.EXTERNAL, enabled=True, target=AMSTERDAM_FQDN, priority=1
    )
    ip = cloud.public_ip_of(amsterdam)
    assert ip is not None
    assert ip.address == "127.1.0.5"


def test_the_defaults_are_the_recorded_medians() -> None:
    """Of 80 recorded operations."""
    timings = topologies.read(Path(LAB)).timings

    assert timings.power_off_seconds == 11.9
    assert timings.deallocate_seconds == 64.2
    assert timings.start_seconds == 21.7
    assert timings.restart_seconds == 0.2
    assert timings.boot_seconds == 10


def test_every_fault_is_told_at_once() -> None:
    """Unknown members, wrong values, addresses off loopback."""
    broken = described() | {"switches": {"stoppedMachine": "explodes"}, "extra": 1}
    broken["publicIPAddresses"][0]["address"] = "192.0.2.1"

    with pytest.raises(ValidationError) as found:
        topologies.Topology.model_validate(broken)

    assert {".".join(map(str, e["loc"])) for e in found.value.errors()} == {
        "switches.stoppedMachine",
        "extra",
        "publicIPAddresses.0.address",
    }


def test_a_reference_to_nothing_is_refused() -> None:
    """A VM without its network interface would be a machine that nobody can reach."""
    broken = described()
    broken["virtualMachines"][0]["networkInterface"] = "missing"
    broken["loadBalancers"][0]["resourceGroup"] = "nowhere"

    with pytest.raises(ValueError, match=r"missing.*nowhere|nowhere.*missing"):
        topologies.build(topologies.Topology.model_validate(broken))


def test_the_lab_with_a_dynamic_address_is_the_lab_but_for_that() -> None:
    """What holds in the one holds in the other."""
    lab, dynamic = (topologies.read(LAB.parent / f"{name}.json") for name in ("lab", "dynamic"))
    (changed,) = [ip for ip in dynamic.public_ip_addresses if ip not in lab.public_ip_addresses]
    others = [ip for ip in lab.public_ip_addresses if ip.name != changed.name]

    assert (changed.name, changed.allocation_method) == ("virginia-ip", "Dynamic")
    addresses = [*others, changed]
    assert dynamic.model_copy(update={"public_ip_addresses": addresses}) == lab.model_copy(
        update={"public_ip_addresses": addresses}
    )


def test_a_static_address_has_no_spares() -> None:
    """They would never be given."""
    broken = described()
    broken["publicIPAddresses"][0]["spareAddresses"] = ["127.1.0.6"]

    with pytest.raises(ValidationError, match="spareAddresses must be absent"):
        topologies.Topology.model_validate(broken)


def test_a_public_address_is_given_once() -> None:
    """Two machines cannot answer at one address."""
    broken = described()
    broken["publicIPAddresses"][0]["address"] = broken["publicIPAddresses"][1]["address"]

    with pytest.raises(ValueError, match=r"twice: \['127\.1\.0\.5'\]"):
        topologies.build(topologies.Topology.model_validate(broken))
