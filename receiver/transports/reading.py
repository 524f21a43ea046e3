"""From pulled messages to entries for the inbox, judged as those that are sent to us are.

Nothing that a message holds makes this fail: what cannot be read or is of no known type goes to
quarantine, as it would by HTTP, and is acknowledged. Must not know: who pulled, where it is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from receiver import strictjson
from receiver.catalogue import Catalogue
from receiver.errors import JsonError
from receiver.inbox import Entry
from receiver.judgement import MAX_TEXT, Arrival, Rules
from receiver.lot import judge_all
from receiver.transport import Message
from receiver.transports.pulls import operation_for

PROOF = "pull."
"""How the `secret` of a pulled event begins: what proves it is that we may read there."""

_TOGETHER = 200
"""Messages that are judged before others on the loop get their turn."""
_KEY_BYTES = 16


class Reading(Protocol):
    """What makes entries of messages."""

    async def entries(self, messages: Sequence[Message], now: datetime) -> list[Entry]:
        """One entry per event, in order."""


class Guess:
    """Reads each message as an event of the source that has least to object to it."""

    def __init__(self, catalogue: Catalogue, name: str) -> None:
        contract = catalogue.contract
        operations = (operation_for(contract, source) for source in contract.sources)
        self._readers = [Reader(Rules.of(each, catalogue), name) for each in operations]

    async def entries(self, messages: Sequence[Message], now: datetime) -> list[Entry]:
        """One entry per event, in order."""
        found: list[Entry] = []
        for message in messages:
            tried = [await reader.entries([message], now) for reader in self._readers]
            found += min(tried, key=lambda some: sum(len(entry.problems) for entry in some))
        return found


class Reader:
    """Makes entries of the messages of one puller."""

    def __init__(self, rules: Rules, name: str) -> None:
        self._rules = rules
        self._proof = PROOF + name

    async def entries(self, messages: Sequence[Message], now: datetime) -> list[Entry]:
        """One entry per event, in order."""
        found: list[Entry] = []
        for start in range(0, len(messages), _TOGETHER):
            if start:
                await asyncio.sleep(0)  # others on the loop get their turn
            found += self._entries(messages[start : start + _TOGETHER], now)
        return found

    def _entries(self, messages: Sequence[Message], now: datetime) -> list[Entry]:
        origins: list[tuple[Message, int]] = []
        arrivals: list[Arrival] = []
        raws: list[bytes] = []
        values: list[Any | JsonError] = []
        for message in messages:
            arrival = Arrival(self._rules, (), None, self._proof, now, message.envelope)
            for index, (raw, value) in enumerate(self._events(message.body)):
                origins.append((message, index))
                arrivals.append(arrival)
                raws.append(raw)
                values.append(value)
        return [
            self._known(entry, message.key, index)
            for entry, (message, index) in zip(
                judge_all(arrivals, raws, values), origins, strict=True
            )
        ]

    def _events(self, body: bytes) -> Iterator[tuple[bytes, Any | JsonError]]:
        """The events in one message; one that cannot be read is kept whole."""
        operation = self._rules.operation
        limits = operation.limits
        if len(body) > limits.body:
            error = JsonError(f"more than {limits.body} bytes")
            yield body, error
        elif operation.batch and body.lstrip()[:1] == b"[":
            try:
                yield from strictjson.elements(
                    body, depth=limits.depth, keys=limits.keys, limit=limits.events
                )
            except JsonError as error:
                yield body, error
        else:
            [value] = strictjson.decode_all([body], depth=limits.depth, keys=limits.keys)
            yield body, value

    def _known(self, entry: Entry, key: str | None, index: int) -> Entry:
        """The entry with the other side's id of its message, where it has none of its own."""
        if key is None or entry.key is not None:
            return entry
        own = key if index == 0 else f"{key}/{index}"
        digest = hashlib.blake2b(digest_size=_KEY_BYTES)
        digest.update(f"{entry.source}\0{own}".encode("utf-8", "surrogatepass"))
        return msgspec.structs.replace(
            entry, key=own[:MAX_TEXT], dedup_key=digest.digest(), dedup_window=None
        )
