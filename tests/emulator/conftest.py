"""Fixtures: emulators that are running while a test looks at them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.running import PROFILE, Emulator, lab_profile, lab_topology, running

Complaints = list[dict[str, Any]]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A lab in real time, empty of profiles."""
    with running() as started:
        yield started


@pytest.fixture
def complaints(emulator: Emulator) -> Iterator[Complaints]:
    """What the event loop complains of; nothing may come."""
    heard: Complaints = []
    emulator.loop.call_soon_threadsafe(
        emulator.loop.set_exception_handler, lambda _, context: heard.append(context)
    )
    yield heard
    assert heard == []


@pytest.fixture
def lab() -> Iterator[Emulator]:
    """A lab with its profile, forty times as fast as real time, endpoints Online."""
    with running(speed=40) as started:
        assert started.arm("PUT", PROFILE, lab_profile()).status_code == 201
        started.wait_until_online()
        yield started


@pytest.fixture
def quick_lab() -> Iterator[Emulator]:
    """A lab whose power operations take no longer than a test should."""
    timings = {"powerOffSeconds": 2, "deallocateSeconds": 3, "startSeconds": 2, "bootSeconds": 2}
    topology = lab_topology(timings=timings, switches={"retryAfterSeconds": 0})
    with running(speed=10, topology=topology) as started:
        yield started


@pytest.fixture
def quick() -> Iterator[Emulator]:
    """A lab with its profile, whose operations take two seconds of a quick clock."""
    timings = {"powerOffSeconds": 2, "startSeconds": 2, "bootSeconds": 2}
    with running(speed=20, topology=lab_topology(timings=timings)) as started:
        started.arm("PUT", PROFILE, lab_profile(ttl=0))
        yield started
