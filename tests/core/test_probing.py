"""Which custom headers probes carry, and what a request with one more of them is."""

from dataclasses import replace

from shared.core.plan import ProbePath
from shared.core.probing import probe_headers, value_of, with_header
from shared.core.questions import health_check
from tests.support.drills import LAB

VIRGINIA = LAB.endpoints[0]
PROFILES = {"customHeaders": [{"name": "X-Who", "value": "profile"}]}
OWN = {"customHeaders": [{"name": "X-Own", "value": "endpoint"}]}


def test_an_endpoints_list_replaces_the_profiles() -> None:
    """Altogether, and not header by header."""
    assert probe_headers(OWN, PROFILES) == (("X-Own", "endpoint"),)
    assert probe_headers({}, PROFILES) == (("X-Who", "profile"),)
    assert probe_headers({"customHeaders": []}, PROFILES) == (("X-Who", "profile"),)
    assert probe_headers({"customHeaders": None}, {}) == ()


def test_a_header_is_found_in_any_case() -> None:
    """HTTP does not care, and neither does Traffic Manager."""
    headers = (("HOST", "www.example.com"),)

    assert value_of(headers, "Host") == "www.example.com"
    assert value_of(headers, "X-Drill") is None


def test_a_header_is_added_to_those_that_are_there() -> None:
    """Our own request is the probe that Traffic Manager will send."""
    endpoint = replace(VIRGINIA, headers=(("X-Who", "me"),))
    added = with_header(endpoint, ProbePath(header="X-Drill", value="fail"))
    asked = health_check(LAB, added, 10)

    assert asked is not None
    assert asked.headers == (("X-Who", "me"), ("X-Drill", "fail"))
    assert asked.host == VIRGINIA.host


def test_a_header_that_is_there_gets_the_other_value() -> None:
    """Twice the same name would be two values, or a refusal."""
    endpoint = replace(VIRGINIA, headers=(("x-drill", "pass"), ("X-Who", "me")))
    added = with_header(endpoint, ProbePath(header="X-Drill", value="fail"))

    assert added.headers == (("X-Who", "me"), ("X-Drill", "fail"))


def test_the_host_may_be_what_makes_probes_fail() -> None:
    """A name that the application does not know; it is sent once."""
    endpoint = replace(VIRGINIA, headers=(("Host", "www.example.com"),), host="www.example.com")
    added = with_header(endpoint, ProbePath(header="host", value="nobody.example.com"))
    asked = health_check(LAB, added, 10)

    assert asked is not None
    assert (asked.host, asked.headers) == ("nobody.example.com", ())
