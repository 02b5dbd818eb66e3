"""What is sent twice to a Table service that breaks off, and what is not."""

import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from shared.adapters.tables import Rows, Tables, creating
from shared.core.errors import UpstreamUnavailable
from shared.settings import Settings
from tests.support.azurite import VALUES

ROW = {"PartitionKey": "p", "RowKey": "r"}
MADE = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Broken(socketserver.ThreadingTCPServer):
    """Makes tables, and breaks off in the middle of everything else."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Breaking)
        self.asked: Counter[str] = Counter()

    @property
    def tables(self) -> Tables:
        """Return the tables there."""
        port = self.server_address[1]
        connection = (
            "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
            f"TableEndpoint=http://127.0.0.1:{port}/a;"
        )
        return Tables(Settings.read(VALUES | {"TABLES_CONNECTION": connection}))


class _Breaking(socketserver.BaseRequestHandler):
    request: socket.socket
    server: Broken

    def handle(self) -> None:
        """Read what is asked, note its verb, and go."""
        asked = self.request.recv(65_536)
        verb, path, *_ = asked.decode(errors="replace").split(" ", 2)
        if path.split("?")[0].endswith("/Tables"):
            self.request.sendall(MADE)
        else:
            self.server.asked[verb] += 1


@pytest.fixture
def broken() -> Iterator[Broken]:
    """Run such a service."""
    with Broken() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_what_may_be_done_twice_is_asked_three_times(broken: Broken) -> None:
    """Reading, and putting a row in place of the one before."""
    rows = Rows(broken.tables, "timeline")
    with pytest.raises(UpstreamUnavailable):
        rows.get("p", "r")
    with pytest.raises(UpstreamUnavailable):
        rows.put(ROW)
    with pytest.raises(UpstreamUnavailable):
        rows.delete("p", "r")

    assert broken.asked == {"GET": 3, "PUT": 3, "DELETE": 3}


def test_what_must_not_be_done_twice_is_asked_once(broken: Broken) -> None:
    """The answer to the first may be lost: a second would call our own row another writer's."""
    rows = Rows(broken.tables, "timeline")
    with pytest.raises(UpstreamUnavailable):
        rows.create(ROW)
    with pytest.raises(UpstreamUnavailable):
        rows.together(creating(ROW))
    with pytest.raises(UpstreamUnavailable):
        rows.delete_all([ROW | {"etag": "*"}])

    assert broken.asked == {"POST": 3}
