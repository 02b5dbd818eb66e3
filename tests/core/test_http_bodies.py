"""Where an answer's body ends: only then may its connection be used for another request."""

import random

import pytest

from shared.core.http_bodies import BODY_OCTETS_MAX, Body, Unusable, read_head

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"


def body(head: bytes, *parts: bytes) -> Body:
    """Return the body under that head, after these parts have come."""
    found = Body(read_head(head))
    for part in parts:
        found.take(part)
    return found


def test_a_head_is_its_status_and_its_fields() -> None:
    """Names in any case; lists over several lines are one."""
    head = read_head(
        b"HTTP/1.1 200 OK\r\nX-Served-By: a\r\nConnection: Foo\r\nconnection: close, b"
    )

    assert (head.status, head.text("x-served-by")) == (200, "a")
    assert head.values("Connection") == ["Foo", "close", "b"]
    assert head.text("missing") is None


@pytest.mark.parametrize(
    "text", [b"", b"HTTP/2 200", b"HTTP/1.1 20", b"SSH-2.0-x", b"HTTP/1.12 200"]
)
def test_what_is_no_http_1_is_refused(text: bytes) -> None:
    """It is another protocol's server."""
    with pytest.raises(Unusable):
        read_head(text)


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 200 OK", True),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Upgrade, Close", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive", False),
        (b"HTTP/1.1 101 Switching Protocols", False),
    ],
)
def test_the_server_says_whether_it_leaves_the_connection_open(head: bytes, keeps: bool) -> None:
    """HTTP/1.1 does unless it says otherwise; of HTTP/1.0 nothing is expected."""
    assert read_head(head).keeps_connection is keeps


@pytest.mark.parametrize(
    ("status", "interim"), [(100, True), (103, True), (101, False), (200, False)]
)
def test_an_interim_answer_is_not_the_answer(status: int, interim: bool) -> None:
    """A server may say first that there will be one."""
    assert read_head(b"HTTP/1.1 %d x" % status).is_interim is interim


def test_a_body_of_known_length_ends_there() -> None:
    """Not before, and however it arrives."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5"

    assert not body(head, b"four").is_over
    assert body(head, b"fo", b"ur", b"5").is_over
    assert body(b"HTTP/1.1 200 OK\r\nContent-Length: 0").is_over


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(status: int) -> None:
    """Whatever length they tell of."""
    assert body(b"HTTP/1.1 %d x\r\nContent-Length: 10" % status).is_over


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    """Nothing else tells; so does a coding that we do not read."""
    assert body(b"HTTP/1.1 200 OK").is_endless
    assert not body(b"HTTP/1.1 200 OK", b"some").is_over
    assert body(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip").is_endless
    assert not body(CHUNKED).is_endless


@pytest.mark.parametrize("length", [b"5, 6", b"+5", b"0x5", b"-1", b"1" * 16])
def test_a_length_that_is_not_one_number_is_refused(length: bytes) -> None:
    """Two readers would come to two ends."""
    with pytest.raises(Unusable, match="Content-Length"):
        body(b"HTTP/1.1 200 OK\r\nContent-Length: " + length)


def test_the_same_length_twice_is_one() -> None:
    """RFC 9110 lets a recipient take it so."""
    assert body(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2", b"ab").is_over


def test_chunks_end_with_an_empty_one_and_its_trailers() -> None:
    """In whatever pieces they arrive, and with extensions."""
    text = b"4;name=value\r\nWiki\r\n9\r\npedia in \r\n0\r\nX-Trailer: 1\r\n\r\n"
    dice = random.Random(5)  # noqa: S311  to be repeatable
    for _ in range(200):
        cuts = sorted(dice.sample(range(1, len(text)), dice.randrange(0, 8)))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        found = Body(read_head(CHUNKED))
        for part in parts[:-1]:
            found.take(part)
            assert not found.is_over
        found.take(parts[-1])
        assert found.is_over


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"x\r\n", "size is no number"),
        (b"-4\r\n", "size is no number"),
        (b"2\r\nabc\r\n", "longer than its size"),
        (b"1" * 5_000, "size is longer"),
        (b"0\r\n\r\nHTTP/1.1 200 OK", "More came"),
    ],
)
def test_chunks_that_are_none_are_refused(text: bytes, why: str) -> None:
    """And with them the connection."""
    with pytest.raises(Unusable, match=why):
        body(CHUNKED, text)


def test_more_than_the_body_is_refused() -> None:
    """Nobody asked for it: the next answer would be taken for another's."""
    with pytest.raises(Unusable, match="More came"):
        body(b"HTTP/1.1 200 OK\r\nContent-Length: 2", b"abc")


def test_a_body_is_read_up_to_a_limit() -> None:
    """A client URL may lead to a download."""
    found = body(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999", bytes(BODY_OCTETS_MAX))

    with pytest.raises(Unusable, match="longer than anything"):
        found.take(b"1")
