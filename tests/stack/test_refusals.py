"""Bad input over real sockets: refused in one sentence a fault, and nothing is half-done.

The function host runs without its timers: nothing but these requests could write anything.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devtools.paths import TOPOLOGY
from tests.stack.conftest import StartLab
from tests.support.lab import NO_TIMERS, Answered, Lab, lab_profile
from tests.support.wrong_bodies import DRILLS, PROFILES, Fault, lonely, named, plan, untagged

Json = dict[str, Any]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a stack with three profiles: the lab's, one without consent, one without survivor."""
    topology = tmp_path_factory.mktemp("topology") / "topology.json"
    write_topology(topology)
    with start_lab(20, topology=topology, settings=NO_TIMERS) as lab:
        bodies = {"lab": lab_profile(), "untagged": untagged(), "lonely": lonely()}
        for name, body in bodies.items():
            assert lab.call("PUT", f"/profiles/{name}", body).status == 201
        for name in bodies:
            lab.wait_online(name)
        yield lab


def write_topology(file: Path) -> None:
    """Write the lab's topology with a machine without consent and an address without a label."""
    topology = json.loads(TOPOLOGY.read_text())
    east = {"resourceGroup": "switchback-lab-eastus", "location": "eastus"}
    topology["publicIPAddresses"] += [
        {"name": "bare-ip", "address": "127.1.0.6", "domainNameLabel": "switchback-bare", **east},
        {"name": "nameless-ip", "address": "127.1.0.7", **east},
    ]
    nic = {"name": "bare-nic", "privateAddress": "127.1.10.6", "publicIPAddress": "bare-ip"}
    topology["networkInterfaces"] += [nic | east]
    topology["virtualMachines"] += [{"name": "bare-vm", "networkInterface": "bare-nic", **east}]
    file.write_text(json.dumps(topology))


def assert_left_alone(lab: Lab, ask: Callable[[], Answered]) -> Answered:
    """Return the answer to a request that must change neither ARM nor a table."""
    arm, tables = lab.writes(), lab.tables()
    answer = ask()
    assert lab.writes() == arm
    assert lab.tables() == tables
    return answer


def assert_refused(answer: Answered, status: int, code: str, *faults: Fault) -> None:
    """The answer has that status and code, and says all that each fault is to say, each once."""
    error = answer.error
    assert (answer.status, error["code"]) == (status, code), error
    assert answer.headers["x-ms-error-code"] == code
    told = {detail["target"]: detail["message"] for detail in error.get("details", ())}
    assert sorted(told) == sorted(fault.target for fault in faults)
    for fault in faults:
        for words in fault.says:
            assert words in told[fault.target]
            assert words in error["message"]


@pytest.mark.parametrize("name", PROFILES)
def test_a_wrong_profile_is_refused(lab: Lab, name: str) -> None:
    """400 names every wrong field, its value and what would be right; nothing is written."""
    body, faults = PROFILES[name]
    answer = assert_left_alone(lab, lambda: lab.call("PUT", "/profiles/lab", body))
    assert_refused(answer, 400, "InvalidInput", *faults)
    fresh = assert_left_alone(lab, lambda: lab.call("PUT", "/profiles/fresh", body))
    assert_refused(fresh, 400, "InvalidInput", *faults)


@pytest.mark.parametrize("path", ["/profiles/lab", "/profiles/lab/endpoints/x", "/drills/d"])
@pytest.mark.parametrize("text", ['{"profile": ', "", "\xff", "[]", "12"])
def test_malformed_json_is_refused(lab: Lab, path: str, text: str) -> None:
    """What is not JSON, or no object, is 400 and says so."""
    content = text.encode("latin-1")
    answer = assert_left_alone(lab, lambda: lab.call("PUT", path, content))
    assert (answer.status, answer.error["code"]) == (400, "InvalidInput")
    assert len(answer.error["details"]) == 1


def test_a_taken_dns_name_is_refused(lab: Lab) -> None:
    """Only the service knows whose a name is; its refusal leaves no trace here either."""
    tables, profiles = lab.tables(), lab.must("GET", "/profiles")
    answer = lab.call("PUT", "/profiles/another", named("switchback-lab"))
    assert 400 <= answer.status < 500
    message = answer.error["message"]
    assert "switchback-lab.trafficmanager.net" in message
    assert "choose a different" in message
    assert (lab.tables(), lab.must("GET", "/profiles")) == (tables, profiles)
    assert lab.call("GET", "/profiles/another").status == 404


@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_that_must_not_start_is_refused(lab: Lab, name: str) -> None:
    """Every reason at once, and neither a drill nor a lock is left behind."""
    body, status, code, faults = DRILLS[name]
    answer = assert_left_alone(lab, lambda: lab.call("PUT", "/drills/refused", body))
    assert_refused(answer, status, code, *faults)
    assert lab.call("GET", "/drills/refused").status == 404


def test_a_drill_on_an_unknown_profile_is_refused(lab: Lab) -> None:
    """404 names the profile, and how it would be made known."""
    answer = assert_left_alone(lab, lambda: lab.call("PUT", "/drills/refused", plan("nowhere")))
    assert_refused(answer, 404, "ProfileNotFound")
    assert "'nowhere'" in answer.error["message"]
    assert "PUT /profiles/nowhere" in answer.error["message"]


@pytest.fixture
def drill(lab: Lab) -> Iterator[str]:
    """Return a drill that is running on the lab's profile, and end it."""
    drill_id = f"running-{secrets.token_hex(4)}"
    lab.start_drill(drill_id, plan("lab"))
    yield drill_id
    lab.must("POST", f"/drills/{drill_id}/stop")
    lab.restart_host({})  # with its timers, so that the drill sees that it is to stop
    lab.wait_closed(drill_id, 600)
    lab.restart_host(NO_TIMERS)


def test_nothing_else_is_written_while_a_drill_runs(lab: Lab, drill: str) -> None:
    """A second drill, and any write of the profile or its endpoints, is 409 and names the first."""
    endpoint = lab_profile()["endpoints"][1] | {"priority": 5}
    requests: list[tuple[str, str, Json | None]] = [
        ("PUT", "/drills/second", plan("lab")),
        ("POST", "/drills", plan("lab")),
        ("PUT", "/profiles/lab", lab_profile(ttl_seconds=20)),
        ("DELETE", "/profiles/lab", None),
        ("PUT", "/profiles/lab/endpoints/amsterdam", endpoint),
        ("DELETE", "/profiles/lab/endpoints/amsterdam", None),
    ]
    for method, path, body in requests:
        answer = lab.call(method, path, body)
        assert_refused(answer, 409, "ProfileBusy")
        assert "'lab'" in answer.error["message"]
        assert repr(drill) in answer.error["message"]


def test_a_busy_profile_stays_as_it_was(lab: Lab, drill: str) -> None:
    """The refused writes leave ARM and the tables alone; the same plan again starts nothing."""
    writes: list[tuple[str, str, Json]] = [
        ("PUT", f"/drills/{drill}", plan("lab", holdSeconds=10)),
        ("PUT", "/profiles/lab/endpoints/amsterdam", lab_profile()["endpoints"][1]),
    ]
    for method, path, body in writes:
        answer = assert_left_alone(lab, partial(lab.call, method, path, body))
        assert answer.status == 409
    again = assert_left_alone(lab, lambda: lab.call("PUT", f"/drills/{drill}", plan("lab")))
    assert again.status == 200
