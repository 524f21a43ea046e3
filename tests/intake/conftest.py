"""A made-up platform: single events signed by HMAC, batches proved by a header; and its sender."""

from __future__ import annotations

import gzip
import json
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from receiver import catalogue, openapi, signature
from receiver.catalogue import Catalogue
from receiver.contract import Operation
from receiver.crowd import Request
from receiver.inbox import Inbox, Query, Stored
from receiver.inbox.memory import MemoryInbox
from receiver.intake import Intake
from receiver.keyring import HeaderSecret, Keyring, Secret, SigningKey, SourceKeys
from receiver.receipt import Status
from receiver.replies import Outcome, Taken

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
SECRET = Secret("main", b"hush")
DOOR = HeaderSecret("X-Door", "door", b"open sesame")


def event_schema(name: str, required: Sequence[str]) -> dict[str, Any]:
    return {
        "x-receiver": {"event": name, "trigger": "press the button"},
        "title": name,
        "description": f"{name} happened",
        "type": "object",
        "required": list(required),
        "properties": {
            "id": {"type": "string", "description": "the id"},
            "kind": {"type": "string", "description": "the type"},
            "at": {"type": "string", "description": "when"},
            "thing": {"type": "string", "description": "which"},
            "level": {"type": "integer", "description": "how much", "maximum": 5},
        },
        "example": {"id": "1", "kind": name},
    }


def operation(name: str, schema: Any, security: Any, limits: dict[str, int]) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": name,
            "description": name,
            "security": security,
            "x-receiver": {"source": "acme", "limits": limits},
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "kept"}},
        }
    }


def one_of(*names: str) -> dict[str, Any]:
    return {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}


SPEC = {
    "openapi": "3.0.3",
    "info": {"title": "Acme", "version": "1"},
    "x-receiver": {
        "sources": {
            "acme": {
                "title": "Acme",
                "type": {"pointer": "/kind"},
                "key": {"pointer": "/id"},
                "time": {"pointer": "/at", "format": "rfc3339"},
                "node": {"pointer": "/thing"},
                "user": {"header": "X-User"},
                "dedup": [{"by": ["key"]}, {"by": ["body", {"pointer": "/once"}], "window": 60}],
            }
        }
    },
    "paths": {
        "/acme/events": operation(
            "acme_events", one_of("Ping", "On"), [{"mac": []}], {"body": 8192, "depth": 8}
        ),
        "/acme/on": operation(
            "acme_on", {"$ref": "#/components/schemas/On"}, [{"mac": []}], {"keys": 20}
        ),
        "/acme/batch": operation(
            "acme_batch",
            {"type": "array", "items": one_of("Ping", "On")},
            [{"door": []}],
            {"events": 5, "body": 65536},
        ),
    },
    "components": {
        "schemas": {"Ping": event_schema("ping", []), "On": event_schema("thing/on", ["thing"])},
        "securitySchemes": {
            "mac": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Mac",
                "x-receiver": {"scheme": "hmac", "algorithm": "sha256", "encoding": "hex"},
            },
            "door": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Door",
                "x-receiver": {"scheme": "static"},
            },
        },
    },
}


@pytest.fixture(scope="session")
def acme() -> Catalogue:
    contract = openapi.parse(SPEC)
    return Catalogue(
        package="acme",
        contract=contract,
        hookspecs=types.ModuleType("acme.hookspecs"),
        validators={
            (event.source, event.name): catalogue.validator(contract, event)
            for event in contract.events
        },
        decoders={},
        enums={},
    )


@dataclass
class Bench:
    """An intake over an inbox in memory, with a clock that stands still, and a sender before it."""

    catalogue: Catalogue
    inbox: Inbox = field(default_factory=MemoryInbox)
    keys: SourceKeys = field(default_factory=lambda: SourceKeys((SECRET,), headers=(DOOR,)))
    now: datetime = NOW
    seen: list[tuple[str, Outcome, str]] = field(default_factory=list)
    observe: Callable[[Operation, Outcome, str], None] | None = None

    def __post_init__(self) -> None:
        self.intake = Intake(
            self.catalogue,
            Keyring({"acme": self.keys}),
            self.inbox,
            clock=lambda: self.now,
            observer=self.observe or self._see,
        )

    def _see(self, operation: Operation, outcome: Outcome, detail: str) -> None:
        self.seen.append((operation.id, outcome, detail))

    async def send(self, body: Any, **how: Any) -> Outcome:
        """Send a `request`."""
        return await self.intake.ingest(*self.request(body, **how))

    def request(
        self,
        body: Any,
        *,
        to: str = "acme_events",
        packed: bool = False,
        headers: Sequence[tuple[str, str]] = (),
        key: SigningKey | None = None,
    ) -> Request:
        """Of a body (bytes as they are, anything else as JSON), proved as the operation asks."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if packed:
            raw, headers = gzip.compress(raw), [*headers, ("Content-Encoding", "gzip")]
        found = next(one for one in self.catalogue.contract.operations if one.id == to)
        scheme = self.catalogue.contract.schemes[found.security[0][0]]
        proof = signature.sign(
            scheme, key or (SECRET if scheme.kind == "hmac" else DOOR), raw, self.now, ""
        )
        return found, sent(*headers, *proof), raw, None

    async def fates(self, body: Any, **how: Any) -> list[str]:
        """Send a body that is taken; what became of each of its events."""
        outcome = await self.send(body, **how)
        assert isinstance(outcome, Taken), outcome
        return [receipt.status.value for receipt in outcome.receipts]

    async def problems(self, body: Any, **how: Any) -> tuple[str, ...]:
        """Send a body of which one event is quarantined; what is wrong with it."""
        outcome = await self.send(body, **how)
        assert isinstance(outcome, Taken), outcome
        [receipt] = outcome.receipts
        assert receipt.status is Status.QUARANTINED
        return receipt.problems

    async def kept(self) -> list[Stored]:
        return await self.inbox.read(Query())

    async def quarantined(self) -> list[Stored]:
        return await self.inbox.read(Query(state="quarantined"))


def sent(*fields: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in fields]


@pytest.fixture
def bench(acme: Catalogue) -> Bench:
    return Bench(acme)


@pytest.fixture
def make_bench(acme: Catalogue) -> Callable[..., Bench]:
    return lambda **changed: Bench(acme, **changed)
