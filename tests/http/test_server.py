"""Behind a real server on a real port: what senders see on the wire."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn

from receiver.http.body import Bodies

PATIENCE = 40.0
BODY_SECONDS = 0.5


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Wire:
    """A served application and what is needed to talk to it byte by byte."""

    port: int
    platforms: Any

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            yield connection

    def say(self, *parts: bytes) -> Reply:
        """The answer to bytes on a connection of their own."""
        with self.connection() as connection:
            for part in parts:
                connection.sendall(part)
            return heard(connection)

    def request(self, body: bytes | None = None, *more: bytes, path: str = "") -> bytes:
        """An authentic request to the first operation."""
        operation = self.platforms.operations[0]
        raw = self.platforms.sample(operation) if body is None else body
        length = b"" if any(b"ransfer" in line for line in more) else b"%d" % len(raw)
        lines = [
            f"POST {path or operation.path} HTTP/1.1".encode(),
            b"host: receiver",
            *(name + b": " + value for name, value in self.platforms.sign(operation, raw)),
            *([b"content-length: " + length] if length else []),
            *more,
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + (raw if length else b"")


def heard(connection: socket.socket, head: bool = False) -> Reply:
    """The next answer on a connection."""
    reader = connection.makefile("rb")
    status = int(reader.readline().split()[1])
    while status == 100:
        reader.readline()
        status = int(reader.readline().split()[1])
    headers: dict[str, str] = {}
    while line := reader.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = b"" if head else reader.read(int(headers["content-length"]))
    return Reply(status, headers, body)


def closed(connection: socket.socket) -> bool:
    """Whether the server closes the connection without another byte."""
    return connection.recv(1) == b""


@contextmanager
def served(door: Any) -> Iterator[int]:
    """The port on which an application is served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(door.app, log_config=None, access_log=False, lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + PATIENCE
            while not server.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.005)
            assert server.started
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module", params=[True, False], ids=["lane", "connexion"])
def wire(request: pytest.FixtureRequest, platforms: Any, make_door: Any) -> Iterator[Wire]:
    door = make_door(lane=request.param, options={"bodies": Bodies(seconds=BODY_SECONDS)})
    with served(door) as port:
        yield Wire(port, platforms)


def test_a_signed_event_is_kept(wire: Wire) -> None:
    reply = wire.say(wire.request())
    assert reply.status == 200
    assert json.loads(reply.body)["status"] in ("accepted", "duplicate")


@pytest.mark.parametrize("end", ["", "/"])
def test_a_percent_encoded_path_is_the_same_path(wire: Wire, end: str) -> None:
    path = wire.platforms.operations[0].path
    letters = "/" + "".join(f"%{ord(letter):02x}" for letter in path[1:]) + end
    assert wire.say(wire.request(path=letters)).status == 200
    assert wire.say(wire.request(path=path + quote("\n"))).status == 404
    assert wire.say(wire.request(path=path + "%ff")).status == 404


def test_a_chunked_body_is_taken(wire: Wire) -> None:
    body = wire.platforms.sample(wire.platforms.operations[0])
    head = wire.request(body, b"transfer-encoding: chunked")
    halves = (body[:7], body[7:], b"")
    chunks = [b"%x\r\n%s\r\n" % (len(half), half) for half in halves]
    assert wire.say(head, *chunks).status == 200


def test_a_sender_that_waits_to_be_told_to_continue_is_told(wire: Wire) -> None:
    body = wire.platforms.sample(wire.platforms.operations[0])
    head = wire.request(body, b"expect: 100-continue").removesuffix(body)
    with wire.connection() as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert heard(connection).status == 200


@pytest.mark.parametrize("more", [(), (b"transfer-encoding: chunked",)], ids=["whole", "chunked"])
def test_a_body_that_the_server_drops_is_asked_for_again_and_not_refused(
    wire: Wire, more: tuple[bytes, ...]
) -> None:
    """It does so where a sender offers h2c."""
    upgrade = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABk")
    assert wire.say(wire.request(None, *upgrade, *more)).status == 503


def test_several_requests_on_one_connection_get_an_answer_each(wire: Wire) -> None:
    with wire.connection() as connection:
        connection.sendall(wire.request() * 2 + wire.request(path="/nowhere"))
        reader = b""
        while reader.count(b"HTTP/1.1 ") < 3:
            reader += connection.recv(65536)
    statuses = [part.split()[0] for part in reader.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"404"]


def test_another_method_is_refused_and_head_has_no_body(wire: Wire) -> None:
    path = wire.platforms.operations[0].path.encode()
    with wire.connection() as connection:
        connection.sendall(b"HEAD " + path + b" HTTP/1.1\r\nhost: x\r\n\r\n")
        reply = heard(connection, head=True)
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert heard(connection).body == b'{"status":"ok"}'


def test_a_body_over_the_limit_is_refused_where_its_sender_sees_it(wire: Wire) -> None:
    operation = wire.platforms.operations[0]
    reply = wire.say(wire.request(bytes(operation.limits.body * 4)))
    assert reply.status == 413
    assert str(operation.limits.body) in json.loads(reply.body)["detail"]


def test_headers_over_the_limit_are_refused_and_the_connection_closed(wire: Wire) -> None:
    with wire.connection() as connection:
        connection.sendall(wire.request(None, *[b"x-filler: x"] * 100))
        assert heard(connection).status == 431
        assert closed(connection)


@pytest.mark.alone
@pytest.mark.parametrize("sent", [0, 10], ids=["nothing", "a part"])
def test_a_body_that_does_not_come_in_time_is_refused_and_the_connection_closed(
    wire: Wire, sent: int
) -> None:
    body = wire.platforms.sample(wire.platforms.operations[0])
    with wire.connection() as connection:
        began = time.monotonic()
        connection.sendall(wire.request().removesuffix(body) + body[:sent])
        assert heard(connection).status == 408
        assert closed(connection)
        assert BODY_SECONDS <= time.monotonic() - began < BODY_SECONDS + 1


@pytest.mark.alone
def test_slow_senders_do_not_delay_an_honest_one(wire: Wire) -> None:
    body = wire.platforms.sample(wire.platforms.operations[0])
    slow = [socket.create_connection(("127.0.0.1", wire.port), PATIENCE) for _ in range(50)]
    try:
        for connection in slow:
            connection.sendall(wire.request().removesuffix(body) + body[:1])
        began = time.monotonic()
        assert wire.say(wire.request()).status == 200
        assert time.monotonic() - began < BODY_SECONDS
        assert {heard(connection).status for connection in slow} == {408}
    finally:
        for connection in slow:
            connection.close()


def test_a_sender_that_goes_away_half_way_is_nobodys_error(wire: Wire, faults: list[str]) -> None:
    body = wire.platforms.sample(wire.platforms.operations[0])
    for sent in (0, 5, len(body)):
        with wire.connection() as connection:
            connection.sendall(wire.request().removesuffix(body) + body[:sent])
    assert wire.say(wire.request()).status == 200
    assert faults == []
