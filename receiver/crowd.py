"""Requests that came together, taken in together: in a turn of the event loop, or in several.

Each is examined on its own; what is to be kept of all of them goes to the inbox at once, so that a
task, its deadline and a place in a transaction are for many instead of for each.
Must not know: HTTP servers, how an answer is written.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic
from typing import Generic, TypeVar

from receiver.contract import Operation
from receiver.gate import Content, Request
from receiver.gathering import Gathering
from receiver.inbox import Entry
from receiver.intake import Intake
from receiver.receipt import Declined, Receipt, Status
from receiver.replies import Outcome, Taken
from receiver.strictjson import TOGETHER, slices

Asker = TypeVar("Asker")

Tell = Callable[[Asker, Outcome | Receipt], None]
"""Tells an asker what became of its request, and raises nothing; a receipt is that of its event,
which was taken."""


BUSY_SECONDS = 0.003
"""How long another process is waited for, in turns of the loop that go on bringing requests."""


class Crowd(Generic[Asker]):
    """Whoever asks here is told the outcome, on the event loop, once it is certain."""

    def __init__(self, intake: Intake, tell: Tell[Asker]) -> None:
        self._intake = intake
        self._tell = tell
        self._waiting: list[tuple[Request, Asker]] = []
        self._gathering = Gathering(TOGETHER)
        self._entries: list[Entry] = []
        """What was examined and is to be kept."""
        self._askers: list[tuple[Operation, Asker]] = []
        """Who asked for each."""
        self._turning = False
        """Whether there will be a turn, or is one now."""
        self._until = 0.0
        """When no other process is waited for any longer; 0: none is."""
        self._keeping: set[asyncio.Task[None]] = set()

    def join(self, request: Request, asker: Asker, loop: asyncio.AbstractEventLoop) -> None:
        """Take a request in, at the end of this turn of `loop`, the one that runs, or soon after.

        Its operation is `Intake.direct`.
        """
        self._waiting.append((request, asker))
        if not self._turning:  # who is told in a turn may ask again
            self._turning = True
            loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            if self._waiting and self._gathering.goes_on(len(self._waiting), monotonic()):
                return
            if self._waiting:
                self._examine(loop)
            if self._entries:
                self._keep_at_once(loop)
        finally:
            self._turning = bool(self._waiting or self._entries)
            if self._turning:
                loop.call_soon(self._turn, loop)

    def _examine(self, loop: asyncio.AbstractEventLoop) -> None:
        # Others on the loop get their turn between requests that are long.
        some = next(slices([body for (_, _, body, _), _ in self._waiting]))
        waiting, self._waiting = self._waiting[some], self._waiting[some.stop :]
        examined = self._intake.examine([request for request, _ in waiting])
        for (request, asker), found in zip(waiting, examined, strict=True):
            operation = request[0]
            if isinstance(found, Entry):
                self._entries.append(found)
                self._askers.append((operation, asker))
            elif isinstance(found, Content):
                self._begin(self._keep_array(operation, asker, found), loop)
            else:
                self._end(operation, asker, *found)

    def _keep_at_once(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep what was examined, unless another process is writing just now.

        Then more may come until it has written, which is kept together with this.
        """
        kept = self._intake.keep_at_once(self._entries)
        if kept is Declined.BUSY:
            now = monotonic()
            self._until = self._until or now + BUSY_SECONDS
            if now < self._until:
                os.sched_yield()  # who writes may have to wait for this processor
                return
        entries, self._entries = self._entries, []
        askers, self._askers = self._askers, []
        self._until = 0.0
        if isinstance(kept, Declined):
            self._begin(self._keep(askers, entries), loop)
        else:
            self._tell_each(askers, kept)

    def _begin(self, keeping: Coroutine[None, None, None], loop: asyncio.AbstractEventLoop) -> None:
        task = loop.create_task(keeping)
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep(self, askers: list[tuple[Operation, Asker]], entries: list[Entry]) -> None:
        self._tell_each(askers, await self._intake.keep(entries))

    def _tell_each(
        self,
        askers: list[tuple[Operation, Asker]],
        kept: Sequence[Receipt | tuple[Outcome, str]],
    ) -> None:
        tell, quarantined = self._tell, Status.QUARANTINED
        simply: dict[str, tuple[Operation, list[Receipt]]] = {}
        latest: Operation | None = None
        receipts: list[Receipt] = []
        for (operation, asker), found in zip(askers, kept, strict=True):
            if not isinstance(found, Receipt):
                self._end(operation, asker, *found)
            elif found.status is quarantined:
                self._end(operation, asker, Taken((found,)), "")
            else:
                if operation is not latest:
                    latest, receipts = simply.setdefault(operation.id, (operation, []))
                receipts.append(found)
                tell(asker, found)
        for operation, receipts in simply.values():
            self._intake.tell(operation, Taken(receipts), "")

    async def _keep_array(self, operation: Operation, asker: Asker, array: Content) -> None:
        self._end(operation, asker, *await self._intake.keep_array(array))

    def _end(self, operation: Operation, asker: Asker, outcome: Outcome, detail: str) -> None:
        self._intake.tell(operation, outcome, detail)
        self._tell(asker, outcome)
