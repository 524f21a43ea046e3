"""SIGTERM: what was sent is answered, the client is told that it is the last, nobody is reset."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from rawhttp import SAID, Server, post, rest_of, serving

pytestmark = pytest.mark.alone  # an end takes less than the grace time, which is three seconds
LAST = b"connection: close\r\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def ask(connection: socket.socket, request: bytes) -> bytes:
    """The whole answer of a keep-alive connection, or what there is before its end."""
    connection.sendall(request)
    said = b""
    while not said.endswith(b"}"):
        chunk = connection.recv(65536)
        if not chunk:
            break
        said += chunk
    return said


def end(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)


def test_who_asks_over_an_idle_connection_is_answered_and_told_that_it_is_the_end(
    server: Server,
) -> None:
    with server.connect() as connection:
        assert LAST not in ask(connection, post(last=False))
        end(server)
        time.sleep(0.2)
        answer = ask(connection, post(last=False))
        assert SAID.findall(answer) == [b"200"]
        assert LAST in answer.lower()
        assert connection.recv(1) == b"", "and no reset"
    assert server.process.wait(5) == 0


def test_an_idle_connection_ends_without_a_reset_though_its_client_asks_too_late(
    server: Server,
) -> None:
    with server.connect() as connection:
        ask(connection, post(last=False))
        end(server)
        assert connection.recv(1) == b""
        connection.sendall(post(last=False))
        assert connection.recv(1) == b""
    assert server.process.wait(5) == 0


def test_requests_behind_each_other_are_all_answered_and_the_last_says_so(server: Server) -> None:
    with server.connect() as connection:
        ask(connection, post(last=False))
        end(server)
        time.sleep(0.2)
        connection.sendall(post(last=False) * 5)
        said = rest_of(connection).lower()
    assert said.count(b"http/1.1 200") == 5
    assert said.count(LAST) == 1
    assert said.rindex(LAST) > said.rindex(b"http/1.1 200")


def test_connections_that_wait_to_be_accepted_are_served(server: Server) -> None:
    server.process.send_signal(signal.SIGSTOP)
    waiting = [server.connect() for _ in range(50)]
    for connection in waiting:
        connection.sendall(post(last=False))
    end(server)
    server.process.send_signal(signal.SIGCONT)
    for connection in waiting:
        with connection:
            assert SAID.findall(rest_of(connection)) == [b"200"]
    assert server.process.wait(5) == 0


def test_clients_that_never_pause_are_not_reset(server: Server) -> None:
    ends: list[bytes | Exception] = []

    def load() -> None:
        try:
            with server.connect() as connection:
                while LAST not in (answer := ask(connection, post(last=False)).lower()):
                    if not answer:
                        break
            ends.append(answer)
        except OSError as error:
            ends.append(error)

    threads = [threading.Thread(target=load) for _ in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    end(server)
    for thread in threads:
        thread.join(60)
    assert [SAID.findall(last.upper()) for last in ends if isinstance(last, bytes)] == [
        [b"200"] for _ in threads
    ]
    assert server.process.wait(5) == 0
