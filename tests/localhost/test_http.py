"""Requests and answers, over real sockets, are those of the Functions host."""

import contextlib
import http.client
import json
import os
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.localhost.host_process import (
    APPS,
    REQUEST_SECONDS_MAX,
    HostProcess,
    running_host,
    started_host,
    wait_for,
)

START_BUSY_SECONDS_MAX = 0.7
HUNDRED_MEBIBYTES = 100 * 1024 * 1024
ANSWERS_MEASURED = 60
ANSWER_SECONDS_MAX = 0.005


def _exchange(host: HostProcess, request: bytes) -> bytes:
    """Send bytes as they are; everything that comes back before the host closes."""
    with socket.create_connection(host.address, REQUEST_SECONDS_MAX) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


def _echo(host: HostProcess, request: bytes) -> dict[str, Any]:
    head, _, body = _exchange(host, request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    seen: dict[str, Any] = json.loads(body)
    return seen


@pytest.mark.parametrize("path", ["/api/nowhere", "/nowhere", "/api", "/api/items", "/api//echo"])
def test_unknown_route_is_404_without_a_body(web: HostProcess, path: str) -> None:
    """Nothing says what is there instead."""
    reply = web.get(path)
    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "PATCH"])
def test_wrong_method_is_404_not_405(web: HostProcess, method: str) -> None:
    """The method is a condition of the route, so the route is not found."""
    reply = web.request(method, "/api/items/1")
    assert (reply.status, reply.body) == (404, b"")


def test_path_is_matched_whatever_its_case_and_with_a_slash_behind(web: HostProcess) -> None:
    """Route values keep their own case."""
    reply = web.get("/API/Items/AbC/")
    assert (reply.status, reply.text) == (200, "get_item AbC")


def test_request_is_handed_over_as_the_worker_does(web: HostProcess) -> None:
    """Lower-cased and joined headers, joined query values, no empty ones, an absolute URL."""
    seen = _echo(
        web,
        b"POST /api/echo/a%20b/c%2Fd?x=1&x=2&empty=&bare&y=%C3%A9+z HTTP/1.1\r\n"
        b"Host: example.test:81\r\nX-Twice: one\r\nx-twice: two\r\n"
        b"Content-Length: 3\r\nConnection: close\r\n\r\nabc",
    )
    assert seen["method"] == "POST"
    assert (
        seen["url"] == "http://example.test:81/api/echo/a%20b/c%2Fd?x=1&x=2&empty=&bare&y=%C3%A9+z"
    )
    assert seen["headers"]["x-twice"] == "one,two"
    assert seen["params"] == {"x": "1,2", "y": "\u00e9 z"}
    assert seen["route"] == {"first": "a b", "second": "c%2Fd"}
    assert seen["body"] == "abc"


def test_absent_optional_route_values_are_absent(web: HostProcess) -> None:
    """They are no empty strings."""
    assert json.loads(web.get("/api/echo").body)["route"] == {}
    assert json.loads(web.get("/api/echo/1").body)["route"] == {"first": "1"}


def test_route_values_are_text(web: HostProcess) -> None:
    """Whatever their constraint."""
    assert web.get("/api/type-of/12").text == "str"


def test_long_url_is_taken(web: HostProcess) -> None:
    """Azure's front end stops at 4 KiB; the host behind it has no such limit."""
    text = "x" * 6000
    assert json.loads(web.get(f"/api/echo?text={text}").body)["params"] == {"text": text}


def test_answer_in_two_writes_does_not_stall(web: HostProcess) -> None:
    """Head and body are sent apart: without TCP_NODELAY the body waits 40 ms for a delayed ACK."""
    connection = http.client.HTTPConnection(*web.address, timeout=REQUEST_SECONDS_MAX)
    taken_seconds = []
    with contextlib.closing(connection):
        for _ in range(ANSWERS_MEASURED):
            started_at = time.monotonic()
            connection.request("GET", "/api/plain")
            assert connection.getresponse().read() == b"plain"
            taken_seconds.append(time.monotonic() - started_at)
    assert statistics.median(taken_seconds) < ANSWER_SECONDS_MAX


