"""What preflight reads of ARM, over the emulated one: rights by scope, machines of scale sets."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from shared.adapters.arm import Arm
from shared.adapters.clock import Clock
from shared.core.errors import RefusedByAzure
from shared.core.permissions import grants_of, missing
from shared.settings import Settings
from tests.emulator.running import (
    EASTUS,
    PROFILE,
    VIRGINIA_VM,
    Emulator,
    lab_profile,
    lab_topology,
    running,
)

START = "Microsoft.Compute/virtualMachines/start/action"
READ = "Microsoft.Compute/virtualMachines/read"
ROLES = [{"actions": ["*/read"]}, {"actions": ["*"], "notActions": ["*/start/action"]}]

Connect = Callable[[str], Arm]


@pytest.fixture
def azure() -> Iterator[Emulator]:
    """A lab where nobody is told that machines may be started."""
    described = lab_topology().model_dump(by_alias=True) | {"permissions": ROLES}
    with running(topology=lab_topology().model_validate(described)) as started:
        yield started


@pytest.fixture
def connect(azure: Emulator, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """What makes the product's adapter, with an identity of the lab's, for an ARM at a URL."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", str(azure.world.ready["identityEndpoint"]))
    monkeypatch.setenv("IDENTITY_HEADER", str(azure.world.ready["identityHeader"]))

    def connected(url: str) -> Arm:
        values = {
            "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-0000000000aa",
            "DRILL_RESOURCE_GROUPS": "switchback-lab-eastus",
            "ARM_ENDPOINT": url,
            "TABLES_CONNECTION": "UseDevelopmentStorage=true",
            "DNS_AUTHORITATIVE": azure.authoritative[0],
            "DNS_RESOLVERS": azure.resolvers[0],
        }
        return Arm(Settings.read(values), Clock())

    return connected


@pytest.mark.parametrize("scope", [VIRGINIA_VM, PROFILE], ids=["machine", "profile"])
def test_rights_are_told_role_by_role(azure: Emulator, connect: Connect, scope: str) -> None:
    """At the scope of a machine, and at a profile's."""
    azure.arm("PUT", PROFILE, lab_profile())

    told = connect(azure.url).permissions(scope)

    assert told is not None
    assert missing([READ, START], grants_of(told)) == (START,)


def test_where_there_is_nothing_no_rights_are_told(azure: Emulator, connect: Connect) -> None:
    """A group that is gone."""
    nowhere = VIRGINIA_VM.replace("switchback-lab-eastus", "nowhere")

    assert connect(azure.url).permissions(nowhere) is None


def test_another_subscription_is_not_asked(azure: Emulator, connect: Connect) -> None:
    """The token would go where it has no business."""
    with pytest.raises(RefusedByAzure, match="is not in subscription"):
        connect(azure.url).permissions(VIRGINIA_VM.replace("0000aa", "0000bb"))


class _Paged(BaseHTTPRequestHandler):
    """An ARM with more rights than fit on a page."""

    def do_GET(self) -> None:
        body = b'{"value": [{"actions": ["*"]}], "nextLink": "https://elsewhere.example/2"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_half_a_list_of_rights_tells_nothing(connect: Connect) -> None:
    """The role that is sought may be on the next page; nobody is refused for that."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Paged) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            told = connect(f"http://127.0.0.1:{server.server_port}").permissions(VIRGINIA_VM)
        finally:
            server.shutdown()
            thread.join()

    assert told is None


def test_a_machine_of_no_scale_set_is_its_own(azure: Emulator, connect: Connect) -> None:
    """As the lab's is."""
    machine = connect(azure.url).machine(VIRGINIA_VM)

    assert machine is not None
    assert (machine.location, machine.scale_set) == ("eastus", "")


def test_an_instance_of_a_flexible_scale_set_says_whose_it_is(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id is a machine's own; only a member of it tells."""
    owner = f"{EASTUS}/Microsoft.Compute/virtualMachineScaleSets/web"

    class Found:
        def as_dict(self) -> dict[str, Any]:
            return {"location": "eastus", "properties": {"virtualMachineScaleSet": {"id": owner}}}

    arm = connect("http://127.0.0.1:1")
    monkeypatch.setattr(arm._compute.virtual_machines, "get", lambda *_, **__: Found())
    machine = arm.machine(VIRGINIA_VM)

    assert machine is not None
    assert (machine.scale_set, machine.power_state) == (owner, "unknown")
