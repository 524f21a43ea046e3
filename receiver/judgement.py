"""From the bytes of one authentic event to the entry that is kept, with everything wrong with it.

Its content never makes this fail: what cannot be read, is of an unknown type or breaks its schema
becomes an entry with problems, which the store keeps in quarantine. Must not know: how a request
was proved, what is answered to it, how an entry is kept.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import uuid_utils

from receiver.catalogue import MAX_PROBLEMS, Catalogue
from receiver.columns import Column, Places, column
from receiver.contract import DedupRule, EventType, Operation
from receiver.dedup import NO_RULE, DedupKeys
from receiver.errors import JsonError
from receiver.finding import Find, ready
from receiver.inbox import Entry
from receiver.locator import Headers, Locator, Place, text

MAX_TEXT = 1024
"""Characters of a type, key, node or user; an event with a longer one goes to quarantine."""

_log = logging.getLogger("receiver.intake")


def _nowhere(places: Places) -> list[Any]:
    """The column of what the contract does not say where to find."""
    return [None] * len(places)


@dataclass(frozen=True, slots=True)
class Columns:
    """What finds the same as `Rules` does, in many events at once."""

    type: Column
    key: Column
    time: Column
    node: Column
    user: Column

    @classmethod
    def of(cls, operation: Operation) -> Columns:
        return cls(
            type=column(operation.type),
            key=column(operation.key) if operation.key else _nowhere,
            time=column(operation.time) if operation.time else _nowhere,
            node=column(operation.node) if operation.node else _nowhere,
            user=column(operation.user) if operation.user else _nowhere,
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What the contract says of one operation's events, worked out once."""

    operation: Operation
    event_types: Mapping[tuple[str, str], EventType]
    problems: Callable[[EventType, Any], list[str]]
    sound: Callable[[EventType, Sequence[Any]], bool]
    """Whether there are no problems with any of some decoded payloads of one type."""
    dedup: DedupKeys
    type: Find
    key: Find | None
    time: Find | None
    node: Find | None
    user: Find | None
    columns: Columns

    @classmethod
    def of(cls, operation: Operation, catalogue: Catalogue) -> Rules:
        contract = catalogue.contract
        return cls(
            operation=operation,
            event_types=contract.event_types,
            problems=catalogue.problems,
            sound=catalogue.sound,
            dedup=DedupKeys(contract.sources[operation.source]),
            type=ready(operation.type),
            key=ready(operation.key) if operation.key else None,
            time=ready(operation.time) if operation.time else None,
            node=ready(operation.node) if operation.node else None,
            user=ready(operation.user) if operation.user else None,
            columns=Columns.of(operation),
        )


class Arrival(msgspec.Struct, frozen=True):
    """What the events of one request have in common."""

    rules: Rules
    headers: Headers
    path: Mapping[str, str] | None
    """Values of the path template's parameters."""
    secret: str
    """The name of the key that proved it."""
    at: datetime
    envelope: Mapping[str, str] | None = None
    """What the transport says of them, as far as it is proved."""
    trace: str | None = None
    """The `traceparent` of the request."""


def place_of(arrival: Arrival, value: Any) -> Place:
    """Where to look for what is to be known of one event; `value` is its decoded body."""
    return Place(value, arrival.headers, arrival.path, arrival.envelope)


def judge(arrival: Arrival, raw: bytes, value: Any | JsonError) -> Entry:
    """The entry for one event: its bytes, and its decoded value or why there is none.

    A fault of our own in here becomes a problem too: answering 503 would make the sender repeat for
    ever what breaks us every time.
    """
    try:
        return _judged(arrival, raw, value)
    except Exception as error:
        report(arrival.rules.operation, error)
        problem = "it could not be checked, for a fault of Receiver's own; see the log"
        return _entry(arrival, raw, problems=(problem,))


def _judged(arrival: Arrival, raw: bytes, value: Any | JsonError) -> Entry:
    rules = arrival.rules
    operation = rules.operation
    unread = isinstance(value, JsonError)
    place = place_of(arrival, None if unread else value)
    problems: list[str] = []
    type_ = _text("type", rules.type, place, problems) or ""
    if unread:
        problems.append(str(value))
    elif (event := rules.event_types.get((operation.source, type_))) is not None:
        problems += rules.problems(event, value)
    elif type_:
        problems.append(f"{type_[:100]!r} is no event type of {operation.source}")
    else:
        problems.append("it has no type")
    key = _text("key", rules.key, place, problems)
    node = _text("node", rules.node, place, problems)
    user = _text("user", rules.user, place, problems)
    dedup_key, dedup = rules.dedup.of(place, raw)
    time = rules.time(place) if rules.time else None
    return _entry(
        arrival,
        raw,
        tuple(problems[:MAX_PROBLEMS]) if problems else (),
        type_,
        key,
        dedup_key,
        dedup,
        time,
        node,
        user,
    )


def _entry(
    arrival: Arrival,
    raw: bytes,
    problems: tuple[str, ...],
    type: str = "",
    key: str | None = None,
    dedup_key: bytes | None = None,
    dedup: DedupRule = NO_RULE,
    time: datetime | None = None,
    node: str | None = None,
    user: str | None = None,
) -> Entry:
    return Entry(
        id=str(uuid_utils.uuid7()),
        source=arrival.rules.operation.source,
        type=type,
        key=key,
        dedup_key=dedup_key,
        dedup_window=dedup.window,
        dedup_body=dedup.body,
        time=time or arrival.at,
        received_at=arrival.at,
        node=node,
        user=user,
        raw=raw,
        operation=arrival.rules.operation.id,
        secret=arrival.secret,
        problems=problems,
        trace=arrival.trace,
    )


def located(name: str, locator: Locator | None, place: Place, problems: list[str]) -> str | None:
    """A located value as text, cut where it is longer than anybody's would be."""
    return _text(name, locator.find if locator else None, place, problems)


def _text(name: str, find: Find | None, place: Place, problems: list[str]) -> str | None:
    value = text(find(place)) if find is not None else None
    if value is not None and len(value) > MAX_TEXT:
        problems.append(f"its {name} has more than {MAX_TEXT} characters")
        return value[:MAX_TEXT]
    return value


def report(operation: Operation, error: Exception) -> str:
    """Log a fault of ours, once, without the error's message: that may hold payload."""
    name = type(error).__name__
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("operation %s: %s\n%s", operation.id, name, where)
    return f"internal error: {name}"
