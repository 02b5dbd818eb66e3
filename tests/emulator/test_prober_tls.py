"""HTTPS probes: a certificate must be there, and nobody looks at it."""

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

from emulator.topology import Topology
from tests.emulator.running import (
    ANCHOR,
    PROFILE,
    VIRGINIA_FQDN,
    VIRGINIA_VM,
    Json,
    lab_profile,
    lab_topology,
    running,
)
from tests.support.certificates import self_signed

HTTPS: Json = {
    "protocol": "HTTPS",
    "port": 443,
    "intervalInSeconds": 10,
    "timeoutInSeconds": 5,
    "toleratedNumberOfFailures": 0,
}


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one probe."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await writer.drain()
    writer.close()


def test_a_certificate_is_needed_and_not_validated(tmp_path: Path) -> None:
    """Name, chain and expiry are ignored."""
    expired = (ANCHOR - timedelta(days=9_000), ANCHOR - timedelta(days=8_000))
    stranger = self_signed(tmp_path, "somebody.else", expired)
    with running(speed=20) as emulator:
        started = asyncio.start_server(answer, "127.1.99.6", 0, ssl=stranger)
        server = asyncio.run_coroutine_threadsafe(started, emulator.loop).result(5)
        emulator.world._places["127.1.0.4", 443] = server.sockets[0].getsockname()

        emulator.arm("PUT", PROFILE, lab_profile(**HTTPS))

        emulator.wait_for("endpointMonitorStatus", "virginia", "Online")
        emulator.loop.call_soon_threadsafe(server.close)


def test_a_port_that_speaks_no_tls_fails() -> None:
    """A TLS failure is a failed probe."""
    with running(speed=20) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile(**HTTPS | {"port": 80}))

        emulator.wait_for("endpointMonitorStatus", "virginia", "Degraded")


def secure_lab() -> Topology:
    """Return the lab with https on every machine and a rule for it on the load balancer."""
    described = lab_topology(timings={"powerOffSeconds": 0}).model_dump(by_alias=True)
    for machine in described["virtualMachines"]:
        machine["ports"] = [80, 443]
    rules = described["loadBalancers"][0]["rules"]
    rules.append({"name": "https", "frontendPort": 443, "backendPort": 443})
    return Topology.model_validate(described)


def test_machines_speak_https_on_443_and_https_probes_see_them_stop() -> None:
    """Directly and through a load balancer; the certificate is of the emulator's authority."""
    with running(speed=20, topology=secure_lab()) as emulator:
        emulator.arm("PUT", PROFILE, lab_profile(**HTTPS))
        emulator.wait_until_online()
        trusting = ssl.create_default_context(cafile=str(emulator.world.ready["caFile"]))
        host, port = emulator.connect_to["127.1.0.4:443"].split(":")
        with (
            socket.create_connection((host, int(port)), 2) as plain,
            trusting.wrap_socket(plain, server_hostname=VIRGINIA_FQDN) as client,
        ):
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b"x-served-by: virginia-vm" in client.recv(4096)
        with socket.create_connection((host, int(port)), 2) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert not plain.recv(4096).startswith(b"HTTP")

        emulator.arm("POST", f"{VIRGINIA_VM}/powerOff")
        emulator.wait_for("endpointMonitorStatus", "virginia", "Degraded")
