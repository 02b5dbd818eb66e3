"""Putting faults into a running emulator."""

from tests.emulator.running import Emulator, Json


def put(emulator: Emulator, *faults: Json, seed: int = 1) -> Json:
    """Put faults, named by their number unless they have a name."""
    named = [{"name": f"f{i}"} | fault for i, fault in enumerate(faults)]
    answered = emulator.http.put("/emulator/faults", json={"seed": seed, "faults": named})
    assert answered.status_code == 200, answered.text
    shown: Json = answered.json()
    return shown
