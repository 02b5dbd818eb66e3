"""Real exchanges about VMs and their network, replayed and compared field by field.

How a machine was created was not recorded: a topology with the same names takes its place.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.emulator.recorded_stage import machines_of, staged
from tests.emulator.recordings import RECORDINGS, Answer, Exchange, compare, load, send
from tests.emulator.running import Emulator, running

pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="../shared/recordings is not beside this checkout"
)

VIEW = r"(\.properties\.instanceView)?"
ALLOWED = {
    r"\.properties\.(storageProfile|osProfile|diagnosticsProfile)(\..*)?: .*": (
        "that machine's own guest, or trimmed by whoever kept the recording"
    ),
    r"\.properties\.(availabilitySet|licenseType|priority|evictionPolicy|billingProfile): .*": (
        "how that machine was bought"
    ),
    r"\.properties\.networkProfile\.networkInterfaces: .*": "machines here have one interface",
    r"\.networkInterfaces\[0\]\.properties: .*, theirs absent": "left out when created without",
    VIEW + r"\.(computerName|osName|osVersion|vmAgent.*|disks.*|bootDiagnostics): .*": (
        "that machine's own guest and disks"
    ),
    VIEW + r"\.(placementGroupId|platform(Update|Fault)Domain): ours absent.*": "of a scale set",
    VIEW + r"\.hyperVGeneration: ours \"V2\", theirs (\"V1\"|absent)": "machines here are newer",
    r"\.properties\.ipAddress: ours \"127\..*": "addresses here are on loopback",
    r"\.privateIPAddress: ours \"127\..*": "addresses here are on loopback",
    r"\.(subnet|internalDomainNameSuffix|macAddress): ours absent.*": "networks are not emulated",
    r"\.ipConfigurations\[0\]\.type: .*, theirs absent": "new in network's 2018 versions",
    r"\.(hostedWorkloads|tapConfigurations|ipTags): ours \[\], theirs absent": "new since 2016",
    r"header x-ms-request-charge: ours absent, theirs 1": "of a scale set",
    r"\.sku(\.tier)?: .*, theirs absent": "new in network's 2017-08-01 and 2020-07-01",
}
ALLOWED_VERSION = {
    r"header (location|azure-asyncoperation): ours .*2020-06-01, theirs .*2019-03-01": (
        "this operation was told of in an older api-version than was asked for"
    ),
}

POWER = (
    "vm_java_deallocate_then_start_2020-12-01.json",
    "vm_java_powerOff_then_deallocate_2020-12-01.json",
    "vm_java_restart_powerOff_instanceView_2020-12-01.json",
    "vm_net_powerOff_2020-06-01.json",
    "vm_xplat_stop_start_deallocate_restart_2017-03-30.json",
)
# The order in time of exchanges that were kept by operation: startTime tells.
IN_TIME = {POWER[-1]: (*range(1, 8), 14, 15, 16, *range(8, 14))}
VIEWS = "vm_instanceviews_running_stopped_deallocated.json"
NETWORK = ("net_java_pip_to_lb_to_nic_to_vm.json", "net_java_pip_to_nic_to_vm.json")
NO_EXCHANGES = "vm_power_durations.json"


def beyond(found: Iterator[str]) -> list[str]:
    """Return the differences that nothing allows."""
    patterns = [*ALLOWED, *ALLOWED_VERSION]
    return [d for d in found if not any(re.fullmatch(f"(?:.*)(?:{p})", d) for p in patterns)]


def test_every_recording_is_replayed() -> None:
    """A new recording belongs into one of the tests."""
    there = {file.name for kind in ("vm", "net") for file in RECORDINGS.glob(f"{kind}_*.json")}

    assert there == {*POWER, VIEWS, *NETWORK, NO_EXCHANGES}


class Replay:
    """Sends exchanges one after the other, each operation's polls to its own URL here."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._places: dict[str, str] = {}

    def send(self, exchange: Exchange) -> Answer:
        """Send one exchange."""
        if not exchange.names_an_operation:
            ours = send(self._emulator, exchange)
            if exchange.status == 202:
                theirs = urlsplit(exchange.headers["azure-asyncoperation"]).path
                self._places[theirs] = urlsplit(ours.headers["azure-asyncoperation"]).path
            return ours
        place = self._places[exchange.path]
        if exchange.body is None or exchange.body["status"] != "InProgress":
            self._wait(place)
        return send(self._emulator, exchange, place)

    def _wait(self, place: str) -> None:
        while self._emulator.arm("GET", place).json()["status"] == "InProgress":
            pass


@pytest.mark.parametrize("name", POWER)
def test_power(name: str) -> None:
    """202 with its headers, polls with their members until Succeeded, and the machine after."""
    exchanges = load(name)
    found = {}
    with running(topology=machines_of(exchanges).topology()) as emulator:
        replay = Replay(emulator)
        for number in IN_TIME.get(name, range(1, len(exchanges) + 1)):
            exchange = exchanges[number - 1]
            found[number] = beyond(compare(replay.send(exchange), exchange))

    assert {number: left for number, left in found.items() if left} == {}


@pytest.mark.parametrize(
    "exchange", load(VIEWS) if RECORDINGS.is_dir() else (), ids=lambda e: f"exchange {e.number}"
)
def test_instance_views(exchange: Exchange) -> None:
    """Running, stopped (as a scale set's machine was, whose view is the same), deallocated."""
    group = re.search("resourceGroups/([^/]+)", exchange.path)
    assert group is not None
    stage = machines_of([exchange])
    path = exchange.path
    if "virtualMachineScaleSets" in path:
        stage.add_machine(group[1], "one", "nic")
        path = f"{path.partition('/providers/')[0]}/providers/Microsoft.Compute/virtualMachines/one"
    machine = path.removesuffix("/instanceView")
    states = {"stopped": "powerOff", "deallocated": "deallocate"}
    state = next((s for s in states if f"PowerState/{s}" in str(exchange.body)), None)

    with running(topology=stage.topology()) as emulator:
        if state is not None:
            emulator.arm("POST", f"{machine}/{states[state]}")
            emulator.wait_for("powerState", machine.rpartition("/")[2], state)
        asked = exchange.path if path == exchange.path else f"{machine}/instanceView"
        ours = send(emulator, exchange, asked)

    assert beyond(compare(ours, exchange)) == []


@pytest.mark.parametrize("name", NETWORK)
def test_from_an_address_to_its_machines(name: str) -> None:
    """Each resource on the way, with its ETag; every exchange on a stage of its own."""
    exchanges = load(name)
    found = {}
    for exchange in exchanges:
        with running(topology=staged(exchange, exchanges).topology()) as emulator:
            ours = send(emulator, exchange)
        found[exchange.number] = beyond(compare(ours, exchange))
        if "etag" in exchange.headers:
            assert ours.headers["etag"] == ours.body["etag"]

    assert {number: left for number, left in found.items() if left} == {}
