"""The replays of one route: old events that go the way of new ones, while there are none of those.

One replay at a time, oldest first. How much of it is in hand is bounded by what the sink has lately
done in a moment, so that a new event never waits longer behind old ones.
Must not know: who asks for replays, how a sink is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from receiver.dispatch.clock import Clock
from receiver.dispatch.outcome import Dead, Delivered, GivenBack, Outcome
from receiver.dispatch.route import Route
from receiver.errors import StoreError
from receiver.inbox import Claim, Head, Inbox, Match, Stored
from receiver.inbox.replays import Replay
from receiver.inbox.rules import selects, selects_head

MOMENT = 0.05
"""Seconds for which a new event may have to wait behind old ones that were begun before."""
TELL_SECONDS = 1.0
WRITTEN_SECONDS = 1.0
"""How long a replay that was halted waits, at a time, for its last outcomes to be written."""
MOST_EXCEPTIONS = 1_000
"""Of one replay: in flight, waiting and held back together."""


class Replays:
    """Claims for the replays of one route, below what the route claims for itself."""

    def __init__(
        self,
        route: Route,
        inbox: Inbox,
        clock: Clock,
        wake: Callable[[], None],
        written: Callable[[], Awaitable[None]],
    ) -> None:
        """`written` returns when every outcome that was decided is in the inbox."""
        self._route = route
        self._inbox = inbox
        self._clock = clock
        self._wake = wake
        self._written = written
        self._offered: dict[int, Replay] = {}
        self._job: _Job | None = None
        self._least = self._allowed = max(2 * route.concurrency, route.batch)
        self._in_hand = 0

    def offer(self, replays: Sequence[Replay]) -> None:
        """Those of the route that are not over, as the store says now."""
        offered = {each.number: each for each in replays if each.state == "running"}
        if offered.keys() != self._offered.keys():
            self._wake()
        self._offered = offered

    @property
    def busy(self) -> bool:
        """Whether there is one to work on, or to be done with."""
        return self._job is not None or bool(self._offered)

    async def claim(self, room: int, wants: Match, now: datetime) -> list[Claim]:
        """Up to `room` events to deliver again. Raises StoreError."""
        seconds = asyncio.get_running_loop().time()
        job = await self._current(now, seconds)
        if job is None or self._halted(job):
            return []
        room = min(room, self._allow(job, seconds) - self._in_hand)
        if room <= 0:
            return []
        claims = await self._inbox.claim(
            job.replay.key, room, now=now, match=lambda head: job.chosen(head) and wants(head)
        )
        others = [claim for claim in claims if not job.meant(claim.event)]
        if others:
            try:
                await self._inbox.settle(others)
            except BaseException:
                await self._inbox.release(job.replay.key, claims)
                raise
            claims = [claim for claim in claims if job.meant(claim.event)]
            if not claims:
                self._wake()
        elif not claims and not self._in_hand and await self._inbox.replayed(job.replay):
            await self._finish(job)
        self._in_hand += len(claims)
        return claims

    async def next_due(self) -> datetime | None:
        """When an exception of the replay may be claimed. Raises StoreError."""
        job = self._job
        if job is None or self._halted(job):
            return None
        return await self._inbox.next_due(job.replay.key)

    def decided(self, outcome: Outcome | GivenBack) -> None:
        """Take what became of one claim of a replay."""
        self._in_hand -= 1
        if isinstance(outcome, GivenBack):
            return
        job = self._job
        assert job is not None, "what is in hand is of the replay that is worked on"
        job.judged += 1
        job.told = (
            job.told[0] + isinstance(outcome, Delivered),
            job.told[1] + (not isinstance(outcome, Delivered)),
            job.told[2] + isinstance(outcome, Dead),
        )

    async def leave(self) -> None:
        """Write down the figures of the replay, of which nothing is claimed any more."""
        with suppress(StoreError):  # how far it is, is kept with each outcome
            if self._job is not None:
                await self._tell(self._job)

    def _halted(self, job: _Job) -> bool:
        return job.replay.number not in self._offered

    async def _current(self, now: datetime, seconds: float) -> _Job | None:
        """The replay to work on; one that was halted or cancelled is let go of first."""
        job = self._job
        if job is not None:
            if seconds - job.told_at >= TELL_SECONDS:
                job.told_at = seconds
                await self._tell(job)
            if self._halted(job) and not self._in_hand:
                try:
                    # A verdict on what is parted from could never be kept.
                    async with asyncio.timeout(WRITTEN_SECONDS):
                        await self._written()
                except TimeoutError:
                    return job
                await self._tell(job)
                await self._inbox.part(job.replay)
                self._job = None
        if self._job is None and self._offered:
            first = self._offered[min(self._offered)]
            bound = min(MOST_EXCEPTIONS, self._route.max_exceptions)
            await self._inbox.attend(first, ordered=self._route.ordered, max_exceptions=bound)
            self._job = _Job(first, seconds)
        return self._job

    def _allow(self, job: _Job, seconds: float) -> int:
        """How much may be in hand: what the sink has lately done in a moment, and a little."""
        took = seconds - job.counted_at
        if took >= MOMENT:
            self._allowed = max(self._least, round(job.judged / took * MOMENT) + self._least)
            job.judged, job.counted_at = 0, seconds
        return self._allowed

    async def _finish(self, job: _Job) -> None:
        await self._tell(job)
        await self._inbox.turn_replay(job.replay.number, "done", at=self._clock.now())
        await self._inbox.part(job.replay)
        self._offered.pop(job.replay.number, None)
        self._job = None
        self._wake()

    async def _tell(self, job: _Job) -> None:
        told = job.told
        if any(told):
            delivered, failed, dead = told
            await self._inbox.tell_replay(
                job.replay.number, delivered=delivered, failed=failed, dead=dead
            )
            now = job.told
            job.told = (now[0] - told[0], now[1] - told[1], now[2] - told[2])


class _Job:
    """The replay that is worked on."""

    def __init__(self, replay_: Replay, seconds: float) -> None:
        self.replay = replay_
        self.told = (0, 0, 0)
        """Delivered, failed and dead since that was written last."""
        self.told_at = self.counted_at = seconds
        self.judged = 0
        # The heads have no payload and no time; what they say is looked at before anything is read.
        self.chosen: Callable[[Head], bool] = selects_head(replay_.query)
        self.meant: Callable[[Stored], bool] = selects(replace(replay_.query, ids=()))
