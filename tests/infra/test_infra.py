"""`infra/` without Azure: every check holds of the files as they are."""

import json
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.infra import expected
from tests.infra.bicep import Expression, Infra
from tests.infra.checks import CHECKS, ROOT, Check

IN_AZURE = {
    "subscription().subscriptionId": "00000000-0000-0000-0000-000000000001",
    "environment().resourceManager": "https://management.azure.com/",
    "join(drillResourceGroups, ',')": "lab-east,lab-west",
    "identityClientId": "00000000-0000-0000-0000-000000000002",
    "tableUri": "https://account.table.core.windows.net/",
}
"""What Azure makes of the expressions; those left out have no value by default."""


@pytest.fixture(scope="module")
def infra() -> Infra:
    """The folder as it is."""
    return Infra(ROOT / "infra")


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_infra_holds(check: Check, infra: Infra) -> None:
    """Each check is described where it stands (`checks.py`)."""
    assert list(check(infra)) == []


def test_the_app_accepts_the_settings_that_are_deployed(infra: Infra) -> None:
    """What the Bicep sets is what the app's own reader finds complete and right."""
    given = infra.resource("app/settings.bicep", "settings")["properties"]
    values = {
        name: IN_AZURE.get(value, "") if isinstance(value, Expression) else value
        for name, value in given.items()
    }
    settings = Settings.read(values)

    assert not settings.is_emulated
    assert (settings.credential, settings.tables_connection) == ("managed-identity", "")
    assert settings.tables_endpoint == IN_AZURE["tableUri"]
    assert settings.drill_resource_groups == ("lab-east", "lab-west")


def test_every_setting_that_the_code_reads_is_set_or_absent_for_a_reason() -> None:
    """A new setting is deployed too, or says here why not."""
    read = set(expected.settings_that_the_code_reads(ROOT))

    assert read <= set(expected.settings(ROOT)) | set(expected.ABSENT)


def test_only_azure_can_read_the_sample_s_rest() -> None:
    """The sample and the deployment list the same settings, but for those absent for a reason."""
    assert set(expected.ABSENT) <= set(expected.sample(ROOT))


def test_the_package_holds_the_app_and_not_the_tools() -> None:
    """The folder that holds host.json is packed, without what .funcignore names."""
    lines = (ROOT / "azure.yaml").read_text(encoding="utf-8").splitlines()
    ignored = (ROOT / ".funcignore").read_text(encoding="utf-8").split()

    assert "    project: ." in lines
    assert (ROOT / "host.json").exists()
    assert {"infra", "tests", "emulator", "localhost", "local.settings*.json"} <= set(ignored)


def test_the_host_keeps_function_keys() -> None:
    """The app's default is a key on every route; nothing in the deployment opens it."""
    app = (ROOT / "function_app.py").read_text(encoding="utf-8")
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))

    assert "http_auth_level=func.AuthLevel.FUNCTION" in app
    assert set(host["extensions"]) == {"http"}


def test_each_resource_is_a_file_of_its_own(infra: Infra) -> None:
    """One module per resource (its children and its access with it), each of them used."""
    used = {module.kind for module in infra.main.modules.values()}

    assert used == set(infra.files) - {"main.bicep"}
    assert all(Path(kind).parent == Path("app") for kind in used)
