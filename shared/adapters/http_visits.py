"""How to ask over HTTP, as bytes, and what the answer's head says. Nothing here is sent."""

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from shared.core.model import HealthCheck

PORTS = {"http": 80, "https": 443}
END_OF_HEAD = b"\r\n\r\n"
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r|$)")
FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
CHECKS_KEPT_MAX = 4_096


class Head(NamedTuple):
    """A response without its body; `status` is None of a connection that asked nothing."""

    status: int | None
    lines: tuple[bytes, ...] = ()
    certificate: bytes = b""

    def value(self, name: str) -> str | None:
        """Return the header's value, or None."""
        for line in self.lines:
            field, _, value = line.partition(b":")
            if field.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


class Visit(NamedTuple):
    """How to ask, as bytes."""

    scheme: str
    port: int
    server_name: str
    request: bytes


@lru_cache(CHECKS_KEPT_MAX)
def visit_of(check: HealthCheck) -> Visit:
    """Return how to ask, or raise ValueError."""
    url = urlsplit(check.url)
    name = urlsplit(f"//{check.host}").hostname or ""
    request = b"" if url.scheme == "tcp" else _request(url, check)
    return Visit(url.scheme, url.port or PORTS.get(url.scheme, 0), name, request)


def _request(url: SplitResult, check: HealthCheck) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if not (target + check.host).isprintable() or " " in target + check.host:
        raise ValueError("A blank or control character would end the request line early.")
    if not all(FIELD_NAME.fullmatch(name) and value.isprintable() for name, value in check.headers):
        raise ValueError("A header with a control character could be read as several.")
    headers = {
        "host": ("Host", check.host),
        "user-agent": ("User-Agent", "Switchback"),
        "accept": ("Accept", "*/*"),
        "connection": ("Connection", "close"),
    } | {name.lower(): (name, value) for name, value in check.headers}
    lines = [f"{name}: {value}" for name, value in headers.values()]
    return "\r\n".join((f"GET {target} HTTP/1.1", *lines, "", "")).encode()


def read_head(received: bytes, certificate: bytes) -> Head:
    """Return the head of what was received, or raise ValueError."""
    first, *lines = received.partition(END_OF_HEAD)[0].split(b"\r\n")
    status = STATUS_LINE.match(first)
    if status is None:
        raise ValueError("This is no HTTP/1.1 answer.")
    return Head(int(status[1]), tuple(lines), certificate)


def is_expected(head: Head, check: HealthCheck) -> bool:
    """The answer is what a healthy endpoint gives."""
    if head.status is None:
        return True
    return any(low <= head.status <= high for low, high in check.expected_statuses)
