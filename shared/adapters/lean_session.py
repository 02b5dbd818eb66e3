"""The HTTP session of Table storage: nothing is prepared that a REST call does not need.

For every request `requests` looks through the environment for proxies, merges settings, cookies and
hooks, and quotes an address that is quoted already: a third of what a small write costs. Requests
of the SDK come ready; they go straight to the connection pool. Certificates are checked as ever.
"""

import os
from typing import Any
from urllib.request import getproxies

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.structures import CaseInsensitiveDict

KEPT_CONNECTIONS = 10
"""As many threads ask at a time: reads, writes, ticks, requests."""


class LeanSession(requests.Session):
    """Sends what is asked as it is: no proxies, cookies, redirects or credentials of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(  # type: ignore[override]  # noqa: PLR0913 - as the SDK calls it
        self,
        method: str,
        url: str,
        *,
        headers: Any = None,  # noqa: ANN401 - any mapping
        data: Any = None,  # noqa: ANN401 - bytes or text
        verify: Any = True,  # noqa: ANN401 - whether, or against which authorities
        timeout: Any = None,  # noqa: ANN401 - seconds, or a pair of them
        cert: Any = None,  # noqa: ANN401 - a file, or a pair of them
        stream: bool = True,
        **options: object,
    ) -> requests.Response:
        """Send one request and return its answer."""
        del options
        ready = requests.PreparedRequest()
        ready.method, ready.url, ready.body = method, url, data
        ready.headers = CaseInsensitiveDict(headers or {})
        ready.hooks = {"response": []}
        adapter = self.get_adapter(url)
        return adapter.send(
            ready, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies={}
        )


def lean_transport(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own
    """Return the SDK's options with such a session, or as they were where there is a proxy."""
    if getproxies().keys() - {"no"}:
        return options
    bundles = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
    bundle = next(filter(None, bundles), None)
    session = LeanSession()
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=KEPT_CONNECTIONS))
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=KEPT_CONNECTIONS))
    transport = RequestsTransport(
        session=session, connection_verify=bundle or True, use_env_settings=False, **options
    )
    return options | {"transport": transport}
