"""What each sample proves."""

from dataclasses import replace

import pytest

from shared.core.evidence import Evidence
from shared.core.samples import Outcome, Sample
from shared.core.slots import Served
from tests.support.drills import (
    AMSTERDAM,
    AMSTERDAM_NAME,
    LAB,
    SERVER,
    VIRGINIA,
    VIRGINIA_NAME,
    a_drill,
    at,
)
from tests.support.worlds import a_finished_drill

HEALTH, CLIENT, DNS = "health/virginia", "client/fresh", f"dns/authoritative/{SERVER}"
OUTCOMES = {"s": Outcome.OK, "t": Outcome.TIMEOUT, "r": Outcome.FAILED}


def health(pattern: str, every: int = 1, timeout: float = 2.0) -> str:
    """Return what each health sample proves, a letter each: s, t and r are served, late, refused.

    Answers: s serving, f failing, a dash nothing.
    """
    samples = []
    for place, letter in enumerate(pattern):
        if letter != ".":
            ended = at(every * place + (timeout if letter == "t" else 0.01))
            samples.append(Sample(HEALTH, at(every * place), ended, OUTCOMES[letter]))
    drill = a_finished_drill(sample_interval_seconds=every)
    readings = Evidence(drill, samples).readings(HEALTH)
    return "".join(reading.state[:1] or "-" for reading in readings)


PROOFS = {
    "a good answer proves that it serves": ("ss", "ss"),
    "failures in a row prove that it does not": ("srrrs", "sfffs"),
    "one failure alone is a blip": ("srs", "s-s"),
    "one time-out alone is a lost packet": ("sts", "s-s"),
    "one failure at the end may be a blip yet": ("sr", "s-"),
    "the first time-out of an outage proves it, for it ends after the next began": ("stts", "sf-s"),
    "the last time-out may be a packet lost after the outage": ("sttts", "sff-s"),
    "an outage that goes on keeps its last time-out": ("sttt", "sfff"),
    "a refusal is never a lost packet": ("sttrs", "sfffs"),
    "failures on both sides of a gap do not confirm each other": ("st....ts", "s--s"),
    "a lost second is no gap": ("st.tts", "s-f-s"),
    "an outage from the first sample on": ("tts", "f-s"),
    "where packets are often lost, three in a row may be": ("stsstttss", "s-ss---ss"),
    "such a run may lie at the end of an outage": ("stssttttttss", "s-ss--f---ss"),
    "or at its beginning, if it was over when the fourth was asked": ("stssttttt", "s-ss--fff"),
    "what was refused was not lost": ("srssttss", "s-ssf-ss"),
}  # fmt: skip


@pytest.mark.parametrize(("pattern", "proofs"), PROOFS.values(), ids=PROOFS.keys())
def test_health(pattern: str, proofs: str) -> None:
    """A packet can be lost to a healthy endpoint: failures count as far as they confirm."""
    assert health(pattern) == proofs


def test_a_time_out_that_ended_before_the_next_attempt_does_not_bound_an_outage() -> None:
    """Sampled every five seconds, the outage may have begun after the lost packet."""
    assert health("sttt", every=5) == "s-ff"


def test_where_packets_are_rarely_lost_two_in_a_row_may_be() -> None:
    """Four are an outage, and only what lies between its ends proves it."""
    quiet = "s" * 150

    assert health(f"{quiet}tssttss")[150:] == "-ss--ss"
    assert health(f"{quiet}tsstttss")[150:] == "-ss---ss"
    assert health(f"{quiet}tssttttss")[150:] == "-ss-f--ss"


def test_a_packet_lost_to_a_name_server_may_be_followed_by_others() -> None:
    """It is one network."""
    drop = [Sample(HEALTH, at(s), at(s + 2), Outcome.TIMEOUT) for s in (11, 12)]
    good = [Sample(HEALTH, at(s), at(s) + 9, Outcome.OK) for s in (10, 13)]
    asked = [
        Sample(DNS, at(s), at(s + 1), Outcome.TIMEOUT if s == 4 else Outcome.OK) for s in (3, 4, 5)
    ]

    def proofs(*samples: Sample) -> list[str]:
        return [reading.state for reading in Evidence(a_drill(), samples).readings(HEALTH)]

    assert proofs(*drop, *good) == ["serving", "failing", "", "serving"]
    assert proofs(*drop, *good, *asked) == ["serving", "", "", "serving"]


def test_a_second_writers_answer_outweighs_a_lost_packet() -> None:
    """A slot has failed only when all its samples did."""
    samples = [
        Sample(HEALTH, at(1), at(3), Outcome.TIMEOUT, writer="one"),
        Sample(HEALTH, at(1.2), at(1.3), Outcome.OK, writer="two"),
        Sample(HEALTH, at(2), at(4), Outcome.TIMEOUT, writer="one"),
    ]

    readings = Evidence(a_drill(), samples).readings(HEALTH)

    assert [reading.state for reading in readings] == ["", "serving", ""]


@pytest.mark.parametrize(
    ("answer", "outcome", "state"),
    [
        (f"{VIRGINIA_NAME}>{VIRGINIA}", Outcome.OK, "underTest"),
        (AMSTERDAM_NAME, Outcome.OK, "survivor"),
        ("elsewhere.example", Outcome.OK, ""),
        (VIRGINIA_NAME, Outcome.FAILED, ""),
        ("", Outcome.OK, ""),
    ],
)
def test_dns(answer: str, outcome: Outcome, state: str) -> None:
    """An answer proves which endpoint is named; a failed sample proves nothing."""
    evidence = Evidence(a_drill(), [Sample(DNS, at(1), at(2), outcome, answer)])

    assert [reading.state for reading in evidence.readings(DNS)] == [state]


