"""Too much of anything is refused, with the status that the reply contract has for it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest
from rawhttp import SAID, Server, post, rest_of, serving

KILOBYTE = b"a" * 1024


def fields(number: int) -> list[bytes]:
    return [b"X-A: %d" % count for count in range(number)]


@pytest.mark.parametrize(
    "head",
    [
        post(b"", *fields(5000)),
        post(b"", *fields(101)),
        post(b"", b"X-A: " + KILOBYTE * 17),
        post(b"", *[b"X-A: " + KILOBYTE] * 17),
        post(b"", b"X-" + KILOBYTE * 17 + b": a"),
        b"GET /" + KILOBYTE * 17 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + KILOBYTE * 300,
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + KILOBYTE * 17,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 5000,
    ],
    ids=[
        "5,000 fields",
        "101 fields",
        "a long value",
        "many values",
        "a long name",
        "a long target",
        "a target without end",
        "a value without end",
        "fields without end",
    ],
)
def test_too_much_of_a_head_is_answered_431(server: Server, head: bytes) -> None:
    assert server.answers(head) == [431]


def test_a_head_at_the_limits_is_taken(server: Server) -> None:
    assert server.answers(post(b"[]", b"Content-Length: 2", *fields(95))) == [200]
    assert server.answers(post(b"[]", b"Content-Length: 2", b"X-A: " + KILOBYTE * 15)) == [200]


def test_a_head_in_pieces_is_bounded_as_a_whole(server: Server) -> None:
    assert server.answers(b"GET / HTTP/1.1\r\nHost: x\r\n", *[b"X-A: b\r\n" * 500] * 8) == [431]


def test_a_long_body_before_a_head_does_not_count_as_head(server: Server) -> None:
    body = b"[" + b" " * 100_000 + b"]"
    assert server.answers(post(body, last=False) + post()) == [200, 200]


def test_a_body_over_the_limit_is_refused_before_it_is_sent(server: Server) -> None:
    head = post(b"", b"Content-Length: 99999999999", path="/gridx/events", last=False)
    with server.connect() as connection:
        connection.sendall(head)
        assert SAID.findall(connection.recv(65536)) == [b"413"]  # not 408, which waiting ends in


def test_whoever_asks_before_sending_too_much_is_not_told_to_go_on(server: Server) -> None:
    waits = (b"Content-Length: 99999999999", b"Expect: 100-continue")
    assert server.answers(post(b"", *waits, path="/gridx/events", last=False)) == [413]


def test_a_connection_is_still_good_after_a_body_that_was_too_long(server: Server) -> None:
    long = post(b"x" * 1_100_000, path="/gridx/events", last=False)
    assert server.answers(long + post()) == [413, 200]


def test_fields_after_a_body_are_not_taken_for_headers(server: Server) -> None:
    head = b"POST /flespi/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    body = b"Connection: close\r\n\r\n2\r\n[]\r\n0\r\nX-Flespi-Key: honest\r\n\r\n"
    assert server.answers(head + body) == [401]


@pytest.mark.parametrize(
    "flood",
    [b"1;" + KILOBYTE * 40, b"1\r\n[\r\n0\r\nX-A: " + KILOBYTE * 40],
    ids=["a chunk extension", "a trailer"],
)
def test_what_is_around_a_body_is_bounded(server: Server, flood: bytes) -> None:
    request = post(flood, b"Transfer-Encoding: chunked", last=False)
    assert server.answers(request[:20_000], request[20_000:], pause=0.1) == [431]


def test_connections_over_the_limit_are_answered_503_and_told_when_to_return() -> None:
    with serving(connections=10, parting=1.0) as server:
        held = [server.connect() for _ in range(10)]
        time.sleep(0.2)
        said = server.said(post())
        assert SAID.findall(said) == [b"503"]
        assert b"retry-after: " in said
        assert b"connection: close" in said
        with server.connect() as silent:
            assert SAID.findall(rest_of(silent)) == [b"503"]
        for connection in held:
            connection.sendall(post())
            assert SAID.findall(rest_of(connection)) == [b"200"]
            connection.close()
        answers_again(server)


def test_a_flood_of_connections_is_dropped_and_passes() -> None:
    with serving(connections=10, parting=0.5) as server:
        held: list[socket.socket] = [server.connect() for _ in range(400)]
        left, dropped, end = set(held), 0, time.monotonic() + 40
        while dropped < 400 - 10 - 128:
            assert time.monotonic() < end, dropped
            for connection in list(left):
                connection.setblocking(False)
                try:
                    dropped += connection.recv(1) == b""
                except BlockingIOError:
                    continue
                except ConnectionResetError:
                    dropped += 1
                left.remove(connection)  # whoever is told something was not dropped
        for connection in held:
            connection.close()
        answers_again(server)


def answers_again(server: Server) -> None:
    """Wait until it has noticed that others are gone."""
    end = time.monotonic() + 40
    while server.answers(post()) != [200]:
        assert time.monotonic() < end


def test_bodies_in_memory_are_bounded_and_halves_leave_room_for_whole_ones() -> None:
    with serving(bodies={"seconds": 2.0, "bytes_in_flight": 1_000_000}) as server:
        slow = []
        for _ in range(20):
            connection = server.connect()
            connection.sendall(post(b"x" * 100_000, b"Content-Length: 100001", last=False))
            slow.append(connection)
        time.sleep(0.3)
        assert server.answers(post(b"[" + b" " * 1000 + b"]")) == [200]
        said = [SAID.findall(rest_of(connection)) for connection in slow]
        # 750,000 bytes are for halves: seven of 100,000 are waited for, the others sent away.
        assert said.count([b"408"]) == 7
        assert said.count([b"503"]) == 13
        for connection in slow:
            connection.close()
        assert server.answers(post()) == [200]


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "files"),
    [(256, 4096, 1000, 1256), (256, 600, 344, 600), (4096, 4096, 1000, 4096)],
    ids=["the soft limit is raised", "the hard limit holds", "there is room already"],
)
def test_a_process_may_open_the_files_that_its_connections_need(
    soft: int, hard: int, connections: int, files: int
) -> None:
    program = (
        "import resource, sys\n"
        "from receiver.http.door import make_room\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "print(make_room(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == [str(connections), str(files)], done.stderr
    assert ("ulimit" in done.stderr) == (connections < 1000)
