"""Who claims what: the routes that this process dispatches.

Must not know: how a claim is delivered, threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from receiver.errors import StoreError, UnkeepableError
from receiver.inbox import Claim, Failure, RouteStart
from receiver.inbox.sqlite import bundles, heads, routes, views
from receiver.inbox.sqlite.engine import Engine
from receiver.inbox.sqlite.registering import Registering
from receiver.inbox.sqlite.routes import Asked, Route, Saving
from receiver.inbox.sqlite.rows import micros
from receiver.turns import Turn

SAVE_SKIPS_SECONDS = 0.2
"""How long a route may have passed events that it does not want before that is saved."""


class Claims:
    """The routes in memory, each loaded when it is first asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._routes: dict[str, Route] = {}
        self._starts: dict[str, RouteStart] = {}
        self._loading = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None

    async def register(self, starts: Sequence[RouteStart]) -> None:
        """See Inbox.register."""
        await self._engine.ready()
        beginnings = {
            start.route: await self._position_at(start.start)
            for start in starts
            if isinstance(start.start, datetime)
        }
        await self._engine.do(Registering(starts, beginnings))
        for start in starts:
            self._starts[start.route] = start
            if start.route in self._routes:
                self._routes[start.route].reshape(start)

    async def claim(self, name: str, asked: Asked) -> list[Claim]:
        """See Inbox.claim."""
        route = await self._route(name)
        async with route.claiming:
            if route.owes:
                await self._save(route)
            turns = route.due(asked)
            try:
                if asked.fresh:
                    await self._advance(route, turns, asked)
                if not turns:
                    return []
                seqs = [turn.seq for turn in turns]
                events = await self._engine.read(partial(bundles.at, seqs=seqs))
            except BaseException:
                route.hand_back(turns)
                raise
            finally:
                self._save_soon(route)
        by_seq = {event.seq: event for event in events}
        # What was deleted by force cannot be delivered: it is passed like a delivered event.
        route.close([turn.seq for turn in turns if turn.seq not in by_seq])
        return [
            Claim(name, by_seq[turn.seq], turn.attempt, turn.first_failed_at, route.replay)
            for turn in turns
            if turn.seq in by_seq
        ]

    async def _advance(self, route: Route, turns: list[Turn], asked: Asked) -> None:
        page = min(heads.PAGE, max(64, 2 * asked.n))
        while len(turns) < asked.n and route.room:
            if route.hungry:
                if route.dry:
                    return
                read = partial(heads.heads, after=route.read_to, limit=page)
                route.feed(await self._engine.read(read))
                if route.hungry:
                    return
                page = min(heads.PAGE, 4 * page)
                self._save_soon(route)
            route.advance(turns, asked)

    async def release(self, name: str, claims: Sequence[Claim] | None) -> None:
        """See Inbox.release."""
        route = self._routes.get(name)
        if route is None:
            return
        if claims is not None:
            route.give_back([_seq(claim) for claim in claims])
            return
        async with route.claiming:
            route.release()

    async def leave(self, name: str) -> None:
        """Save a route that nobody claims from here any more, and let go of it."""
        route = self._routes.get(name)
        if route is not None:
            async with route.claiming:
                if route.owes or route.unsaved:
                    await self._save(route)
                self._routes.pop(name, None)
                self._starts.pop(name, None)

    async def settle(self, claims: Sequence[Claim]) -> None:
        """See Inbox.settle."""
        by_route: dict[str, list[int]] = {}
        for claim in claims:
            by_route.setdefault(claim.route, []).append(_seq(claim))
        settled = [(await self._route(name), seqs) for name, seqs in by_route.items()]
        for route, seqs in settled:
            route.close(seqs)
        await self._save_all([route for route, _ in settled])

    async def defer(self, claim: Claim, until: datetime, failure: Failure) -> None:
        """See Inbox.defer."""
        route = await self._route(claim.route)
        route.defer(claim, _seq(claim), until, failure)
        await self._save(route)

    async def bury(self, claim: Claim, failure: Failure, at: datetime) -> None:
        """See Inbox.bury."""
        route = await self._route(claim.route)
        route.bury(claim, _seq(claim), failure, at)
        await self._save(route)

    async def drop(self, claim: Claim, why: str, at: datetime) -> None:
        """See Facts.drop."""
        route = await self._route(claim.route)
        route.drop(_seq(claim), why, at)
        await self._save(route)

    def held(self, name: str) -> Route | None:
        """A route that is claimed from here."""
        return self._routes.get(name)

    def hold(self, route: Route) -> None:
        """Claim for a route that was loaded elsewhere."""
        self._routes.setdefault(route.name, route)

    async def next_due(self, name: str) -> datetime | None:
        """See Inbox.next_due."""
        return (await self._route(name)).next_due()

    async def save(self) -> None:
        """Save what routes have passed since they were last saved. Raises StoreError."""
        await self._save_all([route for route in self._routes.values() if route.unsaved])

    def close(self) -> None:
        """Start nothing by itself any more."""
        if self._timer is not None:
            self._timer.cancel()

    async def _route(self, name: str) -> Route:
        found = self._routes.get(name)
        if found is not None:
            return found
        async with self._loading:
            if name not in self._routes:
                start = self._starts.get(name) or RouteStart(route=name)
                load = partial(routes.load, start=start)
                self._routes[name] = await self._engine.read(load)
        return self._routes[name]

    async def _save(self, route: Route) -> None:
        try:
            try:
                await self._engine.do(Saving(route))
            except UnkeepableError:
                # A route must not be held up for ever by what was said about one of its events.
                route.forget_words()
                await self._engine.do(Saving(route))
        except BaseException:
            route.owes = True
            raise
        # An older save may be told after a newer one that failed.
        route.owes = route.owes and route.unsaved

    async def _save_all(self, some: Sequence[Route]) -> None:
        if len(some) == 1:
            await self._save(some[0])
            return
        outcomes = await asyncio.gather(*map(self._save, some), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def _save_soon(self, route: Route) -> None:
        if self._timer is None and route.behind:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SAVE_SKIPS_SECONDS, self._save_now)

    def _save_now(self) -> None:
        self._timer = None
        for route in self._routes.values():
            if route.unsaved and not self._engine.congested:
                self._engine.send(Saving(route))

    async def _position_at(self, since: datetime) -> int:
        """The position before the first event that was received at or after a time."""
        after = 0
        while True:
            read = partial(views.first_since, after=after, at=micros(since))
            first, end = await self._engine.read(read)
            if first is not None:
                return first - 1
            if end == after:
                return end
            after = end


def _seq(claim: Claim) -> int:
    if claim.event.seq is None:
        raise StoreError(f"event {claim.event.id} is in quarantine: no route can have claimed it")
    return claim.event.seq
