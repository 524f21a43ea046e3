"""One route from start to stop: opens its sink, claims, delivers, writes down, closes.

Nothing that goes wrong here is felt by another route. Must not know: the other routes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from receiver.backoff import pause
from receiver.dispatch.binding import AnySink, sink_of
from receiver.dispatch.calls import UnderWay
from receiver.dispatch.clock import Clock, Timer
from receiver.dispatch.delivery import Delivery
from receiver.dispatch.durations import Durations
from receiver.dispatch.isolated import IsolatedSink
from receiver.dispatch.outcome import Dead, Delivered, Judge, Outcome, Raised, called, spoken
from receiver.dispatch.replays import Replays
from receiver.dispatch.route import Catalogue, Route, RouteStatus
from receiver.dispatch.selection import Selection
from receiver.dispatch.threads import once, unless
from receiver.dispatch.verdicts import Verdicts
from receiver.errors import PluginError
from receiver.inbox import Claim, Inbox
from receiver.redaction import Redaction
from receiver.sink import logger

WINDOW = 512
"""Claims in hand at the same time, at least; large enough that claiming is no bottleneck."""
SOON = timedelta(milliseconds=20)
"""The least time between two claims of which the first brought nothing."""
QUIET = timedelta(seconds=1)
"""Of a route whose every delivery fails, one failure in this time is logged."""
CLOSING = 5.0
"""Seconds that a sink's `close` may take."""


