"""All routes of one process, each on its own, over one inbox.

Must not know: where routes are configured, how events come in.
"""

from __future__ import annotations

import asyncio
import random as chance
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from receiver.backoff import pause
from receiver.dispatch.calls import UnderWay
from receiver.dispatch.clock import Clock, SystemClock
from receiver.dispatch.filtering import Filtering, InForce
from receiver.dispatch.orders import Orders
from receiver.dispatch.renaming import renames
from receiver.dispatch.route import Catalogue, Route, RouteStatus
from receiver.dispatch.runner import Runner
from receiver.errors import ConfigError
from receiver.filters import Filters
from receiver.inbox import Inbox, RouteStart
from receiver.inbox.replays import Replay
from receiver.inbox.steering import RouteFlow
from receiver.redaction import Redaction
from receiver.sink import logger

GRACE = 25.0
"""Seconds that calls under way may take to end, after `stop`."""
LONGEST_WAIT = 30.0
"""Seconds after which the inbox is asked again though it told of nothing new."""


@dataclass(slots=True, eq=False)
class _Post:
    """The name of a route, and who runs it."""

    wanted: Route | None
    """What is to run; None: nothing, it was removed."""
    runner: Runner
    task: asyncio.Task[None] | None = None
    heir_of: _Post | None = None
    """Who runs it under the name that it had; until that has ended it is not begun."""


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
        grace: float = GRACE,
    ) -> None:
        """`grace`: see `stop`; it also holds for routes that `update` changes.

        Raises ConfigError when two routes have one name.
        """
        _distinct(routes)
        self._inbox = inbox
        self._catalogue = catalogue
        self._clock = clock or SystemClock()
        self._random = random
        self._grace = grace
        self._filtering = Filtering()
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()
        self._started = False
        self._registered = False
        self._log: Any = logger("", Redaction())
        self._posts = {route.name: _Post(route, self._runner(route)) for route in routes}

    async def register(self, *, renaming: bool = True) -> None:
        """Make the routes known to the inbox, before its first event.

        Without `renaming`, routes that have another name now are left for who delivers: somebody
        may be delivering for them. Raises StoreError, and ConfigError for a name that no route had.
        """
        routes = list(self._wanted().values())
        renamed = await renames(self._inbox, routes)
        if renaming:
            for route in renamed:
                await self._inbox.rename(route.was or "", route.name)
        starts = [_start(route) for route in routes if renaming or route not in renamed]
        await self._inbox.register(starts)
        self._registered = True

    async def filter(self, filters: Filters, said: str) -> None:
        """Go by these from the next claim on; `said` is how they are kept. Raises StoreError."""
        version = await self._inbox.define("filters", "filters", said, at=self._clock.now())
        self._filtering.now = InForce(filters, version)

    async def update(self, routes: Sequence[Route]) -> None:
        """Run these routes from now on; one that did not change is not touched.

        When this returns, new routes have their place in the inbox, and what was changed or
        removed claims no more; its successor begins when the calls under way have ended.
        Raises ConfigError or StoreError, and then nothing has changed.
        """
        _distinct(routes)
        known = self._wanted()
        changed = [route for route in routes if known.get(route.name) != route]
        heirs = await renames(self._inbox, changed)
        if changed:
            fresh = [route for route in changed if route not in heirs]
            await self._inbox.register([_start(route) for route in fresh])
        for name in known.keys() - {route.name for route in routes}:
            self._want(name, None)
        for route in changed:
            self._want(route.name, route, self._posts.get(route.was or ""), heir=route in heirs)

    async def run(self) -> None:
        """Deliver until `stop`. Raises StoreError when the routes cannot be registered.

        They are, unless they have been: a store that fails later ends nothing.
        """
        self._started = True
        try:
            if not self._registered:
                await self.register()
            orders = Orders(self._inbox, self._wake, self._offer, self._steer)
            beside = [asyncio.create_task(self._watch()), asyncio.create_task(orders.run())]
            try:
                for post in self._posts.values():
                    self._man(post)
                await self._stopping.wait()  # also where every route is broken, or there is none
                await asyncio.gather(*(post.task for post in self._posts.values() if post.task))
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.wait(beside)
        finally:
            self._finished.set()

    async def stop(self, grace: float | None = None) -> None:
        """Claim no more, wait `grace` seconds for calls under way, write down how they ended.

        Returns when `run` has ended. A call that takes longer is ended, and made again after the
        next start.
        """
        self._grace = self._grace if grace is None else grace
        self._stopping.set()
        for post in self._posts.values():
            post.runner.stop()
        if self._started:
            await self._finished.wait()

    async def status(self) -> list[RouteStatus]:
        """How each route is doing, in the order they were given; asks the inbox for their lag."""
        try:
            lags = {place.route: place.lag for place in await self._inbox.places()}
        except Exception:  # how routes are doing is of most interest when the store is not well
            lags = {}
        return [replace(status, lag=lags.get(status.route)) for status in self.statuses()]

    def statuses(self) -> list[RouteStatus]:
        """The same without their lag, at once."""
        return [post.runner.status() for post in self._posts.values()]

    def _wanted(self) -> dict[str, Route]:
        return {name: post.wanted for name, post in self._posts.items() if post.wanted}

    def _runner(self, route: Route) -> Runner:
        return Runner(
            route,
            self._inbox,
            self._catalogue,
            clock=self._clock,
            random=self._random,
            filtering=self._filtering,
        )

    def _want(
        self, name: str, route: Route | None, before: _Post | None = None, *, heir: bool = False
    ) -> None:
        post = self._posts.get(name)
        if post is not None:
            post.wanted = route
            post.runner.stop()
        elif route is not None:
            post = self._posts[name] = _Post(route, self._runner(route))
        if post is not None and heir:
            post.heir_of = before or post
        if post is not None and self._started and not self._stopping.is_set():
            self._man(post)

    def _man(self, post: _Post) -> None:
        if post.task is None or post.task.done():
            post.task = asyncio.create_task(self._run(post))

    async def _run(self, post: _Post) -> None:
        """Run a route, and after it the one that it was changed into."""
        name = post.runner.route.name
        await self._inherit(post)
        while not self._stopping.is_set():
            runner = post.runner
            if runner.route is post.wanted:
                await self._keep_up(runner)
            if runner.route is post.wanted:
                return  # stopped, or broken: then it is begun again when it is changed
            await self._inbox.release(name)
            if post.wanted is None:
                del self._posts[name]
                return
            post.runner = self._runner(post.wanted)

    async def _inherit(self, post: _Post) -> None:
        """Take over what was kept under another name, once nobody delivers under that one."""
        before = post.heir_of
        if before is None:
            return
        if before.task is not None and before is not post:
            await asyncio.wait([before.task])
        failures = 0
        while not self._stopping.is_set() and post.wanted is not None:
            try:
                await self._inbox.rename(post.wanted.was or "", post.wanted.name)
                await self._inbox.register([_start(post.wanted)])
            except Exception as error:  # whatever a store raises: it may be well again later
                failures += 1
                said = f"{type(error).__name__}: {error}"
                self._log.error("a route cannot be renamed yet", route=post.wanted.name, error=said)
                await asyncio.sleep(pause(failures, self._random()))
            else:
                post.heir_of = None
                return

    @property
    def routes(self) -> list[Route]:
        """The routes that it delivers for."""
        return list(self._wanted().values())

    def under_way(self) -> list[UnderWay]:
        """The calls of hooks in this process that have not ended; may be asked from any thread."""
        posts = list(self._posts.values())  # asked from other threads, too
        return [call for post in posts for call in post.runner.under_way()]

    def unfinished(self) -> list[str]:
        """Routes of which a call has not ended; may be asked from any thread, also afterwards."""
        posts = list(self._posts.values())  # asked from other threads, too
        return [post.runner.route.name for post in posts if post.runner.unfinished]

    async def _keep_up(self, runner: Runner) -> None:
        """Run a route, and log a fault of our own in it instead of ending the others for it."""
        try:
            await runner.run(lambda: self._grace)
        except Exception:
            self._log.exception("the route ended by a fault in Receiver", route=runner.route.name)

    def _wake(self, name: str) -> None:
        """There may be something to claim for a route."""
        post = self._posts.get(name)
        if post is not None:
            post.runner.wake()

    def _steer(self, flows: Sequence[RouteFlow]) -> None:
        """Tell each route whether it is to run."""
        for flow in flows:
            if (post := self._posts.get(flow.route)) is not None:
                post.runner.steer(flow.flow)

    def _offer(self, replays: Sequence[Replay]) -> None:
        """Tell each route its replays that are not over."""
        for name, post in list(self._posts.items()):
            post.runner.replays.offer([each for each in replays if each.route == name])

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
            for post in self._posts.values():
                post.runner.wake()


def _distinct(routes: Sequence[Route]) -> None:
    names = [route.name for route in routes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"two routes are called {twice[0]}; rename one of them")


def _start(route: Route) -> RouteStart:
    return RouteStart(
        route=route.name,
        start=route.start,
        ordered=route.ordered,
        max_exceptions=route.max_exceptions,
    )
