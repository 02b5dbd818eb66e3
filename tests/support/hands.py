"""What a person sees and does in the emulated Azure, beside the product."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devtools import truth_check
from devtools.client import Answer, Client
from tests.support.lab import SUBSCRIPTION, Lab, at

Json = dict[str, Any]

PROVIDERS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/switchback-lab%s/providers"
PROFILE_PATH = PROVIDERS % "" + "/Microsoft.Network/trafficManagerProfiles/lab"
REGIONS = {"virginia": "-eastus", "amsterdam": "-westeurope"}
OPERATION_SECONDS = 400.0  # virtual; the longest power operation takes 64 s
DRILL_HEADER = {"name": "x-failover-drill", "value": "fail"}  # which every machine minds
PROBE_PATH = {"header": DRILL_HEADER["name"], "value": DRILL_HEADER["value"]}
WRITE_KINDS = ("powerOperation", "endpointWrite")
CLIENTS = {"clientOnSurvivor", "clientOnPrimary"}  # milestones that samples alone tell


def machine_path(vm: str) -> str:
    """A machine's id."""
    group = PROVIDERS % REGIONS[vm.partition("-")[0]]
    return f"{group}/Microsoft.Compute/virtualMachines/{vm}"


def endpoint_path(name: str = "virginia") -> str:
    """An endpoint's id."""
    return f"{PROFILE_PATH}/azureEndpoints/{name}"


@dataclass(frozen=True)
class Hands:
    """Whoever is signed in to the emulated Azure of a lab."""

    lab: Lab
    arm: Client

    @classmethod
    def of(cls, lab: Lab) -> "Hands":
        """Sign in."""
        azure = lab.stack.azure
        header = {"X-IDENTITY-HEADER": str(azure["identityHeader"])}
        identity = Client(str(azure["identityEndpoint"]), header)
        asked = "?api-version=2019-08-01&resource=https://management.azure.com"
        token = identity.get(asked).json["access_token"]
        return cls(lab, Client(str(azure["arm"]), {"Authorization": f"Bearer {token}"}))

    def send(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request to ARM that has to succeed."""
        answer = self.arm.request(method, f"{path}?api-version=2022-04-01", body)
        assert answer.ok, answer.describe()
        return answer

    def endpoint(self, name: str = "virginia") -> Json:
        """An endpoint as it is configured, without what its probes find."""
        shown: Json = self.send("GET", endpoint_path(name)).json["properties"]
        del shown["endpointMonitorStatus"]
        return shown

    def address(self, name: str = "virginia") -> str | None:
        """The public address that an endpoint's target has now."""
        path = f"{PROVIDERS % REGIONS[name]}/Microsoft.Network/publicIPAddresses/{name}-ip"
        address: str | None = self.send("GET", path).json["properties"].get("ipAddress")
        return address

    def operate(self, vm: str, verb: str, state: str) -> None:
        """Run a power operation to its end."""
        self.send("POST", f"{machine_path(vm)}/{verb}")
        self.wait_power(vm, state)

    def wait_power(self, vm: str, state: str) -> None:
        """Wait until a machine is in a power state."""
        for _ in self.lab.turns(OPERATION_SECONDS, f"{vm} to be {state}"):
            states = self.lab.power_states(vm)
            if states and states[-1]["value"] == state:
                return


def truth_since(lab: Lab, since: datetime) -> list[Json]:
    """Everything that has happened since then."""
    return [event for event in lab.truth() if at(event["at"]) >= since]


def asked(events: list[Json]) -> list[tuple[str, str]]:
    """What was asked of ARM, in order: the machine's or endpoint's name, and what."""
    return [
        (event["subject"].rpartition("/")[2], event["value"])
        for event in events
        if event["kind"] in WRITE_KINDS
    ]


def once_each(steps: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The steps without their repeats: an undo may be sent again until it is read back."""
    return [step for step, _ in itertools.groupby(steps)]


def written(*headers: Json) -> str:
    """How the truth tells that an endpoint's own headers were written."""
    return "customHeaders=" + json.dumps(headers, separators=(",", ":"))


def failed_requests(lab: Lab, drill_id: str) -> list[Json]:
    """The requests of clients of any class that were not answered well."""
    classes = [told["class"] for told in lab.report(drill_id)["clientDowntime"]]
    assert "fresh" in classes
    requests = (sample for each in classes for sample in samples(lab, drill_id, f"client/{each}"))
    return [sample for sample in requests if sample["outcome"] != "ok"]


def samples(lab: Lab, drill_id: str, series: str) -> Iterator[Json]:
    """Every sample of a series, in order of time."""
    path: str | None = f"/drills/{drill_id}/timeline?series={series}&$top=5000"
    while path is not None:
        page = lab.must("GET", path)
        yield from page["value"]
        path = page.get("nextLink", "").partition("/api")[2] or None


def milestones_of(report: Json) -> Counter[str]:
    """How often each milestone is there; those of clients once, for the class that is judged."""
    others = [m for m in report["milestones"] if _is_of_other_clients(m)]
    return Counter(m["name"] for m in report["milestones"] if m not in others)


def not_reached(report: Json) -> list[Json]:
    """What is missing; a client that looks a name up once may have nothing to come back from."""
    return [m for m in report["notReached"] if not _is_of_other_clients(m)]


def _is_of_other_clients(milestone: Json) -> bool:
    return milestone["name"] in CLIENTS and milestone["vantage"] != "fresh"


def assert_holds_the_truth(report: Json, truth: list[Json], names: set[str]) -> None:
    """These milestones are in the truth, and each of them lies within its bounds."""
    findings = truth_check.check(report, {"events": truth})
    assert [finding for finding in findings if not finding.holds] == []
    assert {finding.name for finding in findings} == names
