"""Certificates that nobody vouches for: each is signed by itself."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Validity = tuple[datetime, datetime]
HALF_A_CENTURY = (datetime(2019, 12, 20, tzinfo=UTC), datetime(2069, 12, 7, tzinfo=UTC))


def certificate(
    key: ec.EllipticCurvePrivateKey, validity: Validity, *common_names: str
) -> x509.Certificate:
    """Return a certificate that is valid for that time."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each) for each in common_names])
    since, until = validity
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a key of the usual kind."""
    return ec.generate_private_key(ec.SECP256R1())


def self_signed(folder: Path, host: str, validity: Validity = HALF_A_CENTURY) -> ssl.SSLContext:
    """Return a server's TLS context; its certificate is left in the folder, as `server.pem`."""
    key = new_key()
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    file = folder / "server.pem"
    file.write_bytes(secret + certificate(key, validity, host).public_bytes(encoding))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
