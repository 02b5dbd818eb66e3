"""Power over time, on real sockets: each event in the very step of its effect."""

import socket

import httpx2
import pytest

from tests.emulator.running import (
    AMSTERDAM_FQDN,
    PROFILE,
    VIRGINIA_FQDN,
    VIRGINIA_VM,
    WESTEUROPE,
    Emulator,
    at,
    lab_profile,
    lab_topology,
    running,
    seconds_between,
)

TIMING_SLACK_SECONDS = 0.05  # wall: how late a busy laptop's event loop may be


def visit(emulator: Emulator, address: str) -> str | None:
    """Return which machine serves an address, None for silence."""
    place = emulator.connect_to[f"{address}:80"]
    try:
        return httpx2.get(f"http://{place}/", timeout=0.2).headers["x-served-by"]
    except httpx2.TimeoutException:
        return None


def fail_over(lab: Emulator) -> None:
    """Stop Virginia and follow what comes of it."""
    slack = TIMING_SLACK_SECONDS * lab.speed
    lab.arm("POST", f"{VIRGINIA_VM}/powerOff")
    asked = lab.wait_for("powerOperation", "virginia-vm", "powerOff")
    stopping = lab.wait_for("powerState", "virginia-vm", "stopping")
    stopped = lab.wait_for("powerState", "virginia-vm", "stopped")
    silent = lab.wait_for("serving", "virginia", False)
    assert asked["at"] == stopping["at"]
    assert stopped["at"] == silent["at"]
    assert 11.9 <= seconds_between(asked, stopped) < 11.9 + slack
    assert visit(lab, "127.1.0.4") is None

    degraded = lab.wait_for("endpointMonitorStatus", "virginia", "Degraded")
    assert 100 - slack <= seconds_between(silent, degraded) < 130 + slack
    for server in lab.authoritative:
        assert lab.wait_for("answer", server, "amsterdam")["at"] == degraded["at"]
        assert AMSTERDAM_FQDN in lab.ask(server).answer[0].to_text()


def fail_back(lab: Emulator) -> None:
    """Start Virginia and follow it home."""
    slack = TIMING_SLACK_SECONDS * lab.speed
    lab.arm("POST", f"{VIRGINIA_VM}/start")
    asked = lab.wait_for("powerOperation", "virginia-vm", "start")
    running_again = lab.wait_for("powerState", "virginia-vm", "running")
    serving = lab.wait_for("serving", "virginia", True, count=2)
    online = lab.wait_for("endpointMonitorStatus", "virginia", "Online", count=2)
    assert lab.wait_for("powerState", "virginia-vm", "starting")["at"] == asked["at"]
    assert 21.7 <= seconds_between(asked, running_again) < 21.7 + slack
    assert 10 <= seconds_between(running_again, serving) < 10 + slack
    assert 0 <= seconds_between(serving, online) < 30 + slack


def test_a_drill_by_hand(lab: Emulator) -> None:
    """Stop, failover, start, failback: durations, order, and what a visitor sees of it."""
    assert visit(lab, "127.1.0.4") == "virginia-vm"
    assert VIRGINIA_FQDN in lab.ask(lab.resolvers[0]).answer[0].to_text()

    fail_over(lab)
    fail_back(lab)

    assert visit(lab, "127.1.0.4") == "virginia-vm"


