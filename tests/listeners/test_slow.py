"""Slow, silent and endless clients: each is closed in time, with an answer where one is due."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from rawhttp import SAID, Server, post, rest_of

LATE = 2.5
"""Seconds by which a connection is closed whose time is 1 s: the sweep and a busy machine."""


def closes(server: Server, *pieces: bytes) -> tuple[list[int], float]:
    """What a client is answered that says this and no more, and when it is closed."""
    began = time.monotonic()
    answers = server.answers(*pieces)
    return answers, time.monotonic() - began


def trickles(
    server: Server, head: bytes, more: Callable[[], Iterator[bytes]]
) -> tuple[list[int], float]:
    """As `closes`, for a client that goes on with a little every tenth of a second."""
    began = time.monotonic()
    said = b""
    with server.connect() as connection:
        connection.sendall(head)
        connection.settimeout(0.1)
        for piece in more():
            try:
                connection.sendall(piece)
                chunk = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                break
            said += chunk
            if not chunk:
                break
    return [int(status) for status in SAID.findall(said)], time.monotonic() - began


def forever(piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            yield piece

    return pieces


def test_a_silent_connection_is_closed(server: Server) -> None:
    answers, seconds = closes(server)
    assert answers == []
    assert 0.9 < seconds < LATE


@pytest.mark.parametrize(
    "half",
    [b"P", b"POST /flespi/messages HTTP/1.1\r\nHost: x\r\nX-", post(b"", b"X-A: b")[:-2]],
    ids=["a letter", "half a field", "no empty line"],
)
def test_half_a_head_is_answered_408_and_closed(server: Server, half: bytes) -> None:
    answers, seconds = closes(server, half)
    assert answers == [408]
    assert 0.9 < seconds < LATE


def test_half_a_head_after_a_whole_request_is_closed_too(server: Server) -> None:
    answers, seconds = closes(server, post(last=False) + b"POST / HT")
    assert answers == [200, 408]
    assert 0.9 < seconds < LATE


@pytest.mark.parametrize(
    "half",
    [
        post(b"", b"Content-Length: 2", last=False),
        post(b"[", b"Content-Length: 2", last=False),
        post(b"", b"Transfer-Encoding: chunked", last=False),
        post(b"1\r\n[\r\n", b"Transfer-Encoding: chunked", last=False),
        post(b"2\r\n[]\r\n0\r\n", b"Transfer-Encoding: chunked", last=False),
        post(b"", b"Content-Length: 2", b"Expect: 100-continue", last=False),
    ],
    ids=["no body", "half a body", "no chunk", "half the chunks", "no end", "waits and is silent"],
)
def test_half_a_body_is_answered_408_and_closed(server: Server, half: bytes) -> None:
    answers, seconds = closes(server, half)
    assert [answer for answer in answers if answer != 100] == [408]
    assert 0.9 < seconds < LATE


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", b"a"),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n"),
        (post(b"[", b"Content-Length: 1000", last=False), b" "),
        (post(b"", b"Transfer-Encoding: chunked", last=False), b"1\r\n \r\n"),
        (post(b"1;", b"Transfer-Encoding: chunked", last=False), b"a"),
        (post(b"1\r\n[\r\n0\r\n", b"Transfer-Encoding: chunked", last=False), b"X-A: b\r\n"),
    ],
    ids=["a field", "fields", "a body", "chunks", "a chunk extension", "trailers"],
)
def test_a_byte_now_and_then_buys_no_time(server: Server, head: bytes, piece: bytes) -> None:
    answers, seconds = trickles(server, head, forever(piece))
    assert answers == [408]
    assert 0.9 < seconds < LATE


def test_chunks_without_end_are_refused_for_their_size(server: Server) -> None:
    endless = b"10000\r\n" + bytes(65536) + b"\r\n"
    head = post(b"", b"Transfer-Encoding: chunked", path="/gridx/events", last=False)
    answers, seconds = trickles(server, head, forever(endless * 20))
    assert answers == [413]
    assert seconds < LATE


def test_empty_lines_before_a_request_buy_no_time(server: Server) -> None:
    _, seconds = trickles(server, b"", forever(b"\r\n"))
    assert 0.9 < seconds < LATE


def test_a_body_of_an_answered_request_may_not_come_for_ever(server: Server) -> None:
    head = post(b"", b"Content-Length: 100000", path="/nowhere", last=False)
    answers, seconds = trickles(server, head, forever(b"x"))
    assert answers == [404]
    assert 0.9 < seconds < LATE


def test_an_idle_connection_is_closed_later_and_silently(server: Server) -> None:
    answers, seconds = closes(server, post(last=False))
    assert answers == [200]
    assert 1.9 < seconds < 2 + LATE


def test_a_connection_in_use_is_not_closed_for_its_age(server: Server) -> None:
    with server.connect() as connection:
        for _ in range(8):
            connection.sendall(post(last=False))
            said = b""
            while b'"ids"' not in said:
                chunk = connection.recv(65536)
                assert chunk
                said += chunk
            time.sleep(0.4)


def test_a_client_that_does_not_read_its_answer_is_dropped(server: Server) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(b"GET /test/large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2 + LATE)  # two deadlines: for the answer, then for its last bytes
        assert len(rest_of(connection)) < 64 * 1024 * 1024
