"""What operators ask of routes that run, by way of the store: looked for twice a second.

Must not know: how a route is run, who asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from receiver.inbox import Inbox
from receiver.inbox.replays import Replay
from receiver.inbox.steering import RouteFlow
from receiver.redaction import Redaction
from receiver.sink import logger

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
        self._log: Any = logger("", Redaction())

    async def run(self) -> None:
        """Look until it is cancelled."""
        failing = False
        while True:
            try:
                for route in await self._inbox.take_up():
                    self._wake(route)
                self._steer(await self._inbox.flows())
                self._offer(await self._inbox.replays(unfinished=True))
                failing = False
            except Exception as error:  # what is asked for waits in the store
                if not failing:
                    told = f"{type(error).__name__}: {error}"
                    self._log.error("what operators ask for cannot be looked up", error=told)
                failing = True
            await asyncio.sleep(LOOK_SECONDS)
