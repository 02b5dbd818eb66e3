"""Azure's own SDKs, unmodified, against the running emulator, with a managed identity's tokens."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError  # noqa: TID251 - clients
from azure.core.pipeline import PipelineRequest  # noqa: TID251
from azure.core.pipeline.policies import SansIOHTTPPolicy  # noqa: TID251
from azure.identity import ManagedIdentityCredential  # noqa: TID251
from azure.mgmt.compute import ComputeManagementClient  # noqa: TID251
from azure.mgmt.trafficmanager import TrafficManagerManagementClient  # noqa: TID251

from emulator.arm_identity import IDENTITY_HEADER
from tests.emulator.running import FQDN, VIRGINIA_IP, Emulator, azure_endpoint, lab_profile

SUBSCRIPTION_ID = "00000000-0000-0000-0000-0000000000aa"
GROUP, EASTUS = "switchback-lab", "switchback-lab-eastus"


class AllowHttp(SansIOHTTPPolicy[Any, Any]):
    """Lets the bearer policy run over plain http, as users of emulators must."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Set the option that the bearer policy looks at."""
        request.context.options.setdefault("enforce_https", False)


@pytest.fixture
def credential(
    quick_lab: Emulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ManagedIdentityCredential]:
    """The credential that the product deploys with, pointed at the emulator."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{quick_lab.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)
    with ManagedIdentityCredential() as made:
        yield made


@pytest.fixture
def options(quick_lab: Emulator, credential: ManagedIdentityCredential) -> dict[str, Any]:
    """What both clients are made with."""
    return {
        "credential": credential,
        "subscription_id": SUBSCRIPTION_ID,
        "base_url": quick_lab.url,
        "credential_scopes": ["https://management.azure.com/.default"],
        "per_call_policies": [AllowHttp()],
        "polling_interval": 0,
        "retry_total": 0,
    }


def test_traffic_manager(options: dict[str, Any]) -> None:
    """Create, read, update, list, delete; the empty DELETE answer crashes SDK 2.0.0, as Azure's."""
    with TrafficManagerManagementClient(**options) as client:
        profiles: Any = client.profiles  # REST-shaped bodies and flat reads, as users write them
        endpoints: Any = client.endpoints
        created = profiles.create_or_update(GROUP, "lab", lab_profile())
        assert created.properties.dns_config.fqdn == FQDN
        assert profiles.get(GROUP, "lab").properties.monitor_config.interval_in_seconds == 30
        path = (GROUP, "lab", "AzureEndpoints")
        off = {"properties": {"endpointStatus": "Disabled"}}
        updated = endpoints.update(*path, "virginia", off)
        assert updated.properties.endpoint_monitor_status == "Disabled"
        assert [p.name for p in client.profiles.list_by_subscription()] == ["lab"]
        with pytest.raises(HttpResponseError) as refused:
            endpoints.create_or_update(*path, "twice", azure_endpoint("twice", VIRGINIA_IP))
        assert refused.value.error is not None
        assert refused.value.error.code == "BadRequest"
        with pytest.raises(ValueError, match="Expecting value"):  # json.JSONDecodeError
            client.profiles.delete(GROUP, "lab")
        with pytest.raises(ResourceNotFoundError) as missing:
            client.profiles.get(GROUP, "lab")
        assert missing.value.error is not None
        assert missing.value.error.code == "ResourceNotFound"


def test_compute(quick_lab: Emulator, options: dict[str, Any]) -> None:
    """The pollers follow powerOff, deallocate and start to their ends."""
    with ComputeManagementClient(**options) as client:
        machines = client.virtual_machines
        for begin, power in (
            (machines.begin_power_off, "stopped"),
            (machines.begin_start, "running"),
            (machines.begin_deallocate, "deallocated"),
        ):
            begin(EASTUS, "virginia-vm").result()
            view = machines.instance_view(EASTUS, "virginia-vm")
            assert view.statuses is not None
            assert view.statuses[-1].code == f"PowerState/{power}"
        shown = machines.get(EASTUS, "virginia-vm", expand="instanceView")
        assert shown.instance_view is not None
        assert {vm.name for vm in machines.list_all()} >= {"virginia-vm", "amsterdam-vm1"}
    verbs = [e["value"] for e in quick_lab.truth("powerOperation")]
    assert verbs == ["powerOff", "start", "deallocate"]


def test_a_token_is_for_whoever_knows_the_identity_header(
    quick_lab: Emulator, credential: ManagedIdentityCredential
) -> None:
    """Its figures are wall-clock ones: azure-identity compares them with its own clock."""
    token = credential.get_token("https://management.azure.com/.default")
    asked = {"api-version": "2019-08-01", "resource": "https://management.azure.com"}

    refused = quick_lab.http.get("/msi/token", params=asked)

    assert token.expires_on > time.time() + 3_600
    assert refused.status_code == 401
    header = {"X-IDENTITY-HEADER": IDENTITY_HEADER}
    for lacking in ("api-version", "resource"):
        query = {key: value for key, value in asked.items() if key != lacking}
        response = quick_lab.http.get("/msi/token", params=query, headers=header)
        assert response.status_code == 400