def test_the_resolver_switches_when_its_ttl_is_over() -> None:
    """Its event is stamped when the cache changes, not when the servers do."""
    monitor = {"intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 0}
    timings = {"powerOffSeconds": 0}
    with running(speed=20, topology=lab_topology(timings=timings)) as lab:
        lab.arm("PUT", PROFILE, lab_profile(ttl=20, **monitor))
        lab.wait_until_online()
        lab.ask(lab.resolvers[0])
        first = lab.wait_for("resolverAnswer", lab.resolvers[0], "virginia")
        lab.arm("POST", f"{VIRGINIA_VM}/powerOff")
        switched = lab.wait_for("answer", lab.authoritative[0], "amsterdam")
        while len(lab.truth("resolverAnswer")) == 1:
            lab.ask(lab.resolvers[0])
        drained = lab.wait_for("resolverAnswer", lab.resolvers[0], "amsterdam")

    assert at(first) < at(switched) < at(drained)
    assert 20 <= seconds_between(first, drained) < 25


def test_an_endpoint_on_a_load_balancer_serves_while_any_machine_does(quick_lab: Emulator) -> None:
    """One of two stops: nothing; both: `serving` false, and the address falls silent."""
    quick_lab.arm("PUT", PROFILE, lab_profile())
    first, second = (
        f"{WESTEUROPE}/Microsoft.Compute/virtualMachines/amsterdam-vm{n}" for n in (1, 2)
    )

    quick_lab.arm("POST", f"{first}/powerOff")
    quick_lab.wait_for("powerState", "amsterdam-vm1", "stopped")
    assert {visit(quick_lab, "127.1.0.5") for _ in range(3)} == {"amsterdam-vm2"}
    quick_lab.arm("POST", f"{second}/powerOff")
    stopped = quick_lab.wait_for("powerState", "amsterdam-vm2", "stopped")
    assert quick_lab.wait_for("serving", "amsterdam", False)["at"] == stopped["at"]
    assert visit(quick_lab, "127.1.0.5") is None

    quick_lab.arm("POST", f"{first}/start")
    quick_lab.wait_for("serving", "amsterdam", True, count=2)
    assert visit(quick_lab, "127.1.0.5") == "amsterdam-vm1"
    values = [e["value"] for e in quick_lab.truth("serving", "amsterdam")]
    assert values == [True, False, True]


def test_a_restart_takes_the_guest_away_for_its_boot(quick_lab: Emulator) -> None:
    """The power state stays running throughout."""
    quick_lab.arm("PUT", PROFILE, lab_profile())

    quick_lab.arm("POST", f"{VIRGINIA_VM}/restart")

    gone = quick_lab.wait_for("serving", "virginia", False)
    back = quick_lab.wait_for("serving", "virginia", True, count=2)
    assert 2 <= seconds_between(gone, back) < 2 + TIMING_SLACK_SECONDS * quick_lab.speed
    assert quick_lab.truth("powerState") == []


def test_a_machine_stopped_while_it_boots_never_serves(quick_lab: Emulator) -> None:
    """The boot is forgotten with the power."""
    quick_lab.arm("PUT", PROFILE, lab_profile())
    for verb, state in (("deallocate", "deallocated"), ("start", "running")):
        quick_lab.arm("POST", f"{VIRGINIA_VM}/{verb}")
        quick_lab.wait_for("powerState", "virginia-vm", state)
    quick_lab.arm("POST", f"{VIRGINIA_VM}/powerOff")
    quick_lab.wait_for("powerState", "virginia-vm", "stopped")

    values = [e["value"] for e in quick_lab.truth("serving", "virginia")]
    assert values in ([True, False], [True, False, True, False])
    assert visit(quick_lab, "127.1.0.4") is None


@pytest.mark.parametrize(
    ("switch", "error"), [("refuses", ConnectionRefusedError), ("drops", TimeoutError)]
)
def test_how_a_stopped_machine_meets_its_clients_is_a_switch(
    switch: str, error: type[OSError]
) -> None:
    """Azure's drops; a machine whose service is down refuses."""
    topology = lab_topology(timings={"powerOffSeconds": 0}, switches={"stoppedMachine": switch})
    with running(topology=topology) as emulator:
        host, port = emulator.connect_to["127.1.0.4:80"].split(":")
        emulator.arm("POST", f"{VIRGINIA_VM}/powerOff")
        emulator.wait_for("powerState", "virginia-vm", "stopped")

        with pytest.raises(error):
            socket.create_connection((host, int(port)), 0.2)
