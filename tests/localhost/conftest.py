"""The hosts that several tests share."""

from collections.abc import Iterator

import pytest

from tests.localhost.host_process import APPS, HostProcess, running_host


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """The app `web`, without keys."""
    with running_host(tmp_path_factory.mktemp("web"), APPS / "web") as host:
        yield host
