"""Writes the outcomes of one route into the inbox, many at a time, until they are written.

Must not know: how outcomes came about, what the events are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from receiver.dispatch.clock import Clock
from receiver.dispatch.outcome import Dead, Delivered, Dropped, GivenBack, Outcome, RetryAt
from receiver.errors import UnkeepableError
from receiver.inbox import Claim, Failure, Inbox

AT_ONCE = 256
"""Failures written at the same time; a store commits them together."""

Verdict = tuple[Claim, Outcome | GivenBack]


class Verdicts:
    """Outcomes on their way into the inbox."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        written: Callable[[int], None],
        trouble: Callable[[Exception], Awaitable[None]],
        relief: Callable[[], None],
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._written = written
        """Told how many outcomes have just been written."""
        self._trouble = trouble
        """Told why the store did not take them; waits before the next try."""
        self._relief = relief
        """Told that it did."""
        self._new: list[Verdict] = []
        self._there_are = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, claim: Claim, outcome: Outcome | GivenBack) -> None:
        self._new.append((claim, outcome))
        if len(self._new) == 1:
            self._idle.clear()
            self._there_are.set()

    async def run(self) -> None:
        """Write what is added, for ever; what comes during one write goes into the next."""
        while True:
            await self._there_are.wait()
            self._there_are.clear()
            batch, self._new = self._new, []
            await self._write(batch)
            self._written(len(batch))
            if not self._new:
                self._idle.set()

    async def done(self) -> None:
        """Returns when everything that was added is written."""
        await self._idle.wait()

    async def _write(self, batch: list[Verdict]) -> None:
        delivered = [claim for claim, outcome in batch if isinstance(outcome, Delivered)]
        back = [claim for claim, outcome in batch if isinstance(outcome, GivenBack)]
        failed = [v for v in batch if not isinstance(v[1], Delivered | GivenBack)]
        while delivered or failed or back:
            try:
                if delivered:
                    await self._inbox.settle(delivered)
                    delivered = []
                while back:
                    await self._inbox.release(back[-1].route, back[-1:])
                    back.pop()
                while failed:
                    failed = await self._write_failures(failed[:AT_ONCE]) + failed[AT_ONCE:]
            except Exception as error:  # whatever a store raises, the outcomes must not be lost
                await self._trouble(error)
            else:
                self._relief()

    async def _write_failures(self, verdicts: list[Verdict]) -> list[Verdict]:
        """Those that were not written; raises when none was."""
        results = await asyncio.gather(
            *(self._write_failure(*verdict) for verdict in verdicts), return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, Exception)]
        if len(errors) == len(verdicts):
            raise errors[0]
        return [v for v, result in zip(verdicts, results, strict=True) if result is not None]

    async def _write_failure(self, claim: Claim, outcome: Outcome | GivenBack) -> None:
        try:
            await self._write_one(claim, outcome)
        except UnkeepableError as error:
            # The same again could not help, and the other outcomes wait for this one.
            why = f"the inbox cannot keep what was said of it: {error}"
            failure = Failure(self._clock.now(), "error", type(error).__name__, why)
            try:
                await self._write_one(claim, _about(outcome, failure))
            except UnkeepableError:
                await self._write_one(claim, Dead(failure))

    async def _write_one(self, claim: Claim, outcome: Outcome | GivenBack) -> None:
        match outcome:
            case RetryAt(when, failure):
                await self._inbox.defer(claim, until=when, failure=failure)
            case Dead(failure):
                await self._inbox.bury(claim, failure=failure, at=self._clock.now())
            case Delivered():
                await self._inbox.settle([claim])
            case Dropped(why):
                await self._inbox.drop(claim, why=why, at=self._clock.now())
            case GivenBack():
                await self._inbox.release(claim.route, [claim])


def _about(outcome: Outcome | GivenBack, failure: Failure) -> Outcome:
    """The same outcome for another reason."""
    match outcome:
        case RetryAt(when, _):
            return RetryAt(when, failure)
        case _:
            return Dead(failure)
