"""VMs over ARM: shown, viewed, and their power operations as long-running operations."""

import pytest

from tests.emulator.running import (
    EASTUS,
    SUBSCRIPTION,
    VIRGINIA_VM,
    Emulator,
    Json,
    lab_topology,
    running,
)


def codes(view: Json) -> list[str]:
    """Return an instance view's status codes."""
    return [status["code"] for status in view["statuses"]]


def test_a_vm_is_shown_with_what_leads_on_from_it(emulator: Emulator) -> None:
    """Tags, size, network interface; the view only when it is asked for."""
    vm = emulator.arm("GET", VIRGINIA_VM).json()

    assert (vm["id"], vm["location"]) == (VIRGINIA_VM, "eastus")
    assert vm["tags"] == {"failover-drill": "allowed"}
    (interface,) = vm["properties"]["networkProfile"]["networkInterfaces"]
    assert interface["id"] == f"{EASTUS}/Microsoft.Network/networkInterfaces/virginia-nic"
    assert vm["properties"]["provisioningState"] == "Succeeded"
    assert "instanceView" not in vm["properties"]


def test_both_forms_of_the_instance_view_agree(emulator: Emulator) -> None:
    """The SDK's operation and the `$expand` that az uses."""
    view = emulator.arm("GET", f"{VIRGINIA_VM}/instanceView").json()
    expanded = emulator.http.get(
        VIRGINIA_VM, params={"api-version": "2026-04-01", "$expand": "instanceView"}
    ).json()

    assert view == expanded["properties"]["instanceView"]
    assert codes(view) == ["ProvisioningState/succeeded", "PowerState/running"]
    assert "time" not in view["statuses"][1]


def test_vms_are_listed_by_group_and_by_subscription(emulator: Emulator) -> None:
    """Names only: the members are those of GET."""
    everywhere = emulator.arm(
        "GET", f"{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines"
    ).json()
    eastus = emulator.arm("GET", VIRGINIA_VM.removesuffix("/virginia-vm")).json()

    assert {vm["name"] for vm in everywhere["value"]} == {
        "virginia-vm",
        "amsterdam-vm1",
        "amsterdam-vm2",
    }
    assert [vm["name"] for vm in eastus["value"]] == ["virginia-vm"]


def test_a_missing_vm_is_the_gateways_404(emulator: Emulator) -> None:
    """For every verb."""
    for method, path in (("GET", ""), ("GET", "/instanceView"), ("POST", "/powerOff")):
        response = emulator.arm(method, f"{VIRGINIA_VM}x{path}")
        assert response.status_code == 404
        assert response.json()["error"]["message"].startswith(
            "The Resource 'Microsoft.Compute/virtualMachines/virginia-vmx' under resource group "
        )


def test_power_off_is_a_long_running_operation(quick_lab: Emulator) -> None:
    """202; stopping while it runs; both URLs tell when it is over."""
    accepted = quick_lab.arm("POST", f"{VIRGINIA_VM}/powerOff", skipShutdown="false")
    assert (accepted.status_code, accepted.content) == (202, b"")
    poll, location = (accepted.headers[h] for h in ("azure-asyncoperation", "location"))
    assert location == poll.replace("?", "?monitor=true&")
    assert accepted.headers["x-ms-request-id"] in poll

    assert quick_lab.http.get(poll).json()["status"] == "InProgress"
    assert quick_lab.http.get(location).status_code == 202
    view = quick_lab.arm("GET", f"{VIRGINIA_VM}/instanceView").json()
    assert codes(view) == ["ProvisioningState/updating", "PowerState/stopping"]

    quick_lab.wait_for("powerState", "virginia-vm", "stopped")
    assert quick_lab.http.get(poll).json()["status"] == "Succeeded"
    done = quick_lab.http.get(location)
    assert (done.status_code, done.content) == (200, b"")
    view = quick_lab.arm("GET", f"{VIRGINIA_VM}/instanceView").json()
    assert codes(view) == ["ProvisioningState/succeeded", "PowerState/stopped"]


def test_retry_after_is_sent_where_it_was_recorded(emulator: Emulator) -> None:
    """On start and deallocate, not on powerOff and restart."""
    sent = {
        verb: emulator.arm("POST", f"{VIRGINIA_VM}/{verb}").headers.get("retry-after")
        for verb in ("restart", "start", "powerOff", "deallocate")
    }

    assert sent == {"restart": None, "start": "10", "powerOff": None, "deallocate": "10"}


