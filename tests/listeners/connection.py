"""One connection in memory: our protocol, what is written to the other side, and a desk."""

from __future__ import annotations

import asyncio
from typing import Any

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
        return path if path == "/events" or path.startswith("/events/") else None

    def is_fixed(self, place: str) -> bool:
        return not place.startswith("/events/")

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
