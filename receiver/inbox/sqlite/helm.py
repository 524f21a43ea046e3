"""How routes are steered, of the inbox in a file.

Must not know: who delivers, SQL.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from receiver.inbox.sqlite import steering
from receiver.inbox.sqlite.claims import Claims
from receiver.inbox.sqlite.engine import Engine
from receiver.inbox.sqlite.writer import Bare
from receiver.inbox.steering import Flow, RouteFlow


class Helm(ABC):
    """The part `receiver.inbox.steering.Steering`; see there for what each method does."""

    @abstractmethod
    def _running(self) -> Engine: ...

    @abstractmethod
    def _dispatching(self) -> Claims: ...

    async def steer(self, route: str, flow: Flow, *, at: datetime) -> bool:
        work = partial(steering.steer, route=route, flow=flow, at=at)
        return bool(await self._running().do(Bare(work)))

    async def flows(self) -> list[RouteFlow]:
        return await self._running().read(steering.flows)

    async def rename(self, old: str, new: str) -> bool:
        await self._dispatching().leave(old)
        return bool(await self._running().do(Bare(partial(steering.rename, old=old, new=new))))

    async def retire(
        self, live: Collection[str], *, at: datetime, keep: timedelta | None
    ) -> list[str]:
        before = None if keep is None else at - keep
        mark = partial(steering.mark, live=live, at=at, before=before)
        gone: list[str] = await self._running().do(Bare(mark))
        for route in gone:
            await self._dispatching().leave(route)
            more = True
            while more:
                more = await self._running().do(Bare(partial(steering.forget, route=route)))
        return gone
