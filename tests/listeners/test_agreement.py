"""What we take is what another parser takes: h11 reads the same requests out of the same bytes."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

import h11
import uvicorn
from rawhttp import post
from starlette.types import Receive, Scope, Send
from test_framing import CORPUS, FINE, SMUGGLED
from uvicorn.server import ServerState

from receiver.http.protocol import Protocol

INPUTS = 5000
PIECES = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b"\0",
        b"0\r\n\r\n",
        b"1\r\nx\r\n",
        b",",
        b";",
        b":",
        b"\x0b",
    ),
    *(b"Content-Length: 1\r\n", b"Content-Length: 10\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Transfer-Encoding: x\r\n", b"Host: y\r\n", b"Connection: close\r\n", b"\r\n\r\n", SMUGGLED),
    *(b"Expect: 100-continue\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n"),
]

SPACES = re.compile(rb"^([A-Z]+) +(\S+) +(?=HTTP/)")
"""Llhttp takes several spaces for one in the first line, which changes nothing of what it means."""

Request = tuple[bytes, bytes, bytes]
"""Method, target and body."""


class Wire:
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def get_extra_info(self, name: str) -> None:
        return None

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = write_eof = close

    def can_write_eof(self) -> bool:
        return True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Application:
    """Takes every request whole, and remembers it."""

    def __init__(self) -> None:
        self.taken: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message["body"]
            more = message["more_body"]
        self.taken.append((scope["method"].encode(), scope["raw_path"], body))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


async def ours(data: bytes, pieces: int) -> list[Request]:
    """The requests that our protocol hands on out of these bytes, in so many reads."""
    application = Application()
    config = uvicorn.Config(application, http=Protocol, ws="none", log_config=None)
    config.proxy_headers = False
    config.lifespan = "off"
    config.load()
    wire: Any = Wire()
    protocol = Protocol(config, ServerState(), {})
    protocol.connection_made(wire)
    size = -(-len(data) // pieces)
    for at in range(0, len(data), size):
        if not wire.closed:
            protocol.data_received(data[at : at + size])
        for _ in range(3):
            await asyncio.sleep(0)
    while protocol.pipeline:
        await asyncio.gather(*protocol.tasks)
    protocol.connection_lost(None)
    await asyncio.gather(*protocol.tasks)
    return application.taken


def theirs(data: bytes) -> list[Request]:
    """The requests that h11 reads out of these bytes, up to the first that it cannot."""
    taken: list[Request] = []
    while True:
        # Empty lines before a request are to be passed over (RFC 9112, 2.2); h11 stumbles there.
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        data = SPACES.sub(rb"\1 \2 ", data.lstrip(b"\r\n"))
        connection.receive_data(data)
        request = read_by(connection)
        if request is None:
            return taken
        taken.append(request)
        connection.send(h11.Response(status_code=204, headers=[]))  # and no other protocol
        if connection.their_state is not h11.DONE:
            return taken
        data = connection.trailing_data[0]


def read_by(connection: h11.Connection) -> Request | None:
    """The whole request that h11 has received, if it is one."""
    head: h11.Request | None = None
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                return head.method, head.target, body
            else:
                return None
    except h11.RemoteProtocolError:
        return None


def path_of(target: bytes) -> bytes:
    """The path of a target that may name its server, too."""
    if not target.startswith(b"/") and b"://" in target:
        target = b"/" + target.split(b"://", 1)[1].partition(b"/")[2]
    return target.partition(b"?")[0]


def mutated(chance: random.Random, seeds: list[bytes]) -> bytes:
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(0, 3)):
        place = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[place : place + 1] = bytes([chance.choice(b"\r\n\0 \t:;,0129af\xff")])
            case 1:
                del data[place : place + chance.randint(1, 12)]
            case 2:
                data[place:place] = chance.choice(PIECES)
            case 3:
                cut = chance.randrange(len(data) + 1)
                data[place:place] = data[cut : cut + chance.randint(1, 40)]
    return bytes(data) + chance.choice([b"", SMUGGLED, post(), post() + SMUGGLED])


async def test_nothing_is_taken_that_another_parser_reads_differently() -> None:
    chance = random.Random(20260116)
    seeds = [*CORPUS.values(), *[*FINE.values(), post(last=False), SMUGGLED] * 5]
    some = 0
    for _ in range(INPUTS):
        data = mutated(chance, seeds)
        taken = await ours(data, chance.choice([1, 1, 2, 5]))
        read = [(method, path_of(target), body) for method, target, body in theirs(data)]
        assert taken == read[: len(taken)], data
        some += bool(taken)
    assert some > INPUTS / 10
