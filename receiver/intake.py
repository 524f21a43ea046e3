"""One request on its way in: proved, read, checked, kept; what became of it is a value.

The content of an authentic request never makes it fail: what cannot be read, is of an unknown type
or breaks its schema is kept in quarantine with every problem found. Only our own faults do, and
then the sender is asked to come again. Must not know: HTTP servers, plugins, routes, sinks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from receiver import strictjson
from receiver.catalogue import Catalogue
from receiver.contract import Operation
from receiver.deadline import Deadlines
from receiver.errors import JsonError, StoreError, UnkeepableError
from receiver.gate import RETRY_SECONDS, Content, Found, Gate, Request, broken
from receiver.inbox import Batch, Entry, Inbox
from receiver.judgement import Arrival, judge, report
from receiver.keyring import Keyring
from receiver.locator import Headers
from receiver.lot import judge_all
from receiver.receipt import Declined, Receipt
from receiver.replies import Outcome, Taken, Unavailable
from receiver.sources.envelope import Opened, Opener

APPEND_SECONDS = 4.0
"""A commit that takes longer is answered 503: some senders give up after 5 seconds."""

_SAY_AGAIN = timedelta(minutes=1)
_MOST_SAID = 100

_log = logging.getLogger("receiver.intake")


class Observer(Protocol):
    """Is told of every request, once, after its outcome is certain.

    Of several requests to an operation, each of one event that is not in quarantine, it may be told
    at once: `Taken` has the receipts of all of them. `detail` says in words what `outcome` does
    not: why a request was refused. It never holds secrets or payload.
    """

    def __call__(self, operation: Operation, outcome: Outcome, detail: str) -> None: ...


def _unobserved(operation: Operation, outcome: Outcome, detail: str) -> None:
    """The observer that does not look."""


def _now() -> datetime:
    return datetime.now(UTC)


class Intake:
    """Takes in requests for the operations of one catalogue."""

    def __init__(
        self,
        catalogue: Catalogue,
        keyring: Keyring,
        inbox: Inbox,
        *,
        clock: Callable[[], datetime] = _now,
        observer: Observer = _unobserved,
        openers: Mapping[str, Opener] = MappingProxyType({}),
        traced: bool = False,
    ) -> None:
        """`openers` are by transport, for those that wrap events in an envelope of their own.

        `traced`: keep the `traceparent` of each request with its events.
        """
        self._inbox = inbox
        self._clock = clock
        self._observer = observer
        self._openers = openers
        self._gates = {
            operation.id: Gate(operation, catalogue, self._say, traced=traced)
            for operation in catalogue.contract.operations
        }
        self._direct: frozenset[str] = frozenset()
        self.keyring = keyring
        self._commits = Deadlines(APPEND_SECONDS)
        self._said: dict[str, datetime] = {}

    async def ingest(
        self,
        operation: Operation,
        headers: Headers,
        body: bytes,
        path: Mapping[str, str] | None = None,
    ) -> Outcome:
        """What became of one whole request; raises nothing.

        `headers` and `body` are as sent, `path` the values of the path template's parameters.
        """
        try:
            found: Found
            if operation.transport in self._openers:
                found = await self._open(operation, headers, body, path)
            else:
                [found] = self.examine([(operation, headers, body, path)])
            if isinstance(found, Content):
                outcome, detail = await self.keep_array(found)
            elif isinstance(found, Entry):
                outcome, detail = await self._kept(self._inbox.append([found]), operation.batch)
            else:
                outcome, detail = found
        except Exception as error:
            outcome, detail = broken(operation, error)
        self.tell(operation, outcome, detail)
        return outcome

    # For requests that are taken in together (receiver.crowd).

    @property
    def keyring(self) -> Keyring:
        """What proves requests; a new one proves the next request."""
        return self._keyring

    @keyring.setter
    def keyring(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._direct = frozenset(
            gate.operation.id for gate in self._gates.values() if self._is_direct(gate.operation)
        )

    def _is_direct(self, operation: Operation) -> bool:
        keys = self._keyring.for_source(operation.source)
        return operation.transport not in self._openers and (keys is None or not keys.networks)

    def direct(self, operation: Operation) -> bool:
        """Whether a request of this operation is proved by itself, and nothing is waited for."""
        return operation.id in self._direct

    def admits(self, operation: Operation, address: str | None) -> bool:
        """Whether a request of this operation may come from an address; None: nobody knows it."""
        keys = self.keyring.for_source(operation.source)
        return keys is None or keys.admits(address)

    def examine(self, requests: Sequence[Request]) -> list[Found]:
        """What some requests hold, to be kept, or what becomes of them; raises nothing.

        Each is of an operation whose events come in no envelope.
        """
        now = self._clock()
        of: dict[str, list[int]] = {}
        for index, request in enumerate(requests):
            of.setdefault(request[0].id, []).append(index)
        if len(of) == 1:
            return self._examined(requests, now)
        found: dict[int, Found] = {}
        for indexes in of.values():
            found |= zip(indexes, self._examined([requests[i] for i in indexes], now), strict=True)
        return [found[index] for index in range(len(requests))]

    def _examined(self, requests: Sequence[Request], now: datetime) -> list[Found]:
        """As `examine`, of one operation."""
        operation = requests[0][0]
        try:
            return self._gates[operation.id].take(self._keyring, requests, now)
        except Exception as error:
            return [broken(operation, error)] * len(requests)

    async def keep(self, entries: list[Entry]) -> Sequence[Receipt | tuple[Outcome, str]]:
        """What became of the events of as many requests; raises nothing but a cancellation.

        An event that no store could keep spoils no other.
        """
        several = len(entries) > 1
        try:
            outcome, detail = await self._kept(self._inbox.append(entries), several=several)
        except UnkeepableError:
            return [one for entry in entries for one in await self.keep([entry])]
        except Exception as error:
            outcome, detail = broken(self._gates[entries[0].operation].operation, error)
        return outcome.receipts if type(outcome) is Taken else [(outcome, detail) for _ in entries]

    def keep_at_once(
        self, entries: list[Entry]
    ) -> Sequence[Receipt | tuple[Outcome, str]] | Declined:
        """As `keep`, before this returns, where that can be; else nothing was done."""
        try:
            return self._inbox.append_at_once(entries)
        except UnkeepableError:
            return Declined.UNFIT
        except StoreError as error:
            why_not = self._not_kept(str(error))
        except Exception as error:
            why_not = broken(self._gates[entries[0].operation].operation, error)
        return [why_not] * len(entries)

    async def keep_array(self, array: Content) -> tuple[Outcome, str]:
        """What became of an array of events; raises nothing but a cancellation."""
        operation = array.arrival.rules.operation
        try:
            batch = await self._batch(array.arrival, array.content)
            if not batch.entries:
                return Taken((), batch=True), ""
            return await self._kept(batch.append(), batch=True)
        except Exception as error:
            return broken(operation, error)

    def tell(self, operation: Operation, outcome: Outcome, detail: str) -> None:
        """Tell the observer what became of a request."""
        try:
            self._observer(operation, outcome, detail)
        except Exception as error:
            report(operation, error)

    async def _open(
        self, operation: Operation, headers: Headers, body: bytes, path: Mapping[str, str] | None
    ) -> Entry | tuple[Outcome, str]:
        """As `Gate.take`, of a request that holds one event in an envelope."""
        now = self._clock()
        rules, limits = self._gates[operation.id].rules, operation.limits
        opener = self._openers[operation.transport]
        keys = self.keyring.for_source(operation.source)
        opened = await opener.open(operation.source, keys, headers, body, now)
        if not isinstance(opened, Opened):
            return opened
        # No header is proved, so none says anything of the event.
        arrival = Arrival(rules, (), path, opened.proof, now, opened.envelope)
        value = strictjson.value_of(opened.raw, depth=limits.depth, keys=limits.keys)
        return judge(arrival, opened.raw, value)

    def _say(self, message: str, *details: str) -> None:
        """Log a warning, but not the same one again within a minute, however often it is true."""
        text, now = message % details, self._clock()
        before = self._said.get(text)
        if before is None or now - before >= _SAY_AGAIN:
            if len(self._said) >= _MOST_SAID:
                self._said.clear()
            self._said[text] = now
            _log.warning("%s", text)

    async def _batch(self, arrival: Arrival, content: bytes) -> Batch:
        """The events of an array, each judged on its own.

        An array that cannot be split, or has more elements than the operation's limit, is kept
        whole, as one entry in quarantine: refusing it would make its sender send it for ever, and
        taking a part of it would lose the rest.
        """
        batch, limits = self._inbox.batch(), arrival.rules.operation.limits
        try:
            lots = strictjson.lots(
                content, depth=limits.depth, keys=limits.keys, limit=limits.events
            )
        except JsonError as error:
            batch.add([judge(arrival, content, error)])
            return batch
        for raws, values in lots:
            if batch.entries:
                await asyncio.sleep(0)  # other requests get their turn
            batch.add(judge_all([arrival] * len(raws), raws, values))
        return batch

    async def _kept(
        self, appending: Awaitable[list[Receipt]], batch: bool = False, several: bool = False
    ) -> tuple[Outcome, str]:
        """What became of what is appended; `batch`: of an array, `several`: of several requests.

        Raises UnkeepableError for several requests only.
        """
        wait = self._commits.begin()
        try:
            return Taken(await appending, batch), ""
        except asyncio.CancelledError:
            if not self._commits.caught(wait):
                raise
            why = f"not committed within {APPEND_SECONDS:g} seconds"
        except StoreError as error:
            if isinstance(error, UnkeepableError) and several:
                raise
            why = str(error)
        finally:
            self._commits.end(wait)
        return self._not_kept(why)

    def _not_kept(self, why: str) -> tuple[Outcome, str]:
        self._say("events cannot be kept: %s", why)
        return Unavailable(RETRY_SECONDS, why), why
