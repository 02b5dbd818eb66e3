"""TLS for the ARM server: a certificate authority of this run, made at the start."""

import ssl
from pathlib import Path

import trustme


class Authority:
    """Signs for loopback; whoever trusts its file can speak https with the emulator."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="Switchback emulator")

    def write(self, path: Path) -> None:
        """Write the authority's certificate, which clients are told to trust."""
        self._ca.cert_pem.write_to_path(str(path))

    def context(self, *names: str) -> ssl.SSLContext:
        """Return what a server needs: a certificate for these names, else loopback, and its key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
        return context
