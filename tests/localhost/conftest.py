"""The hosts that several tests share."""

from collections.abc import Iterator

import pytest

from tests.localhost.host_process import APPS, HostProcess, running_host


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """The app `web`, without keys."""
    with running_host(tmp_path_factory.mktemp("web"), APPS / "web") as host:
        yield host


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """The app `web` with every setting changed that has a default."""
    settings = {
        "AzureFunctionsJobHost__extensions__http__routePrefix": "",
        "AzureWebJobsDisableHomepage": "true",
        "AzureWebJobs_switched_off_Disabled": "1",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "10",
        "PYTHON_ENABLE_DEBUG_LOGGING": "1",
        "PYTHON_THREADPOOL_THREAD_COUNT": "2",
    }
    with running_host(tmp_path_factory.mktemp("tuned"), APPS / "web", settings=settings) as host:
        yield host
