"""The served contract with secrets of its own, and an application called as a server calls it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from receiver import catalogue, keptsecrets, signature
from receiver.catalogue import Catalogue
from receiver.contract import Operation
from receiver.http.app import build
from receiver.inbox import Inbox
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake
from receiver.keyring import Keyring, SigningKey, SourceKeys
from receiver.sources.envelope import Opener

Fields = Sequence[tuple[bytes, bytes]]
IDS = ("id", "ids")
RELEVANT = ("allow", "connection", "content-length", "content-type", "location", "retry-after")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> tuple[int, dict[str, str], Any]:
        """What two ways must have in common: all but the ids of events."""
        headers = {name: self.headers[name] for name in RELEVANT if name in self.headers}
        if self.headers.get("content-type") != "application/json":
            return self.status, headers, self.body
        body = json.loads(self.body)
        return self.status, headers, {name: body[name] for name in body if name not in IDS}


@dataclass
class Platforms:
    """Everybody who sends: the contract's sources, each with the secrets that were made for it."""

    catalogue: Catalogue
    kept: dict[str, keptsecrets.Kept]

    @property
    def operations(self) -> list[Operation]:
        return [one for one in self.catalogue.contract.operations if one.transport == "http"]

    def operation(self, id: str) -> Operation:
        return next(one for one in self.operations if one.id == id)

    @property
    def keyring(self) -> Keyring:
        return Keyring(
            {
                name: SourceKeys(kept.shared(), kept.public_keys(), kept.header_secrets())
                for name, kept in self.kept.items()
            }
        )

    def sign(self, operation: Operation, body: bytes) -> list[tuple[bytes, bytes]]:
        """The headers that prove a body, by the first scheme of an operation."""
        kept = self.kept[operation.source]
        keys: list[SigningKey] = [*kept.shared(), *kept.header_secrets(), *kept.signing_keys()]
        pairs = [
            pair
            for name in operation.security[0]
            for pair in signature.sign(
                self.catalogue.contract.schemes[name], keys[0], body, datetime.now(UTC), "1"
            )
        ]
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]

    def sample(self, operation: Operation, number: int = 0) -> bytes:
        """A body that an operation takes."""
        contract = self.catalogue.contract
        name = operation.events[number % len(operation.events)]
        event = contract.event_types[operation.source, name]
        return json.dumps([event.sample] if operation.batch else event.sample).encode()


@dataclass
class Door:
    """One application over an inbox of its own."""

    platforms: Platforms
    lane: bool = True
    inbox: Inbox = field(default_factory=MemoryInbox)
    options: dict[str, Any] = field(default_factory=dict)
    keyring: Keyring | None = None
    """That of the platforms, unless another one is given."""
    openers: dict[str, Opener] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keyring = self.keyring or self.platforms.keyring
        intake = Intake(self.platforms.catalogue, keyring, self.inbox, openers=self.openers)
        self.app: ASGIApp = build(self.platforms.catalogue, intake, lane=self.lane, **self.options)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Fields = (),
        chunks: Sequence[bytes] = (b"",),
        query: bytes = b"",
        root: str = "",
    ) -> Answer:
        """One request and its answer. `path` is as ASGI has it: percent-decoded."""
        left = list(chunks)
        sent: list[Message] = []

        async def receive() -> Message:
            if not left:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(errors="replace"),
            "query_string": query,
            "root_path": root,
            "headers": list(headers),
            "client": ("127.0.0.1", 4711),
            "server": ("127.0.0.1", 8080),
        }
        await self.app(scope, receive, send)
        start, *rest = sent
        return Answer(
            start["status"],
            {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )

    async def post(self, operation: Operation, body: bytes | None = None) -> Answer:
        """One event, signed and sent as its platform would."""
        raw = self.platforms.sample(operation) if body is None else body
        headers = self.platforms.sign(operation, raw)
        return await self.ask("POST", operation.path, headers=headers, chunks=[raw])


@pytest.fixture(scope="session")
def platforms() -> Platforms:
    served = catalogue.load("receiver.generated")
    sources = served.contract.sources
    return Platforms(served, {name: keptsecrets.create(served.contract, name) for name in sources})


@pytest.fixture(scope="session")
def make_door(platforms: Platforms) -> Callable[..., Door]:
    return lambda **changed: Door(**{"platforms": platforms, **changed})


@pytest.fixture(params=[True, False], ids=["lane", "connexion"])
def door(request: pytest.FixtureRequest, platforms: Platforms) -> Door:
    """An application with the lane, and one without: both must do."""
    return Door(platforms, lane=request.param)


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What was logged as an error while a test ran."""
    logged: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record.getMessage())

    handler = Keep(logging.ERROR)
    logging.getLogger().addHandler(handler)
    yield logged
    logging.getLogger().removeHandler(handler)
