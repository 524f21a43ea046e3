"""One route from start to stop: opens its sink, claims, delivers, writes down, closes.

Nothing that goes wrong here is felt by another route. Must not know: the other routes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.backoff import pause
from receiver.dispatch.binding import AnySink, bound, sink_of, steps
from receiver.dispatch.calls import UnderWay
from receiver.dispatch.clock import Clock, Timer, rest
from receiver.dispatch.complaints import Complaints
from receiver.dispatch.definition import text_of
from receiver.dispatch.delivery import Delivery
from receiver.dispatch.durations import Durations
from receiver.dispatch.filtering import Filtering
from receiver.dispatch.gate import Gate
from receiver.dispatch.isolated import IsolatedSink
from receiver.dispatch.opening import Opening
from receiver.dispatch.outcome import (
    GIVEN_BACK,
    Dead,
    Delivered,
    GivenBack,
    Judge,
    Outcome,
    RetryAt,
)
from receiver.dispatch.replays import Replays
from receiver.dispatch.route import Catalogue, Route, RouteStatus
from receiver.dispatch.selection import Selection
from receiver.dispatch.verdicts import Verdicts
from receiver.errors import PluginError
from receiver.inbox import Claim, Inbox
from receiver.inbox.facts import Regime
from receiver.inbox.steering import Flow
from receiver.plugins import BoundSink
from receiver.redaction import Redaction, Redactions
from receiver.sink import logger

SOON = timedelta(milliseconds=20)
"""The least time between two claims of which the first brought nothing."""


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
        filtering: Filtering,
    ) -> None:
        self.route = route
        self._filtering = filtering
        self._inbox = inbox
        self._catalogue = catalogue
        self._clock = clock
        self._random = random
        status = RouteStatus(
            route=route.name,
            plugin=route.plugin.name,
            state="starting",
            isolation=route.isolation,
            confined=route.confined,
        )
        self._complaints = Complaints(status, clock, logger(route.name, Redaction()))
        self._gate = Gate(route, self._recall)
        self._sink: AnySink | None = None
        self._delivered = self._failed = self._dead = 0
        self._durations = Durations()
        self._in_hand = 0
        self._delivery: Delivery | None = None
        self._verdicts = Verdicts(
            inbox, clock, self._written, self._store_trouble, self._complaints.store_works
        )
        self._awake, self._stopping, self._ended = (asyncio.Event() for _ in range(3))
        self._opening = Opening(self._complaints, self._stopping, random)
        self.replays = Replays(route, inbox, clock, self.wake, self._verdicts.done)

    def wake(self) -> None:
        """There may be something to claim."""
        self._awake.set()

    def status(self) -> RouteStatus:
        """How the route is doing now; the lag is for the store to say."""
        delivery, sink = self._delivery, self._sink
        state = self._complaints.status.state
        breaker, until = self._gate.state(self._clock.now())
        if state == "running" and delivery is not None and delivery.stuck:
            state = "stuck"
        isolated = sink if isinstance(sink, IsolatedSink) else None
        if state == "running" and isolated is not None and not isolated.up:
            state = "starting"
        return replace(
            self._complaints.status,
            state=state,
            flow=self._gate.flow,
            breaker=breaker,
            breaker_until=until,
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
        ended = self._complaints.status.state in ("stopped", "broken")
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
                self.route, self._catalogue, random=self._random, trouble=self._complaints.note
            )
            self._complaints.log = sink.log
            transforms = bound(self.route, self._catalogue)
            opened = await self._opening.open_all((*transforms, sink), self.route.deadline)
        except PluginError as error:
            self._complaints.note(str(error), "broken")
            self._complaints.log.error("the route cannot deliver", error=str(error))
            return
        if not opened:
            self._complaints.state("stopped")
            return
        writing = asyncio.create_task(self._verdicts.run())
        try:
            await self._deliver(sink, transforms)
            await self._drain(grace())
            await self.replays.leave()
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            await self._opening.close_all((sink, *reversed(transforms)))
            self._complaints.state("stopped")

    async def _deliver(self, sink: AnySink, transforms: list[BoundSink]) -> None:
        selection = Selection(self.route, sink, self._catalogue)
        redaction = Redactions([each.redaction for each in (sink, *transforms)])
        judge = Judge(self.route.schedule, self.route.deadline, redaction)
        self._delivery = Delivery(
            self.route,
            sink,
            selection,
            judge,
            self._decide,
            clock=self._clock,
            random=self._random,
            freed=self.wake,
            ended=self._call_ended,
            shut=lambda: self._gate.shut(self._clock.now()),
            durations=self._durations,
            steps=steps(self.route, transforms),
        )
        run = self._gate.run(batches=sink.on_batch is not None)
        definition = text_of(self.route, sink.hooks)
        self._complaints.state("running")
        version = 0
        while not self._stopping.is_set():
            self._awake.clear()
            timer = None
            try:
                if not version:
                    version = await self._begin(definition)
                if not self._delivery.stuck:
                    timer = await self._claim(self._delivery, selection, version, run)
            except Exception as error:  # whatever a store raises: it may be well again later
                await self._store_trouble(error)
                continue
            await self._awake.wait()
            if timer is not None:
                timer.cancel()

    async def _begin(self, text: str) -> int:
        """Before anything is claimed: whether the route is to run; its definition is kept."""
        for each in await self._inbox.flows():
            if each.route == self.route.name:
                self._gate.steer(each.flow)
        return await self._inbox.define("route", self.route.name, text, at=self._clock.now())

    async def _claim(
        self, delivery: Delivery, selection: Selection, version: int, run: int
    ) -> Timer | None:
        """Take what there is to do, and be woken when there will be more."""
        now, deciding = self._clock.now(), self._filtering.now
        match = selection.match(deciding.filters)
        room = self._gate.room(self._in_hand, now)
        if not room:
            again = self._gate.again_at(now)
            return None if again is None else self._clock.at(again, self._awake.set)
        regime, fresh = Regime(version, deciding.version), self._gate.fresh
        claims = await self._inbox.claim(
            self.route.name, room, now=now, match=match, regime=regime, run=run, fresh=fresh
        )
        self._complaints.store_works()
        if self._stopping.is_set():
            return None
        self._take(delivery, claims)
        if fresh and self.replays.busy and len(claims) < room:
            old = await self.replays.claim(room - len(claims), selection.wants, now)
            self._take(delivery, old)
            claims = claims + old
        if claims:
            self._awake.set()
            await asyncio.sleep(0)  # a store in memory never lets anybody else go on
            return None
        dues = await self._inbox.next_due(self.route.name), await self.replays.next_due()
        due = min(filter(None, dues), default=None)
        return None if due is None else self._clock.at(max(due, now + SOON), self._awake.set)

    def _take(self, delivery: Delivery, claims: list[Claim]) -> None:
        self._in_hand += len(claims)
        self._gate.go(len(claims))
        if not (shut := self._gate.shut(self._clock.now())):
            delivery.take(claims)
        for claim in claims if shut else ():
            self._decide(claim, GIVEN_BACK)

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

    def _decide(self, claim: Claim, outcome: Outcome | GivenBack) -> None:
        """Take what became of one claim."""
        self._verdicts.add(claim, outcome)
        self._ended.set()
        if claim.replay:
            self.replays.decided(outcome)
        if isinstance(outcome, Delivered):
            self._delivered += 1
        elif isinstance(outcome, RetryAt | Dead):
            self._failed += 1
            self._dead += isinstance(outcome, Dead)
            self._complaints.attempt(claim, outcome)

    def _call_ended(self, outcomes: list[Outcome], now: datetime) -> None:
        """Take what one call of the sink has come to."""
        if self._gate.ended(outcomes, now):
            said = "calls fail one after the other; the target is left alone for a while"
            self._complaints.log.warning(said, until=str(self._gate.state(now)[1]))

    def steer(self, flow: Flow) -> None:
        """Take up whether the route is to run, to be drained or to pause."""
        if self._gate.steer(flow):
            self.wake()

    def _recall(self) -> None:
        if self._delivery is not None:
            self._delivery.recall()

    def _written(self, count: int) -> None:
        self._in_hand -= count
        self._awake.set()

    async def _store_trouble(self, error: Exception) -> None:
        seconds = pause(self._complaints.store_failed(error), self._random())
        await rest(seconds, self._stopping)
