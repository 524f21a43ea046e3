"""Requests that came in the same turn of the event loop, taken in together.

Each is examined on its own; what is to be kept of all of them goes to the inbox at once, so that a
task, its deadline and a place in a transaction are for many instead of for each.
Must not know: HTTP servers, how an answer is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Generic, TypeVar

from receiver.contract import Operation
from receiver.gate import Array
from receiver.inbox import Entry
from receiver.intake import Intake
from receiver.locator import Headers
from receiver.replies import Outcome

Asker = TypeVar("Asker")

Request = tuple[Operation, Headers, bytes, Mapping[str, str] | None]
"""An operation that is `Intake.direct`, a request's headers and body, and its path's parameters."""


class Crowd(Generic[Asker]):
    """Whoever asks here is told the outcome, on the event loop, once it is certain."""

    def __init__(self, intake: Intake, tell: Callable[[Asker, Outcome], None]) -> None:
        """`tell` raises nothing."""
        self._intake = intake
        self._tell = tell
        self._waiting: list[tuple[Request, Asker]] = []
        self._keeping: set[asyncio.Task[None]] = set()

    def join(self, request: Request, asker: Asker, loop: asyncio.AbstractEventLoop) -> None:
        """Take a request in at the end of this turn of `loop`, which is the one that runs."""
        if not self._waiting:
            loop.call_soon(self._turn, loop)
        self._waiting.append((request, asker))

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, self._waiting = self._waiting, []
        examine, now = self._intake.examine, self._intake.now()
        entries: list[Entry] = []
        askers: list[tuple[Operation, Asker]] = []
        for (operation, headers, body, path), asker in waiting:
            found = examine(operation, headers, body, path, now)
            if isinstance(found, Entry):
                entries.append(found)
                askers.append((operation, asker))
            elif isinstance(found, Array):
                self._begin(self._keep_array(operation, asker, found), loop)
            else:
                self._end(operation, asker, *found)
        if entries:
            self._begin(self._keep(askers, entries), loop)

    def _begin(self, keeping: Coroutine[None, None, None], loop: asyncio.AbstractEventLoop) -> None:
        task = loop.create_task(keeping)
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep(self, askers: list[tuple[Operation, Asker]], entries: list[Entry]) -> None:
        outcomes = await self._intake.keep(entries)
        for (operation, asker), outcome in zip(askers, outcomes, strict=True):
            self._end(operation, asker, *outcome)

    async def _keep_array(self, operation: Operation, asker: Asker, array: Array) -> None:
        self._end(operation, asker, *await self._intake.keep_array(array))

    def _end(self, operation: Operation, asker: Asker, outcome: Outcome, detail: str) -> None:
        self._intake.tell(operation, outcome, detail)
        self._tell(asker, outcome)
