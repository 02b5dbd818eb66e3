"""Real ARM exchanges as tests use them: loaded, made into requests, and compared field by field.

The recordings lie beside the repository, in `../shared/recordings`, and are read from there only.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from emulator.topology import Topology
from tests.emulator.running import Emulator, Json, lab_topology

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"
SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION_ID}"
# Made anew by every service, or written by it at a time of its own.
_OPAQUE = re.compile(r'(W/)?"?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"?', re.IGNORECASE)
_ALWAYS_OPAQUE = ("etag", "resourceGuid", "name", "startTime", "endTime", "time", "vmId")
_PROFILE_RATE = "x-ms-ratelimit-remaining-subscription-resource-requests"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and its answer."""

    number: int
    method: str
    path: str
    query: str
    sent: Any
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def names_an_operation(self) -> bool:
        """Whether it polls a long-running operation."""
        return "/operations/" in self.path


@dataclass(frozen=True, slots=True)
class Answer:
    """What the emulator said to a recorded request."""

    status: int
    headers: Mapping[str, str]
    body: Any


def load(name: str) -> list[Exchange]:
    """Return a file's exchanges, numbered from 1."""
    exchanges: list[Json] = json.loads((RECORDINGS / name).read_text())["exchanges"]
    return [_exchange(number, one) for number, one in enumerate(exchanges, start=1)]


def _exchange(number: int, one: Json) -> Exchange:
    request, response = one["request"], one["response"]
    return Exchange(
        number,
        request["method"],
        request["path"],
        request["query"],
        request["body"],
        response["status"],
        response["headers"],
        response["body"],
    )


def send(emulator: Emulator, exchange: Exchange, path: str = "", body: Any = None) -> Answer:  # noqa: ANN401
    """Send a recorded request, or one like it."""
    query = dict(parse_qsl(exchange.query))
    version = query.pop("api-version")
    response = emulator.arm(exchange.method, path or exchange.path, body, version, **query)
    content = response.json() if response.content else None
    return Answer(response.status_code, response.headers, content)


def groups_in(exchanges: list[Exchange]) -> list[Json]:
    """Return the resource groups that the exchanges take for granted, for a topology."""
    text = json.dumps([[e.path, e.body] for e in exchanges])
    names = {g.lower(): g for g in re.findall(r"resourceGroups/([^/\"?]+)", text)}
    return [{"name": name, "location": "eastus"} for name in names.values()]


def topology_of(exchanges: list[Exchange], **parts: object) -> Topology:
    """Return the lab's topology in the recordings' subscription, with their groups."""
    described = lab_topology().model_dump(by_alias=True)
    described["subscriptionId"] = SUBSCRIPTION_ID
    described["resourceGroups"] += groups_in(exchanges)
    for name, value in parts.items():
        described[name] = [*described[name], *value] if isinstance(value, list) else value
    return Topology.model_validate(described)


def reconstructed(exchange: Exchange) -> Json:
    """Return the request that an answer to a PUT stands for, without what the service fills in."""
    body: Json = copy.deepcopy(exchange.body)
    for name in ("id", "etag"):
        body.pop(name, None)
    if body["properties"].get("targetResourceId"):
        body["properties"].pop("endpointLocation", None)
    for name in ("provisioningState", "resourceGuid", "endpointMonitorStatus", "NestedProfile"):
        body["properties"].pop(name, None)
    return body


def differences(ours: object, theirs: object, path: str = "") -> Iterator[str]:
    """Yield where two bodies differ: a path and both values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        missing = object()
        for key in sorted(ours.keys() | theirs.keys()):
            if not (key in _ALWAYS_OPAQUE and _are_opaque(ours.get(key), theirs.get(key))):
                yield from differences(
                    ours.get(key, missing), theirs.get(key, missing), f"{path}.{key}"
                )
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path}: ours {_shown(ours)}, theirs {_shown(theirs)}"


def _shown(value: object) -> str:
    return "absent" if type(value) is object else json.dumps(value, ensure_ascii=False)


def _are_opaque(ours: object, theirs: object) -> bool:
    """Whether both are ids or times of the same form, which never agree."""
    if not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    if _OPAQUE.fullmatch(ours) and _OPAQUE.fullmatch(theirs):
        return True
    return ours[:2] == theirs[:2] == "20" and "T" in ours and "T" in theirs


def compare(ours: Answer, theirs: Exchange, *, exact_rates: bool = False) -> Iterator[str]:
    """Yield how an answer differs from the recorded one: status, headers, body."""
    if ours.status != theirs.status:
        yield f"status: ours {ours.status}, theirs {theirs.status}"
    for name, value in theirs.headers.items():
        if name not in ours.headers:
            yield f"header {name}: ours absent, theirs {value}"
        elif name == _PROFILE_RATE and exact_rates and ours.headers[name] != value:
            yield f"header {name}: ours {ours.headers[name]}, theirs {value}"
        elif not name.startswith("x-ms-ratelimit"):
            yield from _header_differences(name, ours.headers[name], value)
    yield from differences(ours.body, theirs.body)


def _header_differences(name: str, ours: str, theirs: str) -> Iterator[str]:
    if _form_of(ours) != _form_of(theirs):
        yield f"header {name}: ours {ours}, theirs {theirs}"


def _form_of(value: str) -> str:
    """Return a header without what differs by nature: the host, operation ids, ETags."""
    return _OPAQUE.sub("…", re.sub(r"^https?://[^/]+", "", value))
