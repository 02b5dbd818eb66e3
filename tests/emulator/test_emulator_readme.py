"""emulator/README.md: its examples work, and it names every switch, fault and kind."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from emulator.fault_parts import ArmFault, DnsFault, EndpointFault, FaultsPart, PowerFault
from emulator.resolver_kinds import Name
from emulator.topology import SwitchesPart, TimingsPart
from emulator.truth import Kind

README = (Path(__file__).resolve().parents[2] / "emulator" / "README.md").read_text()
FAULTS = (ArmFault, PowerFault, DnsFault, EndpointFault)


def test_the_example_of_faults_is_one() -> None:
    """As a reader would paste it."""
    found = re.search(r'^    (\{"seed".*?\]\})$', README, re.MULTILINE | re.DOTALL)

    assert found is not None
    assert len(FaultsPart.model_validate(json.loads(found[1])).faults) == 4


@pytest.mark.parametrize("part", [SwitchesPart, TimingsPart])
def test_every_switch_is_explained(part: type[BaseModel]) -> None:
    """By the name that a topology has for it."""
    names = [str(field.alias) for field in part.model_fields.values()]

    assert [name for name in names if f"{name}`" not in README] == []


def test_every_fault_kind_of_resolver_and_event_is_explained() -> None:
    """A word that nobody finds is as good as missing."""
    words = [str(word) for word in (*Name, *Kind)]
    for fault in FAULTS:
        schema = fault.model_json_schema()["properties"]
        words += schema["effect"]["enum"]
        words += [name for name in schema if name not in ("name", "on", "effect", "matched")]

    assert [word for word in words if not re.search(rf"\b{word}\b", README)] == []
