"""One puller: pull, keep, acknowledge, for ever; what goes wrong costs a pause and a new instance.

Must not know: threads, which other pullers there are, files.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, Protocol, TypeVar

from receiver import backoff
from receiver.catalogue import Catalogue
from receiver.errors import PluginError, Retry, StoreError
from receiver.inbox import Entry
from receiver.judgement import Rules
from receiver.receipt import Receipt, Status
from receiver.redaction import Redaction, plain
from receiver.transport import Batch, Message, Transport
from receiver.transports.pulls import Pull, made, operation_for
from receiver.transports.reading import Reader, Reading
from receiver.transports.standing import PullStanding, State

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after the first failure in a row, and after many."""
LONGEST_ASKED = 3600.0
"""Seconds that a transport may ask to be left alone (Retry)."""
CLOSING = 5.0
"""Seconds that a call has to end once it was cancelled, and `close` to close."""
LEAST_WAIT = 0.5
"""Seconds that an empty pull takes at least: one that does not wait would spin."""
MOST_ABANDONED = 2
"""Calls that did not end though they were cancelled; after so many nothing is called any more."""
LONGEST_ERROR = 500

_log = logging.getLogger("receiver.transports")


class Store(Protocol):
    """What a puller needs of the inbox."""

    async def append(
        self, batch: list[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]: ...

    async def cursor(self, name: str) -> str | None: ...


class Unending(Exception):
    """A call has not ended, though it was cancelled."""


def _now() -> datetime:
    return datetime.now(UTC)


class Puller:
    """Runs one pull. `standing` may be read from any thread."""

    def __init__(
        self,
        pull: Pull,
        catalogue: Catalogue,
        store: Store,
        *,
        clock: Callable[[], datetime] = _now,
        sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
        reader: Reading | None = None,
    ) -> None:
        """`reader` makes events of messages, by default as the pull's operation says.

        Raises LookupError when the contract has no operation for it.
        """
        self.pull = pull
        if reader is None:
            operation = operation_for(catalogue.contract, pull.source, pull.operation)
            reader = Reader(Rules.of(operation, catalogue), pull.name)
        self._reader = reader
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._redaction = Redaction()
        self._abandoned: list[asyncio.Task[Any]] = []
        self._said = ""
        self.standing = PullStanding(
            source=pull.source, name=pull.name, transport=pull.transport.name, since=clock()
        )

    async def run(self) -> None:
        """Pull until cancelled, or until too many calls have not come back."""
        while len(self._abandoned) < MOST_ABANDONED:
            try:
                await self._session()
            except Exception as error:
                await self._sleep(self._failed(error))
            self._become(State.STARTING)
        self._become(State.STUCK)
        _log.error(
            "pull %s: %d calls did not end though they were cancelled; it stops until its "
            "configuration changes or Receiver is started again",
            self.pull.title,
            len(self._abandoned),
        )

    async def _session(self) -> NoReturn:
        """One instance from `open` to what makes it fail. Raises that."""
        transport = made(self.pull)
        self._redaction = transport.redaction
        try:
            await self._call(transport.open())
            name = "/".join(("pull", self.pull.source, self.pull.name, transport.stream))
            cursor = await self._store.cursor(name)
            while True:
                cursor = await self._round(transport, name, cursor)
        finally:
            await self._close(transport)

    async def _round(self, transport: Transport, name: str, cursor: str | None) -> str | None:
        """One batch: pulled, on disk, acknowledged. The cursor for the next one."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        batch = checked(await self._call(transport.pull(cursor)))
        now = self._clock()
        self._become(State.PULLING, pulled_at=now)
        if batch.cursor is not None:
            cursor = batch.cursor
        entries = await self._reader.entries(batch.messages, now)
        if entries or batch.cursor is not None:
            place = None if batch.cursor is None else (name, batch.cursor)
            self._count(await self._store.append(entries, place), now)
        if batch.messages or batch.receipt is not None:
            await self._call(transport.acknowledge(batch))
        self._recovered()
        if not batch.messages and (early := LEAST_WAIT - (loop.time() - begun)) > 0:
            await self._sleep(early)
        return cursor

    async def _call(self, call: Coroutine[Any, Any, T]) -> T:
        """What a call returns. Raises what it raises, and TimeoutError when it takes too long.

        Raises Unending for one that goes on all the same: it is left alone with its instance, and
        can do nothing here, since only this class keeps events.
        """
        task = asyncio.create_task(_contained(call))
        try:
            await asyncio.wait([task], timeout=self.pull.deadline)
        except asyncio.CancelledError:
            with suppress(Unending):  # it is among the abandoned then, and we end all the same
                await self._end(task)
            raise
        if not task.done():
            await self._end(task)
            raise TimeoutError(f"a call took longer than {self.pull.deadline:g} s")
        return task.result()

    async def _end(self, task: asyncio.Task[Any]) -> None:
        task.cancel()
        await asyncio.wait([task], timeout=CLOSING)
        if not task.done():
            self._abandoned.append(task)
            raise Unending(f"a call has not ended {CLOSING:g} s after it was cancelled")
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not complain of it

    async def _close(self, transport: Transport) -> None:
        """Close what was opened; that this fails changes nothing."""
        for closing in (transport.close, _client_closer(transport)):
            task = asyncio.create_task(_contained(closing()))
            await asyncio.wait([task], timeout=CLOSING)
            if not task.done():
                task.cancel()
                self._abandoned.append(task)
            elif not task.cancelled() and (error := task.exception()) is not None:
                _log.info("pull %s: closing: %s", self.pull.title, self._worded(error))

    def _failed(self, error: Exception) -> float:
        """Note a failure; the seconds until the next try."""
        failures = self.standing.failures + 1
        wait = backoff.pause(
            failures,
            random.random(),  # noqa: S311 (it spreads load, nothing else)
            first=FIRST_PAUSE,
            cap=LONGEST_PAUSE,
        )
        asked = error.after if isinstance(error, Retry) else None
        if isinstance(asked, int | float) and asked > wait:
            wait = min(float(asked), LONGEST_ASKED)
        said = self._worded(error)
        if said != self._said:
            _log.warning("pull %s: %s; tried again in %.0f s", self.pull.title, said, wait)
        self._said = said
        again = self._clock() + timedelta(seconds=wait)
        self._become(State.FAILING, failures=failures, error=said, again_at=again)
        return wait

    def _recovered(self) -> None:
        if self._said:
            _log.info("pull %s: it works again", self.pull.title)
        self._said = ""
        if self.standing.failures:
            self.standing = replace(self.standing, failures=0, error="", again_at=None)

    def _worded(self, error: BaseException) -> str:
        """An exception in one line without secrets."""
        text = " ".join(plain(str(error), 10_000).split())
        if not isinstance(error, Retry | StoreError | PluginError | Unending):
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return self._redaction.text(text or "it asked to be tried again")[:LONGEST_ERROR]

    def _count(self, receipts: list[Receipt], now: datetime) -> None:
        if not receipts:
            return
        found = [receipt.status for receipt in receipts]
        old = self.standing
        self.standing = replace(
            old,
            received_at=now,
            accepted=old.accepted + found.count(Status.ACCEPTED),
            duplicates=old.duplicates + found.count(Status.DUPLICATE),
            quarantined=old.quarantined + found.count(Status.QUARANTINED),
        )

    def _become(self, state: State, **changes: Any) -> None:
        if state != self.standing.state:
            changes["since"] = self._clock()
        self.standing = replace(self.standing, state=state, **changes)


def checked(batch: Any) -> Batch:
    """What `pull` returned. Raises TypeError when it is no batch of messages."""
    wrong = ""
    if not isinstance(batch, Batch):
        wrong = type(batch).__name__
    elif not isinstance(batch.messages, tuple | list):
        wrong = f"messages of type {type(batch.messages).__name__}"
    elif not isinstance(batch.cursor, str | None):
        wrong = f"a cursor of type {type(batch.cursor).__name__}"
    else:
        for message in batch.messages:
            if not (
                isinstance(message, Message)
                and isinstance(message.body, bytes)
                and isinstance(message.key, str | None)
                and isinstance(message.envelope, Mapping | None)
            ):
                wrong = f"a message that is no Message of bytes: {type(message).__name__}"
                break
    if wrong:
        raise TypeError(f"pull returned {wrong}; it returns a Batch of Messages")
    found: Batch = batch
    return found


async def _contained(call: Coroutine[Any, Any, T]) -> T:
    """What a call returns; what would end the loop itself becomes an ordinary failure."""
    try:
        return await call
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        raise RuntimeError(f"it raised {type(error).__name__}") from error


def _client_closer(transport: Transport) -> Callable[[], Coroutine[Any, Any, None]]:
    async def close() -> None:
        client = vars(transport).get("http")
        if client is not None:
            await client.aclose()

    return close
