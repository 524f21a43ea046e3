"""All pullers of a process, each in a thread with an event loop of its own.

So a transport that blocks holds up neither deliveries nor another transport. They keep events
through the inbox of the loop that this is used on. Must not know: what is configured, processes.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from receiver.catalogue import Catalogue
from receiver.errors import StoreError
from receiver.inbox import Entry, Inbox
from receiver.receipt import Receipt
from receiver.transports.puller import CLOSING, Puller
from receiver.transports.pulls import Pull
from receiver.transports.standing import PullStanding, State

T = TypeVar("T")

LEAVING = 2 * CLOSING
"""Seconds that a puller has to end; one that does not is left alone, and keeps nothing more."""
SILENT = 30.0
"""Seconds beyond its deadline after which a puller without a sign of life is said to be stuck."""

_log = logging.getLogger("receiver.transports")


class Pullers:
    """Runs one puller per configured pull; used on the loop of `inbox`."""

    def __init__(self, inbox: Inbox, catalogue: Catalogue) -> None:
        self._inbox = inbox
        self._catalogue = catalogue
        self._strands: dict[str, _Strand] = {}

    async def update(self, pulls: Sequence[Pull]) -> None:
        """Run these and no others; one that did not change is not touched."""
        wanted = {pull.title: pull for pull in pulls}
        leaving = [
            strand
            for title, strand in self._strands.items()
            if strand.puller.pull != wanted.get(title)
        ]
        await self._end(leaving)
        loop = asyncio.get_running_loop()
        for title, pull in wanted.items():
            if title not in self._strands:
                self._strands[title] = _Strand(pull, self._catalogue, self._inbox, loop)
                self._strands[title].start()

    async def stop(self) -> None:
        """End all of them; what was pulled and is not kept yet is pulled again another time."""
        await self._end(list(self._strands.values()))

    def standings(self) -> list[PullStanding]:
        """How each is doing; may be called in any thread."""
        now = datetime.now(UTC)
        return [strand.standing(now) for _, strand in sorted(self._strands.items())]

    async def _end(self, leaving: Sequence[_Strand]) -> None:
        for strand in leaving:
            self._strands.pop(strand.puller.pull.title, None)
            strand.stop()
        for strand in leaving:
            if not await asyncio.to_thread(strand.join):
                _log.error("pull %s does not end; it is left alone", strand.puller.pull.title)


class _Strand:
    """One puller and its thread."""

    def __init__(
        self, pull: Pull, catalogue: Catalogue, inbox: Inbox, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._store = _Across(inbox, loop)
        self.puller = Puller(pull, catalogue, self._store)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = threading.Event()
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._main,), name=f"pull {pull.title}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Have it end; from now on it keeps nothing."""
        self._stopped.set()
        self._store.closed = True
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with suppress(RuntimeError):  # what a closed loop raises
                loop.call_soon_threadsafe(task.cancel)

    def join(self) -> bool:
        """Whether it has ended; waits for that."""
        self._thread.join(LEAVING)
        return not self._thread.is_alive()

    def standing(self, now: datetime) -> PullStanding:
        found = self.puller.standing
        if not self._thread.is_alive() and found.state != State.STUCK:
            return replace(found, state=State.STOPPED)
        patience = timedelta(seconds=self.puller.pull.deadline + SILENT)
        alive = max(found.since, found.pulled_at or found.since)
        if found.state in (State.STARTING, State.PULLING) and now - alive > patience:
            said = f"nothing was heard of it since {alive.isoformat(timespec='seconds')}"
            return replace(found, state=State.STUCK, error=found.error or said)
        return found

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # it must not end without a word
            _log.error(
                "pull %s has ended: %s: %s", self.puller.pull.title, type(error).__name__, error
            )

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self.puller.run())
        if self._stopped.is_set():
            self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


class _Across:
    """The inbox as seen from another thread's loop."""

    def __init__(self, inbox: Inbox, loop: asyncio.AbstractEventLoop) -> None:
        self._inbox = inbox
        self._loop = loop
        self.closed = False

    async def append(
        self, batch: list[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        return await self._asked(self._inbox.append(batch, cursor))

    async def cursor(self, name: str) -> str | None:
        return await self._asked(self._inbox.cursor(name))

    async def _asked(self, call: Coroutine[Any, Any, T]) -> T:
        """What a call returns over there. It is not cancelled with us: a commit is not cut off."""
        if self.closed:
            call.close()
            raise StoreError("this puller has ended")
        try:
            future = asyncio.run_coroutine_threadsafe(call, self._loop)
        except RuntimeError as error:
            call.close()
            raise StoreError("the loop that keeps events has ended") from error
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            if future.cancelled():  # over there, not we here
                raise StoreError("the loop that keeps events has ended") from None
            raise
