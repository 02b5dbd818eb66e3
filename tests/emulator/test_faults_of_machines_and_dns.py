"""Faults on demand for machines, name servers and endpoints: each does what it says."""

import time

import dns.exception
import dns.flags
import dns.rcode
import httpx2
import pytest

from tests.emulator.faulty import put
from tests.emulator.running import (
    PROFILE,
    VIRGINIA_VM,
    Emulator,
    Json,
    lab_profile,
    running,
    seconds_between,
)


def finish(emulator: Emulator, verb: str) -> Json:
    """Begin a power operation and return what its status monitor says at its end."""
    begun = emulator.arm("POST", f"{VIRGINIA_VM}/{verb}")
    monitor = httpx2.URL(begun.headers["azure-asyncoperation"]).path
    give_up_at = time.monotonic() + 5
    shown: Json = {"status": "InProgress"}
    while shown["status"] == "InProgress" and time.monotonic() < give_up_at:
        time.sleep(0.01)
        shown = emulator.arm("GET", monitor).json()
    return shown


def power(emulator: Emulator) -> str:
    """Return Virginia's power state."""
    view = emulator.arm("GET", f"{VIRGINIA_VM}/instanceView").json()
    return str(view["statuses"][-1]["code"].partition("/")[2])


def test_a_power_operation_that_fails(quick: Emulator) -> None:
    """Accepted, then Failed with its error; the machine is as it was and never stopped serving."""
    put(quick, {"on": "power", "effect": "fails", "operation": "powerOff", "code": "Oops"})

    shown = finish(quick, "powerOff")

    assert (shown["status"], shown["error"]["code"]) == ("Failed", "Oops")
    assert power(quick) == "running"
    assert [e["value"] for e in quick.truth("serving", "virginia")] == [True]
    values = [e["value"] for e in quick.truth("powerState")]
    assert values == ["stopping", "running"]


def test_a_power_operation_that_claims_success_and_changes_nothing(quick: Emulator) -> None:
    """A start after which the VM stays down."""
    assert finish(quick, "powerOff")["status"] == "Succeeded"
    put(quick, {"on": "power", "effect": "unchanged", "operation": "start", "count": 1})

    assert finish(quick, "start")["status"] == "Succeeded"
    assert power(quick) == "stopped"
    assert finish(quick, "start")["status"] == "Succeeded"
    assert power(quick) == "running"


def test_a_guest_that_never_comes_up(quick: Emulator) -> None:
    """The VM is running; nothing answers."""
    finish(quick, "powerOff")
    put(quick, {"on": "power", "effect": "guestDown", "machine": "virginia-vm"})

    assert finish(quick, "start")["status"] == "Succeeded"
    assert power(quick) == "running"
    time.sleep(0.3)  # three times the boot
    assert [e["value"] for e in quick.truth("serving", "virginia")] == [True, False]


def test_an_operation_that_hangs_or_takes_as_long_as_told(quick: Emulator) -> None:
    """A newer operation preempts it; one of 1,400 s was recorded."""
    put(quick, {"on": "power", "effect": "hangs", "operation": "powerOff", "count": 1})
    begun = quick.arm("POST", f"{VIRGINIA_VM}/powerOff")
    time.sleep(0.3)
    assert power(quick) == "stopping"

    put(quick, {"on": "power", "effect": "hangs", "operation": "start", "lastsSeconds": 10})
    assert finish(quick, "start")["status"] == "Succeeded"
    monitor = httpx2.URL(begun.headers["azure-asyncoperation"]).path
    assert quick.arm("GET", monitor).json()["status"] == "Canceled"
    started = quick.wait_for("powerOperation", "virginia-vm", "start")
    came_up = quick.wait_for("powerState", "virginia-vm", "running")
    assert seconds_between(started, came_up) >= 10


def dns_fault(effect: str, server: str, **members: object) -> Json:
    """Return a DNS fault."""
    return {"on": "dns", "effect": effect, "server": server} | members


def test_lost_answers_of_one_server_only(quick: Emulator) -> None:
    """Told by address, with or without its port; TCP is silent too."""
    struck, other = quick.authoritative
    put(quick, dns_fault("loss", struck, count=2))

    for tcp in (False, True):
        with pytest.raises(dns.exception.Timeout):
            quick.ask(struck, tcp=tcp, timeout=0.3)
    assert quick.ask(other).answer
    assert quick.ask(struck).answer


def test_dns_servfail_truncation_delay_and_garbage(quick: Emulator) -> None:
    """One after another from one server; then it is well again."""
    server = quick.authoritative[0]
    kinds = ("servfail", "truncated", "delay", "garbage")
    put(quick, *(dns_fault(k, server.split(":")[0], count=1, delaySeconds=10) for k in kinds))

    assert quick.ask(server).rcode() == dns.rcode.SERVFAIL
    cut = quick.ask(server)
    assert cut.flags & dns.flags.TC
    assert not cut.answer
    began = time.monotonic()
    assert quick.ask(server).answer
    assert time.monotonic() - began >= 0.5
    with pytest.raises((dns.exception.DNSException, dns.exception.Timeout)):
        quick.ask(server)
    assert quick.ask(server).answer


def test_a_resolver_is_a_server_too(quick: Emulator) -> None:
    """And its own upstream keeps answering."""
    put(quick, dns_fault("servfail", quick.resolvers[0]))

    assert quick.ask(quick.resolvers[0]).rcode() == dns.rcode.SERVFAIL
    assert quick.ask(quick.authoritative[0]).answer


def visit(emulator: Emulator, path: str = "/") -> httpx2.Response:
    """Ask Virginia's web server."""
    return httpx2.get(f"http://{emulator.connect_to['127.1.0.4:80']}{path}", timeout=5)


def test_endpoints_that_fail_say_the_wrong_thing_or_are_slow(quick: Emulator) -> None:
    """By VM and path; the VM is up all the while, and Traffic Manager sees what clients see."""
    on = {"on": "endpoint", "machine": "virginia-vm"}
    put(
        quick,
        on | {"effect": "status", "path": "^/bad"},
        on | {"effect": "wrongContent", "path": "^/odd", "body": "hello"},
        on | {"effect": "slow", "path": "^/slow", "delaySeconds": 10},
    )

    assert visit(quick, "/bad").status_code == 503
    assert (visit(quick, "/odd").status_code, visit(quick, "/odd").text) == (200, "hello")
    began = time.monotonic()
    assert visit(quick, "/slow").status_code == 200
    assert time.monotonic() - began >= 0.5
    assert visit(quick, "/fine").text == "virginia-vm\n"
    assert [e["value"] for e in quick.truth("serving", "virginia")] == [True]


def test_traffic_manager_sees_an_endpoint_that_answers_503() -> None:
    """Degraded by its probes, though the machine serves."""
    fast = {"intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 0}
    with running(speed=40) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile(**fast))
        emulator.wait_until_online()
        put(emulator, {"on": "endpoint", "effect": "status", "machine": "virginia-vm"})
        emulator.wait_for("endpointMonitorStatus", "virginia", "Degraded")
        emulator.http.delete("/emulator/faults")
        emulator.wait_for("endpointMonitorStatus", "virginia", "Online", count=2)
