"""What operators ask of routes that run, by way of the store: looked for twice a second.

Must not know: how a route is run, who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from receiver.inbox import Inbox
from receiver.inbox.replays import Replay
from receiver.inbox.steering import RouteFlow

LOOK_SECONDS = 0.5


class Orders:
    """Takes up what was asked for.

    `wake` is told of each route that has something to do by it, `steer` of what each route is to
    do, `offer` of the replays that are not over.
    """

    def __init__(
        self,
        inbox: Inbox,
        wake: Callable[[str], None],
        offer: Callable[[Sequence[Replay]], None],
        steer: Callable[[Sequence[RouteFlow]], None],
    ) -> None:
        self._inbox = inbox
        self._wake = wake
        self._offer = offer
        self._steer = steer

    async def run(self) -> None:
        """Look until it is cancelled."""
        while True:
            with suppress(Exception):  # each route says so itself; what is asked for waits
                for route in await self._inbox.take_up():
                    self._wake(route)
                self._steer(await self._inbox.flows())
                self._offer(await self._inbox.replays(unfinished=True))
            await asyncio.sleep(LOOK_SECONDS)