def test_chunked_body_arrives_empty(web: HostProcess) -> None:
    """The host reads only a body whose length is announced."""
    seen = _echo(
        web,
        b"POST /api/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    )
    assert seen["body"] == ""


def test_body_over_100_mebibytes_is_413(web: HostProcess) -> None:
    """Refused by its announced length, before it is sent."""
    head = "POST /api/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n"
    reply = _exchange(web, head.format(HUNDRED_MEBIBYTES + 1).encode())
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert reply.endswith(b"\r\n\r\n")


def test_body_limit_is_a_setting(tuned: HostProcess) -> None:
    """FUNCTIONS_REQUEST_BODY_SIZE_LIMIT, in bytes, itself still allowed."""
    assert tuned.request("POST", "/echo", body=b"0123456789").status == 200
    assert tuned.request("POST", "/echo", body=b"0123456789a").status == 413


def test_large_body_arrives_whole(web: HostProcess) -> None:
    """In as many pieces as the socket makes of it."""
    body = b"0123456789" * 300_000
    reply = web.request("POST", "/api/echo", body=body)
    assert json.loads(reply.body)["body"] == body.decode()


def test_str_is_a_200_of_plain_text(web: HostProcess) -> None:
    """As the worker encodes it."""
    reply = web.get("/api/plain")
    assert (reply.status, reply.text) == (200, "plain")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_status_headers_and_cookies_come_through(web: HostProcess) -> None:
    """Two cookies stay two headers."""
    reply = web.get("/api/answer")
    assert (reply.status, reply.body) == (207, b"\x00\xff")
    assert reply.headers["content-type"] == "application/x-bytes"
    assert reply.headers["x-number"] == "1"
    assert reply.cookies == ["one=1", "two=1"]


def test_answer_without_content(web: HostProcess) -> None:
    """204 has no body, and the connection stays in step."""
    reply = web.get("/api/no-content")
    assert (reply.status, reply.body) == (204, b"")
    assert "content-length" not in reply.headers


def test_head_has_the_headers_of_get_and_no_body(web: HostProcess) -> None:
    """Where the route takes HEAD."""
    reply = web.request("HEAD", "/api/plain")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "5")


@pytest.mark.parametrize("kind", ["raise", "none", "dict", "bytes", "status", "header"])
def test_failed_function_is_500_without_a_body(web: HostProcess, kind: str) -> None:
    """An exception, or a value that is no answer: the caller learns nothing, the log all."""
    reply = web.get(f"/api/bad/{kind}")
    assert (reply.status, reply.body) == (500, b"")
    assert "function failed function=bad" in web.log


def test_exception_is_logged_with_its_traceback(web: HostProcess) -> None:
    """So that its place is found."""
    web.get("/api/bad/raise")
    assert 'raise RuntimeError("the secret reason")' in web.log


def test_context_is_given_to_who_asks(web: HostProcess) -> None:
    """By the name `context`."""
    assert web.get("/api/context").text == "context True"


def test_async_functions_share_the_event_loop(web: HostProcess) -> None:
    """Twenty sleeps take as long as one."""
    started_at = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(web.get, ["/api/sleep-async?seconds=0.2"] * 20))
    assert time.monotonic() - started_at < 1.0
    assert {reply.text for reply in replies} == {"MainThread"}


def test_sync_functions_share_the_thread_pool(tuned: HostProcess) -> None:
    """PYTHON_THREADPOOL_THREAD_COUNT is how many run at once."""
    started_at = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(tuned.get, ["/sleep-sync?seconds=0.2"] * 4))
    assert 0.4 <= time.monotonic() - started_at < 0.75
    assert len({reply.text for reply in replies}) == 2


def test_home_page(web: HostProcess) -> None:
    """At the root, as HTML."""
    reply = web.get("/")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_home_page_switched_off(tuned: HostProcess) -> None:
    """By a setting: 204."""
    assert tuned.get("/").status == 204


def test_503_until_the_app_is_indexed(tmp_path: Path) -> None:
    """The host listens first; the ready file is written when the app answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app, settings = APPS / "slow_import", {"IMPORT_SECONDS": "0.5"}
    with started_host(tmp_path, app, "--port", str(port), settings=settings) as host:
        host.url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _listens(host))
        reply = host.get("/api/ping")
        assert (reply.status, reply.text) == (503, "Function host is not running.")
        assert not host.ready_file.exists()
        host.wait_ready()
        assert host.get("/api/ping").text == "pong"


def _listens(host: HostProcess) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(host.address) == 0


def test_host_answers_soon_after_its_start(tmp_path: Path) -> None:
    """Start to first answer of a small app, in processor time, whatever else the machine does."""
    with running_host(tmp_path, APPS / "web") as host:
        assert host.get("/api/plain").status == 200
        fields = Path(f"/proc/{host.process.pid}/stat").read_text(encoding="ascii").split()
    busy_seconds = sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")
    assert busy_seconds < START_BUSY_SECONDS_MAX


def test_requests_are_logged_only_for_debugging(web: HostProcess, tuned: HostProcess) -> None:
    """One line each, when PYTHON_ENABLE_DEBUG_LOGGING is set."""
    web.get("/api/plain")
    assert "/api/plain" not in web.log
    tuned.get("/context")
    assert tuned.log.count("request method=GET path=/context status=200") == 1
