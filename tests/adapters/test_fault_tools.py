"""Every fault's tool, over ARM as emulated: looks, breaks, looks, mends exactly what it broke."""

import time
from collections.abc import Callable, Iterator

import pytest

from shared.adapters.arm import Arm
from shared.adapters.clock import Clock
from shared.adapters.faults import tools
from shared.core.model import Broken
from shared.core.plan import VM_FAULTS, FaultKind, ProbePath
from shared.core.samples import Attempt
from shared.core.undo import Seen
from shared.ledger_ports import FaultTool
from shared.settings import Settings
from tests.emulator.running import (
    PROFILE,
    VIRGINIA_VM,
    Emulator,
    azure_endpoint,
    lab_profile,
    lab_topology,
    running,
)

ENDPOINT = f"{PROFILE}/azureEndpoints/virginia"
HEADER = ProbePath(header="x-failover-drill", value="fail")
HOST = {"name": "Host", "value": "www.example.org"}
OTHER = {"name": "x-other", "value": "kept"}
TIMINGS = {"powerOffSeconds": 1, "deallocateSeconds": 1, "startSeconds": 1, "bootSeconds": 1}
WAIT_SECONDS_MAX = 10.0

BROKEN = {kind: Broken(VIRGINIA_VM if kind in VM_FAULTS else ENDPOINT) for kind in FaultKind} | {
    FaultKind.PROBE_PATH: Broken(ENDPOINT, HEADER)
}


@pytest.fixture(scope="module")
def azure() -> Iterator[Emulator]:
    """A lab whose machines obey at once."""
    with running(speed=10, topology=lab_topology(timings=TIMINGS)) as started:
        yield started


@pytest.fixture
def made(azure: Emulator, monkeypatch: pytest.MonkeyPatch) -> dict[FaultKind, FaultTool]:
    """The tools, over a profile that is as the lab's at the start of every test."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", str(azure.world.ready["identityEndpoint"]))
    monkeypatch.setenv("IDENTITY_HEADER", str(azure.world.ready["identityHeader"]))
    assert azure.arm("PUT", PROFILE, lab_profile()).is_success
    values = {
        "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-0000000000aa",
        "DRILL_RESOURCE_GROUPS": "switchback-lab-eastus",
        "ARM_ENDPOINT": azure.url,
        "TABLES_CONNECTION": "UseDevelopmentStorage=true",
        "DNS_AUTHORITATIVE": azure.authoritative[0],
        "DNS_RESOLVERS": azure.resolvers[0],
    }
    return tools(Arm(Settings.read(values), Clock()))


def later() -> int:
    """Return an instant by which a request of now is in time."""
    return Clock().now() + 30_000


def wait(holds: Callable[[], bool], awaited: str) -> None:
    """Wait until it holds."""
    end = time.monotonic() + WAIT_SECONDS_MAX
    while not holds():
        assert time.monotonic() < end, f"Gave up waiting for {awaited}."
        time.sleep(0.02)


def shown(azure: Emulator) -> dict[str, object]:
    """The endpoint's properties as ARM shows them, but for what probing changes."""
    told: dict[str, object] = azure.arm("GET", ENDPOINT).json()["properties"]
    return {name: value for name, value in told.items() if name != "endpointMonitorStatus"}


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_is_put_in_place_and_taken_back(
    azure: Emulator, made: dict[FaultKind, FaultTool], kind: FaultKind
) -> None:
    """Absent, asked for, seen in place, undone, absent: and everything is as it was."""
    tool, broken, settings_before = made[kind], BROKEN[kind], shown(azure)
    before = tool.look(broken)

    injected = tool.inject(broken, later())
    wait(lambda: tool.look(broken).fault_in_place is True, f"{kind} to be in place")
    undone = tool.undo(broken, before.state or "", later())
    wait(lambda: tool.look(broken) == before, f"{kind} to be gone")

    assert before.fault_in_place is False
    assert (injected.outcome, undone.outcome) == (Attempt.OK, Attempt.OK)
    assert shown(azure) == settings_before


