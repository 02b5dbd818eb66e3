"""Stacks for end-to-end tests: Azurite, the emulated Azure, the function app, on real sockets."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from devtools import paths, stack
from tests.support.lab import Lab, lab_profile, running_lab

SPEED = 20
StartLab = Callable[..., AbstractContextManager[Lab]]


@pytest.fixture(scope="module")
def start_lab(request: pytest.FixtureRequest) -> StartLab:
    """Return what starts a stack at a speed, logging under the test module's name."""
    if not paths.AZURITE_TABLE.exists():
        pytest.skip("Azurite is absent: `./dev test` sets it up")
    name = request.path.stem.replace("_", "-")

    @contextmanager
    def start(speed: float, **options: object) -> Iterator[Lab]:
        with running_lab(stack.Options(name, speed, **options)) as lab:  # type: ignore[arg-type]
            yield lab

    return start


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Iterator[Lab]:
    """Return a stack with the lab's profile at quick settings; others are a module's own."""
    with start_lab(SPEED) as lab:
        lab.provision(lab_profile("10/9/0", ttl_seconds=5))
        yield lab
