"""Azure's own SDKs, unmodified, against the running emulator: sync and aio, over http and https."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError  # noqa: TID251 - clients
from azure.core.pipeline import PipelineRequest  # noqa: TID251
from azure.core.pipeline.policies import SansIOHTTPPolicy  # noqa: TID251
from azure.identity import ClientSecretCredential, ManagedIdentityCredential  # noqa: TID251
from azure.identity.aio import (  # noqa: TID251
    ManagedIdentityCredential as AsyncManagedIdentityCredential,
)
from azure.mgmt.compute import ComputeManagementClient  # noqa: TID251
from azure.mgmt.compute.aio import (  # noqa: TID251
    ComputeManagementClient as AsyncComputeManagementClient,
)
from azure.mgmt.trafficmanager import TrafficManagerManagementClient  # noqa: TID251
from azure.mgmt.trafficmanager.aio import (  # noqa: TID251
    TrafficManagerManagementClient as AsyncTrafficManagerManagementClient,
)

from emulator.arm_identity import IDENTITY_HEADER
from tests.emulator.running import (
    FQDN,
    PROFILE,
    VIRGINIA_IP,
    Emulator,
    azure_endpoint,
    external,
    lab_profile,
    with_endpoints,
)

SUBSCRIPTION_ID = "00000000-0000-0000-0000-0000000000aa"
GROUP, EASTUS = "switchback-lab", "switchback-lab-eastus"
POWER = (
    ("begin_power_off", "stopped"),
    ("begin_start", "running"),
    ("begin_deallocate", "deallocated"),
)
CHILD: dict[str, Any] = {"properties": {"targetResourceId": PROFILE}}


class AllowHttp(SansIOHTTPPolicy[Any, Any]):
    """Lets the bearer policy run over plain http, as users of emulators must."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Set the option that the bearer policy looks at."""
        request.context.options.setdefault("enforce_https", False)


