"""Settings are read once; everything that is wrong with them is told at once."""

import json
from pathlib import Path

import pytest

from shared.core.errors import InvalidInput
from shared.settings import Settings

ROOT = Path(__file__).parents[1]
GOOD = {
    "AZURE_SUBSCRIPTION_ID": "0000",
    "DRILL_RESOURCE_GROUPS": "lab-east, lab-west",
    "TABLES_CONNECTION": "UseDevelopmentStorage=true",
}


def refused(values: dict[str, str]) -> list[str]:
    """Return the names of the settings that are wrong."""
    with pytest.raises(InvalidInput) as error:
        Settings.read(values)
    return [fault.target for fault in error.value.faults]


def test_three_settings_are_enough() -> None:
    """All others have defaults that are right in Azure."""
    settings = Settings.read(GOOD)

    assert settings.drill_resource_groups == ("lab-east", "lab-west")
    assert settings.arm_endpoint == "https://management.azure.com"
    assert not settings.is_emulated


@pytest.mark.parametrize(("text", "number"), [("", 60), ("0", 0), ("10", 10), ("3600", 3_600)])
def test_a_number_may_be_left_out_or_switched_off(text: str, number: int) -> None:
    """Else it is taken as it is."""
    settings = Settings.read(GOOD | {"BASELINE_INTERVAL_SECONDS": text})

    assert settings.baseline_interval_seconds == number
    assert settings.retention_days == 90


def test_all_missing_settings_are_named_at_once() -> None:
    """Nobody likes to start an app three times to learn of three settings."""
    assert refused({}) == [
        "AZURE_SUBSCRIPTION_ID",
        "DRILL_RESOURCE_GROUPS",
        "TABLES_CONNECTION (or TABLES_ENDPOINT)",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARM_ENDPOINT", "http://arm.example.com"),
        ("CREDENTIAL", "password"),
        ("CLOCK", "2026-11-22T09:00:00Z@0*20"),
        ("CONNECT_TO", "127.1.0.4:80=127.1.0.4:8080"),
        ("DNS_RESOLVERS", "dns.example.com:53"),
        ("DNS_CLIENT_SUBNETS", "203.0.113.0"),
        ("PRIVATE_TARGETS_ALLOWED", "10.0.0.0"),
        ("PRIVATE_TARGETS_ALLOWED", "10.1.2.3/8"),
        ("DNS_CLIENT_SUBNETS", "203.0.113.7/24"),
        ("DNS_CLIENT_SUBNETS", "2001:DB8::/48"),
        ("DNS_CLIENT_SUBNETS", "10.0.0.0/8,10.0.0.0/8"),
        ("DNS_CLIENT_SUBNETS", "1.0.0.0/8,2.0.0.0/8,3.0.0.0/8,4.0.0.0/8,5.0.0.0/8"),
        ("DNS_AUTHORITATIVE", "8.8.8.8"),
        ("CLIENT_RESOLVER", "8.8.8.8:99999"),
        ("BASELINE_INTERVAL_SECONDS", "9"),
        ("BASELINE_INTERVAL_SECONDS", "3601"),
        ("BASELINE_INTERVAL_SECONDS", "a minute"),
        ("RETENTION_DAYS", "-1"),
        ("RETENTION_DAYS", "3651"),
        ("RETENTION_DAYS", "9" * 5_000),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(name: str, value: str) -> None:
    """And with what would be right."""
    assert refused(GOOD | {name: value}) == [name]


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1"]
)
def test_an_emulated_azure_may_be_reached_over_http(endpoint: str) -> None:
    """On this machine only; then the development settings are allowed."""
    settings = Settings.read(GOOD | {"ARM_ENDPOINT": endpoint, "CLOCK": "x", "CONNECT_TO": "y"})

    assert settings.is_emulated


def test_client_subnets_are_read_in_their_order() -> None:
    """Of both families."""
    settings = Settings.read(GOOD | {"DNS_CLIENT_SUBNETS": "203.0.113.0/24, 2001:db8::/48"})

    assert settings.client_subnets == ("203.0.113.0/24", "2001:db8::/48")


def test_what_only_drills_need_does_not_keep_the_watchdog_from_its_work() -> None:
    """A resolver that is misspelt during a drill must not leave its machine stopped."""
    values = GOOD | {"DNS_RESOLVERS": "8.8.8.8", "DRILL_RESOURCE_GROUPS": ""}
    with pytest.raises(InvalidInput) as wrong:
        Settings.read(values)

    settings = Settings.for_undoing(values, wrong.value)

    assert (settings.subscription_id, settings.resolvers) == ("0000", ())


def test_the_region_is_what_app_service_says() -> None:
    """By its display name; elsewhere nobody sets it, and it is unknown."""
    assert Settings.read(GOOD | {"REGION_NAME": "East US"}).region == "East US"
    assert Settings.read(GOOD).region == ""


def test_without_what_the_watchdog_needs_the_app_does_not_start() -> None:
    """There is nothing that it could undo; everything that is wrong is still told at once."""
    with pytest.raises(InvalidInput) as wrong:
        Settings.read({})

    with pytest.raises(InvalidInput) as again:
        Settings.for_undoing({}, wrong.value)

    assert again.value is wrong.value


def test_the_sample_lists_every_setting_that_is_read() -> None:
    """And no other, but for those that the Functions host reads."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    read = set()

    class Spy(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            read.add(name)
            return super().get(name, default)

    Settings.read(Spy(GOOD))
    hosts = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
    schedules = {"SAMPLES_SCHEDULE", "ADVANCE_SCHEDULE", "RESTORE_SCHEDULE"}
    schedules |= {"RETENTION_SCHEDULE"}
    assert set(sample) - hosts - schedules == read
