"""The roles against what the app really asks ARM for, request by request."""

import inspect
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared import targets
from shared.adapters.arm import Arm
from shared.adapters.clock import Clock
from shared.core.desired import ENDPOINT_TYPES
from shared.core.errors import SwitchbackError
from shared.core.permissions import STOPS
from shared.settings import Settings
from tests.infra import expected
from tests.infra.checks import ROOT

GROUP = "/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/g/providers"
PROFILE = f"{GROUP}/Microsoft.Network/trafficManagerProfiles/p"
MACHINE = f"{GROUP}/Microsoft.Compute/virtualMachines/vm"
KINDS = (targets.PUBLIC_IP, targets.NIC, targets.LOAD_BALANCER)
FAR = 4_102_444_800_000
TOKEN = {"access_token": "t", "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"}
VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def _for_each(kinds: Iterable[str], call: Callable[[str], object]) -> None:
    for kind in kinds:
        with suppress(SwitchbackError):  # the recorder has none of what is asked for
            call(kind)


CALLS: dict[str, Callable[[Arm], object]] = {
    "profile": lambda arm: arm.profile(PROFILE),
    "put_profile": lambda arm: arm.put_profile(PROFILE, {}),
    "delete_profile": lambda arm: arm.delete_profile(PROFILE),
    "put_endpoint": lambda arm: _for_each(
        ENDPOINT_TYPES, lambda k: arm.put_endpoint(PROFILE, k, "e", {})
    ),
    "delete_endpoint": lambda arm: _for_each(
        ENDPOINT_TYPES, lambda k: arm.delete_endpoint(PROFILE, k, "e")
    ),
    "resource": lambda arm: _for_each(KINDS, lambda k: arm.resource(f"{GROUP}/{k}/x")),
    "profile_statuses": lambda arm: arm.profile_statuses(PROFILE),
    "machine": lambda arm: arm.machine(MACHINE),
    "power_state": lambda arm: arm.power_state(MACHINE),
    "permissions": lambda arm: _for_each((MACHINE, PROFILE), arm.permissions),
    "stop": lambda arm: _for_each(STOPS.values(), lambda o: arm.stop(MACHINE, o, FAR)),
    "start": lambda arm: arm.start(MACHINE, FAR),
    "endpoint": lambda arm: _for_each(ENDPOINT_TYPES, lambda k: arm.endpoint(f"{PROFILE}/{k}/e")),
    "patch_endpoint": lambda arm: _for_each(
        ENDPOINT_TYPES, lambda k: arm.patch_endpoint(f"{PROFILE}/{k}/e", {}, FAR)
    ),
}


class _Recording(BaseHTTPRequestHandler):
    """An ARM that has nothing, agrees to everything, and remembers what was asked."""

    requests: list[tuple[str, str]]

    def do_GET(self) -> None:
        if self.path.startswith("/msi/token"):
            self._answer(200, TOKEN)
        else:
            self.requests.append((self.command, self.path))
            self._answer(404, {"error": {"code": "ResourceNotFound", "message": "Not here."}})

    def do_PUT(self) -> None:
        self.requests.append((self.command, self.path))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(200, {"properties": {}})

    def do_PATCH(self) -> None:
        self.do_PUT()

    def do_POST(self) -> None:
        self.do_PUT()

    def do_DELETE(self) -> None:
        self.do_PUT()

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def recording_arm(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Arm, list[tuple[str, str]]]]:
    """Yield the product's own adapter, talking to a recorder, and what it asked."""
    requests: list[tuple[str, str]] = []
    handler = type("Handler", (_Recording,), {"requests": requests})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token")
        monkeypatch.setenv("IDENTITY_HEADER", "recorder")
        values = expected.sample(ROOT) | {"ARM_ENDPOINT": url, "CREDENTIAL": "managed-identity"}
        try:
            yield Arm(Settings.read(values), Clock()), requests
        finally:
            server.shutdown()
            thread.join()


def action_of(method: str, path: str) -> str:
    """Return the action that a request needs, in lower case, as Azure compares them."""
    namespace, *parts = path.partition("?")[0].split("/providers/")[-1].lower().split("/")
    types, is_list = parts[::2], len(parts) % 2 == 1
    if method == "POST":
        return f"{namespace}/{'/'.join(types)}/action"
    assert not is_list or namespace == "microsoft.authorization", path
    return f"{namespace}/{'/'.join(types)}/{VERBS[method]}"


def test_the_roles_grant_exactly_what_the_adapter_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every action is one that was seen on the wire, or a read that is excused by name."""
    with recording_arm(monkeypatch) as (arm, requests):
        for call in CALLS.values():
            with suppress(SwitchbackError):
                call(arm)
    needed = {action_of(*request) for request in requests}
    granted = {action.lower() for actions in expected.ACTIONS.values() for action in actions}
    excused = {action.lower() for action in expected.BEYOND_THE_CALLS}

    assert needed == granted - excused
    assert excused <= granted
    assert all(action.endswith("/read") for action in excused)


def test_no_call_of_the_adapter_is_left_out() -> None:
    """A new method of the adapter needs its line above, and perhaps an action."""
    public = {name for name, _ in inspect.getmembers(Arm, inspect.isfunction) if name[0] != "_"}

    assert public == set(CALLS)


def test_no_kind_of_resource_is_left_out() -> None:
    """`resource` reads by id: every kind that the product names is one that the roles cover."""
    product = (path for part in ("shared", "functions") for path in (ROOT / part).rglob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in product)
    named = set(re.findall(r'"(microsoft\.\w+/\w+)"', text))

    have_methods = {"microsoft.network/trafficmanagerprofiles", "microsoft.compute/virtualmachines"}
    assert named - have_methods == set(KINDS)
