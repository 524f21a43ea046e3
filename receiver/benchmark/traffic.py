"""Signed requests, each of its own event, made before anything is measured.

They lie in a file, ready for the wire, so that the generator only has to send them.
Must not know: who sends them, what they are measured against.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from receiver import samples, signature
from receiver.contract import Contract, EventType, Operation, Scheme
from receiver.errors import ReceiverError
from receiver.keyring import HeaderSecret, Secret, SigningKey

SECRET = "for-measuring-only"  # noqa: S105 (nobody else has a store with it)
ARRAY = 1_000
"""Events in one array."""

NODES = 1_000
"""Devices that the events are about, in turn: order is kept for each."""

_APART = 0.001
"""Between the times of two events that have no id."""

_LENGTH = b"%08d"
"""Before each request in the file: its bytes."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is sent: events of one type to one operation."""

    event: EventType
    operation: Operation
    scheme: Scheme

    def configuration(self) -> str:
        """The TOML of the source's keys."""
        proof = f'secrets = [{{ name = "bench", value = "{SECRET}" }}]'
        if self.scheme.kind == "static":
            proof = f'headers = [{{ name = "{self.scheme.header}", value = "{SECRET}" }}]'
        return f"[sources.{self.operation.source}]\n{proof}\n"

    def requests(self, amount: int) -> Iterator[bytes]:
        """Whole requests of HTTP/1.1."""
        key: SigningKey = Secret("bench", SECRET.encode())
        if self.scheme.kind == "static":
            key = HeaderSecret(self.scheme.header, "bench", SECRET.encode())
        now = datetime.now(UTC)
        for body in self._bodies(amount):
            proof = signature.sign(self.scheme, key, body, now, "")
            head = [
                f"POST {self.operation.path} HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                *(f"{name}: {value}" for name, value in proof),
            ]
            yield "\r\n".join([*head, "", ""]).encode("latin-1") + body

    def write(self, path: Path, amount: int) -> int:
        """Write so many requests to a file; returns the bytes of one body."""
        size = 0
        with path.open("wb") as file:
            for request in self.requests(amount):
                file.write(_LENGTH % len(request) + request)
                size = len(request)
        return size - request.index(b"\r\n\r\n") - 4 if size else 0

    def _bodies(self, amount: int) -> Iterator[bytes]:
        if not self.operation.batch:
            yield from self._events(amount)
            return
        events = self._events(amount * ARRAY)
        for _ in range(amount):
            yield b"[" + b",".join(next(events) for _ in range(ARRAY)) + b"]"

    def _events(self, amount: int) -> Iterator[bytes]:
        """Events of many devices that differ in their id, or in their time where there is none.

        Raises ReceiverError when the sample has neither, or its time is no number.
        """
        mark, node = str(uuid.uuid4()), str(uuid.uuid4())
        made = samples.sample(self.event, self.operation, datetime.now(UTC), mark, node)
        body, one = samples.encoded(made.body), node.encode()
        parts = body.split(mark.encode())
        if len(parts) == 2:
            for number in range(amount):
                fresh = str(uuid.uuid4()).encode().join(parts)
                yield fresh.replace(one, b"node-%d" % (number % NODES))
            return
        time = self.operation.time.locator.find(made.place()) if self.operation.time else None
        parts = body.split(samples.encoded(time))
        if len(parts) != 2 or not isinstance(time, int | float):
            raise ReceiverError(f"nothing tells the events of {self.event.name} apart")
        nodes = mark[:8].encode()  # so that no other traffic has the same event
        for number in range(amount):
            later = samples.encoded(time + number * _APART).join(parts)
            yield later.replace(one, b"%b-%d" % (nodes, number % NODES))


def single(contract: Contract, name: str | None = None) -> Traffic:
    """Requests of one event, signed by HMAC, with the sender's id; by default the largest sample.

    Raises ReceiverError when the contract has no such event type.
    """
    found = [
        one
        for event in contract.events
        if name in (None, event.name, event.hook)
        and (one := _traffic(contract, event)) is not None
        and one.scheme.kind == "hmac"
        and one.operation.key is not None
        and not one.operation.batch
    ]
    if not found:
        what = "no event type" if name is None else f"{name!r} is no event type of the contract"
        raise ReceiverError(f"{what} that is sent alone, signed by HMAC, with an id: see --event")
    return max(found, key=lambda one: len(json.dumps(one.event.sample)))


def arrays(contract: Contract) -> Traffic | None:
    """Requests of arrays; None when the contract has no operation that takes them."""
    for event in contract.events:
        found = _traffic(contract, event)
        if found is not None and found.operation.batch and found.scheme.kind in ("hmac", "static"):
            return found
    return None


def _traffic(contract: Contract, event: EventType) -> Traffic | None:
    try:
        operation = samples.operation_for(contract, event)
    except ReceiverError:
        return None
    first = operation.security[0] if operation.security else ()
    if len(first) != 1 or "{" in operation.path:
        return None
    return Traffic(event, operation, contract.schemes[first[0]])
