"""A whole request is handed to the desk as it is; any other becomes one of ASGI's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from receiver.http.answer import Reply
from receiver.http.door import Limits
from receiver.http.exchange import Exchange
from receiver.http.protocol import Protocol, guarded

ANSWER = Reply(200, ((b"content-length", b"2"),), b"ok")
HEAD = b"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


class Wire(asyncio.Transport):
    """A connection's other end: what was written to it, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """What is not read yet is not the matter here."""

    def resume_reading(self) -> None:
        """As `pause_reading`."""

    def can_write_eof(self) -> bool:
        return False


class Desk:
    """Takes what is posted to /events; answers when the test does."""

    def __init__(self, full: bool = False) -> None:
        self.full = full
        self.taken: list[Exchange] = []

    def find(self, path: str, length: int) -> str | None:
        return path if path == "/events" else None

    def take_whole(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> bool:
        if not self.full:
            self.taken.append(exchange)
        return not self.full


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers over ASGI with the body and what is in the scope."""
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    said = body + f" {scope['method']} {scope['path']} {scope['query_string']}".encode()
    length = (b"content-length", str(len(said)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": said})


def connected(desk: Desk) -> tuple[Protocol, Wire]:
    config = uvicorn.Config(echo, ws="none", log_config=None, access_log=False)
    config.load()
    made = guarded(Limits(), desk=desk)
    connection = made(config, ServerState(), {}, asyncio.get_running_loop())
    connection.access_log = False
    connection._desk = desk
    wire = Wire()
    connection.connection_made(wire)
    return connection, wire


async def turns() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_whole_request_is_handed_over_and_answered_in_one_piece() -> None:
    desk = Desk()
    connection, wire = connected(desk)

    connection.data_received(HEAD + b"body")

    [exchange] = desk.taken
    assert (exchange.place, exchange.body) == ("/events", b"body")
    assert dict(exchange.headers)[b"host"] == b"x"
    assert not wire.written
    exchange.answer(ANSWER)
    assert wire.written == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    assert not wire.closed


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([HEAD, b"body"], b"body POST /events b''"),
        ([HEAD + b"bo", b"d", b"y"], b"body POST /events b''"),
        ([HEAD.replace(b"/events", b"/other?a=1") + b"body"], b"body POST /other b'a=1'"),
        ([HEAD.replace(b"POST", b"PUT") + b"body"], b"body PUT /events b''"),
        ([HEAD.replace(b"4", b"0")], b" POST /events b''"),
    ],
    ids=["in two pieces", "in three pieces", "of another path", "of another method", "empty"],
)
async def test_any_other_request_becomes_one_of_asgi(pieces: list[bytes], said: bytes) -> None:
    desk = Desk()
    connection, wire = connected(desk)

    for piece in pieces:
        connection.data_received(piece)
        await turns()

    assert not desk.taken
    assert wire.written.endswith(b"\r\n\r\n" + said)


async def test_what_the_desk_does_not_take_becomes_one_of_asgi() -> None:
    connection, wire = connected(Desk(full=True))

    connection.data_received(HEAD + b"body")
    await turns()

    assert wire.written.endswith(b"body POST /events b''")


async def test_what_is_asked_meanwhile_waits_for_its_turn() -> None:
    desk = Desk()
    connection, wire = connected(desk)

    connection.data_received((HEAD + b"body") * 2)
    await turns()

    assert not wire.written
    desk.taken[0].answer(ANSWER)
    await turns()
    assert wire.written.startswith(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    assert wire.written.endswith(b"body POST /events b''")


async def test_an_answer_waits_until_the_other_side_reads() -> None:
    desk = Desk()
    connection, wire = connected(desk)
    connection.data_received(HEAD + b"body")

    connection.pause_writing()
    desk.taken[0].answer(ANSWER)
    await turns()
    assert not wire.written

    connection.resume_writing()
    await turns()
    assert wire.written.endswith(b"ok")


async def test_nothing_is_answered_to_who_has_gone() -> None:
    desk = Desk()
    connection, wire = connected(desk)
    connection.data_received(HEAD + b"body")

    connection.connection_lost(None)
    desk.taken[0].answer(ANSWER)

    assert not wire.written


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_the_last_answer_says_so_and_closes(version: bytes) -> None:
    desk = Desk()
    connection, wire = connected(desk)
    head = HEAD.replace(b"1.1", version).replace(b"Host", b"Connection: close\r\nHost")
    connection.data_received(head + b"body")

    desk.taken[0].answer(ANSWER)

    assert b"connection: close\r\n" in wire.written
    assert wire.closed