def test_a_disabled_endpoint_is_no_survivor() -> None:
    """Traffic Manager never names it; whoever does is astray."""
    endpoints = (LAB.endpoints[0], replace(LAB.endpoints[1], enabled=False))
    drill = a_drill(snapshot=replace(LAB, endpoints=endpoints))
    evidence = Evidence(drill, [Sample(DNS, at(1), at(2), Outcome.OK, AMSTERDAM_NAME)])

    assert evidence.survivors == frozenset()
    assert [reading.state for reading in evidence.readings(DNS)] == [""]


def test_arm_is_taken_at_its_word() -> None:
    """A failed look proves nothing."""
    samples = [
        Sample("monitor/virginia", at(2), at(2), Outcome.OK, "Degraded"),
        Sample("monitor/virginia", at(4), at(6), Outcome.TIMEOUT, ""),
    ]

    readings = Evidence(a_drill(), samples).readings("monitor/virginia")

    assert [reading.state for reading in readings] == ["Degraded", ""]


def client_sees(*samples: Sample) -> Served:
    """Return what a client's slot shows of a recovery away from Virginia."""
    evidence = Evidence(a_drill(), samples)
    (slot,) = evidence.slots(CLIENT)
    return evidence.served(slot, evidence.survivors, frozenset({"virginia"}))


def a_client_sample(
    answer: str, outcome: Outcome = Outcome.OK, code: int | None = 200, writer: str = "one"
) -> Sample:
    """Return a sample of the fresh client."""
    return Sample(CLIENT, at(1), at(2), outcome, answer, code, writer=writer)


def test_a_client_is_where_it_was_served() -> None:
    """By a survivor, by the endpoint under test, by somebody else, or not at all."""
    assert client_sees(a_client_sample(AMSTERDAM)) is Served.WANTED
    assert client_sees(a_client_sample(VIRGINIA)) is Served.UNWANTED
    assert client_sees(a_client_sample("192.0.2.1")) is Served.OTHER
    assert client_sees(a_client_sample("", Outcome.TIMEOUT, None)) is Served.FAILED


def test_a_bad_answer_of_the_endpoint_under_test_is_an_answer_of_it() -> None:
    """A 503 shows that the client still goes there; a refused connection shows nobody."""
    assert client_sees(a_client_sample(VIRGINIA, Outcome.FAILED, 503)) is Served.UNWANTED
    assert client_sees(a_client_sample(AMSTERDAM, Outcome.FAILED, 503)) is Served.FAILED
    assert client_sees(a_client_sample("", Outcome.FAILED, None)) is Served.FAILED


def test_one_writers_answer_from_the_endpoint_under_test_is_enough() -> None:
    """Two clients of a class: it has left only when both have."""
    both = (a_client_sample(AMSTERDAM), a_client_sample(VIRGINIA, writer="two"))

    assert client_sees(*both) is Served.UNWANTED


def test_a_served_by_header_is_learnt_from_the_health_samples() -> None:
    """The header names machines; whose they are, our own requests to each endpoint tell."""
    samples = [
        Sample(HEALTH, at(1), at(2), Outcome.OK, "virginia-vm"),
        Sample("health/amsterdam", at(1), at(2), Outcome.OK, "amsterdam-vm1"),
        Sample("health/amsterdam", at(2), at(3), Outcome.OK, "amsterdam-vm2"),
        Sample("health/amsterdam", at(3), at(5), Outcome.TIMEOUT),
    ]
    evidence = Evidence(a_finished_drill(served_by_header="x-served-by"), samples)

    assert evidence.named("virginia-vm") == "virginia"
    assert evidence.named("amsterdam-vm2") == "amsterdam"
    assert evidence.named("amsterdam-vm9") == "other:amsterdam-vm9"


def test_a_header_that_two_endpoints_share_names_neither() -> None:
    """A constant header tells nothing."""
    samples = [
        Sample(name, at(1), at(2), Outcome.OK, "nginx") for name in (HEALTH, "health/amsterdam")
    ]
    evidence = Evidence(a_finished_drill(served_by_header="server"), samples)

    assert evidence.named("nginx") == "other:nginx"


def test_a_sample_read_twice_counts_once() -> None:
    """Of two versions the same is kept, in whatever order they come."""
    early = Sample(DNS, at(1), at(2), Outcome.OK, AMSTERDAM_NAME, 0, 100, "one")
    late = early._replace(answered_at=at(3), code=None, ttl_seconds=None)

    for samples in ([early, late, early], [late, early]):
        assert Evidence(a_drill(), samples).series[DNS] == [early]


def test_an_endpoint_that_is_asked_by_its_name_may_answer_from_anywhere() -> None:
    """A machine that was deallocated is back at another address: who answers there is learnt."""
    by_name = replace(LAB.endpoints[0], address=VIRGINIA_NAME)
    moved = replace(LAB, endpoints=(by_name, LAB.endpoints[1]))
    back = [Sample(HEALTH, at(9), at(9.1), Outcome.OK, "127.1.0.6", 200)]
    failed = [Sample(HEALTH, at(8), at(8.1), Outcome.FAILED, "127.1.0.7", 503)]

    seen = Evidence(a_drill(snapshot=moved), [*failed, *back])

    assert seen.named("127.1.0.6") == "virginia"
    assert seen.named("127.1.0.7") == "other:127.1.0.7"
    assert seen.named(AMSTERDAM) == "amsterdam"
    assert Evidence(a_drill(snapshot=moved), []).named("127.1.0.6") == "other:127.1.0.6"
    assert Evidence(a_drill(), back).named("127.1.0.6") == "other:127.1.0.6"