@pytest.fixture
def identity(quick_lab: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a process with a managed identity."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{quick_lab.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)


@pytest.fixture
def credential(identity: None) -> Iterator[ManagedIdentityCredential]:
    """The credential that the product deploys with, pointed at the emulator."""
    del identity
    with ManagedIdentityCredential() as made:
        yield made


@pytest.fixture(params=["http", "https"])
def transport(
    request: pytest.FixtureRequest, quick_lab: Emulator, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What clients are made with for either scheme: a policy, or a certificate to trust."""
    told = quick_lab.world.ready
    base = {
        "subscription_id": SUBSCRIPTION_ID,
        "credential_scopes": ["https://management.azure.com/.default"],
        "polling_interval": 0,
        "retry_total": 0,
    }
    if request.param == "http":
        return base | {"base_url": told["arm"], "per_call_policies": [AllowHttp()]}
    monkeypatch.setenv("SSL_CERT_FILE", str(told["caFile"]))  # aiohttp's way
    return base | {"base_url": told["armHttps"], "connection_verify": told["caFile"]}


@pytest.fixture
def options(transport: dict[str, Any], credential: ManagedIdentityCredential) -> dict[str, Any]:
    """What sync clients are made with."""
    return transport | {"credential": credential}


@pytest.fixture
async def async_options(transport: dict[str, Any], identity: None) -> AsyncIterator[dict[str, Any]]:
    """What aio clients are made with."""
    del identity
    async with AsyncManagedIdentityCredential() as made:
        yield transport | {"credential": made}


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


def test_endpoints_of_the_three_types(options: dict[str, Any]) -> None:
    """Written, read, changed and deleted; `stream=True` is the way around the crash."""
    parent = with_endpoints(dnsConfig={"relativeName": "switchback-parent", "ttl": 5})
    bodies: dict[str, Any] = {
        "AzureEndpoints": azure_endpoint("e", VIRGINIA_IP),
        "ExternalEndpoints": external("e"),
        "NestedEndpoints": CHILD,
    }
    with TrafficManagerManagementClient(**options) as client:
        profiles: Any = client.profiles
        endpoints: Any = client.endpoints
        profiles.create_or_update(GROUP, "lab", lab_profile())
        profiles.create_or_update(GROUP, "parent", parent)
        for kind, body in bodies.items():
            path = (GROUP, "parent", kind, "e")
            made = endpoints.create_or_update(*path, body)
            assert made.type.lower().endswith(kind.lower())
            changed = endpoints.update(*path, {"properties": {"weight": 9}})
            assert (changed.properties.weight, changed.properties.target) == (
                9,
                made.properties.target,
            )
            assert endpoints.get(*path).properties.weight == 9
            endpoints.delete(*path, stream=True)
            with pytest.raises(ResourceNotFoundError):
                endpoints.get(*path)
            endpoints.delete(*path)  # 204: not there any more
        changed = profiles.update(GROUP, "parent", {"properties": {"dnsConfig": {"ttl": 6}}})
        assert changed.properties.dns_config.ttl == 6
        assert client.geographic_hierarchies.get_default().name == "default"
        asked: Any = {"name": "switchback-lab", "type": "Microsoft.Network/trafficManagerProfiles"}
        free = profiles.check_traffic_manager_name_availability_v2(asked)
        assert free.name_available is False


async def test_traffic_manager_aio(async_options: dict[str, Any]) -> None:
    """The same wire under the other colour, the crash on an empty DELETE answer included."""
    async with AsyncTrafficManagerManagementClient(**async_options) as client:
        profiles: Any = client.profiles
        endpoints: Any = client.endpoints
        created = await profiles.create_or_update(GROUP, "lab", lab_profile())
        assert created.properties.dns_config.fqdn == FQDN
        path = (GROUP, "lab", "ExternalEndpoints", "e")
        made = await endpoints.create_or_update(*path, external("e", priority=3))
        assert made.properties.priority == 3
        changed = await endpoints.update(*path, {"properties": {"endpointStatus": "Disabled"}})
        assert changed.properties.endpoint_monitor_status == "Disabled"
        assert len((await profiles.get(GROUP, "lab")).properties.endpoints) == 3
        assert [p.name async for p in profiles.list_by_resource_group(GROUP)] == ["lab"]
        with pytest.raises(ValueError, match="Expecting value"):
            await endpoints.delete(*path)
        with pytest.raises(ResourceNotFoundError):
            await endpoints.get(*path)
        await profiles.delete(GROUP, "lab", stream=True)
        with pytest.raises(ResourceNotFoundError):
            await profiles.get(GROUP, "lab")


def test_compute(quick_lab: Emulator, options: dict[str, Any]) -> None:
    """The pollers follow powerOff, start and deallocate to their ends."""
    with ComputeManagementClient(**options) as client:
        machines = client.virtual_machines
        for begin, power in POWER:
            getattr(machines, begin)(EASTUS, "virginia-vm").result()
            view = machines.instance_view(EASTUS, "virginia-vm")
            assert view.statuses is not None
            assert view.statuses[-1].code == f"PowerState/{power}"
        shown = machines.get(EASTUS, "virginia-vm", expand="instanceView")
        assert shown.instance_view is not None
        assert {vm.name for vm in machines.list_all()} >= {"virginia-vm", "amsterdam-vm1"}
    verbs = [e["value"] for e in quick_lab.truth("powerOperation")]
    assert verbs == ["powerOff", "start", "deallocate"]


async def test_compute_aio(async_options: dict[str, Any]) -> None:
    """Pollers of the other colour."""
    async with AsyncComputeManagementClient(**async_options) as client:
        machines = client.virtual_machines
        for begin, power in POWER:
            poller = await getattr(machines, begin)(EASTUS, "virginia-vm")
            await poller.result()
            view = await machines.instance_view(EASTUS, "virginia-vm")
            assert view.statuses is not None
            assert view.statuses[-1].code == f"PowerState/{power}"


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


def test_a_service_principal_signs_in(quick_lab: Emulator) -> None:
    """MSAL finds the authority by its openid configuration, over https."""
    told = quick_lab.world.ready
    place = str(told["armHttps"]).removeprefix("https://")
    tenant, client = str(told["tenantId"]), "00000000-0000-0000-0000-0000000000dd"
    trust: Any = {"disable_instance_discovery": True, "connection_verify": told["caFile"]}
    with ClientSecretCredential(tenant, client, "any", authority=place, **trust) as credential:
        token = credential.get_token("https://management.azure.com/.default")

    headers = {"Authorization": f"Bearer {token.token}"}
    query = {"api-version": "2022-12-01"}
    answer = quick_lab.http.get("/subscriptions", params=query, headers=headers)
    assert [s["subscriptionId"] for s in answer.json()["value"]] == [SUBSCRIPTION_ID]
