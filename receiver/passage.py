"""Delivers events at once, and says which of them could not be: routes without an inbox on disk.

The routes run as they always do, over an inbox in memory; what fails is not tried again here, for
whoever handed the events in keeps them. Must not know: who that is, how an event was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from receiver.backoff import Schedule
from receiver.breaker import Limits
from receiver.dispatch import Dispatcher, Route
from receiver.dispatch.route import Catalogue
from receiver.inbox import Claim, Entry, Query, Receipt, Status
from receiver.inbox.memory import MemoryInbox

MOST_KEPT = 10_000
"""Delivered events that may lie in memory before all of it is begun anew."""

LOOK_SECONDS = 0.25
"""How often it is asked whether a route is broken, which the inbox does not tell."""

_ONCE = Schedule(())


class _Inbox(MemoryInbox):
    """Tells when a route has gone on."""

    def __init__(self) -> None:
        super().__init__()
        self.moved = asyncio.Event()

    async def claim(self, *arguments: Any, **options: Any) -> list[Claim]:
        claims = await super().claim(*arguments, **options)
        self.moved.set()
        return claims

    async def settle(self, *arguments: Any, **options: Any) -> None:
        await super().settle(*arguments, **options)
        self.moved.set()

    async def bury(self, *arguments: Any, **options: Any) -> None:
        await super().bury(*arguments, **options)
        self.moved.set()


class Passage:
    """Used on one event loop, for one `deliver` at a time."""

    def __init__(self, catalogue: Catalogue, routes: Sequence[Route]) -> None:
        self._catalogue = catalogue
        self._routes = [
            replace(
                route,
                schedule=_ONCE,
                breaker=Limits(threshold=0),
                batch_wait=0.0,
                start="beginning",
            )
            for route in routes
        ]
        self._stop: Callable[[], Any] | None = None
        self._inbox: _Inbox
        self._dispatcher: Dispatcher
        self._kept = 0

    async def deliver(self, entries: Sequence[Entry], seconds: float) -> list[str | None]:
        """Why each event was not delivered; None where every route that wants it has it.

        What takes longer than `seconds` was not delivered, though a call may still end well.
        """
        await self._begin()
        # The same event may come again because it was not delivered: none is a duplicate here.
        fresh = [msgspec.structs.replace(entry, dedup_key=None) for entry in entries]
        receipts = await self._inbox.append(fresh)
        self._kept += len(entries)
        waiting = {
            stored.id: stored.seq
            for stored in await self._inbox.read(
                Query(ids=tuple(receipt.id for receipt in receipts), limit=len(receipts) or 1)
            )
            if stored.seq is not None
        }
        try:
            async with asyncio.timeout(seconds):
                while await self._under_way(list(waiting.values())):
                    self._inbox.moved.clear()
                    await self._wait()
        except TimeoutError:
            pass  # what is not done by now is told below
        problems = await self._problems(waiting)
        told = [_refused(receipt) or problems.get(receipt.id) for receipt in receipts]
        if problems or self._kept > MOST_KEPT:
            await self.close()
        return told

    async def close(self) -> None:
        """End what is under way and forget everything; the next `deliver` begins anew."""
        if self._stop is not None:
            stop, self._stop = self._stop, None
            await stop()

    async def _begin(self) -> None:
        if self._stop is not None:
            return
        self._kept = 0
        self._inbox = inbox = _Inbox()
        self._dispatcher = dispatcher = Dispatcher(inbox, self._catalogue, self._routes, grace=0.0)
        await dispatcher.register()
        running = asyncio.create_task(dispatcher.run())

        async def stop() -> None:
            await dispatcher.stop()
            await running
            await inbox.close()

        self._stop = stop

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._inbox.moved.wait()
        except TimeoutError:
            return

    async def _under_way(self, seqs: Sequence[int]) -> bool:
        """Whether a route that works has still to do with one of these positions."""
        idle = {one.route for one in self._dispatcher.statuses() if one.state in _IDLE}
        for seq in seqs:
            for standing in await self._inbox.standings(seq):
                if standing.state not in ("passed", "dead") and standing.route not in idle:
                    return True
        return False

    async def _problems(self, waiting: dict[str, int]) -> dict[str, str]:
        """By event id, what went wrong first."""
        letters = {
            (letter.event.seq, letter.route): letter.failure
            for letter in await self._inbox.dead_letters(limit=MOST_KEPT)
        }
        statuses = {one.route: one for one in self._dispatcher.statuses()}
        found: dict[str, str] = {}
        for id, seq in waiting.items():
            for standing in await self._inbox.standings(seq):
                failure = letters.get((seq, standing.route))
                if failure is not None:
                    found.setdefault(
                        id, f"{standing.route}: {failure.error or failure.kind}: {failure.message}"
                    )
                elif standing.state != "passed":
                    why = statuses[standing.route].last_error or "it took too long"
                    found.setdefault(id, f"{standing.route}: not delivered: {why}")
        return found


_IDLE = ("broken", "stuck", "stopped")


def _refused(receipt: Receipt) -> str | None:
    """Why an event was not handed to any route."""
    return "; ".join(receipt.problems) if receipt.status is Status.QUARANTINED else None