@pytest.mark.parametrize("kind", FaultKind)
def test_what_is_late_is_not_sent(
    azure: Emulator, made: dict[FaultKind, FaultTool], kind: FaultKind
) -> None:
    """Its time was over before it could go out, be it a fault or its undo."""
    tool, broken, too_late = made[kind], BROKEN[kind], Clock().now() - 1
    requests = len(azure.http.get("/emulator/requests").json()["requests"])

    answers = tool.inject(broken, too_late), tool.undo(broken, "[]", too_late)

    sent = azure.http.get("/emulator/requests").json()["requests"][requests:]
    assert {answer.outcome for answer in answers} == {Attempt.FAILED}
    assert all(answer.detail.startswith("Never sent") for answer in answers)
    assert [each["method"] for each in sent if each["method"] != "GET"] == []


@pytest.mark.parametrize("kind", FaultKind)
def test_what_is_absent_is_in_doubt(made: dict[FaultKind, FaultTool], kind: FaultKind) -> None:
    """Deleted by somebody: nobody can say whether the fault is there, and asking is refused."""
    absent = Broken(BROKEN[kind].resource + "-gone", BROKEN[kind].probe_path)

    seen = made[kind].look(absent)

    assert (seen.state, seen.fault_in_place) == ("absent", None)
    assert made[kind].inject(absent, later()).outcome is Attempt.FAILED


@pytest.mark.parametrize("kind", FaultKind)
def test_silence_is_doubt(kind: FaultKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARM does not answer: nothing is known, and a look raises nothing."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/token")
    values = {
        "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-0000000000aa",
        "DRILL_RESOURCE_GROUPS": "switchback-lab-eastus",
        "ARM_ENDPOINT": "http://127.0.0.1:1",
        "TABLES_CONNECTION": "UseDevelopmentStorage=true",
    }
    alone = tools(Arm(Settings.read(values), Clock()))[kind]

    assert alone.look(BROKEN[kind]) == Seen(state=None, fault_in_place=None)
    assert alone.undo(BROKEN[kind], "[]", None).outcome is not Attempt.OK


@pytest.mark.parametrize(
    ("endpoint_headers", "profile_headers", "carried"),
    [
        ([], [], []),
        ([OTHER], [], [OTHER]),
        ([], [HOST], [HOST]),
        ([OTHER], [HOST], [OTHER]),
        ([{"name": "X-Failover-Drill", "value": "pass"}, OTHER], [], [OTHER]),
    ],
    ids=["none", "its own", "the profile's", "its own replace the profile's", "the same name"],
)
def test_headers_go_beside_what_probes_carry_and_leave_no_trace(
    azure: Emulator,
    made: dict[FaultKind, FaultTool],
    endpoint_headers: list[dict[str, str]],
    profile_headers: list[dict[str, str]],
    carried: list[dict[str, str]],
) -> None:
    """An endpoint's list replaces the profile's, so the profile's are sent along, and then not."""
    body = lab_profile()
    endpoint = body["properties"]["endpoints"][0]
    if endpoint_headers:
        endpoint["properties"]["customHeaders"] = endpoint_headers
    if profile_headers:
        body["properties"]["monitorConfig"]["customHeaders"] = profile_headers
    assert azure.arm("PUT", PROFILE, body).is_success
    tool, broken = made[FaultKind.PROBE_PATH], BROKEN[FaultKind.PROBE_PATH]
    before, settings_before = tool.look(broken), shown(azure)

    tool.inject(broken, later())
    during = shown(azure)["customHeaders"]
    in_place = tool.look(broken).fault_in_place
    tool.undo(broken, before.state or "", later())

    assert during == [*carried, {"name": HEADER.header, "value": HEADER.value}]
    assert in_place is True
    assert shown(azure) == settings_before


def test_only_the_status_is_written(azure: Emulator, made: dict[FaultKind, FaultTool]) -> None:
    """What somebody else changes meanwhile stays."""
    tool, broken = made[FaultKind.ENDPOINT_DISABLE], BROKEN[FaultKind.ENDPOINT_DISABLE]
    tool.inject(broken, later())
    virginia = azure_endpoint("virginia", str(shown(azure)["targetResourceId"]), priority=1)
    virginia["properties"] |= {"endpointStatus": "Disabled", "customHeaders": [OTHER]}
    assert azure.arm("PUT", ENDPOINT, virginia).is_success
    tool.undo(broken, "Enabled", None)

    assert shown(azure)["endpointStatus"] == "Enabled"
    assert shown(azure)["customHeaders"] == [OTHER]
