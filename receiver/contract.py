"""What one OpenAPI document promises: its sources, event types, operations and signature schemes.

The vocabulary is `x-receiver` (docs/spec.md). Pure: `parse` takes the document as plain dicts.
Must not know: which packages are generated from it, how a request arrives, who wants an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from receiver.locator import Locator, Moment
from receiver.resending import ONCE, Resending

FILTER_LEVELS = ("system", "user", "node")

HTTP_TRANSPORTS = ("http", "sns")
"""Transports that come to the public listener; of `sns`, the body is an envelope of Amazon SNS."""

RESERVED_HOOKS = ("on_", "receiver_", "transform")
"""Starts of hook names that no event type may take."""

Document = Mapping[str, Any]
"""An OpenAPI 3.0 document, or a part of it, as plain dicts, lists and scalars."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A signature scheme, declared under `components.securitySchemes`."""

    name: str
    kind: str
    """`hmac`, `rsa`, `static`, `standard-webhooks` or `sns`."""
    header: str
    """The header that carries the proof, as the spec spells it."""
    algorithm: str = "sha256"
    """`sha1`, `sha256` or `sha512` (hmac); `sha256` or `sha512` (rsa)."""
    encodings: tuple[str, ...] = ("hex",)
    """Spellings of the digest, tried in order: `hex`, `base64`, `base64url`."""
    prefixes: tuple[str, ...] = ()
    """What stands before each digest, such as `sha512=`."""
    prefix_required: bool = False
    separator: str | None = None
    """What stands between several digests in one header; None: one digest only."""
    tolerance: int = 300
    """standard-webhooks: seconds that the signed timestamp may differ from our clock."""


@dataclass(frozen=True, slots=True)
class DedupRule:
    """One way to tell that an event was sent before; it applies where all its parts exist."""

    parts: tuple[Locator, ...]
    body: bool
    """Whether the event's bytes are hashed into the key."""
    window: int | None
    """Seconds that the key is remembered; None: the store's own window."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may weigh; `depth` and `keys` are counted per event."""

    body: int = 1024 * 1024
    """Bytes, after decompression."""
    depth: int = 64
    keys: int = 10_000
    events: int = 10_000
    """Events in one array."""


@dataclass(frozen=True, slots=True)
class Service:
    """A hook service that the platform's own API offers, and the sink that does the same here."""

    id: str
    sink: str
    settings: Mapping[str, str]
    """What the service calls a setting, and what the sink calls it."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """How users of a source manage hooks by its own API."""

    part: Locator
    """What the source patterns of a hook are matched against, within an event."""
    specifiers: str
    """What the types of setting specifiers begin with."""
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A platform that sends."""

    name: str
    title: str
    prefix: str
    """Start of its event types that hook names leave out."""
    dedup: tuple[DedupRule, ...]
    hooks: Hooks | None = None
    """None: its users have no hooks."""
    exports: tuple[str, ...] = ()
    """CloudFormation exports of further topics, whose event types are not known."""
    retries: Resending = ONCE
    """When it sends an event again."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of thing that a source tells."""

    source: str
    name: str
    """The platform's own name."""
    hook: str
    """The name of its pluggy hook."""
    schema: str
    """The name of its component schema, which is also the name of its generated model."""
    summary: str
    description: str
    filters: tuple[str, ...]
    """Filter levels at which it may be disabled, of `system`, `user`, `node`."""
    trigger: str
    """How to provoke it on the platform."""
    topic: str | None
    """The name of the pub/sub topic that carries it, where the platform has one per type."""
    sample: Any
    """An example payload."""
    export: str | None = None
    """The CloudFormation export that holds the topic's name, where the platform has one."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One POST path: how its events are proved, found and limited."""

    id: str
    path: str
    source: str
    transport: str
    security: tuple[tuple[str, ...], ...]
    """Alternatives in order of preference; each names the schemes that must all pass."""
    events: tuple[str, ...]
    """The event types that its request body declares."""
    batch: bool
    """Whether the body is an array of events."""
    type: Locator
    key: Locator | None
    time: Moment | None
    node: Locator | None
    user: Locator | None
    limits: Limits

    @property
    def over_http(self) -> bool:
        """Whether its events come to the public listener."""
        return self.transport in HTTP_TRANSPORTS


@dataclass(frozen=True)
class Contract:
    """One parsed document."""

    title: str
    version: str
    sources: Mapping[str, Source]
    schemes: Mapping[str, Scheme]
    operations: tuple[Operation, ...]
    events: tuple[EventType, ...]
    document: Document = field(repr=False)

    @cached_property
    def event_types(self) -> Mapping[tuple[str, str], EventType]:
        """Event types by (source, name)."""
        return {(event.source, event.name): event for event in self.events}

    @cached_property
    def hooks(self) -> Mapping[str, EventType]:
        """Event types by hook name."""
        return {event.hook: event for event in self.events}

    def find(self, name: str, source: str | None = None) -> list[EventType]:
        """The event types called `name` (by their own name or their hook's), of every source."""
        return [
            event
            for event in self.events
            if name in (event.name, event.hook) and source in (None, event.source)
        ]
