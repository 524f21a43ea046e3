"""All routes of one process, each on its own, over one inbox.

Must not know: where routes are configured, how events come in.
"""

from __future__ import annotations

import asyncio
import random as chance
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from receiver.backoff import pause
from receiver.dispatch.clock import Clock, SystemClock
from receiver.dispatch.route import Catalogue, Route, RouteStatus
from receiver.dispatch.runner import Runner
from receiver.errors import ConfigError
from receiver.inbox import Inbox, RouteStart
from receiver.redaction import Redaction
from receiver.sink import logger

GRACE = 25.0
"""Seconds that calls under way may take to end, after `stop`."""
LONGEST_WAIT = 30.0
"""Seconds after which the inbox is asked again though it told of nothing new."""


class Dispatcher:
    """Delivers what is in the inbox, until it is stopped. Made and used on a running loop."""

    def __init__(
        self,
        inbox: Inbox,
        catalogue: Catalogue,
        routes: Sequence[Route],
        *,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        """Raises ConfigError when two routes have one name."""
        names = [route.name for route in routes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"two routes are called {twice[0]}; rename one of them")
        self._inbox = inbox
        self._random = random
        self._grace = GRACE
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()
        self._started = False
        self._registered = False
        self._log: Any = logger("", Redaction())
        self._runners = [
            Runner(route, inbox, catalogue, clock=clock or SystemClock(), random=random)
            for route in routes
        ]

    async def register(self) -> None:
        """Make the routes known to the inbox, before its first event. Raises StoreError."""
        await self._inbox.register(
            [
                RouteStart(
                    route=runner.route.name,
                    start=runner.route.start,
                    ordered=runner.route.ordered,
                    max_exceptions=runner.route.max_exceptions,
                )
                for runner in self._runners
            ]
        )
        self._registered = True

    async def run(self) -> None:
        """Deliver until `stop`. Raises StoreError when the routes cannot be registered.

        They are, unless they have been: a store that fails later ends nothing.
        """
        self._started = True
        try:
            if not self._registered:
                await self.register()
            watching = asyncio.create_task(self._watch())
            try:
                await asyncio.gather(*(self._keep_up(runner) for runner in self._runners))
                await self._stopping.wait()  # also where every route is broken, or there is none
            finally:
                watching.cancel()
                await asyncio.wait([watching])
        finally:
            self._finished.set()

    async def stop(self, grace: float = GRACE) -> None:
        """Claim no more, wait `grace` seconds for calls under way, write down how they ended.

        Returns when `run` has ended. A call that takes longer is ended, and made again after the
        next start.
        """
        self._grace = grace
        self._stopping.set()
        for runner in self._runners:
            runner.stop()
        if self._started:
            await self._finished.wait()

    async def status(self) -> list[RouteStatus]:
        """How each route is doing, in the order they were given; asks the inbox for their lag."""
        try:
            lags = {place.route: place.lag for place in await self._inbox.places()}
        except Exception:  # how routes are doing is of most interest when the store is not well
            lags = {}
        statuses = [runner.status() for runner in self._runners]
        return [replace(status, lag=lags.get(status.route)) for status in statuses]

    def unfinished(self) -> list[str]:
        """Routes of which a call has not ended; may be asked from any thread, also afterwards."""
        return [runner.route.name for runner in self._runners if runner.unfinished]

    async def _keep_up(self, runner: Runner) -> None:
        """Run a route, and log a fault of our own in it instead of ending the others for it."""
        try:
            await runner.run(lambda: self._grace)
        except Exception:
            self._log.exception("the route ended by a fault in Receiver", route=runner.route.name)

    async def _watch(self) -> None:
        """Wake the routes when the inbox has something new."""
        newest, failures = 0, 0
        while True:
            try:
                newest = await self._inbox.wait(newest, LONGEST_WAIT)
                failures = 0
            except Exception:  # each route says so itself, with the reason
                failures += 1
                await asyncio.sleep(pause(failures, self._random()))
            for runner in self._runners:
                runner.wake()
