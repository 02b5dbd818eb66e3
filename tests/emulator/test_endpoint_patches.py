"""PATCH of an endpoint, over real sockets: the ways to break one that leave its machines alone.

No PATCH was ever recorded: its answer is the specification's, its effects the documentation's.
"""

import json

import httpx2
import pytest

from tests.emulator.running import (
    AMSTERDAM_FQDN,
    PROFILE,
    VIRGINIA_FQDN,
    Emulator,
    Json,
    at,
    lab_profile,
    lab_topology,
    running,
    seconds_between,
)

VIRGINIA, AMSTERDAM = (f"{PROFILE}/azureEndpoints/{name}" for name in ("virginia", "amsterdam"))
QUICK = {"intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 0}
SPEED = 20
SLACK_SECONDS = 0.05 * SPEED
HOST = {"name": "Host", "value": "www.example.org"}
DRILL = {"name": "x-failover-drill", "value": "fail"}


@pytest.fixture
def written(emulator: Emulator) -> Emulator:
    """A lab with its profile; what its probes find does not matter."""
    assert emulator.arm("PUT", PROFILE, lab_profile()).status_code == 201
    return emulator


def visit(emulator: Emulator, address: str, **headers: str) -> int:
    """Return the status that a client is answered."""
    place = emulator.connect_to[f"{address}:80"]
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.get(f"http://{place}/", timeout=1, headers=sent).status_code


def patch(emulator: Emulator, path: str, **properties: object) -> Json:
    """Send a PATCH that has to succeed; the endpoint's properties as it answers them."""
    answer = emulator.arm("PATCH", path, {"properties": properties})
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()["properties"]
    return shown


def read(emulator: Emulator, path: str = VIRGINIA) -> Json:
    """Return an endpoint's properties, without its monitor status."""
    shown: Json = emulator.arm("GET", path).json()["properties"]
    del shown["endpointMonitorStatus"]
    return shown


def named(emulator: Emulator) -> str:
    """Return the target that both name servers answer."""
    targets = {emulator.ask(s).answer[0][0].to_text() for s in emulator.authoritative}
    assert len(targets) == 1
    return str(targets.pop()).rstrip(".")


def writes(emulator: Emulator, endpoint: str = "virginia") -> list[object]:
    """Return what the truth says of an endpoint's writes."""
    return [event["value"] for event in emulator.truth("endpointWrite", endpoint)]


def told(*headers: Json) -> str:
    """Return how the truth tells that an endpoint's own headers were written."""
    return "customHeaders=" + json.dumps(headers, separators=(",", ":"))


def test_a_disabled_endpoint_is_out_of_dns_at_once_and_in_again_before_it_is_online() -> None:
    """CheckingEndpoint is answered: DNS is back in the very step, the status one probe later."""
    with running(speed=SPEED) as lab:
        lab.arm("PUT", PROFILE, lab_profile(**QUICK))
        lab.wait_until_online()

        shown = patch(lab, VIRGINIA, endpointStatus="Disabled")
        assert (shown["endpointStatus"], shown["endpointMonitorStatus"]) == ("Disabled",) * 2
        assert named(lab) == AMSTERDAM_FQDN
        asked = lab.wait_for("endpointWrite", "virginia", "Disabled")
        gone = lab.wait_for("endpointMonitorStatus", "virginia", "Disabled")
        away = lab.wait_for("answer", lab.authoritative[0], "amsterdam")
        assert asked["at"] == gone["at"] == away["at"]

        shown = patch(lab, VIRGINIA, endpointStatus="Enabled")
        assert shown["endpointMonitorStatus"] == "CheckingEndpoint"
        assert named(lab) == VIRGINIA_FQDN
        restored = lab.wait_for("endpointWrite", "virginia", "Enabled", count=2)
        back = lab.wait_for("answer", lab.authoritative[0], "virginia", count=2)
        online = lab.wait_for("endpointMonitorStatus", "virginia", "Online", count=2)
        assert restored["at"] == back["at"]
        assert 0 < seconds_between(restored, online) < 10 + SLACK_SECONDS
        assert [event["value"] for event in lab.truth("serving", "virginia")] == [True]


def test_a_header_makes_one_endpoints_probes_fail_while_its_application_serves() -> None:
    """The endpoint's own list is what its probes carry; taken away again, one probe restores."""
    with running(speed=SPEED) as lab:
        lab.arm("PUT", PROFILE, lab_profile(**QUICK))
        lab.wait_until_online()

        assert patch(lab, VIRGINIA, customHeaders=[DRILL])["customHeaders"] == [DRILL]
        degraded = lab.wait_for("endpointMonitorStatus", "virginia", "Degraded")
        asked = lab.wait_for("endpointWrite", "virginia", told(DRILL))
        assert 0 <= seconds_between(asked, degraded) < 10 + SLACK_SECONDS
        assert named(lab) == AMSTERDAM_FQDN
        assert (visit(lab, "127.1.0.4"), visit(lab, "127.1.0.5")) == (200, 200)

        assert "customHeaders" not in patch(lab, VIRGINIA, customHeaders=[])
        assert "customHeaders" not in read(lab)
        lab.wait_for("endpointMonitorStatus", "virginia", "Online", count=2)
        assert named(lab) == VIRGINIA_FQDN
        assert [event["value"] for event in lab.truth("serving", "virginia")] == [True]
        assert {e["value"] for e in lab.truth("endpointMonitorStatus", "amsterdam")} == {
            "CheckingEndpoint",
            "Online",
        }


def test_an_endpoints_own_headers_replace_the_profiles_in_its_probes() -> None:
    """Also when the profile's would make them fail; without any of its own the profile's count."""
    with running(speed=SPEED) as lab:
        lab.arm("PUT", PROFILE, lab_profile(customHeaders=[DRILL], **QUICK))
        lab.wait_for("endpointMonitorStatus", "virginia", "Degraded")
        lab.wait_for("endpointMonitorStatus", "amsterdam", "Degraded")

        patch(lab, VIRGINIA, customHeaders=[HOST])
        lab.wait_for("endpointMonitorStatus", "virginia", "Online")
        patch(lab, VIRGINIA, customHeaders=[])
        lab.wait_for("endpointMonitorStatus", "virginia", "Degraded", count=2)


def test_a_machines_rules_hold_behind_a_load_balancer_too(written: Emulator) -> None:
    """It forwards octets, headers and all; each of the two machines knows the header."""
    assert {visit(written, "127.1.0.5", x_failover_drill="fail") for _ in range(4)} == {503}
    assert {visit(written, "127.1.0.5", x_failover_drill="pass") for _ in range(4)} == {200}
    assert visit(written, "127.1.0.4", x_failover_drill="fail") == 503


def test_which_headers_an_application_minds_is_the_topologys() -> None:
    """Its own rules replace the one that every machine has."""
    described = lab_topology().model_dump(by_alias=True)
    rule = {"header": "X-Mood", "value": "bad", "status": 418}
    for machine, rules in zip(described["virtualMachines"], ([rule], [], []), strict=True):
        machine["headerAnswers"] = rules
    with running(topology=lab_topology().model_validate(described)) as lab:
        assert visit(lab, "127.1.0.4", x_mood="bad") == 418
        assert visit(lab, "127.1.0.4", x_failover_drill="fail") == 200
        assert visit(lab, "127.1.0.5", x_failover_drill="fail") == 200


@pytest.mark.parametrize(
    "properties",
    [{"endpointStatus": "Disabled"}, {"customHeaders": [DRILL]}, {"customHeaders": []}],
    ids=str,
)
def test_a_patch_changes_what_it_names_and_nothing_else(
    written: Emulator, properties: Json
) -> None:
    """Weight, priority, status, headers and the profile's own settings stay."""
    patch(written, VIRGINIA, weight=7, customHeaders=[HOST])
    before, profile = (
        read(written),
        written.arm("GET", PROFILE).json()["properties"]["monitorConfig"],
    )

    patch(written, VIRGINIA, **properties)

    expected = before | properties
    if expected["customHeaders"] == []:
        del expected["customHeaders"]
    assert read(written) == expected
    after = written.arm("GET", PROFILE).json()["properties"]["monitorConfig"]
    assert after | {"profileMonitorStatus": ""} == profile | {"profileMonitorStatus": ""}
    assert read(written, AMSTERDAM)["endpointStatus"] == "Enabled"


def test_what_a_write_is_told_as(written: Emulator) -> None:
    """The status, the headers, or both, by what was named or changed; repeats are told again."""
    enabled, of = "Enabled", written.truth
    assert [event["value"] for event in of("endpointWrite")] == [enabled, enabled]

    patch(written, VIRGINIA, customHeaders=[HOST, DRILL])
    patch(written, VIRGINIA, customHeaders=[HOST, DRILL])
    patch(written, VIRGINIA, customHeaders=[])
    patch(written, VIRGINIA, endpointStatus="Enabled")
    patch(written, VIRGINIA, weight=9)
    patch(written, VIRGINIA, endpointStatus="Disabled", customHeaders=[HOST])
    patch(written, VIRGINIA, weight=8, customHeaders=[])

    both = [told(HOST, DRILL)] * 2
    end = ["Disabled", told(HOST), "Disabled", told()]
    assert writes(written)[1:] == [*both, told(), enabled, enabled, *end]
    instants = [at(event) for event in of("endpointWrite", "virginia")]
    assert instants[-1] == instants[-2]


def test_a_put_tells_the_status_and_the_headers_that_it_changes(written: Emulator) -> None:
    """Also a PUT of the whole profile, which alone tells nothing of what it leaves as it was."""
    whole = written.arm("GET", PROFILE).json()
    one = whole["properties"]["endpoints"][0]
    written.arm("PUT", VIRGINIA, one)
    one["properties"]["customHeaders"] = [HOST]
    written.arm("PUT", VIRGINIA, one)
    written.arm("PUT", PROFILE, whole)
    one["properties"]["customHeaders"] = [DRILL]
    written.arm("PUT", PROFILE, whole)

    assert writes(written)[1:] == ["Enabled", "Enabled", told(HOST), told(DRILL)]
    assert writes(written, "amsterdam") == ["Enabled"]


@pytest.mark.parametrize(
    "properties",
    [
        {"endpointStatus": "Off"},
        {"customHeaders": [{"name": "bad name", "value": "x"}]},
        {"customHeaders": [{"name": "x", "value": "a\r\nb"}]},
        {"customHeaders": [{"name": f"x-{n}", "value": "1"} for n in range(9)]},
        {"customHeaders": {"name": "x"}},
    ],
    ids=str,
)
def test_a_bad_patch_is_400_and_changes_nothing(written: Emulator, properties: Json) -> None:
    """Nor is it in the truth."""
    before, said = read(written), writes(written)

    answer = written.arm("PATCH", VIRGINIA, {"properties": properties})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert (read(written), writes(written)) == (before, said)


def test_a_patch_of_what_is_not_there_is_404(written: Emulator) -> None:
    """It never creates."""
    answer = written.arm("PATCH", f"{VIRGINIA}x", {"properties": {"endpointStatus": "Disabled"}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
