"""A dynamic public address: gone with its machine's host, another one with the next."""

import contextlib
import time
from collections.abc import Iterator

import dns.rcode
import httpx2
import pytest

from emulator import topology as topologies
from emulator.topology import TimingsPart
from tests.emulator.running import (
    LAB,
    PROFILE,
    VIRGINIA_FQDN,
    VIRGINIA_IP,
    VIRGINIA_VM,
    WAIT_SECONDS_MAX,
    Emulator,
    lab_profile,
    running,
    seconds_between,
)

FIRST, SECOND = "127.1.0.4", "127.1.0.6"
QUICK = {"intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 0}
TIMINGS = TimingsPart.model_validate(
    {"powerOffSeconds": 2, "deallocateSeconds": 4, "startSeconds": 2, "bootSeconds": 2}
)
SPEED = 20


@pytest.fixture
def dynamic() -> Iterator[Emulator]:
    """The lab whose first endpoint has a dynamic address, provisioned and Online."""
    topology = topologies.read(LAB.parent / "dynamic.json")
    quick = topology.model_copy(update={"timings": TIMINGS})
    with running(speed=SPEED, topology=quick) as started:
        assert started.arm("PUT", PROFILE, lab_profile(ttl=5, **QUICK)).status_code == 201
        started.wait_until_online()
        yield started


def serves(emulator: Emulator, address: str) -> bool:
    """Whether a machine answers at an address; a client hears nothing where none does."""
    with contextlib.suppress(httpx2.TimeoutException):
        place = emulator.connect_to[f"{address}:80"]
        return httpx2.get(f"http://{place}/", timeout=0.2).headers["x-served-by"] == "virginia-vm"
    return False


def addresses(emulator: Emulator) -> tuple[str | None, str | None]:
    """Return the address as ARM shows it, and as the zone's name server answers it."""
    shown = emulator.arm("GET", VIRGINIA_IP).json()["properties"].get("ipAddress")
    answer = emulator.ask(emulator.public_ip_zone[0], VIRGINIA_FQDN)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        return shown, None
    assert answer.answer[0].ttl == 10
    return shown, answer.answer[0][0].to_text()


def operate(emulator: Emulator, verb: str, state: str, count: int = 1) -> None:
    """Run a power operation to its end."""
    assert emulator.arm("POST", f"{VIRGINIA_VM}/{verb}").status_code == 202
    emulator.wait_for("powerState", "virginia-vm", state, count)


def test_every_address_has_its_detour_from_the_start(dynamic: Emulator) -> None:
    """Whoever asks where addresses really are asks once."""
    assert {f"{FIRST}:80", f"{SECOND}:80"} <= dynamic.connect_to.keys()
    assert addresses(dynamic) == (FIRST, FIRST)
    assert (serves(dynamic, FIRST), serves(dynamic, SECOND)) == (True, False)


def test_a_stopped_machine_keeps_its_address(dynamic: Emulator) -> None:
    """It stays on its host."""
    operate(dynamic, "powerOff", "stopped")
    assert addresses(dynamic) == (FIRST, FIRST)
    operate(dynamic, "start", "running")
    dynamic.wait_for("serving", "virginia", True, count=2)
    assert (addresses(dynamic), serves(dynamic, FIRST)) == ((FIRST, FIRST), True)


def test_a_deallocated_machine_comes_back_elsewhere(dynamic: Emulator) -> None:
    """Released when the operation ends, given when the start is accepted; probes follow."""
    operate(dynamic, "deallocate", "deallocated")
    assert addresses(dynamic) == (None, None)
    assert not serves(dynamic, FIRST)
    dynamic.wait_for("endpointMonitorStatus", "virginia", "Degraded")

    dynamic.arm("POST", f"{VIRGINIA_VM}/start")
    assert addresses(dynamic) == (SECOND, SECOND)
    serving = dynamic.wait_for("serving", "virginia", True, count=2)
    online = dynamic.wait_for("endpointMonitorStatus", "virginia", "Online", count=2)
    assert seconds_between(serving, online) < 10 + 0.05 * SPEED
    assert (serves(dynamic, FIRST), serves(dynamic, SECOND)) == (False, True)


def test_addresses_go_round(dynamic: Emulator) -> None:
    """The one that was given up is free again."""
    for turn, address in enumerate((SECOND, FIRST), 1):
        operate(dynamic, "deallocate", "deallocated", turn)
        operate(dynamic, "start", "running", turn)
        dynamic.wait_for("serving", "virginia", True, count=turn + 1)
        assert addresses(dynamic) == (address, address)
        assert serves(dynamic, address)


def test_a_resolver_finds_the_new_address_after_ten_seconds(dynamic: Emulator) -> None:
    """The TTL of the zone, or of its answer that there is no such name, whatever the profile's."""
    resolver = dynamic.resolvers[0]
    assert dynamic.ask(resolver).answer[-1][0].to_text() == FIRST
    operate(dynamic, "deallocate", "deallocated")
    operate(dynamic, "start", "running")

    give_up_at = time.monotonic() + WAIT_SECONDS_MAX
    found = ""
    while found != SECOND and time.monotonic() < give_up_at:
        answer = dynamic.ask(resolver, VIRGINIA_FQDN).answer
        found = answer[-1][0].to_text() if answer else ""
    assert found == SECOND