class Runner:
    """Runs one route. `run` returns when `stop` was called, or the sink cannot be used."""

    def __init__(
        self,
        route: Route,
        inbox: Inbox,
        catalogue: Catalogue,
        *,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self.route = route
        self._inbox = inbox
        self._catalogue = catalogue
        self._clock = clock
        self._random = random
        self._window = max(WINDOW, 2 * route.batch, 2 * route.concurrency)
        self._log: Any = logger(route.name, Redaction())
        self._status = RouteStatus(
            route=route.name,
            plugin=route.plugin.name,
            state="starting",
            isolation=route.isolation,
            confined=route.confined,
        )
        self._sink: AnySink | None = None
        self._delivered = self._failed = self._dead = 0
        self._durations = Durations()
        self._logged_at: datetime | None = None
        self._store_failures = 0
        self._in_hand = 0
        self._delivery: Delivery | None = None
        self._verdicts = Verdicts(
            inbox, clock, self._written, self._store_trouble, self._store_relief
        )
        self._awake, self._stopping, self._ended = (asyncio.Event() for _ in range(3))
        self.replays = Replays(route, inbox, clock, self.wake)
        """The old events that are delivered again, below the new ones."""

    def wake(self) -> None:
        """There may be something to claim."""
        self._awake.set()

    def status(self) -> RouteStatus:
        """How the route is doing now; the lag is for the store to say."""
        delivery, sink = self._delivery, self._sink
        state = self._status.state
        if state == "running" and delivery is not None and delivery.stuck:
            state = "stuck"
        isolated = sink if isinstance(sink, IsolatedSink) else None
        if state == "running" and isolated is not None and not isolated.up:
            state = "starting"
        return replace(
            self._status,
            state=state,
            restarts=isolated.restarts if isolated else 0,
            in_flight=self._in_hand,
            overdue=delivery.overdue if delivery else 0,
            delivered=self._delivered,
            failed=self._failed,
            dead=self._dead,
            calls=self._durations,
        )

    def under_way(self) -> list[UnderWay]:
        """The calls in this process that have not ended; may be asked from any thread."""
        return [] if self._delivery is None else self._delivery.under_way()

    @property
    def unfinished(self) -> bool:
        """Whether a call of the sink (a hook, `open`, `close`) has not ended."""
        delivery = self._delivery
        ended = self._status.state in ("stopped", "broken")
        return not ended or (delivery is not None and (delivery.busy or delivery.overdue > 0))

    def stop(self) -> None:
        """Claim no more, begin no more calls."""
        self._stopping.set()
        self._awake.set()
        if self._delivery is not None:
            self._delivery.stop()

    async def run(self, grace: Callable[[], float]) -> None:
        """Deliver until `stop`; then wait `grace()` seconds for the calls that are under way."""
        try:
            sink = self._sink = sink_of(
                self.route, self._catalogue, random=self._random, trouble=self._trouble
            )
            self._log = sink.log
            opened = await self._open(sink)
        except PluginError as error:
            self._note("broken", str(error))
            self._log.error("the route cannot deliver", error=str(error))
            return
        if not opened:
            await sink.release()
            self._status = replace(self._status, state="stopped")
            return
        writing = asyncio.create_task(self._verdicts.run())
        try:
            await self._deliver(sink)
            await self._drain(grace())
            await self.replays.leave()
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            await self._close(sink)
            self._status = replace(self._status, state="stopped")

    async def _open(self, sink: AnySink) -> bool:
        """Open the sink, as often as it takes; False when the route was stopped before.

        Raises PluginError when a process of its own finds that the sink cannot be used.
        """
        failures = 0
        while sink.open is not None and not self._stopping.is_set():
            limit = self.route.deadline + sink.starting
            result = await unless(self._stopping, once(sink.open, limit), CLOSING)
            if not isinstance(result, Raised):
                return True
            if self._stopping.is_set():
                return False
            if isinstance(sink, IsolatedSink) and isinstance(result.error, PluginError):
                raise result.error
            failures += 1
            said = f"open failed: {called(result.error)}: {spoken(result.error)}"
            self._note("starting", sink.redaction.text(said))
            if failures == 1:
                self._log.error("the sink does not open; trying on", error=said)
            await self._rest(pause(failures, self._random(), first=1.0, cap=60.0))
        return sink.open is None

    async def _deliver(self, sink: AnySink) -> None:
        selection = Selection(self.route, sink, self._catalogue)
        judge = Judge(self.route.schedule, self.route.deadline, sink.redaction)
        self._delivery = Delivery(
            self.route,
            sink,
            selection,
            judge,
            self._decide,
            clock=self._clock,
            random=self._random,
            freed=self.wake,
            durations=self._durations,
        )
        self._status = replace(self._status, state="running")
        while not self._stopping.is_set():
            self._awake.clear()
            timer = None
            if self._in_hand <= self._window // 2 and not self._delivery.stuck:
                try:
                    timer = await self._claim(self._delivery, selection)
                except Exception as error:  # whatever a store raises: it may be well again later
                    await self._store_trouble(error)
                    continue
            await self._awake.wait()
            if timer is not None:
                timer.cancel()

    async def _claim(self, delivery: Delivery, selection: Selection) -> Timer | None:
        """Take what there is to do, and be woken when there will be more."""
        now = self._clock.now()
        room = self._window - self._in_hand
        claims = await self._inbox.claim(self.route.name, room, now=now, match=selection.wants)
        self._store_relief()
        if self._stopping.is_set():
            return None
        if self.replays.busy and len(claims) < room:
            left = room - len(claims)
            claims = claims + await self.replays.claim(left, selection.wants, now)
        self._in_hand += len(claims)
        delivery.take(claims)
        if claims:
            self._awake.set()
            await asyncio.sleep(0)  # a store in memory never lets anybody else go on
            return None
        dues = await self._inbox.next_due(self.route.name), await self.replays.next_due()
        due = min(filter(None, dues), default=None)
        return None if due is None else self._clock.at(max(due, now + SOON), self._awake.set)

    async def _drain(self, grace: float) -> None:
        """Wait for the calls under way and write down how they ended; then end the others."""
        delivery = self._delivery
        if delivery is None:
            return
        delivery.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while delivery.busy:
                    self._ended.clear()
                    await self._ended.wait()
                await self._verdicts.done()
        await delivery.leave()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._verdicts.done()

    async def _close(self, sink: AnySink) -> None:
        result = await once(sink.close, CLOSING) if sink.close else None
        if isinstance(result, Raised):
            said = f"close failed: {called(result.error)}: {spoken(result.error)}"
            self._note(self._status.state, sink.redaction.text(said))
            self._log.warning("the sink does not close", error=said)
        await sink.release()

    def _decide(self, claim: Claim, outcome: Outcome) -> None:
        """Take the outcome of one attempt."""
        self._verdicts.add(claim, outcome)
        self._ended.set()
        if claim.replay:
            self.replays.decided(outcome)
        if isinstance(outcome, Delivered):
            self._delivered += 1
            return
        failure = outcome.failure
        self._failed += 1
        error = ": ".join(part for part in (failure.error, failure.message) if part)
        self._note(self._status.state, error)
        dead = isinstance(outcome, Dead)
        self._dead += dead
        quiet = self._logged_at is not None and failure.at - self._logged_at < QUIET
        if dead or not quiet:  # an attempt is made again; a dead letter waits for a person
            self._logged_at = failure.at
            what = "dead letter" if dead else "not delivered"
            told = {"event_id": claim.event.id, "type": claim.event.type, "attempt": claim.attempt}
            with contextlib.suppress(Exception):  # a log that cannot be written costs no outcome
                self._log.warning(what, **told, error=error)

    def _note(self, state: Any, error: str) -> None:
        self._status = replace(
            self._status,
            state=state,
            last_error=f"route {self.route.name}, sink {self.route.plugin.name}: {error}",
            last_error_at=self._clock.now(),
        )

    def _trouble(self, said: str) -> None:
        self._note(self._status.state, said)

    def _written(self, count: int) -> None:
        self._in_hand -= count
        self._awake.set()

    async def _store_trouble(self, error: Exception) -> None:
        self._store_failures += 1
        if self._store_failures == 1:
            said = f"{type(error).__name__}: {error}"
            self._note(self._status.state, f"the inbox failed: {said}")
            self._log.error("the inbox failed; trying on", error=said)
        await self._rest(pause(self._store_failures, self._random()))

    def _store_relief(self) -> None:
        if self._store_failures:
            self._store_failures = 0
            self._log.info("the inbox works again")

    async def _rest(self, seconds: float) -> None:
        """Wait, but not longer than until the route is stopped."""
        if self._stopping.is_set():
            await asyncio.sleep(min(seconds, 0.1))
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