def test_a_deallocated_vm_has_no_guest_to_tell_of(quick_lab: Emulator) -> None:
    """Computer name and system drop out of the view (recorded)."""
    quick_lab.arm("POST", f"{VIRGINIA_VM}/deallocate")
    quick_lab.wait_for("powerState", "virginia-vm", "deallocating")
    quick_lab.wait_for("powerState", "virginia-vm", "deallocated")

    view = quick_lab.arm("GET", f"{VIRGINIA_VM}/instanceView").json()

    assert codes(view)[1] == "PowerState/deallocated"
    assert "computerName" not in view


def test_a_newer_operation_preempts_an_older_one(quick_lab: Emulator) -> None:
    """The older one ends Canceled; a machine that had not stopped yet never does."""
    first = quick_lab.arm("POST", f"{VIRGINIA_VM}/powerOff").headers
    quick_lab.arm("POST", f"{VIRGINIA_VM}/start")

    poll = quick_lab.http.get(first["azure-asyncoperation"])
    assert poll.status_code == 200
    assert poll.json()["status"] == "Canceled"
    assert poll.json()["error"]["code"] == "OperationPreempted"
    assert quick_lab.http.get(first["location"]).status_code == 409
    quick_lab.wait_for("powerState", "virginia-vm", "running")
    states = [e["value"] for e in quick_lab.truth("powerState")]
    assert states == ["stopping", "starting", "running"]


@pytest.mark.parametrize("verb", ["start", "powerOff", "deallocate"])
def test_what_is_so_already_succeeds_at_once(quick_lab: Emulator, verb: str) -> None:
    """Recorded for start: 0.1 s."""
    settled = {"powerOff": "stopped", "deallocate": "deallocated"}
    if verb in settled:
        quick_lab.arm("POST", f"{VIRGINIA_VM}/{verb}")
        quick_lab.wait_for("powerState", "virginia-vm", settled[verb])
    before = len(quick_lab.truth("powerState"))

    accepted = quick_lab.arm("POST", f"{VIRGINIA_VM}/{verb}")

    poll = quick_lab.http.get(accepted.headers["azure-asyncoperation"]).json()
    assert (accepted.status_code, poll["status"]) == (202, "Succeeded")
    assert len(quick_lab.truth("powerState")) == before


@pytest.mark.parametrize(("switch", "status"), [("conflict", 409), ("succeeds", 202)])
def test_powering_off_a_deallocated_vm_is_a_switch(switch: str, status: int) -> None:
    """No ground truth: 409 unless the topology says otherwise."""
    timings = {"deallocateSeconds": 0}
    switches = {"powerOffOfDeallocated": switch}
    with running(topology=lab_topology(timings=timings, switches=switches)) as emulator:
        emulator.arm("POST", f"{VIRGINIA_VM}/deallocate")
        emulator.wait_for("powerState", "virginia-vm", "deallocated")

        response = emulator.arm("POST", f"{VIRGINIA_VM}/powerOff")

    assert response.status_code == status
    if status == 409:
        assert response.json()["error"]["code"] == "OperationNotAllowed"


def test_a_vm_that_is_off_cannot_be_restarted(quick_lab: Emulator) -> None:
    """409 OperationNotAllowed, our choice as for powerOff."""
    quick_lab.arm("POST", f"{VIRGINIA_VM}/powerOff")
    quick_lab.wait_for("powerState", "virginia-vm", "stopped")

    assert quick_lab.arm("POST", f"{VIRGINIA_VM}/restart").status_code == 409


@pytest.mark.parametrize("query", [{"hibernate": "true"}, {"unknown": "1"}])
def test_options_that_are_not_emulated_are_refused(emulator: Emulator, query: Json) -> None:
    """They would change what happens in Azure."""
    response = emulator.arm("POST", f"{VIRGINIA_VM}/deallocate", **query)

    assert response.json()["error"]["code"] == "NotEmulated"
    assert emulator.truth() == []


def test_an_operation_that_nobody_started_is_not_found(emulator: Emulator) -> None:
    """404."""
    path = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/eastus/operations/x"

    assert emulator.arm("GET", path).status_code == 404
