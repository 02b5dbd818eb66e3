"""HTTPS probes: a certificate must be there, and nobody looks at it."""

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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

HTTPS: Json = {
    "protocol": "HTTPS",
    "port": 443,
    "intervalInSeconds": 10,
    "timeoutInSeconds": 5,
    "toleratedNumberOfFailures": 0,
}


def stranger(directory: Path) -> ssl.SSLContext:
    """Return a server's TLS with a certificate for another name, expired and signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody.else")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ANCHOR - timedelta(days=9_000))
        .not_valid_after(ANCHOR - timedelta(days=8_000))
        .sign(key, hashes.SHA256())
    )
    pem = directory / "server.pem"
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    encoding = serialization.Encoding.PEM
    pem.write_bytes(key.private_bytes(encoding, form, plain) + certificate.public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one probe."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await writer.drain()
    writer.close()


def test_a_certificate_is_needed_and_not_validated(tmp_path: Path) -> None:
    """Name, chain and expiry are ignored."""
    with running(speed=20) as emulator:
        started = asyncio.start_server(answer, "127.1.99.6", 0, ssl=stranger(tmp_path))
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
