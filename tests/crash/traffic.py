"""A sender that does not give up: signed, unique events of many nodes, some of them sent twice.

A node's events are sent one after the other: the next when the one before was answered 200. What is
not answered 200 is sent again, on another connection if need be, as platforms do.
Must not know: what is done to the receiver meanwhile.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import random
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field

PATH = "/gridx/events"
SECRET = b"what-the-harness-and-the-receiver-know"
PATIENCE = 40.0
"""Seconds to wait for an answer before the connection is given up."""
RUN = 8
"""Events of one node that are sent in a row before another node's turn."""
BODY = (
    '{{"id":"{key}","source":"/systems/1","specVersion":"1.0","time":"2026-01-01T00:00:00.000Z",'
    '"dataContentType":"application/json","type":"appliance/online","data":{{"applianceID":"{node}",'
    '"gatewayID":"gateway-{node}","gatewayType":"GRIDBOX","systemID":"system-1",'
    '"systemName":"Home","type":"HEAT_PUMP","model":"WP8","manufacturer":"Acme",'
    '"name":"Cellar heat pump","serialNumber":"{number}","firmware":"2.4.1"}}}}'
)


def request(node: str, number: int) -> bytes:
    """One signed event as it is sent."""
    body = BODY.format(key=f"{node}.{number}", node=node, number=number).encode()
    proof = hmac.digest(SECRET, body, "sha512").hex()
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: receiver\r\nContent-Type: application/json\r\n"
        f"X-Signature: sha512={proof}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Connection(asyncio.Protocol):
    """One connection: a question, then its answer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self.open = True
        self.asked = 0
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, rest = self._read.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.lower().split(b"\r\n")
        length = next((int(x[15:]) for x in lines if x.startswith(b"content-length:")), 0)
        if len(rest) < length:
            return
        self._read = rest[length:]
        if b"connection: close" in lines:
            self.open = False
            self.transport.close()
        if self.answer is not None and not self.answer.done():
            self.answer.set_result((int(lines[0].split()[1]), rest[:length]))

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(ConnectionResetError("closed before it answered"))

    async def ask(self, question: bytes) -> tuple[int, bytes]:
        """The status and the body. Raises OSError, TimeoutError."""
        self.answer = asyncio.get_running_loop().create_future()
        if not self.open:
            raise ConnectionResetError("closed")
        self.asked += 1
        self.transport.write(question)
        async with asyncio.timeout(PATIENCE):
            return await self.answer


@dataclass
class Tally:
    """What the sender has seen."""

    answered: dict[str, str] = field(default_factory=dict)
    """By key of each event that was answered 200: the id that the answer named."""
    twice: set[str] = field(default_factory=set)
    """Keys of the events that were sent a second time on purpose."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Answers by status, those of 200 by what they said; and connections that broke."""
    broken: Counter[str] = field(default_factory=Counter)
    """How connections broke, and at which request (3: any later one)."""
    wrong: list[str] = field(default_factory=list)
    """Answers that must not be."""
    slowest: float = 0.0
    """Seconds of the longest answer."""
    gap: float = 0.0
    """Seconds of the longest time without any answer of 200."""
    seconds: float = 0.0


class Traffic:
    """So many events over so many nodes; `run` returns when each was answered 200."""

    def __init__(
        self,
        port: int,
        events: int,
        seed: int,
        *,
        nodes: int = 500,
        lanes: int = 32,
        share_twice: float = 0.05,
        rate: float | None = None,
    ) -> None:
        """`rate`: events per second, at most; None: as fast as they are taken.

        A connection is kept as long as the server keeps it.
        """
        self.tally = Tally()
        self.events = events
        self._port = port
        self._lanes = lanes
        self._chance = random.Random(seed)
        self._twice = share_twice
        self.pace = lanes / rate if rate else 0.0
        """Seconds that each lane rests after an event."""
        each, more = divmod(events, nodes)
        self._nodes = deque(
            (f"n{place}", 0, each + (place < more)) for place in range(min(nodes, events))
        )
        self._again: deque[tuple[str, int]] = deque()
        self._busy = 0
        self._last = 0.0
        self.over = threading.Event()
        """Set when nothing more is sent."""
        self.stopped = False
        """Set it to have the sender end early, after what it is sending now."""

    @property
    def done(self) -> int:
        """How many events were answered 200 so far."""
        return len(self.tally.answered)

    async def run(self) -> None:
        began = self._last = time.monotonic()
        await asyncio.gather(*(self._lane() for _ in range(self._lanes)))
        self.tally.seconds = time.monotonic() - began

    async def _lane(self) -> None:
        connection: list[Connection] = []
        try:
            while not self.stopped:
                if self._again:
                    await self._send(connection, *self._again.popleft(), again=True)
                elif self._nodes:
                    self._busy += 1
                    node, first, end = self._nodes.popleft()
                    last = min(first + RUN, end)
                    for number in range(first, last):
                        await self._event(connection, node, number)
                        if self.stopped:
                            break
                    if last < end:
                        self._nodes.append((node, last, end))
                    self._busy -= 1
                elif self._busy:
                    await asyncio.sleep(0.02)  # another lane may give its node back, or send again
                else:
                    break
        finally:
            for each in connection:
                each.transport.close()

    async def _event(self, connection: list[Connection], node: str, number: int) -> None:
        twice = self._chance.random() < self._twice
        before = self._chance.random() < 0.5
        if twice:
            self.tally.twice.add(f"{node}.{number}")
        if twice and before:
            self._again.append((node, number))  # another lane takes it at about the same time
        await self._send(connection, node, number)
        if twice and not before:
            self._again.append((node, number))
        if self.pace:
            await asyncio.sleep(self.pace)

    async def _send(
        self, connection: list[Connection], node: str, number: int, *, again: bool = False
    ) -> None:
        question = request(node, number)
        while True:  # also when stopped: what became of it must be known
            began = time.monotonic()
            try:
                if not connection or not connection[0].open:
                    connection[:] = [await self._connected()]
                status, said = await connection[0].ask(question)
            except (OSError, TimeoutError) as error:
                self.tally.statuses[type(error).__name__] += 1
                for each in connection:
                    self.tally.broken[
                        f"{error} on request {min(each.asked, 3)} of a connection"
                    ] += 1
                    each.transport.abort()
                connection.clear()
                await asyncio.sleep(0.05)
                continue
            now = time.monotonic()
            self.tally.slowest = max(self.tally.slowest, now - began)
            if status == 200:
                self.tally.gap = max(self.tally.gap, now - self._last)
                self._last = now
                self._note(f"{node}.{number}", said)
                return
            self.tally.statuses[str(status)] += 1
            if status != 503:
                self.tally.wrong.append(f"{node}.{number}: {status} {said[:200]!r}")
                return
            await asyncio.sleep(0.1)

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PATIENCE):
            _, connection = await loop.create_connection(Connection, "127.0.0.1", self._port)
        return connection

    def _note(self, key: str, said: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError):
            found = json.loads(said)
            status, id = found["status"], found["id"]
            self.tally.statuses[f"200 {status}"] += 1
            if status not in ("accepted", "duplicate"):
                self.tally.wrong.append(f"{key}: {said[:300]!r}")
            if self.tally.answered.setdefault(key, id) != id:
                self.tally.wrong.append(f"{key}: is {id}, and was {self.tally.answered[key]}")
            return
        self.tally.wrong.append(f"{key}: 200 {said[:200]!r}")
