"""Health samples taken many at a time: each its own, and one that fails keeps no other."""

import asyncio
import gc
import os
import resource
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.adapters import http_sampler
from shared.adapters.clock import Clock
from shared.adapters.connect import Guard
from shared.adapters.http_sampler import HttpSampler, certificate_detail
from shared.core.model import HealthCheck
from shared.core.questions import HealthQuestion
from shared.core.samples import OWN_FAULT, Outcome, Sample
from tests.support.certificates import self_signed
from tests.support.http_server import answer, http_server

GUARD = Guard(allow_loopback=True)


def asked(
    name: str, port: int, address: str = "127.0.0.1", scheme: str = "http", seconds: int = 5
) -> HealthQuestion:
    """Return a question for an endpoint's health."""
    check = HealthCheck(
        url=f"{scheme}://{name}.test:{port}/",
        address=address,
        host=f"{name}.test",
        expected_statuses=((200, 200),),
        timeout_seconds=seconds,
    )
    return HealthQuestion(series=f"health/{name}", check=check)


async def sampled(http: HttpSampler, questions: Sequence[HealthQuestion]) -> dict[str, Sample]:
    """Return the samples by series."""
    samples: list[Sample] = []
    await http.sample_all([(question, samples.append) for question in questions])
    assert len(samples) == len(questions)
    return {sample.series: sample for sample in samples}


async def test_a_round_is_asked_at_once_and_each_sample_is_its_own() -> None:
    """Good ones, bad ones, silent ones, forbidden ones, and one whose name leads somewhere."""

    async def resolve(name: str, _seconds: float) -> str | None:
        return {"lb.test": "127.0.0.1", "imds.test": "169.254.169.254"}.get(name)

    with (
        http_server(lambda _: answer(200)) as good,
        http_server(lambda _: answer(503)) as bad,
        http_server(lambda _: None) as silent,
    ):
        http = HttpSampler(Clock(), GUARD, resolve=resolve)
        questions = [asked(f"good{n}", good.port) for n in range(40)]
        questions += [
            asked("bad", bad.port),
            asked("silent", silent.port, seconds=1),
            asked("forbidden", good.port, "169.254.169.254"),
            asked("named", good.port, "lb.test"),
            asked("rebound", good.port, "imds.test"),
            asked("nowhere", good.port, "gone.test"),
        ]
        samples = await sampled(http, questions)

    outcomes = {name: (s.outcome, s.answer, s.code) for name, s in samples.items()}
    served = (Outcome.OK, "127.0.0.1", 200)
    assert {outcomes.pop(f"health/good{n}") for n in range(40)} == {served}
    assert outcomes == {
        "health/bad": (Outcome.FAILED, "127.0.0.1", 503),
        "health/silent": (Outcome.TIMEOUT, "", None),
        "health/forbidden": (Outcome.FAILED, "refused:ssrf 169.254.169.254", None),
        "health/named": served,
        "health/rebound": (Outcome.FAILED, "refused:ssrf 169.254.169.254", None),
        "health/nowhere": (Outcome.FAILED, "", None),
    }
    assert len(good.requests) == 41, "each once, nothing for those that are forbidden"


async def test_latency_is_told_where_somebody_answered() -> None:
    """Within what was recorded, and finer."""
    with http_server(lambda _: answer(200)) as good, http_server(lambda _: None) as silent:
        questions = [asked("good", good.port), asked("silent", silent.port, seconds=1)]
        samples = await sampled(HttpSampler(Clock(), GUARD), questions)

    good_one, silent_one = samples["health/good"], samples["health/silent"]
    assert good_one.took_tenths is not None
    assert 0 < good_one.took_tenths <= 10 * (good_one.answered_at - good_one.asked_at)
    assert silent_one.took_tenths is None


async def test_until_when_a_certificate_is_valid_is_told(tmp_path: Path) -> None:
    """Traffic Manager does not look at it; clients will, on that day."""
    context = self_signed(tmp_path, "secure.test")
    with http_server(lambda _: answer(200), context) as server:
        question = asked("secure", server.port, scheme="https")
        samples = await sampled(HttpSampler(Clock(), GUARD), [question])

    sample = samples["health/secure"]
    assert (sample.outcome, sample.code) == (Outcome.OK, 200)
    assert sample.detail == "certificate until 2069-12-07T00:00:00Z"


def test_of_a_certificate_that_cannot_be_read_nothing_is_told() -> None:
    """The endpoint serves all the same."""
    assert certificate_detail(b"rubbish") == ""


async def test_having_no_more_files_is_our_own_fault() -> None:
    """An outage of ours is not one of the endpoint's; the sample says so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with http_server(lambda _: answer(200)) as server:
        http = HttpSampler(Clock(), GUARD)
        next_file = os.dup(0)
        os.close(next_file)
        # One more: the round's own epoll.
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_file + 1, hard))
        try:
            samples = await sampled(http, [asked("one", server.port)])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    sample = samples["health/one"]
    assert (sample.outcome, sample.detail) == (Outcome.FAILED, f"{OWN_FAULT}EMFILE")


async def test_an_endpoint_may_have_an_ipv6_address() -> None:
    """And is asked at it."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        question = asked("six", port, "::1", scheme="tcp")
        samples = await sampled(HttpSampler(Clock(), GUARD), [question])

    assert samples["health/six"].outcome is Outcome.OK


@pytest.mark.parametrize("scheme", ["http", "https", "tcp"])
async def test_a_closed_port_has_failed_at_once(scheme: str) -> None:
    """Whatever was to be said over it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    samples = await sampled(HttpSampler(Clock(), GUARD), [asked("gone", port, scheme=scheme)])

    sample = samples["health/gone"]
    assert (sample.outcome, sample.detail) == (Outcome.FAILED, "")
    assert sample.answered_at < sample.asked_at + 4_000


async def test_an_error_of_our_own_ends_its_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is raised, for somebody to read, and nothing waits for ever."""

    def stumble(_received: bytes, _certificate: bytes) -> None:
        raise ZeroDivisionError

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
    monkeypatch.setattr(http_sampler, "read_head", stumble)
    with http_server(lambda _: answer(200)) as server:
        samples = await sampled(HttpSampler(Clock(), GUARD), [asked("one", server.port)])

    assert samples["health/one"].outcome is Outcome.FAILED
    assert "ZeroDivisionError" in str(told)


async def test_what_is_given_up_leaves_nothing_open() -> None:
    """The app may stop at any time; a socket left open is warned of, and that is an error here."""

    async def resolve(_name: str, _seconds: float) -> str | None:
        await asyncio.sleep(60)
        return None

    with http_server(lambda _: None) as server:
        questions = [asked("silent", server.port), asked("named", server.port, "lb.test")]
        sampling = asyncio.create_task(
            sampled(HttpSampler(Clock(), GUARD, resolve=resolve), questions)
        )
        while not server.requests:
            await asyncio.sleep(0.01)
        sampling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sampling
        gc.collect()
