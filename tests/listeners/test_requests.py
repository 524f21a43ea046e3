"""What senders may rightly do: pipeline, ask before they send, close their half, be of HTTP/1.0."""

from __future__ import annotations

import socket

import pytest
from rawhttp import SAID, SHORT, Server, post, rest_of, serving

LATER = b"GET /test/late HTTP/1.1\r\nHost: x\r\n\r\n"
"""A request that is answered after 0.3 s."""

CHUNKED = b"Transfer-Encoding: chunked"

BROKEN = post(b"zz", b"Transfer-Encoding: chunked", last=False)
"""A request whose body cannot be read."""


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    get = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    said = server.answers(LATER + post(last=False) + get + post(last=False) + LATER + post())
    assert said == [200, 200, 404, 200, 200, 200]


def test_pipelined_requests_come_in_any_pieces(server: Server) -> None:
    chunked = post(b"1\r\n[\r\n1\r\n]\r\n0\r\n\r\n", CHUNKED, last=False)
    requests = post(b"[ ]", last=False) + chunked + post()
    for size in (1, 7, 50):
        pieces = [requests[at : at + size] for at in range(0, len(requests), size)]
        assert server.answers(*pieces) == [200, 200, 200]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (b"garbage\r\n\r\n" + post(), [200, 400]),
        (BROKEN + post(), [200, 400]),
        (post(last=False) + BROKEN + post(), [200, 200, 400]),
        (post(b"", b"X-A: " + b"a" * 17000) + post(), [200, 431]),
        (b"POST / HT", [200, 408]),
    ],
    ids=["garbage", "a broken body", "a broken body further back", "a heavy head", "half a head"],
)
def test_what_was_asked_before_is_answered_first(
    server: Server, after: bytes, expected: list[int]
) -> None:
    assert server.answers(LATER + after) == expected


def test_requests_that_wait_for_their_turn_are_bounded(server: Server) -> None:
    answers = server.answers(LATER + post(last=False) * 200)
    assert answers == [200] * 33 + [503]


def test_a_pipeline_in_step_with_its_answers_goes_on_for_long(server: Server) -> None:
    with server.connect() as connection:
        for _ in range(30):
            connection.sendall(post(last=False) * 20)
            said = b""
            while said.count(b'"ids"') < 20:
                chunk = connection.recv(1 << 16)
                assert chunk, said
                said += chunk
            assert SAID.findall(said) == [b"200"] * 20


def test_nothing_after_a_last_request_is_read(server: Server) -> None:
    smuggled = b"GET /test/after-close HTTP/1.1\r\nHost: x\r\n\r\n"
    assert server.answers(post() + smuggled) == [200]
    assert "/test/after-close" not in server.seen()["paths"]


def test_whoever_asks_first_is_told_to_go_on(server: Server) -> None:
    head = post(b"", b"Content-Length: 2", b"Expect: 100-Continue")
    with server.connect() as connection:
        connection.sendall(head)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"[]")
        assert SAID.findall(rest_of(connection)) == [b"200"]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (post(b"[]", b"Content-Length: 2", b"Expect: 100-continue", version="1.0"), [200]),
        (post(b"[]", b"Content-Length: 2", b"Expect: the-unexpected"), [200]),
        (post(b"", b"Content-Length: 2", b"Expect: 100-continue", path="/nowhere"), [404]),
    ],
    ids=["HTTP/1.0", "another expectation", "nothing there"],
)
def test_nobody_is_told_to_go_on_for_nothing(
    server: Server, request_: bytes, expected: list[int]
) -> None:
    assert server.answers(request_) == expected


def test_a_connection_of_http_1_0_is_closed_after_its_answer(server: Server) -> None:
    request = b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    said = server.said(request + request)
    assert SAID.findall(said) == [b"200"]
    assert b"connection: close" in said


def test_half_closing_clients_are_answered(server: Server) -> None:
    for request, expected in ((LATER, [b"200"]), (post(last=False) * 3, [b"200"] * 3)):
        with server.connect() as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            assert SAID.findall(rest_of(connection)) == expected


def test_half_a_request_and_a_half_close_is_the_end(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(post(b"[", b"Content-Length: 2"))
        connection.shutdown(socket.SHUT_WR)
        assert rest_of(connection) == b""  # not 408, which waiting for the rest ends in


@pytest.mark.parametrize(
    "sent",
    [b"[]", b"[" + b" " * 300_000 + b"]", b""],
    ids=["a body", "a long body", "no body"],
)
def test_an_offer_of_http_2_is_passed_over_and_its_body_is_not(server: Server, sent: bytes) -> None:
    offer = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAA")
    request = post(sent, *offer, b"Content-Length: %d" % len(sent), last=False)
    assert server.answers(request + post(last=False) + post()) == [200, 200, 200]
    chunks = b"%x\r\n" % len(sent) + sent + b"\r\n0\r\n\r\n" if sent else b"0\r\n\r\n"
    assert server.answers(post(chunks, *offer, CHUNKED, last=False) + post()) == [200, 200]


def test_websockets_are_not_spoken(server: Server) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    assert server.answers(head + key + post()) == [200, 200]


def test_what_strangers_are_answered_is_counted() -> None:
    with serving(**SHORT) as server:
        server.answers(b"garbage\r\n\r\n")
        server.answers(post(b"", b"X-A: " + b"a" * 17000))
        server.answers(b"POST / HT")
        server.answers(b"")
        assert server.seen()["strangers"] == {"400": 1, "431": 1, "408": 1}


@pytest.mark.parametrize(
    ("behind", "status"),
    [(b"GET /healthz HTTP/1.1\r\n\r\n", 400), (post(b"", b"X-A: " + b"a" * 17_000), 431)],
    ids=["no host", "too much"],
)
def test_what_is_wrong_behind_an_offer_to_upgrade_is_said_as_anywhere(
    server: Server, behind: bytes, status: int
) -> None:
    offer = (b"Connection: upgrade, keep-alive", b"Upgrade: h2c", b"Content-Length: 2")
    assert server.answers(post(b"[]", *offer, last=False) + behind) == [200, status]


def test_many_offers_to_upgrade_behind_each_other_are_requests_like_others(server: Server) -> None:
    offer = (b"Connection: upgrade, keep-alive", b"Upgrade: h2c", b"Content-Length: 2")
    assert server.answers(post(b"[]", *offer, last=False) * 20 + post()) == [200] * 21
