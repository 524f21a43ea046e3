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
        for some in strictjson.slices([message.body for message in messages]):
            if found:
                await asyncio.sleep(0)  # others on the loop get their turn
            found += self._entries(messages[some], now)
        return found

    def _entries(self, messages: Sequence[Message], now: datetime) -> list[Entry]:
        """Those of messages that are read together; an array that is longer is read in lots."""
        found: list[Entry] = []
        arrivals: list[Arrival] = []
        origins: list[str | None] = []
        raws: list[bytes] = []
        values: list[Any | JsonError] = []

        def judge_them() -> None:
            entries = judge_all(arrivals, raws, values)
            found.extend(map(_known, entries, origins))
            for each in (arrivals, origins, raws, values):
                each.clear()

        for message in messages:
            arrival = Arrival(self._rules, (), None, self._proof, now, message.envelope)
            index = 0
            for texts, decoded in self._lots(message.body):
                if len(raws) + len(texts) > strictjson.TOGETHER:
                    judge_them()
                raws += texts
                values += decoded
                arrivals += [arrival] * len(texts)
                origins += [_own(message.key, index + n) for n in range(len(texts))]
                index += len(texts)
        judge_them()
        return found

    def _lots(self, body: bytes) -> Iterator[tuple[list[bytes], list[Any | JsonError]]]:
        """The events in one message, some at a time; one that cannot be read is kept whole."""
        operation = self._rules.operation
        limits = operation.limits
        if len(body) > limits.body:
            yield [body], [JsonError(f"more than {limits.body} bytes")]
        elif operation.batch and body.lstrip()[:1] == b"[":
            try:
                yield from strictjson.lots(
                    body, depth=limits.depth, keys=limits.keys, limit=limits.events
                )
            except JsonError as error:
                yield [body], [error]
        else:
            yield [body], [strictjson.value_of(body, depth=limits.depth, keys=limits.keys)]


def _own(key: str | None, index: int) -> str | None:
    """The other side's id of an event: that of its message, and which one it is there."""
    return key if key is None or index == 0 else f"{key}/{index}"


def _known(entry: Entry, own: str | None) -> Entry:
    """The entry with the other side's id of it, where it has none of its own."""
    if own is None or entry.key is not None:
        return entry
    digest = hashlib.blake2b(digest_size=_KEY_BYTES)
    digest.update(f"{entry.source}\0{own}".encode("utf-8", "surrogatepass"))
    return msgspec.structs.replace(
        entry,
        key=own[:MAX_TEXT],
        dedup_key=digest.digest(),
        dedup_window=None,
        dedup_body=False,
    )
